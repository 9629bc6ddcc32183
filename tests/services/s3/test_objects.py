from __future__ import annotations

import base64
import datetime
import hashlib
import time

import pytest

from lakebed.core.errors import AwsError
from lakebed.services.s3._descriptions import given_back
from tests.hooks import hooked
from tests.services.s3.answers import RECENT, answer, refusal

HELLO = '"5d41402abc4b2a76b9719d911017c592"'
NOT_FOUND = 404, {"Code": "404", "Message": "Not Found"}


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def no_such_key(key: str):
    return 404, {
        "Code": "NoSuchKey",
        "Message": "The specified key does not exist.",
        "Key": key,
    }


def test_an_object_comes_back_as_it_was_put(lakebed, s3):
    expires = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    put = s3.put_object(
        Bucket="lake",
        Key="a/b.txt",
        Body=b"hello",
        Metadata={"origin": "test"},
        ContentType="text/plain",
        CacheControl="no-cache",
        ContentDisposition="inline",
        ContentLanguage="en",
        ContentEncoding="identity",
        Expires=expires,
    )
    assert answer(put) == {
        "ETag": HELLO,
        "ChecksumCRC32": "NhCmhg==",
        "ChecksumType": "FULL_OBJECT",
    }
    got = s3.get_object(Bucket="lake", Key="a/b.txt")
    assert got.pop("Expires") == expires
    described = {
        "AcceptRanges": "bytes",
        "LastModified": RECENT,
        "ContentLength": 5,
        "ETag": HELLO,
        "ChecksumCRC32": "NhCmhg==",
        "ChecksumType": "FULL_OBJECT",
        "ContentType": "text/plain",
        "CacheControl": "no-cache",
        "ContentDisposition": "inline",
        "ContentLanguage": "en",
        "ContentEncoding": "identity",
        "ExpiresString": "Wed, 02 Jan 2030 03:04:05 GMT",
        "Metadata": {"origin": "test"},
    }
    assert answer(got) == {**described, "Body": b"hello"}
    head = s3.head_object(Bucket="lake", Key="a/b.txt", ChecksumMode="ENABLED")
    assert head.pop("Expires") == expires
    assert answer(head) == described
    assert (lakebed.data_dir / "lake" / "lake" / "a" / "b.txt").read_bytes() == b"hello"


def test_an_empty_object_has_the_defaults(s3):
    s3.put_object(Bucket="lake", Key="empty")
    assert answer(s3.get_object(Bucket="lake", Key="empty")) == {
        "AcceptRanges": "bytes",
        "LastModified": RECENT,
        "ContentLength": 0,
        "ETag": '"d41d8cd98f00b204e9800998ecf8427e"',
        "ChecksumCRC32": "AAAAAA==",
        "ChecksumType": "FULL_OBJECT",
        "ContentType": "binary/octet-stream",
        "Metadata": {},
        "Body": b"",
    }


def test_a_deleted_object_is_gone_and_deleting_it_again_succeeds(s3):
    s3.put_object(Bucket="lake", Key="k", Body=b"1")
    assert answer(s3.delete_object(Bucket="lake", Key="k")) == {}
    assert answer(s3.delete_object(Bucket="lake", Key="k")) == {}
    assert refusal(s3.get_object, Bucket="lake", Key="k") == no_such_key("k")
    assert refusal(s3.head_object, Bucket="lake", Key="k") == NOT_FOUND


