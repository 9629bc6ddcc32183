from __future__ import annotations

import datetime
import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.hooks import hooked
from tests.services.s3.answers import RECENT, answer, refusal

HELLO = '"5d41402abc4b2a76b9719d911017c592"'
CRC32 = {"ChecksumCRC32": "NhCmhg==", "ChecksumType": "FULL_OBJECT"}
RESULT = {"ETag": HELLO, "LastModified": RECENT, **CRC32}
TO_ITSELF = (
    400,
    {
        "Code": "InvalidRequest",
        "Message": "This copy request is illegal because it is trying to copy an object to itself "
        "without changing the object's metadata, storage class, website redirect location or "
        "encryption attributes.",
    },
)
PART = 5 * 1024 * 1024


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    client.create_bucket(Bucket="other")
    client.put_object(
        Bucket="lake",
        Key="k",
        Body=b"hello",
        ContentType="text/plain",
        CacheControl="no-cache",
        Metadata={"origin": "here"},
        Tagging="a=1",
        StorageClass="STANDARD_IA",
        WebsiteRedirectLocation="/there",
    )
    return client


def read(s3, bucket: str, key: str) -> bytes:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def versioning(s3, status: str, bucket: str = "lake") -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def test_a_copy_has_the_bytes_headers_and_tags_of_its_source(lakebed, s3):
    copied = s3.copy_object(Bucket="other", Key="dir/copy", CopySource="lake/k")
    assert answer(copied) == {"CopyObjectResult": RESULT}
    got = s3.get_object(Bucket="other", Key="dir/copy")
    assert answer(got) == {
        "AcceptRanges": "bytes",
        "LastModified": RECENT,
        "ContentLength": 5,
        "ETag": HELLO,
        **CRC32,
        "ContentType": "text/plain",
        "CacheControl": "no-cache",
        "Metadata": {"origin": "here"},
        "TagCount": 1,
        "Body": b"hello",
    }
    assert (lakebed.data_dir / "lake/other/dir/copy").read_bytes() == b"hello"
    s3.put_object(Bucket="lake", Key="k", Body=b"changed")
    assert read(s3, "other", "dir/copy") == b"hello"


def test_a_copy_may_replace_what_describes_it(s3):
    expires = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    s3.copy_object(
        Bucket="lake",
        Key="copy",
        CopySource="lake/k",
        MetadataDirective="REPLACE",
        TaggingDirective="REPLACE",
        Tagging="b=2&c=3",
        ContentType="text/csv",
        Expires=expires,
        Metadata={"made": "by copy"},
        StorageClass="ONEZONE_IA",
        WebsiteRedirectLocation="/elsewhere",
    )
    head = s3.head_object(Bucket="lake", Key="copy")
    assert head.pop("Expires") == expires
    assert answer(head) == {
        "AcceptRanges": "bytes",
        "LastModified": RECENT,
        "ContentLength": 5,
        "ETag": HELLO,
        "ContentType": "text/csv",
        "ExpiresString": "Wed, 02 Jan 2030 03:04:05 GMT",
        "Metadata": {"made": "by copy"},
        "StorageClass": "ONEZONE_IA",
        "WebsiteRedirectLocation": "/elsewhere",
        "TagCount": 2,
    }
    s3.copy_object(
        Bucket="lake",
        Key="copy",
        CopySource="lake/k",
        Metadata={"not": "taken"},
        Tagging="not=taken",
    )
    head = s3.head_object(Bucket="lake", Key="copy")
    assert (head["Metadata"], "StorageClass" in head) == ({"origin": "here"}, False)
    tags = s3.get_object_tagging(Bucket="lake", Key="copy")["TagSet"]
    assert tags == [{"Key": "a", "Value": "1"}]
    copy = {"Bucket": "lake", "Key": "copy", "CopySource": "lake/k"}
    s3.copy_object(**copy, MetadataDirective="REPLACE", TaggingDirective="REPLACE")
    head = s3.head_object(Bucket="lake", Key="copy")
    assert (head["Metadata"], head["ContentType"]) == ({}, "binary/octet-stream")
    assert "TagCount" not in head


@pytest.mark.parametrize(
    ("noun", "header"),
    [("Metadata", "x-amz-metadata-directive"), ("Tagging", "x-amz-tagging-directive")],
)
def test_other_directives_are_refused(s3, noun, header):
    copy = {"Bucket": "lake", "Key": "copy", "CopySource": "lake/k"}
    assert refusal(s3.copy_object, **copy, **{f"{noun}Directive": "MOVE"}) == (
        400,
        {
            "Code": "InvalidArgument",
            "Message": f"Unknown {noun.lower()} directive.",
            "ArgumentName": header,
            "ArgumentValue": "MOVE",
        },
    )


