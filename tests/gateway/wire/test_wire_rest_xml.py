"""S3's own turns of REST-XML: odd answers, headers, hostile documents."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.handlers import parse_get_bucket_location
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.errors import AwsError
from lakebed.gateway.wire.http import HttpRequest, HttpResponse
from lakebed.gateway.wire.models import load
from lakebed.gateway.wire.protocols import protocol_for
from tests.outcomes import is_answered

S3 = load("s3")
PROTOCOL = protocol_for(S3)
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def serialise(operation: str, response: dict[str, Any]) -> HttpResponse:
    return PROTOCOL.serialise(S3.operations[operation], response, "R")


def parse(operation: str, request: HttpRequest) -> dict[str, Any]:
    return PROTOCOL.parse(S3.operations[operation], request)


def text(answer: HttpResponse) -> str:
    assert isinstance(answer.body, bytes)
    return answer.body.decode()


def test_bucket_location_is_one_bare_element() -> None:
    class Raw:
        raw = True
        content = b""

    answer = serialise("GetBucketLocation", {"LocationConstraint": "eu-west-1"})
    assert text(answer) == f"{HEAD}<LocationConstraint {NAMESPACE}>eu-west-1</LocationConstraint>"
    parsed: dict[str, Any] = {}
    Raw.content = text(answer).encode()
    parse_get_bucket_location(parsed, Raw)
    assert parsed == {"LocationConstraint": "eu-west-1"}
    assert text(serialise("GetBucketLocation", {})).endswith("></LocationConstraint>")


def test_listing_is_written_as_s3_writes_it() -> None:
    response = {
        "Name": "b",
        "Prefix": "",
        "IsTruncated": False,
        "Contents": [
            {"Key": "a&<b>\r\x01", "LastModified": 1704067200.9, "ETag": '"e"', "Size": 3},
            {"Key": "c", "Size": 0, "ETag": None},
        ],
        "CommonPrefixes": [],
    }
    assert text(serialise("ListObjectsV2", response)) == (
        f"{HEAD}<ListBucketResult {NAMESPACE}><Name>b</Name><Prefix></Prefix>"
        "<IsTruncated>false</IsTruncated><Contents><Key>a&amp;&lt;b&gt;&#13;&#1;</Key>"
        "<LastModified>2024-01-01T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag>"
        "<Size>3</Size></Contents><Contents><Key>c</Key><Size>0</Size></Contents>"
        "</ListBucketResult>"
    )


def test_object_headers() -> None:
    response = {
        "Body": b"x",
        "ContentLength": 1,
        "ContentRange": "bytes 0-0/9",
        "LastModified": 1704067200.9,
        "Metadata": {"a": "b", "name": "Zoë\r\n"},
        "DeleteMarker": None,
    }
    answer = serialise("GetObject", response)
    assert (answer.status, answer.body) == (206, b"x")
    assert answer.headers[2:] == [
        ("Content-Length", "1"),
        ("Content-Range", "bytes 0-0/9"),
        ("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT"),
        ("x-amz-meta-a", "b"),
        ("x-amz-meta-name", "=?UTF-8?B?Wm/Dqw0K?="),
    ]


def test_members_come_from_path_query_and_headers() -> None:
    request = HttpRequest(
        "PUT",
        "/b/a%2Fb//c%20%F0%9F%98%80+",
        "x-id=PutObject",
        {
            "x-amz-meta-a": "1",
            "x-amz-meta-utf8": "Zoë".encode().decode("latin-1"),
            "content-type": "text/plain",
            "if-none-match": "*",
        },
    )
    assert parse("PutObject", request) == {
        "Bucket": "b",
        "Key": "a/b//c 😀+",
        "ContentType": "text/plain",
        "IfNoneMatch": "*",
        "Metadata": {"a": "1", "utf8": "Zoë"},
    }


@pytest.mark.parametrize(
    ("operation", "request_", "code", "members"),
    [
        ("GetObject", HttpRequest("GET", "/b/%ff"), "InvalidURI", {}),
        ("ListObjectsV2", HttpRequest("GET", "/b", "max-keys=x"), "InvalidArgument",
         {"ArgumentName": "max-keys", "ArgumentValue": "x"}),
        ("DeleteObjects", HttpRequest("POST", "/b", "delete"), "MissingRequestBodyError", {}),
        (
            "SelectObjectContent",
            HttpRequest("POST", "/b/k", "select&select-type=2"),
            "MissingRequestBodyError",
            {},
        ),
        ("DeleteObjects", HttpRequest("POST", "/b", "delete", body=b"<Delete>"),
         "MalformedXML", {}),
        ("DeleteObjects", HttpRequest("POST", "/b", "delete", body=b"<Other></Other>"),
         "MalformedXML", {}),
        ("DeleteObjects", HttpRequest("POST", "/b", "delete",
         body=b"<Delete><Object></Object></Delete>"), "MalformedXML", {}),
        ("DeleteObjects", HttpRequest("POST", "/b", "delete",
         body=b'<!DOCTYPE a [<!ENTITY x "y">]><Delete><Object><Key>&x;</Key></Object></Delete>'),
         "MalformedXML", {}),
        ("DeleteObjects", HttpRequest("POST", "/b", "delete", body=b"<a>" * 1000),
         "MalformedXML", {}),
        ("DeleteObjects", HttpRequest("POST", "/b", "delete",
         body=b"<Delete><Object><Key>a</Key><Size>x</Size></Object></Delete>"),
         "MalformedXML", {}),
    ],
)  # fmt: skip
def test_bad_requests_are_refused(
    operation: str, request_: HttpRequest, code: str, members: dict[str, str]
) -> None:
    with pytest.raises(AwsError) as caught:
        parse(operation, request_)
    error = caught.value
    assert (error.code, error.status, error.members) == (code, 400, members)


def test_conditional_dates_that_cannot_be_read_are_no_conditions() -> None:
    headers = {"if-modified-since": "yesterday", "if-unmodified-since": "99 Jan 2024"}
    assert parse("GetObject", HttpRequest("GET", "/b/k", "", headers)) == {
        "Bucket": "b",
        "Key": "k",
    }


def test_errors_are_s3s() -> None:
    error = AwsError("NoSuchKey", "The key <is> gone.", 404, {"Key": "a&b"}, {"x-amz-x": "y"})
    answer = PROTOCOL.serialise_error(S3.operations["GetObject"], error, "R")
    host = dict(answer.headers)["x-amz-id-2"]
    assert text(answer) == (
        f"{HEAD}<Error><Code>NoSuchKey</Code><Message>The key &lt;is&gt; gone.</Message>"
        f"<Key>a&amp;b</Key><RequestId>R</RequestId><HostId>{host}</HostId></Error>"
    )
    assert answer.headers == [
        ("x-amz-request-id", "R"),
        ("x-amz-id-2", host),
        ("x-amz-x", "y"),
        ("Content-Type", "application/xml"),
    ]
    unchanged = AwsError("NotModified", "Not Modified", 304)
    answer = PROTOCOL.serialise_error(S3.operations["GetObject"], unchanged, "R")
    assert (answer.status, answer.body) == (304, b"")


@given(
    st.binary(max_size=60)
    | st.lists(
        st.sampled_from(
            ["<Delete>", "</Delete>", "<Object>", "</Object>", "<Key>", "</Key>", "a", "&amp;",
             "&x;", "<!DOCTYPE a>", "<Quiet>", "</Quiet>", "true", "<?xml version='1.0'?>"]),
        max_size=14).map(lambda parts: "".join(parts).encode()),
    st.text(max_size=20),
    st.text(max_size=20),
)  # fmt: skip
def test_any_request_is_read_or_refused(body: bytes, path: str, query: str) -> None:
    request = HttpRequest("POST", "/b" + path, query, {"if-match": path}, body)
    for name in ("DeleteObjects", "CompleteMultipartUpload", "CreateBucket", "ListObjectsV2"):
        assert is_answered(lambda name=name: parse(name, request))
