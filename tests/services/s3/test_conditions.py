"""Conditional requests: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html"""

from __future__ import annotations

import datetime
import time

import pytest

from tests.services.s3.answers import answer, refusal

HELLO = '"5d41402abc4b2a76b9719d911017c592"'
PAST = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    client.put_object(Bucket="lake", Key="k", Body=b"hello")
    return client


@pytest.fixture
def versioned(s3):
    s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    return s3


def future():
    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)


def failed(condition: str):
    return 412, {
        "Code": "PreconditionFailed",
        "Message": "At least one of the pre-conditions you specified did not hold",
        "Condition": condition,
    }


def no_such_key(key: str):
    return 404, {
        "Code": "NoSuchKey",
        "Message": "The specified key does not exist.",
        "Key": key,
    }


def unsupported(header: str, detail: str | None = None):
    members = {
        "Code": "NotImplemented",
        "Message": "A header you provided implies functionality that is not implemented",
        "Header": header,
    }
    return 501, members if detail is None else {**members, "additionalMessage": detail}


def not_accepted(header: str):
    return unsupported(
        header, f"We don't accept the provided value of {header} header for this API"
    )


@pytest.mark.parametrize(
    "conditions",
    [
        {"IfMatch": HELLO},
        {"IfMatch": HELLO.strip('"')},
        {"IfMatch": "*"},
        {"IfMatch": f'"other", {HELLO}'},
        {"IfNoneMatch": '"other"'},
        {"IfModifiedSince": PAST},
        {"IfModifiedSince": "future"},
        {"IfUnmodifiedSince": "future"},
        {"IfUnmodifiedSince": "own"},
        {"IfMatch": HELLO, "IfUnmodifiedSince": PAST},
        {"IfNoneMatch": '"other"', "IfModifiedSince": "own"},
    ],
)
def test_a_reader_whose_conditions_hold_gets_the_object(s3, conditions):
    dates = {
        "future": future(),
        "own": s3.head_object(Bucket="lake", Key="k")["LastModified"],
    }
    asked = {name: dates.get(str(value), value) for name, value in conditions.items()}
    assert s3.get_object(Bucket="lake", Key="k", **asked)["Body"].read() == b"hello"
    assert s3.head_object(Bucket="lake", Key="k", **asked)["ContentLength"] == 5


@pytest.mark.parametrize(
    ("condition", "conditions"),
    [
        ("If-Match", {"IfMatch": '"other"'}),
        ("If-Match", {"IfMatch": '"other"', "IfNoneMatch": HELLO}),
        ("If-Unmodified-Since", {"IfUnmodifiedSince": PAST}),
        ("If-Unmodified-Since", {"IfUnmodifiedSince": PAST, "IfNoneMatch": HELLO}),
    ],
)
def test_a_reader_whose_condition_fails_is_told_which(s3, condition, conditions):
    assert refusal(s3.get_object, Bucket="lake", Key="k", **conditions) == failed(condition)
    assert refusal(s3.head_object, Bucket="lake", Key="k", **conditions) == (
        412,
        {"Code": "412", "Message": "Precondition Failed"},
    )


def test_a_reader_who_has_the_object_is_told_so(s3):
    own = s3.head_object(Bucket="lake", Key="k")["LastModified"]
    for conditions in (
        {"IfNoneMatch": HELLO},
        {"IfNoneMatch": "*"},
        {"IfNoneMatch": HELLO, "IfModifiedSince": PAST},
        {"IfModifiedSince": own},
    ):
        with pytest.raises(s3.exceptions.ClientError) as caught:
            s3.get_object(Bucket="lake", Key="k", **conditions)
        response = caught.value.response
        assert response["Error"] == {"Code": "304", "Message": "Not Modified"}
        headers = response["ResponseMetadata"]["HTTPHeaders"]
        assert headers["etag"] == HELLO
        assert headers["last-modified"] == own.strftime("%a, %d %b %Y %H:%M:%S GMT")


