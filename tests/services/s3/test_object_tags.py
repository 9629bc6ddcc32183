from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.services.s3._tags import header_tags
from tests.services.s3.answers import answer, refusal

TOO_MANY = 400, {"Code": "BadRequest", "Message": "Object tags cannot be greater than 10"}
MALFORMED_HEADER = (
    "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters "
    "without tag name duplicates."
)


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    client.put_object(Bucket="lake", Key="k", Body=b"hello")
    return client


def tag(s3, tags: dict[str, str], **named):
    tag_set = [{"Key": key, "Value": value} for key, value in tags.items()]
    return s3.put_object_tagging(Bucket="lake", Key="k", Tagging={"TagSet": tag_set}, **named)


def tags(s3, **named):
    return answer(s3.get_object_tagging(Bucket="lake", Key="k", **named))


def invalid(message: str, key: str, value: str | None = None):
    members = {"Code": "InvalidTag", "Message": message, "TagKey": key}
    return 400, members if value is None else {**members, "TagValue": value}


def test_tags_are_put_read_counted_and_deleted(s3):
    assert tags(s3) == {"TagSet": []}
    assert answer(tag(s3, {"z": "1", "a": ""})) == {}
    assert tags(s3) == {"TagSet": [{"Key": "z", "Value": "1"}, {"Key": "a", "Value": ""}]}
    for look in (s3.get_object, s3.head_object):
        assert look(Bucket="lake", Key="k")["TagCount"] == 2
    assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == b"hello"
    tag(s3, {"only": "é"})
    assert tags(s3) == {"TagSet": [{"Key": "only", "Value": "é"}]}
    assert answer(s3.delete_object_tagging(Bucket="lake", Key="k")) == {}
    assert tags(s3) == {"TagSet": []}
    assert "TagCount" not in s3.head_object(Bucket="lake", Key="k")
    tag(s3, {"a": "1"})
    tag(s3, {})
    assert tags(s3) == {"TagSet": []}


def test_an_upload_brings_its_tags_in_a_header(s3):
    put = {"Bucket": "lake", "Key": "k", "Tagging": "foo=bar&bar&sp%20ace+d=%C3%A9%2B"}
    expected = {
        "TagSet": [
            {"Key": "bar", "Value": ""},
            {"Key": "foo", "Value": "bar"},
            {"Key": "sp ace d", "Value": "é+"},
        ]
    }
    s3.put_object(**put, Body=b"hello")
    assert tags(s3) == expected
    s3.put_object(Bucket="lake", Key="k", Body=b"hello")
    assert tags(s3) == {"TagSet": []}
    upload = s3.create_multipart_upload(**put)["UploadId"]
    part = {"Bucket": "lake", "Key": "k", "UploadId": upload}
    etag = s3.upload_part(**part, PartNumber=1, Body=b"hello")["ETag"]
    sent = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    s3.complete_multipart_upload(**part, MultipartUpload=sent)
    assert tags(s3) == expected
    s3.put_object(Bucket="lake", Key="k", Body=b"", Tagging="key1&&&key2")
    assert [entry["Key"] for entry in tags(s3)["TagSet"]] == ["key1", "key2"]


@pytest.mark.parametrize(
    "header", ["a=1&a=2", "a=1,b=2", "a=%FF", "TagSet=[{Key=string,Value=string}]"]
)
def test_a_header_that_is_no_query_is_refused(s3, header):
    put = {"Bucket": "lake", "Key": "new", "Tagging": header}
    expected = (
        400,
        {
            "Code": "InvalidArgument",
            "Message": MALFORMED_HEADER,
            "ArgumentName": "x-amz-tagging",
            "ArgumentValue": header,
        },
    )
    assert refusal(s3.put_object, **put, Body=b"") == expected
    assert refusal(s3.create_multipart_upload, **put) == expected
    assert refusal(s3.head_object, Bucket="lake", Key="new")[0] == 404


def test_no_more_than_ten_tags_are_taken(s3):
    ten = {str(n): str(n) for n in range(10)}
    tag(s3, ten)
    assert len(tags(s3)["TagSet"]) == 10
    assert refusal(tag, s3=s3, tags={**ten, "more": ""}) == TOO_MANY
    put = {"Bucket": "lake", "Key": "k", "Body": b""}
    assert refusal(s3.put_object, **put, Tagging=urlencode({**ten, "more": ""})) == TOO_MANY
    assert len(tags(s3)["TagSet"]) == 10