@pytest.mark.parametrize(
    ("asked", "given", "content_range"),
    [
        ("bytes=0-2", b"012", "bytes 0-2/10"),
        ("bytes=8-", b"89", "bytes 8-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
        ("bytes=5-99", b"56789", "bytes 5-9/10"),
        ("bytes=3-2", b"0123456789", None),
        ("bytes=0-1,3-4", b"0123456789", None),
        ("lines=0-1", b"0123456789", None),
    ],
)
def test_a_range_gives_its_bytes(s3, asked, given, content_range):
    s3.put_object(Bucket="lake", Key="digits", Body=b"0123456789")
    got = s3.get_object(Bucket="lake", Key="digits", Range=asked)
    assert got["Body"].read() == given
    assert got.get("ContentRange") == content_range
    assert got["ContentLength"] == len(given)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == (206 if content_range else 200)


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(s3, asked):
    s3.put_object(Bucket="lake", Key="digits", Body=b"0123456789")
    assert refusal(s3.get_object, Bucket="lake", Key="digits", Range=asked) == (
        416,
        {
            "Code": "InvalidRange",
            "Message": "The requested range is not satisfiable",
            "RangeRequested": asked,
            "ActualObjectSize": "10",
        },
    )


def test_a_wrong_digest_leaves_no_trace(lakebed, s3):
    s3.put_object(Bucket="lake", Key="k", Body=b"old")
    put = {"Bucket": "lake", "Key": "k", "Body": b"hello"}
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    assert refusal(s3.put_object, **put, ContentMD5=wrong) == (
        400,
        {
            "Code": "BadDigest",
            "Message": "The Content-MD5 you specified did not match what we received.",
            "ExpectedDigest": wrong,
            "CalculatedDigest": base64.b64encode(hashlib.md5(b"hello").digest()).decode(),
        },
    )
    assert refusal(s3.put_object, **put, ContentMD5="nonsense") == (
        400,
        {
            "Code": "InvalidDigest",
            "Message": "The Content-MD5 you specified was invalid.",
            "Content-MD5": "nonsense",
        },
    )
    assert refusal(s3.put_object, **put, ChecksumCRC32="AAAAAA==") == (
        400,
        {
            "Code": "BadDigest",
            "Message": "The CRC32 you specified did not match the calculated checksum.",
        },
    )
    assert refusal(s3.put_object, **put, ChecksumSHA256="short") == (
        400,
        {
            "Code": "InvalidRequest",
            "Message": "Value for x-amz-checksum-sha256 header is invalid.",
        },
    )
    assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == b"old"
    assert not [path for path in (lakebed.data_dir / "state/tmp").rglob("*") if path.is_file()]


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_are_kept_and_returned(s3, algorithm):
    s3.put_object(Bucket="lake", Key="k", Body=b"hello", ChecksumAlgorithm=algorithm)
    expected = {
        "CRC32": "NhCmhg==",
        "SHA1": base64.b64encode(hashlib.sha1(b"hello").digest()).decode(),
        "SHA256": base64.b64encode(hashlib.sha256(b"hello").digest()).decode(),
    }[algorithm]
    head = s3.head_object(Bucket="lake", Key="k", ChecksumMode="ENABLED")
    assert head[f"Checksum{algorithm}"] == expected
    assert head["ChecksumType"] == "FULL_OBJECT"
    assert f"Checksum{algorithm}" not in s3.head_object(Bucket="lake", Key="k")


@pytest.mark.parametrize(
    "key",
    ["a//b", "/", "..", "../../etc/passwd", "x/./y", "dir/", "é ü+%&=?#", "s" * 300, "k" * 1024,
     "\U0001f30a", "tab\there", " "],
)  # fmt: skip
def test_any_key_is_an_object_like_others(s3, key):
    s3.put_object(Bucket="lake", Key=key, Body=b"odd")
    assert s3.get_object(Bucket="lake", Key=key)["Body"].read() == b"odd"
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="lake")["Contents"]] == [key]
    s3.delete_objects(Bucket="lake", Delete={"Objects": [{"Key": key}]})
    assert "Contents" not in s3.list_objects_v2(Bucket="lake")


def test_a_key_can_be_the_folder_of_others(s3):
    for key in ("a", "a/b", "a/b/c", "z/b", "z"):
        s3.put_object(Bucket="lake", Key=key, Body=key.encode())
    for key in ("a", "a/b", "a/b/c", "z/b", "z"):
        assert s3.get_object(Bucket="lake", Key=key)["Body"].read() == key.encode()


def test_a_key_that_is_too_long_is_refused(s3):
    assert refusal(s3.put_object, Bucket="lake", Key="k" * 1025, Body=b"") == (
        400,
        {
            "Code": "KeyTooLongError",
            "Message": "Your key is too long",
            "Size": "1025",
            "MaxSizeAllowed": "1024",
        },
    )


def test_too_much_metadata_is_refused(s3):
    put = {"Bucket": "lake", "Key": "k", "Body": b""}
    s3.put_object(**put, Metadata={"a": "x" * 2047})
    assert refusal(s3.put_object, **put, Metadata={"a": "x" * 2048}) == (
        400,
        {
            "Code": "MetadataTooLarge",
            "Message": "Your metadata headers exceed the maximum allowed metadata size",
            "Size": "2049",
            "MaxSizeAllowed": "2048",
        },
    )


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("ObjectLockEventHold", "ON"),
        ("ServerSideEncryption", "aws:kms:dsse"),
    ],
)
def test_what_is_not_built_is_refused_by_name(s3, member, value):
    status, error = refusal(s3.put_object, Bucket="lake", Key="k", Body=b"", **{member: value})
    assert (status, error["Code"]) == (501, "NotImplemented")
    assert f"s3.PutObject ({member}" in error["Message"]
    assert refusal(s3.head_object, Bucket="lake", Key="k") == NOT_FOUND