def test_a_date_between_the_write_and_now_is_a_condition(s3):
    own = s3.head_object(Bucket="lake", Key="k")["LastModified"]
    after = own + datetime.timedelta(seconds=1)
    while datetime.datetime.now(datetime.UTC) < after:
        time.sleep(0.05)  # until the date is no longer in the future
    assert refusal(s3.get_object, Bucket="lake", Key="k", IfModifiedSince=after)[0] == 304


def test_writers_conditions_are_kept(s3):
    put = {"Bucket": "lake", "Key": "k", "Body": b"x"}
    assert refusal(s3.put_object, **put, IfNoneMatch="*") == failed("If-None-Match")
    assert refusal(s3.put_object, **put, IfMatch='"other"') == failed("If-Match")
    absent = {"Bucket": "lake", "Key": "absent", "Body": b"x", "IfMatch": HELLO}
    assert refusal(s3.put_object, **absent) == no_such_key("absent")
    assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == b"hello"
    s3.put_object(Bucket="lake", Key="k", Body=b"new", IfMatch=HELLO)
    assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == b"new"
    s3.put_object(Bucket="lake", Key="first", Body=b"1", IfNoneMatch="*")


def test_an_upload_whose_object_changed_meanwhile_conflicts(s3):
    upload = s3.create_multipart_upload(Bucket="lake", Key="k")
    begun = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    named = {"Bucket": "lake", "Key": "k", "UploadId": upload["UploadId"]}
    part = s3.upload_part(**named, PartNumber=1, Body=b"joined")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    while datetime.datetime.now(datetime.UTC) < begun + datetime.timedelta(seconds=1):
        time.sleep(0.05)  # S3's times are whole seconds
    s3.put_object(Bucket="lake", Key="k", Body=b"hello")
    complete = {**named, "MultipartUpload": parts, "IfMatch": HELLO}
    assert refusal(s3.complete_multipart_upload, **complete) == (
        409,
        {
            "Code": "ConditionalRequestConflict",
            "Message": "The conditional request cannot succeed due to a conflicting operation "
            "against this resource.",
            "Condition": "If-Match",
            "Key": "k",
        },
    )
    named["UploadId"] = s3.create_multipart_upload(Bucket="lake", Key="k")["UploadId"]
    s3.upload_part(**named, PartNumber=1, Body=b"joined")
    s3.complete_multipart_upload(**named, MultipartUpload=parts, IfMatch=HELLO)
    assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == b"joined"


@pytest.mark.parametrize("operation", ["put_object", "copy_object"])
def test_what_no_write_can_ask_for_is_refused_as_by_aws(s3, operation):
    more = {"Body": b"x"} if operation == "put_object" else {"CopySource": "lake/k"}
    write = getattr(s3, operation)
    asked = {"Bucket": "lake", "Key": "other", **more}
    assert refusal(write, **asked, IfNoneMatch=HELLO) == not_accepted("If-None-Match")
    assert refusal(write, **asked, IfMatch="*") == not_accepted("If-Match")
    both = unsupported(
        "If-Match,If-None-Match", "Multiple conditional request headers present in the request"
    )
    assert refusal(write, **asked, IfMatch=HELLO, IfNoneMatch="*") == both


def test_a_delete_marker_is_no_object_to_a_writer(versioned):
    s3 = versioned
    s3.delete_object(Bucket="lake", Key="k")
    put = {"Bucket": "lake", "Key": "k", "Body": b"x"}
    assert refusal(s3.put_object, **put, IfMatch=HELLO) == no_such_key("k")
    assert refusal(s3.delete_object, Bucket="lake", Key="k", IfMatch="*") == no_such_key("k")
    s3.put_object(**put, IfNoneMatch="*")
    assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == b"x"


def test_deletes_conditions_are_kept(s3):
    delete = s3.delete_object
    assert refusal(delete, Bucket="lake", Key="k", IfMatch='"other"') == failed("If-Match")
    for etag in ("*", HELLO):
        absent = {"Bucket": "lake", "Key": "absent", "IfMatch": etag}
        assert refusal(delete, **absent) == no_such_key("absent")
    assert answer(delete(Bucket="lake", Key="k", IfMatch=HELLO)) == {}
    s3.put_object(Bucket="lake", Key="k", Body=b"hello")
    assert answer(delete(Bucket="lake", Key="k", IfMatch="*")) == {}
    assert "Contents" not in s3.list_objects_v2(Bucket="lake")