def test_a_copy_onto_itself_must_change_something(s3):
    copy = {"Bucket": "lake", "Key": "k", "CopySource": "lake/k"}
    for nothing in ({}, {"Metadata": {"x": "y"}}, {"TaggingDirective": "REPLACE", "Tagging": "x"}):
        assert refusal(s3.copy_object, **copy, **nothing) == TO_ITSELF
    s3.copy_object(**copy, StorageClass="STANDARD")
    assert "StorageClass" not in s3.head_object(Bucket="lake", Key="k")
    s3.copy_object(**copy, WebsiteRedirectLocation="/new")
    assert s3.head_object(Bucket="lake", Key="k")["WebsiteRedirectLocation"] == "/new"
    s3.copy_object(**copy, MetadataDirective="REPLACE", Metadata={"x": "y"})
    assert s3.head_object(Bucket="lake", Key="k")["Metadata"] == {"x": "y"}
    assert read(s3, "lake", "k") == b"hello"


@pytest.mark.parametrize(
    "key", ["a b+c%&=?#", "é\U0001f30a", "x?versionId=1", "/lead", "a//b", "dir/", "..", " ", "%41"]
)
def test_any_key_is_copied_from_and_to(s3, key):
    s3.put_object(Bucket="lake", Key=key, Body=key.encode())
    s3.copy_object(Bucket="other", Key=key, CopySource={"Bucket": "lake", "Key": key})
    assert read(s3, "other", key) == key.encode()
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="other")["Contents"]] == [key]


def test_a_source_may_be_written_in_several_ways(s3):
    s3.put_object(Bucket="lake", Key="a b+c", Body=b"odd")
    for source in ("lake/a b+c", "/lake/a b+c"):
        s3.copy_object(Bucket="other", Key="copy", CopySource=source)
        assert read(s3, "other", "copy") == b"odd"

    def raw(request, **_):
        request.headers.replace_header("x-amz-copy-source", "lake%2Fa%20b%2Bc")

    with hooked(s3, "before-sign.s3.CopyObject", raw):
        s3.copy_object(Bucket="other", Key="encoded", CopySource="lake/k")
    assert read(s3, "other", "encoded") == b"odd"


def test_a_source_that_is_not_there_is_told(lakebed, s3):
    copy = {"Bucket": "lake", "Key": "copy"}
    assert refusal(s3.copy_object, **copy, CopySource="nowhere/k") == (
        404,
        {
            "Code": "NoSuchBucket",
            "Message": "The specified bucket does not exist",
            "BucketName": "nowhere",
        },
    )
    no_key = {"Code": "NoSuchKey", "Message": "The specified key does not exist."}
    assert refusal(s3.copy_object, **copy, CopySource="lake/absent") == (
        404,
        {**no_key, "Key": "absent"},
    )
    for text in ("lake", "/lake", "lake/", "wrongformat"):
        assert refusal(s3.copy_object, **copy, CopySource=text) == (
            400,
            {
                "Code": "InvalidArgument",
                "Message": "Invalid copy source object key",
                "ArgumentName": "x-amz-copy-source",
                "ArgumentValue": "x-amz-copy-source",
            },
        )
    denied = 403, {"Code": "AccessDenied", "Message": "Access Denied"}
    wrong_owner = {"CopySource": "lake/k", "ExpectedSourceBucketOwner": "111111111111"}
    assert refusal(s3.copy_object, **copy, **wrong_owner) == denied
    status, error = refusal(
        s3.copy_object,
        **copy,
        CopySource="arn:aws:s3:us-east-1:000000000000:accesspoint/mine/object/k",
    )
    assert (status, error["Code"]) == (501, "NotImplemented")
    assert not [path for path in (lakebed.data_dir / "state/tmp").rglob("*") if path.is_file()]


def test_an_archived_source_is_not_copied(s3):
    s3.put_object(Bucket="lake", Key="cold", Body=b"", StorageClass="GLACIER")
    assert refusal(s3.copy_object, Bucket="lake", Key="copy", CopySource="lake/cold") == (
        403,
        {
            "Code": "InvalidObjectState",
            "Message": "Operation is not valid for the source object's storage class",
        },
    )


