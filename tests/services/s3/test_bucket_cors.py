from __future__ import annotations

import http.client

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.services.s3._cors import Asked, answered
from tests.gateway.raw import Answer
from tests.services.s3.answers import answer, refusal

VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"
NOT_ALLOWED = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of "
    "Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers "
    "are not whitelisted by the resource's CORS spec."
)
RULE = {
    "ID": "pages",
    "AllowedHeaders": ["authorization", "x-AMZ-*"],
    "AllowedMethods": ["GET", "PUT"],
    "AllowedOrigins": ["https://*.example.com", "https://one.test"],
    "ExposeHeaders": ["ETag", "x-amz-request-id"],
    "MaxAgeSeconds": 3000,
}


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def ask(lakebed, method, path, **headers):
    """Send an unsigned request; headers are named with underlines."""
    connection = http.client.HTTPConnection(lakebed.url.partition("://")[2], timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=named)
    response = connection.getresponse()
    found = {name.lower(): value for name, value in response.getheaders()}
    body = response.read()
    connection.close()
    return Answer(response.status, found, body)


def cross_origin(found):
    """Return what an answer says to a browser about other hosts."""
    names = ("access-control-", "vary")
    return {name: value for name, value in found.headers.items() if name.startswith(names)}


def put(s3, *rules):
    s3.put_bucket_cors(Bucket="lake", CORSConfiguration={"CORSRules": list(rules)})


def test_rules_are_kept_as_they_were_put(s3):
    plain = {"AllowedMethods": ["HEAD"], "AllowedOrigins": ["*", "http://test:80", ""]}
    put(s3, RULE, plain)
    assert answer(s3.get_bucket_cors(Bucket="lake")) == {"CORSRules": [RULE, plain]}
    put(s3, plain)
    assert answer(s3.get_bucket_cors(Bucket="lake")) == {"CORSRules": [plain]}
    s3.delete_bucket_cors(Bucket="lake")
    assert refusal(s3.get_bucket_cors, Bucket="lake") == (
        404,
        {
            "Code": "NoSuchCORSConfiguration",
            "Message": "The CORS configuration does not exist",
            "BucketName": "lake",
        },
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"AllowedMethods": ["GET", "OPTIONS"]},
            "Found unsupported HTTP method in CORS config. Unsupported method is OPTIONS",
        ),
        (
            {"AllowedMethods": ["get"]},
            "Found unsupported HTTP method in CORS config. Unsupported method is get",
        ),
        (
            {"AllowedOrigins": ["*.example.*"]},
            'AllowedOrigin "*.example.*" can not have more than one wildcard.',
        ),
        (
            {"AllowedHeaders": ["x-*-*"]},
            'AllowedHeader "x-*-*" can not have more than one wildcard.',
        ),
        (
            {"ExposeHeaders": ["x-*"]},
            'ExposeHeader "x-*" contains wildcard. We currently do not support wildcard for '
            "ExposeHeader.",
        ),
    ],
)
def test_a_rule_that_s3_does_not_take_is_an_invalid_request(s3, change, sentence):
    call = {"Bucket": "lake", "CORSConfiguration": {"CORSRules": [{**RULE, **change}]}}
    expected = 400, {"Code": "InvalidRequest", "Message": sentence}
    assert refusal(s3.put_bucket_cors, **call) == expected


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [RULE] * 101,
        [{**RULE, "AllowedMethods": []}],
        [{**RULE, "AllowedOrigins": []}],
        [{**RULE, "ID": "x" * 256}],
    ],
)
def test_rules_that_are_too_many_or_not_whole_are_malformed(s3, rules):
    call = {"Bucket": "lake", "CORSConfiguration": {"CORSRules": rules}}
    assert refusal(s3.put_bucket_cors, **call)[1]["Code"] == "MalformedXML"


def test_a_preflight_is_answered_by_the_first_rule_it_meets(lakebed, s3):
    put(s3, RULE, {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]})
    found = ask(
        lakebed,
        "OPTIONS",
        "/lake/some/key",
        Origin="https://www.example.com",
        Access_Control_Request_Method="PUT",
        Access_Control_Request_Headers="Authorization,x-amz-date",
    )
    assert (found.status, found.body) == (200, b"")
    assert cross_origin(found) == {
        "access-control-allow-origin": "https://www.example.com",
        "access-control-allow-methods": "GET, PUT",
        "access-control-allow-headers": "authorization, x-amz-date",
        "access-control-expose-headers": "ETag, x-amz-request-id",
        "access-control-max-age": "3000",
        "access-control-allow-credentials": "true",
        "vary": VARY,
    }
    anyone = ask(
        lakebed, "OPTIONS", "/lake", Origin="http://else", Access_Control_Request_Method="GET"
    )
    assert (anyone.status, anyone.body) == (200, b"")
    assert cross_origin(anyone) == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET",
        "vary": VARY,
    }