def test_overrides_change_the_answer_only(s3):
    s3.put_object(Bucket="lake", Key="k", Body=b"hello", ContentType="text/plain")
    expires = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    overrides = {
        "ContentType": "text/csv",
        "CacheControl": "no-store",
        "ContentDisposition": "attachment",
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "Expires": expires,
    }
    asked = {f"Response{name}": value for name, value in overrides.items()}
    for look in (s3.get_object, s3.head_object):
        got = look(Bucket="lake", Key="k", **asked)
        assert {name: got[name] for name in overrides} == overrides
    head = s3.head_object(Bucket="lake", Key="k")
    assert (head["ContentType"], "CacheControl" in head, "Expires" in head) == (
        "text/plain",
        False,
        False,
    )


def test_an_override_that_is_no_header_is_refused(s3):
    s3.put_object(Bucket="lake", Key="k", Body=b"hello")
    asked = {"Bucket": "lake", "Key": "k", "ResponseCacheControl": "\N{EM DASH}"}
    assert refusal(s3.get_object, **asked) == (
        400,
        {
            "Code": "InvalidArgument",
            "Message": "Header value cannot be represented using ISO-8859-1.",
            "ArgumentName": "response-cache-control",
            "ArgumentValue": "\N{EM DASH}",
        },
    )


def test_nobody_overrides_headers_without_a_signature():
    with pytest.raises(AwsError, match="InvalidRequest: Request specific response headers"):
        given_back({}, {"ResponseContentType": "text/html"}, is_anonymous=True)
    assert given_back({}, {}, is_anonymous=True) == {"ContentType": "binary/octet-stream"}


@pytest.mark.parametrize("text", ["0", "-1", "never", "2030-01-02T03:04:05Z"])
def test_expires_comes_back_as_it_was_sent(s3, text):
    def raw(request, **_):
        request.headers["Expires"] = text

    with hooked(s3, "before-sign.s3.PutObject", raw):
        s3.put_object(Bucket="lake", Key="k", Body=b"hello")
    assert s3.head_object(Bucket="lake", Key="k")["ExpiresString"] == text
    s3.copy_object(Bucket="lake", Key="copy", CopySource="lake/k")
    assert s3.head_object(Bucket="lake", Key="copy")["ExpiresString"] == text


@pytest.mark.parametrize(
    "name",
    ["REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"],
)
def test_a_storage_class_is_recorded_and_listed(s3, name):
    s3.put_object(Bucket="lake", Key="k", Body=b"hello", StorageClass=name)
    assert s3.head_object(Bucket="lake", Key="k")["StorageClass"] == name
    got = s3.get_object(Bucket="lake", Key="k")
    assert (got["StorageClass"], got["Body"].read()) == (name, b"hello")
    assert s3.list_objects_v2(Bucket="lake")["Contents"][0]["StorageClass"] == name
    s3.put_object(Bucket="lake", Key="k", Body=b"hello", StorageClass="STANDARD")
    assert "StorageClass" not in s3.head_object(Bucket="lake", Key="k")


@pytest.mark.parametrize("name", ["GLACIER", "DEEP_ARCHIVE"])
def test_an_archived_object_is_seen_but_not_read(s3, name):
    s3.put_object(Bucket="lake", Key="k", Body=b"hello", StorageClass=name)
    assert s3.head_object(Bucket="lake", Key="k")["StorageClass"] == name
    assert refusal(s3.get_object, Bucket="lake", Key="k") == (
        403,
        {
            "Code": "InvalidObjectState",
            "Message": "The operation is not valid for the object's storage class",
            "StorageClass": name,
        },
    )


@pytest.mark.parametrize("name", ["OUTPOSTS", "EXPRESS_ONEZONE", "SNOW", "standard", "nonsense"])
def test_a_storage_class_of_other_buckets_is_refused(s3, name):
    put = {"Bucket": "lake", "Key": "k", "StorageClass": name}
    expected = (
        400,
        {
            "Code": "InvalidStorageClass",
            "Message": "The storage class you specified is not valid",
            "StorageClassRequested": name,
        },
    )
    assert refusal(s3.put_object, **put, Body=b"") == expected
    assert refusal(s3.create_multipart_upload, **put) == expected


def test_where_a_website_redirects_to_stays_with_the_object(s3):
    for location in ("/there", "http://example.com/", "https://example.com/x"):
        s3.put_object(Bucket="lake", Key="k", Body=b"", WebsiteRedirectLocation=location)
        assert s3.head_object(Bucket="lake", Key="k")["WebsiteRedirectLocation"] == location
    put = {"Bucket": "lake", "Key": "k", "Body": b"", "WebsiteRedirectLocation": "there"}
    assert refusal(s3.put_object, **put) == (
        400,
        {
            "Code": "InvalidRedirectLocation",
            "Message": "The website redirect location must have a prefix of 'http://' or "
            "'https://' or '/'.",
        },
    )