def test_conditions_that_only_directory_buckets_know_are_refused(versioned):
    s3 = versioned
    version = s3.put_object(Bucket="lake", Key="k", Body=b"hello")["VersionId"]
    delete = {"Bucket": "lake", "Key": "k"}
    for member, header, value in (
        ("IfMatchSize", "x-amz-if-match-size", 5),
        ("IfMatchLastModifiedTime", "x-amz-if-match-last-modified-time", PAST),
    ):
        assert refusal(s3.delete_object, **delete, **{member: value}) == unsupported(header)
    named = {**delete, "VersionId": version, "IfMatch": HELLO}
    assert refusal(s3.delete_object, **named) == unsupported("If-Match")
    assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == b"hello"


def test_one_failed_condition_spares_only_its_object(s3):
    for key in ("a", "b"):
        s3.put_object(Bucket="lake", Key=key, Body=b"hello")
    wanted = [
        {"Key": "a", "ETag": HELLO},
        {"Key": "b", "ETag": '"other"'},
        {"Key": "absent", "ETag": "*"},
        {"Key": "k", "Size": 5},
    ]
    response = s3.delete_objects(Bucket="lake", Delete={"Objects": wanted})
    unbuilt = response["Errors"].pop()
    assert (unbuilt["Key"], unbuilt["Code"]) == ("k", "NotImplemented")
    precondition = failed("If-Match")[1]
    del precondition["Condition"]
    assert answer(response) == {
        "Deleted": [{"Key": "a"}],
        "Errors": [{"Key": "b", **precondition}, no_such_key("absent")[1]],
    }
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="lake")["Contents"]] == ["b", "k"]


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ("IfMatch", '"other"'),
        ("IfNoneMatch", HELLO),
        ("IfModifiedSince", "own"),
        ("IfUnmodifiedSince", PAST),
    ],
)
def test_a_copy_whose_source_is_another_than_asked_is_refused(s3, condition, value):
    if value == "own":
        value = s3.head_object(Bucket="lake", Key="k")["LastModified"]
    copy = {"Bucket": "lake", "CopySource": "lake/k", f"CopySource{condition}": value}
    header = {
        "IfMatch": "If-Match",
        "IfNoneMatch": "If-None-Match",
        "IfModifiedSince": "If-Modified-Since",
        "IfUnmodifiedSince": "If-Unmodified-Since",
    }[condition]
    expected = failed(f"x-amz-copy-source-{header}")
    assert refusal(s3.copy_object, **copy, Key="copy") == expected
    upload = s3.create_multipart_upload(Bucket="lake", Key="copy")["UploadId"]
    part = {**copy, "Key": "copy", "UploadId": upload, "PartNumber": 1}
    assert refusal(s3.upload_part_copy, **part) == expected


def test_a_copy_whose_source_is_as_asked_succeeds(s3):
    copy = {"Bucket": "lake", "Key": "copy", "CopySource": "lake/k"}
    for conditions in (
        {"CopySourceIfMatch": HELLO, "CopySourceIfUnmodifiedSince": PAST},
        {"CopySourceIfNoneMatch": '"other"'},
        {"CopySourceIfModifiedSince": future()},
    ):
        assert s3.copy_object(**copy, **conditions)["CopyObjectResult"]["ETag"] == HELLO


def test_a_copys_destination_has_conditions_as_a_put_has(s3):
    copy = {"Bucket": "lake", "CopySource": "lake/k"}
    s3.copy_object(**copy, Key="copy", IfNoneMatch="*")
    assert refusal(s3.copy_object, **copy, Key="copy", IfNoneMatch="*") == failed("If-None-Match")
    assert refusal(s3.copy_object, **copy, Key="copy", IfMatch='"x"') == failed("If-Match")
    absent = refusal(s3.copy_object, **copy, Key="absent", IfMatch=HELLO)
    assert absent == no_such_key("absent")
    s3.copy_object(**copy, Key="copy", IfMatch=HELLO)