def test_a_copy_gets_the_checksum_that_is_asked_for(s3):
    sha256 = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
    copy = {"Bucket": "lake", "CopySource": "lake/k"}
    copied = s3.copy_object(**copy, Key="copy", ChecksumAlgorithm="SHA256")
    expected = {"ETag": HELLO, "LastModified": RECENT, "ChecksumSHA256": sha256}
    result = {**expected, "ChecksumType": "FULL_OBJECT"}
    assert answer(copied) == {"CopyObjectResult": result}
    again = s3.copy_object(Bucket="lake", Key="again", CopySource="lake/copy")
    assert again["CopyObjectResult"]["ChecksumSHA256"] == sha256
    status, error = refusal(s3.copy_object, **copy, Key="copy", ChecksumAlgorithm="MD4")
    assert (status, error["Code"]) == (400, "InvalidRequest")


def test_a_copy_of_an_object_of_parts_is_one_part(s3):
    upload = s3.create_multipart_upload(Bucket="lake", Key="mp", ChecksumAlgorithm="SHA256")
    named = {"Bucket": "lake", "Key": "mp", "UploadId": upload["UploadId"]}
    part = s3.upload_part(**named, PartNumber=1, Body=b"hello", ChecksumAlgorithm="SHA256")
    sent = {"PartNumber": 1, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]}
    s3.complete_multipart_upload(**named, MultipartUpload={"Parts": [sent]})
    copied = s3.copy_object(Bucket="lake", Key="copy", CopySource="lake/mp")
    assert answer(copied)["CopyObjectResult"] == {
        "ETag": HELLO,
        "LastModified": RECENT,
        "ChecksumSHA256": part["ChecksumSHA256"],
        "ChecksumType": "FULL_OBJECT",
    }
    attributes = ["ObjectParts", "ObjectSize"]
    asked = {"Bucket": "lake", "Key": "copy", "ObjectAttributes": attributes}
    assert answer(s3.get_object_attributes(**asked)) == {"LastModified": RECENT, "ObjectSize": 5}


def test_a_file_made_by_hand_is_copied_with_the_etag_of_its_bytes(lakebed, s3):
    (lakebed.data_dir / "lake/lake/by-hand").write_bytes(b"hello")
    copied = s3.copy_object(Bucket="other", Key="copy", CopySource="lake/by-hand")
    assert copied["CopyObjectResult"]["ETag"] == HELLO
    assert read(s3, "other", "copy") == b"hello"


def test_versions_are_copied_and_made(s3):
    versioning(s3, "Enabled")
    second = s3.put_object(Bucket="lake", Key="k", Body=b"second")["VersionId"]
    from_null = s3.copy_object(
        Bucket="lake", Key="copy", CopySource={"Bucket": "lake", "Key": "k", "VersionId": "null"}
    )
    made = from_null["VersionId"]
    assert answer(from_null) == {"VersionId": made, "CopyObjectResult": RESULT}
    latest = s3.copy_object(Bucket="other", Key="copy", CopySource="lake/k")
    assert (latest["CopySourceVersionId"], "VersionId" in latest) == (second, False)
    # The way to restore an old version: it becomes the newest.
    restored = s3.copy_object(Bucket="lake", Key="k", CopySource="lake/k?versionId=null")
    assert read(s3, "lake", "k") == b"hello"
    listed = s3.list_object_versions(Bucket="lake", Prefix="k")["Versions"]
    ids = [item["VersionId"] for item in listed]
    assert ids == [restored["VersionId"], second, "null"]
    versioning(s3, "Suspended")
    suspended = s3.copy_object(Bucket="lake", Key="k", CopySource=f"lake/k?versionId={second}")
    assert (suspended["VersionId"], suspended["CopySourceVersionId"]) == ("null", second)
    assert read(s3, "lake", "k") == b"second"


def test_a_delete_marker_is_no_source(s3):
    versioning(s3, "Enabled")
    made = s3.delete_object(Bucket="lake", Key="k")["VersionId"]
    copy = {"Bucket": "other", "Key": "copy"}
    assert refusal(s3.copy_object, **copy, CopySource="lake/k")[1]["Code"] == "NoSuchKey"
    assert refusal(s3.copy_object, **copy, CopySource=f"lake/k?versionId={made}") == (
        400,
        {
            "Code": "InvalidRequest",
            "Message": "The source of a copy request may not specifically refer to a delete "
            "marker by version id.",
        },
    )
    s3.copy_object(**copy, CopySource="lake/k?versionId=null")
    assert read(s3, "other", "copy") == b"hello"


def test_of_many_copies_at_once_only_one_is_the_first(s3):
    def copy(number: int) -> int:
        source = {"CopySource": "lake/k", "IfNoneMatch": "*"}
        try:
            made = s3.copy_object(Bucket="other", Key="contested", **source)
        except s3.exceptions.ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"]
        return made["ResponseMetadata"]["HTTPStatusCode"]

    with ThreadPoolExecutor(8) as threads:
        statuses = sorted(threads.map(copy, range(24)))
    assert statuses == [200, *[412] * 23]


