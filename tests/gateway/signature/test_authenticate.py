"""What botocore signs is accepted, and nothing else is."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.errors import AwsError
from lakebed.gateway.signature.authenticate import Identity, authenticate
from lakebed.gateway.wire.http import HttpRequest
from tests.gateway.signature.botocore_signing import (
    ACCESS_KEY,
    SECRETS,
    S3SigV4Auth,
    S3SigV4QueryAuth,
    SigV4Auth,
    SigV4QueryAuth,
    signed,
)
from tests.outcomes import is_answered

GLUE = {"x-amz-target": "AWSGlue.GetTable", "content-type": "application/x-amz-json-1.1"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
STS_BODY = b"Action=GetCallerIdentity&Version=2011-06-15"

_ENCODED = st.text(max_size=12).map(
    lambda text: quote(text.encode("utf-8", "replace"), safe="-_.~")
)
_VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20)


def refuse(request: HttpRequest, now: float) -> AwsError:
    with pytest.raises(AwsError) as caught:
        authenticate(request, SECRETS.get, now)
    return caught.value


def accept(request: HttpRequest, now: float) -> Identity:
    identity = authenticate(request, SECRETS.get, now)
    assert identity is not None
    assert (identity.access_key, identity.region) == (ACCESS_KEY, "eu-west-1")
    return identity


def s3_get() -> tuple[HttpRequest, float]:
    return signed(S3SigV4Auth, "GET", "/b/k?a=1")


def glue_call() -> tuple[HttpRequest, float]:
    return signed(SigV4Auth, "POST", "/", GLUE, b"{}", "glue")


def sts_call() -> tuple[HttpRequest, float]:
    return signed(SigV4Auth, "POST", "/", FORM, STS_BODY, "sts")


@given(
    _ENCODED,
    st.lists(st.tuples(_ENCODED, _ENCODED), max_size=4),
    st.dictionaries(st.sampled_from(["x-amz-meta-a", "x-amz-meta-b", "cache-control"]), _VALUES),
    st.binary(max_size=10),
    st.sampled_from(["GET", "PUT", "DELETE", "HEAD", "POST"]),
)
def test_any_s3_request_botocore_signs_is_accepted(
    key: str, query: list[tuple[str, str]], headers: dict[str, str], body: bytes, method: str
) -> None:
    text = "&".join(f"{name}={value}" for name, value in query if name)
    target = f"/bucket/k{key}" + (f"?{text}" if text else "")
    request, at = signed(S3SigV4Auth, method, target, headers, body)
    identity = accept(request, at)
    assert identity.service == "s3"
    assert identity.payload_hash == request.headers["x-amz-content-sha256"]
    request.headers["x-amz-date"] = "x" + request.headers["x-amz-date"]
    refuse(request, at)


@given(_ENCODED, st.lists(st.tuples(_ENCODED, _ENCODED), max_size=3))
def test_any_url_botocore_presigns_is_accepted_until_it_expires(
    key: str, query: list[tuple[str, str]]
) -> None:
    text = "&".join(f"x{name}={value}" for name, value in query)
    target = f"/bucket/k{key}" + (f"?{text}" if text else "")
    request, at = signed(S3SigV4QueryAuth, "GET", target, expires=60)
    assert accept(request, at + 60).payload_hash == "UNSIGNED-PAYLOAD"
    expired = refuse(request, at + 61)
    assert (expired.code, expired.message, expired.status) == (
        "AccessDenied",
        "Request has expired",
        403,
    )
    assert set(expired.members) == {"X-Amz-Expires", "Expires", "ServerTime"}
    early = refuse(request, at - 901)
    assert (early.code, early.message) == ("AccessDenied", "Request is not valid yet")


@given(st.binary(max_size=40))
def test_bodies_of_json_services_are_signed_too(body: bytes) -> None:
    request, at = signed(SigV4Auth, "POST", "/", GLUE, body, "glue")
    assert accept(request, at).service == "glue"
    request.body += b"x"
    assert refuse(request, at).code == "InvalidSignatureException"


def test_a_path_may_be_encoded_otherwise_than_it_was_signed() -> None:
    # Proxies and clients encode more or less than they must; AWS compares what is meant.
    request, at = signed(S3SigV4Auth, "GET", "/b/a%2Bb~c")
    request.path = "/b/a%2bb%7Ec"
    assert accept(request, at).service == "s3"
    request, at = signed(S3SigV4Auth, "GET", "/b/a%2Fb")
    assert accept(request, at).service == "s3"
    request.path = "/b/a%2Fc"
    assert refuse(request, at).code == "SignatureDoesNotMatch"


def test_sts_is_accepted_as_a_form_and_presigned() -> None:
    request, at = sts_call()
    assert accept(request, at).service == "sts"
    target = "/?" + STS_BODY.decode()
    request, at = signed(SigV4QueryAuth, "GET", target, service="sts", expires=60)
    assert accept(request, at).service == "sts"


@pytest.mark.parametrize(
    ("make", "code", "status"),
    [
        (s3_get, "SignatureDoesNotMatch", 403),
        (glue_call, "InvalidSignatureException", 400),
        (sts_call, "SignatureDoesNotMatch", 403),
    ],
)
@pytest.mark.parametrize("part", ["method", "path", "query", "host", "signature", "secret"])
def test_whatever_is_changed_breaks_the_signature(
    make: object, code: str, status: int, part: str
) -> None:
    assert callable(make)
    request, at = make()
    secrets = dict(SECRETS)
    if part == "method":
        request.method = "PUT" if make is s3_get else "GET"
    elif part == "path":
        request.path += "x" if make is s3_get else ""
        request.headers["host"] += "" if make is s3_get else "x"
    elif part == "query":
        request.query += "&b=2"
    elif part == "host":
        request.headers["host"] = "elsewhere"
    elif part == "signature":
        text = request.headers["authorization"]
        request.headers["authorization"] = text[:-1] + ("0" if text[-1] != "0" else "1")
    else:
        secrets[ACCESS_KEY] += "x"
    if part == "method" and make is sts_call:
        request.query = STS_BODY.decode()
    with pytest.raises(AwsError) as caught:
        authenticate(request, secrets.get, at)
    assert (caught.value.code, caught.value.status) == (code, status)


def test_s3_says_what_it_signed() -> None:
    request, at = s3_get()
    request.headers["host"] = "elsewhere"
    error = refuse(request, at)
    assert error.message == (
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method."
    )
    assert set(error.members) == {
        "AWSAccessKeyId",
        "StringToSign",
        "SignatureProvided",
        "StringToSignBytes",
        "CanonicalRequest",
        "CanonicalRequestBytes",
    }
    assert str(error.members["CanonicalRequest"]).startswith("GET\n/b/k\na=1\nhost:elsewhere\n")


@pytest.mark.parametrize(
    ("make", "skew", "unknown"),
    [
        (s3_get, ("RequestTimeTooSkewed", 403), ("InvalidAccessKeyId", 403)),
        (glue_call, ("InvalidSignatureException", 400), ("UnrecognizedClientException", 400)),
        (sts_call, ("SignatureDoesNotMatch", 403), ("InvalidClientTokenId", 403)),
    ],
)
def test_skew_and_unknown_keys(
    make: object, skew: tuple[str, int], unknown: tuple[str, int]
) -> None:
    assert callable(make)
    request, at = make()
    accept(request, at + 900)
    accept(request, at - 900)
    for now in (at + 901, at - 901):
        error = refuse(request, now)
        assert (error.code, error.status) == skew
    with pytest.raises(AwsError) as caught:
        authenticate(request, {}.get, at)
    assert (caught.value.code, caught.value.status) == unknown


def test_skew_sentences_carry_the_servers_time() -> None:
    request, at = glue_call()
    request.headers["x-amz-date"] = "20240101T000000Z"
    scope = request.headers["authorization"].replace(
        request.headers["authorization"].split("/")[1], "20240101"
    )
    request.headers["authorization"] = scope
    error = refuse(request, 1704067200.0 + 1000)
    assert error.message == (
        "Signature expired: 20240101T000000Z is now earlier than 20240101T000140Z "
        "(20240101T001640Z - 15 min.)"
    )


@pytest.mark.parametrize(
    ("authorization", "code", "sentence"),
    [
        ("AWS a:b", "InvalidRequest", "Please use AWS4-HMAC-SHA256."),
        ("Bearer x", "InvalidArgument", "Unsupported Authorization Type"),
        ("AWS4-HMAC-SHA256 x", "AuthorizationHeaderMalformed", "a non-empty Credential must"),
        ("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0",
         "AuthorizationHeaderMalformed", "the Credential is mal-formed"),
        ("AWS4-HMAC-SHA256 Credential=a/2024010/r/s3/aws4_request, SignedHeaders=host, "
         "Signature=0", "AuthorizationHeaderMalformed", "the Credential is mal-formed"),
        ("AWS4-HMAC-SHA256 Credential=a/20240102/r/s3/aws4_request, SignedHeaders=host, "
         "Signature=0", "AuthorizationHeaderMalformed", 'Invalid credential date "20240102"'),
        ("AWS4-HMAC-SHA256 Credential=a/20240101/r/glue/aws4_request, SignedHeaders=host, "
         "Signature=0", "AuthorizationHeaderMalformed", 'incorrect service "glue"'),
        ("AWS4-HMAC-SHA256 Credential=a/20240101/r/s3/aws4_request, SignedHeaders=x, "
         "Signature=0", "AccessDenied", "not signed"),
    ],
)  # fmt: skip
def test_malformed_authorizations_of_s3(authorization: str, code: str, sentence: str) -> None:
    headers = {"host": "h", "x-amz-date": "20240101T000000Z", "authorization": authorization}
    error = refuse(HttpRequest("GET", "/b/k", "", headers), 1704067200.0)
    assert error.code == code
    assert sentence in error.message


def test_requests_without_a_date_or_a_payload_hash() -> None:
    request, at = s3_get()
    del request.headers["x-amz-date"]
    error = refuse(request, at)
    assert (error.code, error.status) == ("AccessDenied", 403)
    request, at = s3_get()
    del request.headers["x-amz-content-sha256"]
    assert refuse(request, at).code == "InvalidRequest"
    request, at = s3_get()
    request.headers["x-amz-content-sha256"] = "nonsense"
    assert refuse(request, at).code == "InvalidArgument"


def test_aws_headers_must_be_signed() -> None:
    request, at = s3_get()
    request.headers["x-amz-acl"] = "public-read"
    error = refuse(request, at)
    assert (error.code, error.members) == ("AccessDenied", {"HeadersNotSigned": "x-amz-acl"})


def test_anonymous_requests_go_on_only_to_s3() -> None:
    assert authenticate(HttpRequest("GET", "/b/k"), SECRETS.get, 0.0) is None
    error = refuse(HttpRequest("POST", "/", "", GLUE), 0.0)
    assert (error.code, error.status) == ("MissingAuthenticationTokenException", 400)
    error = refuse(HttpRequest("POST", "/", "", FORM, STS_BODY), 0.0)
    assert (error.code, error.status) == ("MissingAuthenticationToken", 403)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("X-Amz-Expires=60", "X-Amz-Expires=604801"), "must be less than a week"),
        (("X-Amz-Expires=60", "X-Amz-Expires=-1"), "must be non-negative"),
        (("X-Amz-Expires=60", "X-Amz-Expires=x"), "should be a number"),
        (("X-Amz-Expires=60&", ""), "requires the X-Amz-Algorithm"),
        (("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Algorithm=X"), "only supports"),
        (("aws4_request", "aws3_request"), "the Credential is mal-formed"),
        (("X-Amz-Date=2", "X-Amz-Date=x"), "ISO8601 Long Format"),
    ],
)
def test_malformed_presigned_urls(change: tuple[str, str], sentence: str) -> None:
    request, at = signed(S3SigV4QueryAuth, "GET", "/b/k", expires=60)
    assert change[0] in request.query
    request.query = request.query.replace(*change)
    error = refuse(request, at)
    assert (error.code, error.status) == ("AuthorizationQueryParametersError", 400)
    assert sentence in error.message


def test_two_signatures_are_refused() -> None:
    request, at = signed(S3SigV4QueryAuth, "GET", "/b/k", expires=60)
    request.headers["authorization"] = "AWS4-HMAC-SHA256 x"
    assert refuse(request, at).message.startswith("Only one auth mechanism allowed")


@pytest.mark.parametrize(
    ("method", "operation", "extra"),
    [
        ("GET", "get_object", {}),
        ("GET", "get_object", {"VersionId": "v", "ResponseContentType": "text/x y"}),
        ("PUT", "put_object", {"ContentType": "text/plain", "Metadata": {"a": "b c"}}),
        ("PUT", "upload_part", {"PartNumber": 1, "UploadId": "u/+"}),
    ],
)
def test_urls_boto3_presigns_by_default_are_accepted(
    method: str, operation: str, extra: dict[str, Any]
) -> None:
    client = boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:4566",
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRETS[ACCESS_KEY],
    )
    params = {"Bucket": "b", "Key": "a b/é", **extra}
    url = client.generate_presigned_url(operation, Params=params, ExpiresIn=60)
    assert "AWSAccessKeyId=" in url  # version 2: boto3's choice for a custom endpoint
    parts = urlsplit(url)
    expires = float(parse_qs(parts.query)["Expires"][0])
    headers = {"host": parts.netloc}
    if "ContentType" in extra:
        headers |= {"content-type": "text/plain", "x-amz-meta-a": "b c"}

    def request() -> HttpRequest:
        return HttpRequest(method, parts.path, parts.query, dict(headers))

    identity = authenticate(request(), SECRETS.get, expires)
    assert identity is not None
    assert (identity.access_key, identity.payload_hash) == (ACCESS_KEY, "UNSIGNED-PAYLOAD")
    late = refuse(request(), expires + 1)
    assert (late.code, late.message, late.status) == ("AccessDenied", "Request has expired", 403)
    changed = request()
    changed.path += "x"
    assert refuse(changed, expires).code == "SignatureDoesNotMatch"
    with pytest.raises(AwsError, match="InvalidAccessKeyId"):
        authenticate(request(), {}.get, expires)


_PIECES = st.sampled_from(
    ["AWS4-HMAC-SHA256 ", "Credential=", "a/20240101/r/s3/aws4_request", ", ", "SignedHeaders=",
     "host", "Signature=", "x", "=", "/", ";", "é", "\u4e00"]
)  # fmt: skip


@given(
    st.lists(_PIECES, max_size=10).map("".join) | st.text(max_size=40),
    st.text(max_size=40).map(lambda text: "X-Amz-Algorithm=" + text) | st.text(max_size=30),
    st.booleans(),
)
def test_any_authorization_is_accepted_or_refused(
    authorization: str, query: str, is_json: bool
) -> None:
    headers = {"host": "h", "x-amz-date": "20240101T000000Z"}
    headers |= GLUE if is_json else {}
    if authorization:
        headers["authorization"] = authorization
    request = HttpRequest("GET", "/b/k", query, headers)
    assert is_answered(lambda: authenticate(request, {"a": "s"}.get, 1704067200.0))