def test_tags_may_be_long_but_not_longer(s3):
    longest = {"k" * 128: "v" * 256, "é" * 128: "é" * 256, "\U00020000" * 64: ""}
    tag(s3, longest)
    assert {entry["Key"]: entry["Value"] for entry in tags(s3)["TagSet"]} == longest
    for key in ("k" * 129, "\U00020000" * 65):
        message = "The TagKey you have provided is invalid"
        assert refusal(tag, s3=s3, tags={key: "v"}) == invalid(message, key)
    for value in ("v" * 257, "\U00020000" * 129):
        message = "The TagValue you have provided is invalid"
        assert refusal(tag, s3=s3, tags={"k": value}) == invalid(message, "k", value)


def test_illegal_tags_are_refused(s3):
    message = "The TagKey you have provided is invalid"
    assert refusal(tag, s3=s3, tags={"a,b": ""}) == invalid(message, "a,b")
    message = "The TagValue you have provided is invalid"
    assert refusal(tag, s3=s3, tags={"a": "1,2"}) == invalid(message, "a", "1,2")
    message = "Your TagKey cannot be prefixed with aws:"
    assert refusal(tag, s3=s3, tags={"aws:x": ""}) == invalid(message, "aws:x")
    twice = {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}
    message = "Cannot provide multiple Tags with the same key"
    asked = {"Bucket": "lake", "Key": "k", "Tagging": twice}
    assert refusal(s3.put_object_tagging, **asked) == invalid(message, "a")
    assert tags(s3) == {"TagSet": []}


def test_each_version_has_tags_of_its_own(s3):
    s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="lake", Key="k", Body=b"1", Tagging="n=1")["VersionId"]
    second = s3.put_object(Bucket="lake", Key="k", Body=b"2", Tagging="n=2")["VersionId"]
    assert tags(s3) == {"VersionId": second, "TagSet": [{"Key": "n", "Value": "2"}]}
    old = {"VersionId": first, "TagSet": [{"Key": "n", "Value": "1"}]}
    assert tags(s3, VersionId=first) == old
    assert answer(tag(s3, {"n": "one"}, VersionId=first)) == {"VersionId": first}
    assert tags(s3, VersionId=first)["TagSet"] == [{"Key": "n", "Value": "one"}]
    assert tags(s3, VersionId="null") == {"VersionId": "null", "TagSet": []}
    deleted = s3.delete_object_tagging(Bucket="lake", Key="k")
    assert answer(deleted) == {"VersionId": second}
    assert tags(s3) == {"VersionId": second, "TagSet": []}
    assert tags(s3, VersionId=first)["TagSet"] == [{"Key": "n", "Value": "one"}]
    got = s3.get_object(Bucket="lake", Key="k", VersionId=first)
    assert (got["Body"].read(), got["TagCount"]) == (b"1", 1)


def test_a_delete_marker_has_no_tags(s3):
    s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    made = s3.delete_object(Bucket="lake", Key="k")["VersionId"]
    for named in ({}, {"VersionId": made}):
        asked = {"Bucket": "lake", "Key": "k", **named}
        for method, call in (
            ("GET", lambda **asked: s3.get_object_tagging(**asked)),
            ("PUT", lambda **asked: s3.put_object_tagging(**asked, Tagging={"TagSet": []})),
            ("DELETE", lambda **asked: s3.delete_object_tagging(**asked)),
        ):
            assert refusal(call, **asked) == (
                405,
                {
                    "Code": "MethodNotAllowed",
                    "Message": "The specified method is not allowed against this resource.",
                    "Method": method,
                    "ResourceType": "DeleteMarker",
                },
            )


def test_what_is_not_there_has_no_tags(s3):
    absent = {"Bucket": "lake", "Key": "absent"}
    expected = (
        404,
        {"Code": "NoSuchKey", "Message": "The specified key does not exist.", "Key": "absent"},
    )
    assert refusal(s3.get_object_tagging, **absent) == expected
    assert refusal(s3.delete_object_tagging, **absent) == expected
    assert refusal(s3.put_object_tagging, **absent, Tagging={"TagSet": []}) == expected


LEGAL = st.text(st.sampled_from("abzAZ09 _.:/=+-@éЖ漢"), max_size=20)


@given(st.dictionaries(LEGAL.filter(bool), LEGAL, max_size=10))
def test_every_legal_set_of_tags_comes_through_the_header(made):
    assert header_tags({"Tagging": urlencode(made)}) == made