@pytest.mark.parametrize(
    ("path", "headers", "expected"),
    [
        (
            "/lake/k",
            {},
            (400, "BadRequest", "Insufficient information. Origin request header needed."),
        ),
        (
            "/lake/k",
            {"Origin": "https://one.test"},
            (400, "BadRequest", "Invalid Access-Control-Request-Method: null"),
        ),
        (
            "/lake/k",
            {"Origin": "https://one.test", "Access-Control-Request-Method": "PATCH"},
            (400, "BadRequest", "Invalid Access-Control-Request-Method: PATCH"),
        ),
        (
            "/lake/k",
            {"Origin": "https://one.test/", "Access-Control-Request-Method": "GET"},
            (403, "AccessForbidden", NOT_ALLOWED),
        ),
        (
            "/lake/k",
            {"Origin": "https://one.test", "Access-Control-Request-Method": "DELETE"},
            (403, "AccessForbidden", NOT_ALLOWED),
        ),
        (
            "/plain/k",
            {"Origin": "https://one.test", "Access-Control-Request-Method": "GET"},
            (403, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket."),
        ),
        (
            "/nowhere/k",
            {"Origin": "https://one.test"},
            (403, "AccessForbidden", "CORSResponse: Bucket not found"),
        ),
    ],
)
def test_a_preflight_that_is_not_allowed_says_why(lakebed, s3, path, headers, expected):
    put(s3, RULE)
    s3.create_bucket(Bucket="plain")
    found = ask(lakebed, "OPTIONS", path, **headers)
    assert (found.status, *found.error.values()) == expected
    assert cross_origin(found) == {}


def test_answers_to_pages_of_other_hosts_can_be_read_there(lakebed, s3):
    put(s3, {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://one.test"]})
    expected = {
        "access-control-allow-origin": "https://one.test",
        "access-control-allow-methods": "GET",
        "access-control-allow-credentials": "true",
        "vary": VARY,
    }
    s3.put_object(Bucket="lake", Key="k", Body=b"body")
    signed = s3.generate_presigned_url("get_object", Params={"Bucket": "lake", "Key": "k"})
    path = signed.removeprefix(lakebed.url)
    found = ask(lakebed, "GET", path, Origin="https://one.test")
    assert (found.status, found.body, cross_origin(found)) == (200, b"body", expected)
    denied = ask(lakebed, "GET", "/lake/k", Origin="https://one.test")
    assert (denied.status, cross_origin(denied)) == (403, expected)
    asked_for = {"Access_Control_Request_Method": "PUT"}
    other = ask(lakebed, "GET", path, Origin="https://one.test", **asked_for)
    assert (other.status, cross_origin(other)) == (200, {})
    for headers in ({}, {"Origin": "https://two.test"}):
        plain = ask(lakebed, "GET", path, **headers)
        assert (plain.status, cross_origin(plain)) == (200, {})
    head = s3.generate_presigned_url("head_object", Params={"Bucket": "lake", "Key": "k"})
    unmet = ask(lakebed, "HEAD", head.removeprefix(lakebed.url), Origin="https://one.test")
    assert (unmet.status, cross_origin(unmet)) == (200, {})


def test_rules_cannot_write_headers_of_their_own(lakebed, s3):
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    put(s3, {**rule, "ExposeHeaders": ["x\nSet-Cookie: a=b"]})
    ways = [("GET", {}), ("OPTIONS", {"Access_Control_Request_Method": "GET"})]
    for method, headers in ways:
        found = ask(lakebed, method, "/lake/k", Origin="https://one.test", **headers)
        assert found.headers["access-control-expose-headers"] == "x%0ASet-Cookie: a=b"
        assert "set-cookie" not in found.headers


TEXTS = st.text(alphabet="ab.", max_size=4)


@given(TEXTS, TEXTS, TEXTS)
def test_a_star_stands_for_any_characters_between_what_it_joins(before, middle, after):
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": [f"{before}*{after}"]}
    found = dict(answered([rule], Asked(before + middle + after, "GET")))
    is_everybody = not before and not after
    origin = "*" if is_everybody else before + middle + after
    assert found["Access-Control-Allow-Origin"] == origin
    assert ("Access-Control-Allow-Credentials" in found) is not is_everybody
    assert answered([rule], Asked(before + middle + after, "PUT")) == []
    if after:
        assert answered([rule], Asked(before + middle + after + "c", "GET")) == []