def upload_of(s3, **options) -> dict[str, str]:
    created = s3.create_multipart_upload(Bucket="other", Key="joined", **options)
    return {"Bucket": "other", "Key": "joined", "UploadId": created["UploadId"]}


def test_parts_are_copied_from_ranges(s3):
    body = bytes(range(256)) * (2 * PART // 256) + b"the end"
    s3.put_object(Bucket="lake", Key="large", Body=body)
    upload, sent = upload_of(s3), []
    for number, (first, last) in enumerate(((PART, 2 * PART - 1), (0, len(body) - 1), (7, 7)), 1):
        asked = {"CopySource": "lake/large", "CopySourceRange": f"bytes={first}-{last}"}
        copied = answer(s3.upload_part_copy(**upload, PartNumber=number, **asked))
        etag = f'"{hashlib.md5(body[first : last + 1]).hexdigest()}"'
        assert copied == {"CopyPartResult": {"ETag": etag, "LastModified": RECENT}}
        sent.append({"PartNumber": number, "ETag": etag})
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": sent})
    assert read(s3, "other", "joined") == body[PART : 2 * PART] + body + body[7:8]


def test_a_whole_version_is_copied_as_a_part_with_its_uploads_checksum(s3):
    versioning(s3, "Enabled")
    source = s3.put_object(Bucket="lake", Key="k", Body=b"hello")["VersionId"]
    upload = upload_of(s3, ChecksumAlgorithm="CRC32")
    copied = s3.upload_part_copy(**upload, PartNumber=1, CopySource=f"lake/k?versionId={source}")
    assert answer(copied) == {
        "CopySourceVersionId": source,
        "CopyPartResult": {
            "ETag": HELLO,
            "LastModified": RECENT,
            "ChecksumCRC32": "NhCmhg==",
        },
    }
    parts = answer(s3.list_parts(**upload))["Parts"]
    assert parts == [
        {
            "PartNumber": 1,
            "LastModified": RECENT,
            "ETag": HELLO,
            "Size": 5,
            "ChecksumCRC32": "NhCmhg==",
        }
    ]


@pytest.mark.parametrize(
    "header",
    ["0-4", "bytes=1-0", "bytes=-1-", "bytes=0--1", "bytes=0-1,3-4", "bytes=-", "bytes=-2",
     "bytes=1-", "bytes=hello-world", "bytes=0"],
)  # fmt: skip
def test_a_part_is_not_copied_from_what_is_no_range(s3, header):
    asked = {"PartNumber": 1, "CopySource": "lake/k", "CopySourceRange": header}
    assert refusal(s3.upload_part_copy, **upload_of(s3), **asked) == (
        400,
        {
            "Code": "InvalidArgument",
            "Message": "The x-amz-copy-source-range value must be of the form bytes=first-last "
            "where first and last are the zero-based offsets of the first and last bytes to copy",
            "ArgumentName": "x-amz-copy-source-range",
            "ArgumentValue": header,
        },
    )


def test_a_part_is_not_copied_from_behind_the_end(lakebed, s3):
    asked = {**upload_of(s3), "PartNumber": 1, "CopySource": "lake/k"}
    assert refusal(s3.upload_part_copy, **asked, CopySourceRange="bytes=0-5") == (
        400,
        {
            "Code": "InvalidArgument",
            "Message": "Range specified is not valid for source object of size: 5",
            "ArgumentName": "x-amz-copy-source-range",
            "ArgumentValue": "bytes=0-5",
        },
    )
    assert refusal(s3.upload_part_copy, **asked, CopySourceRange="bytes=5-9") == (
        400,
        {
            "Code": "InvalidRequest",
            "Message": "The specified copy range is invalid for the source object size",
        },
    )
    assert not [path for path in (lakebed.data_dir / "state/tmp").rglob("*") if path.is_file()]


def test_a_part_is_copied_only_to_an_upload_that_is_there(lakebed, s3):
    upload = upload_of(s3)
    s3.abort_multipart_upload(**upload)
    status, error = refusal(s3.upload_part_copy, **upload, PartNumber=1, CopySource="lake/k")
    assert (status, error["Code"]) == (404, "NoSuchUpload")
    asked = {**upload_of(s3), "CopySource": "lake/k"}
    status, error = refusal(s3.upload_part_copy, **asked, PartNumber=10_001)
    assert (status, error["Code"]) == (400, "InvalidArgument")
    assert not [path for path in (lakebed.data_dir / "state/tmp").rglob("*") if path.is_file()]
