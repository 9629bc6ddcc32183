"""Every request finds its operation, and what is not built is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.gateway.routing import family_of, route
from lakebed.gateway.wire.http import HttpRequest
from lakebed.gateway.wire.models import index, load
from tests.outcomes import is_answered

S3_AUTH = (
    "AWS4-HMAC-SHA256 Credential=a/20240101/r/{}/aws4_request, SignedHeaders=host, Signature=0"
)
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "operation"),
    [
        ("GET", "/", "", {}, "ListBuckets"),
        ("GET", "/", "x-id=ListBuckets", {}, "ListBuckets"),
        ("PUT", "/bucket", "", {}, "CreateBucket"),
        ("PUT", "/bucket/", "", {}, "CreateBucket"),
        ("HEAD", "/bucket", "", {}, "HeadBucket"),
        ("DELETE", "/bucket", "", {}, "DeleteBucket"),
        ("GET", "/bucket", "location", {}, "GetBucketLocation"),
        ("GET", "/bucket", "location=", {}, "GetBucketLocation"),
        ("GET", "/bucket", "", {}, "ListObjects"),
        ("GET", "/bucket", "prefix=acl&marker=x", {}, "ListObjects"),
        ("GET", "/bucket", "list-type=1", {}, "ListObjects"),
        ("GET", "/bucket/", "prefix=a&list-type=2", {}, "ListObjectsV2"),
        ("GET", "/bucket", "uploads", {}, "ListMultipartUploads"),
        ("POST", "/bucket", "delete", {}, "DeleteObjects"),
        ("GET", "/bucket/key", "", {}, "GetObject"),
        ("GET", "/bucket/key", "versionId=1&x-id=GetObject", {}, "GetObject"),
        ("GET", "/bucket//", "", {}, "GetObject"),
        ("HEAD", "/bucket/a/b", "", {}, "HeadObject"),
        ("PUT", "/bucket/a/b", "", {}, "PutObject"),
        ("PUT", "/bucket/a", "partNumber=1&uploadId=u", {}, "UploadPart"),
        ("PUT", "/bucket/a", "uploadId=u", {}, "PutObject"),
        ("DELETE", "/bucket/a", "", {}, "DeleteObject"),
        ("DELETE", "/bucket/a", "uploadId=u", {}, "AbortMultipartUpload"),
        ("POST", "/bucket/a", "uploads", {}, "CreateMultipartUpload"),
        ("POST", "/bucket/a", "uploadId=u", {}, "CompleteMultipartUpload"),
        ("GET", "/bucket/a", "uploadId=u&max-parts=2", {}, "ListParts"),
        ("GET", "/bucket/a", "", {"authorization": S3_AUTH.format("s3")}, "GetObject"),
    ],
)
def test_s3_requests_find_their_operation(
    method: str, path: str, query: str, headers: dict[str, str], operation: str
) -> None:
    found = route(HttpRequest(method, path, query, headers))
    assert (found.service, found.operation.name) == ("s3", operation)


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "operation"),
    [
        ("GET", "/bucket", "acl", {}, "GetBucketAcl"),
        ("GET", "/bucket", "versions", {}, "ListObjectVersions"),
        ("PUT", "/bucket", "lifecycle", {}, "PutBucketLifecycleConfiguration"),
        ("GET", "/bucket", "analytics", {}, "ListBucketAnalyticsConfigurations"),
        ("GET", "/bucket", "analytics&id=1", {}, "GetBucketAnalyticsConfiguration"),
        ("GET", "/bucket/key", "tagging", {}, "GetObjectTagging"),
        ("PUT", "/bucket/key", "acl", {}, "PutObjectAcl"),
        ("PUT", "/bucket/key", "", {"x-amz-copy-source": "/b/k"}, "CopyObject"),
        (
            "PUT",
            "/bucket/key",
            "partNumber=1&uploadId=u",
            {"x-amz-copy-source": "/b/k"},
            "UploadPartCopy",
        ),
        ("POST", "/bucket/key", "select&select-type=2", {}, "SelectObjectContent"),
    ],
)
def test_s3_operations_are_told_apart_by_their_markers(
    method: str, path: str, query: str, headers: dict[str, str], operation: str
) -> None:
    unbuilt = {one.name for one in load("s3").unbuilt.values()} | {"PostObject", "OptionsObject"}
    if operation not in unbuilt:
        assert route(HttpRequest(method, path, query, headers)).operation.name == operation
        return
    with pytest.raises(NotBuiltError) as caught:
        route(HttpRequest(method, path, query, headers))
    assert (caught.value.service, caught.value.operation) == ("s3", operation)
    assert (caught.value.code, caught.value.status) == ("NotImplemented", 501)


@pytest.mark.parametrize("service", ["glue", "athena"])
def test_every_json_target_is_found_or_named(service: str) -> None:
    model = load(service)
    for name in model.operations:
        headers = {"x-amz-target": f"{model.target_prefix}.{name}"}
        found = route(HttpRequest("POST", "/", "", headers))
        assert (found.service, found.operation) == (service, model.operations[name])
    for name in model.unbuilt:
        headers = {"x-amz-target": f"{model.target_prefix}.{name}"}
        with pytest.raises(NotBuiltError) as caught:
            route(HttpRequest("POST", "/", "", headers))
        assert (caught.value.service, caught.value.operation) == (service, name)


def test_other_services_are_named_by_their_target_or_scope() -> None:
    cases = [
        (HttpRequest("POST", "/", "", {"x-amz-target": "DynamoDB_20120810.GetItem"}),
         "dynamodb", "GetItem"),
        (HttpRequest("GET", "/2015-03-31/functions", "", {"authorization":
         S3_AUTH.format("lambda")}), "lambda", "GET /2015-03-31/functions"),
        (HttpRequest("POST", "/", "", {**FORM, "authorization": S3_AUTH.format("rds")},
         b"Action=DescribeEvents&Version=2014-10-31"), "rds", "DescribeEvents"),
        (HttpRequest("POST", "/", "", FORM, b"Action=AssumeRoleWithSAML&Version=2011-06-15"),
         "sts", "AssumeRoleWithSAML"),
    ]  # fmt: skip
    for request, service, operation in cases:
        with pytest.raises(NotBuiltError) as caught:
            route(request)
        assert (caught.value.service, caught.value.operation) == (service, operation)


def test_a_form_finds_its_operation_in_body_or_query() -> None:
    fields = "Action=GetCallerIdentity&Version=2011-06-15"
    for request in (
        HttpRequest("POST", "/", "", FORM, fields.encode()),
        HttpRequest("GET", "/", fields),
    ):
        found = route(request)
        assert (found.service, found.operation.name) == ("sts", "GetCallerIdentity")


@pytest.mark.parametrize(
    ("request_", "code", "status"),
    [
        (HttpRequest("POST", "/", "", {"x-amz-target": "AWSGlue.Nothing"}),
         "UnknownOperationException", 400),
        (HttpRequest("POST", "/", "", {"x-amz-target": "Nobody.GetTable"}),
         "UnknownOperationException", 400),
        (HttpRequest("POST", "/", "", {"x-amz-target": ""}), "UnknownOperationException", 400),
        (HttpRequest("POST", "/", "", FORM, b"Action=Nothing&Version=2011-06-15"),
         "InvalidAction", 400),
        (HttpRequest("POST", "/", "", FORM, b""), "MissingAction", 400),
        (HttpRequest("PATCH", "/bucket"), "MethodNotAllowed", 405),
    ],
)  # fmt: skip
def test_what_nobody_has_is_refused_as_aws_does(
    request_: HttpRequest, code: str, status: int
) -> None:
    with pytest.raises(AwsError) as caught:
        route(request_)
    assert (caught.value.code, caught.value.status) == (code, status)


def test_refusals_speak_the_language_of_the_service_called() -> None:
    assert family_of(HttpRequest("GET", "/bucket")) == "s3"
    assert load(family_of(HttpRequest("POST", "/", "", FORM))).protocol == "query"
    form = HttpRequest("POST", "/", "", FORM, b"Action=X&Version=2011-06-15")
    assert family_of(form) == "sts"
    assert family_of(HttpRequest("POST", "/", "", {"x-amz-target": "AmazonAthena.X"})) == "athena"
    unknown = HttpRequest("POST", "/", "", {"x-amz-target": "Kinesis_20131202.PutRecord"})
    assert load(family_of(unknown)).protocol == "json"


def test_the_index_is_small_enough_for_the_start_path() -> None:
    assert len(index().known_targets) > 100


@given(
    st.text(max_size=20),
    st.text(max_size=20),
    st.dictionaries(
        st.sampled_from(["x-amz-target", "authorization", "content-type"]), st.text(max_size=40)
    ),
    st.binary(max_size=40),
    st.sampled_from(["GET", "PUT", "POST", "HEAD", "DELETE", "X"]),
)
def test_anything_is_routed_or_refused(
    path: str, query: str, headers: dict[str, str], body: bytes, method: str
) -> None:
    request = HttpRequest(method, "/" + path, query, headers, body)
    assert is_answered(lambda: route(request))