def test_a_range_of_all_bytes_has_their_checksum(s3):
    s3.put_object(Bucket="lake", Key="k", Body=b"hello")
    got = s3.get_object(Bucket="lake", Key="k", Range="bytes=0-99")
    assert (got["ContentRange"], got["ChecksumCRC32"]) == ("bytes 0-4/5", "NhCmhg==")
    assert "ChecksumCRC32" not in s3.get_object(Bucket="lake", Key="k", Range="bytes=0-3")


def test_a_dropped_file_is_an_object(lakebed, s3):
    (lakebed.data_dir / "lake" / "lake" / "by-hand.csv").write_bytes(b"a,b")
    got = answer(s3.get_object(Bucket="lake", Key="by-hand.csv"))
    etag = got.pop("ETag")
    assert got == {
        "AcceptRanges": "bytes",
        "LastModified": RECENT,
        "ContentLength": 3,
        "ContentType": "binary/octet-stream",
        "Metadata": {},
        "Body": b"a,b",
    }
    assert etag.endswith('-1"')
    time.sleep(1.0)  # the promise is about real time: a listing sees it within a second
    listed = answer(s3.list_objects_v2(Bucket="lake"))["Contents"]
    # By now the bytes may have been hashed; until then the ETag is the one GET gave.
    now = listed[0]["ETag"]
    assert now in (etag, f'"{hashlib.md5(b"a,b").hexdigest()}"')
    assert listed == [
        {
            "Key": "by-hand.csv",
            "LastModified": RECENT,
            "ETag": now,
            "Size": 3,
            "StorageClass": "STANDARD",
        }
    ]


def test_many_objects_are_deleted_at_once(s3):
    for key in ("a", "b", "c"):
        s3.put_object(Bucket="lake", Key=key, Body=b"")
    wanted = {"Objects": [{"Key": "a"}, {"Key": "absent"}, {"Key": "b", "VersionId": "null"}]}
    assert answer(s3.delete_objects(Bucket="lake", Delete=wanted)) == {
        "Deleted": [{"Key": "a"}, {"Key": "absent"}, {"Key": "b", "VersionId": "null"}]
    }
    long = "k" * 1025
    wanted = {"Objects": [{"Key": "c"}, {"Key": long}], "Quiet": True}
    assert answer(s3.delete_objects(Bucket="lake", Delete=wanted)) == {
        "Errors": [{"Key": long, "Code": "KeyTooLongError", "Message": "Your key is too long"}]
    }
    assert answer(s3.list_objects_v2(Bucket="lake"))["KeyCount"] == 0


def test_more_than_a_thousand_deletes_are_refused(s3):
    expected = (
        400,
        {
            "Code": "MalformedXML",
            "Message": "The XML you provided was not well-formed or did not validate against our "
            "published schema",
        },
    )
    keys = [{"Key": str(n)} for n in range(1001)]
    assert refusal(s3.delete_objects, Bucket="lake", Delete={"Objects": keys}) == expected
    assert refusal(s3.delete_objects, Bucket="lake", Delete={"Objects": []}) == expected


def test_a_large_object_comes_back_whole(s3):
    body = bytes(range(256)) * 20_000
    put = s3.put_object(Bucket="lake", Key="large", Body=body)
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert s3.get_object(Bucket="lake", Key="large")["Body"].read() == body
    part = s3.get_object(Bucket="lake", Key="large", Range="bytes=1000000-1999999")
    assert part["Body"].read() == body[1_000_000:2_000_000]


def test_a_file_put_there_by_hand_gets_the_etag_of_its_bytes(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="bucket")
    folder = lakebed.data_dir / "lake" / "bucket" / "by"
    folder.mkdir()
    (folder / "hand").write_bytes(b"dropped")
    wanted = f'"{hashlib.md5(b"dropped").hexdigest()}"'
    first = s3.get_object(Bucket="bucket", Key="by/hand")
    assert first["Body"].read() == b"dropped"
    assert first["ETag"] == wanted or first["ETag"].endswith('-1"')
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if s3.head_object(Bucket="bucket", Key="by/hand")["ETag"] == wanted:
            break
        time.sleep(0.1)
    assert s3.head_object(Bucket="bucket", Key="by/hand")["ETag"] == wanted
    (listed,) = s3.list_objects_v2(Bucket="bucket")["Contents"]
    assert (listed["Key"], listed["ETag"], listed["Size"]) == ("by/hand", wanted, 7)
    (folder / "hand").write_bytes(b"edited by hand")
    edited = s3.get_object(Bucket="bucket", Key="by/hand")
    assert (edited["Body"].read(), edited["ContentLength"]) == (b"edited by hand", 14)
