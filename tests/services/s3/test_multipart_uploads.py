from __future__ import annotations

import io

import pytest
from boto3.s3.transfer import TransferConfig

from tests.services.s3.answers import RECENT, answer, refusal
from tests.services.s3.multipart import (
    MIB,
    ONE,
    OWNER,
    TWO,
    begin,
    complete,
    crc32,
    etag,
    multipart_etag,
    send,
)


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def test_a_transfer_in_parts_comes_back_whole(s3):
    body = bytes(range(256)) * 4 * 1024 * 12 + b"tail"
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_fileobj(io.BytesIO(body), "lake", "big", Config=config)
    back = io.BytesIO()
    s3.download_fileobj("lake", "big", back, Config=config)
    assert back.getvalue() == body
    expected = multipart_etag(*(body[n : n + 5 * MIB] for n in range(0, len(body), 5 * MIB)))
    assert s3.head_object(Bucket="lake", Key="big")["ETag"] == expected


def test_a_transfer_with_the_checksum_of_the_whole_is_verified(s3):
    body = bytes(range(256)) * 4 * 1024 * 8
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_fileobj(
        io.BytesIO(body), "lake", "big", ExtraArgs={"ChecksumCRC32": crc32(body)}, Config=config
    )
    head = s3.head_object(Bucket="lake", Key="big", ChecksumMode="ENABLED")
    assert (head["ChecksumCRC32"], head["ChecksumType"]) == (crc32(body), "FULL_OBJECT")


@pytest.mark.parametrize(
    ("algorithm", "asked", "kind"),
    [
        ("CRC32", None, "COMPOSITE"),
        ("CRC32C", None, "COMPOSITE"),
        ("SHA1", None, "COMPOSITE"),
        ("SHA256", "COMPOSITE", "COMPOSITE"),
        ("CRC64NVME", None, "FULL_OBJECT"),
        ("CRC32", "FULL_OBJECT", "FULL_OBJECT"),
        ("CRC32C", "FULL_OBJECT", "FULL_OBJECT"),
    ],
)
def test_an_upload_says_what_checksum_it_will_have(s3, algorithm, asked, kind):
    more = {"ChecksumType": asked} if asked else {}
    created = s3.create_multipart_upload(
        Bucket="lake", Key="big", ChecksumAlgorithm=algorithm, **more
    )
    assert (created["ChecksumAlgorithm"], created["ChecksumType"]) == (algorithm, kind)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "COMPOSITE"},
            "The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.",
        ),
        (
            {"ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"},
            "The FULL_OBJECT checksum type cannot be used with the sha256 checksum algorithm.",
        ),
        (
            {"ChecksumType": "FULL_OBJECT"},
            "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm "
            "header.",
        ),
        (
            {"ChecksumAlgorithm": "CRC32", "ChecksumType": "half"},
            "Value for x-amz-checksum-type header is invalid.",
        ),
        (
            {"ChecksumAlgorithm": "CRC16"},
            "Checksum algorithm provided is unsupported. Please try again with any of the valid "
            "types: [CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH128, XXHASH3, "
            "XXHASH64]",
        ),
    ],
)
def test_a_checksum_that_cannot_be_is_refused(s3, more, message):
    assert refusal(s3.create_multipart_upload, Bucket="lake", Key="big", **more) == (
        400,
        {"Code": "InvalidRequest", "Message": message},
    )


def test_what_an_upload_was_created_with_stays_with_the_object(s3):
    upload = begin(
        s3,
        ContentType="text/csv",
        Metadata={"a": "b"},
        Tagging="x=1&y=2",
        StorageClass="STANDARD_IA",
        ChecksumAlgorithm="",
    )
    send(s3, upload, 1, TWO)
    complete(s3, upload, [{"PartNumber": 1, "ETag": etag(TWO)}])
    head = s3.head_object(Bucket="lake", Key="big")
    described = (head["ContentType"], head["Metadata"], head["StorageClass"])
    assert described == ("text/csv", {"a": "b"}, "STANDARD_IA")
    tags = s3.get_object_tagging(Bucket="lake", Key="big")["TagSet"]
    assert tags == [{"Key": "x", "Value": "1"}, {"Key": "y", "Value": "2"}]


def test_an_aborted_upload_is_gone(lakebed, s3):
    upload = begin(s3)
    send(s3, upload, 1, ONE)
    abort = {"Bucket": "lake", "Key": "big", "UploadId": upload}
    assert answer(s3.abort_multipart_upload(**abort)) == {}
    gone = (
        404,
        {
            "Code": "NoSuchUpload",
            "Message": "The specified multipart upload does not exist. The upload ID may be "
            "invalid, or the upload may have been aborted or completed.",
            "UploadId": upload,
        },
    )
    assert refusal(s3.abort_multipart_upload, **abort) == gone
    assert refusal(s3.list_parts, **abort) == gone
    assert refusal(s3.upload_part, **abort, PartNumber=1, Body=b"") == gone
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag(ONE)}]}
    assert refusal(s3.complete_multipart_upload, **abort, MultipartUpload=parts) == gone
    assert not list((lakebed.data_dir / "state" / "parts").iterdir())


def test_uploads_are_listed_by_pages(s3):
    uploads = [(key, begin(s3, key)) for key in ("a/1", "a/2", "b", "b", "b", "c")]
    listed = [
        {
            "Key": key,
            "UploadId": upload,
            "Initiated": RECENT,
            "StorageClass": "STANDARD",
            "Owner": OWNER,
            "Initiator": OWNER,
            "ChecksumAlgorithm": "CRC32",
            "ChecksumType": "COMPOSITE",
        }
        for key, upload in uploads
    ]
    assert answer(s3.list_multipart_uploads(Bucket="lake")) == {
        "Bucket": "lake",
        "KeyMarker": "",
        "UploadIdMarker": "",
        "Prefix": "",
        "MaxUploads": 1000,
        "IsTruncated": False,
        "Uploads": listed,
    }
    paginator = s3.get_paginator("list_multipart_uploads")
    for size in (1, 2, 3, 4):
        pages = [answer(page) for page in paginator.paginate(
            Bucket="lake", PaginationConfig={"PageSize": size}
        )]  # fmt: skip
        assert [item for page in pages for item in page["Uploads"]] == listed
    page = answer(s3.list_multipart_uploads(Bucket="lake", Delimiter="/"))
    assert page["CommonPrefixes"] == [{"Prefix": "a/"}]
    assert [item["Key"] for item in page["Uploads"]] == ["b", "b", "b", "c"]
    page = answer(s3.list_multipart_uploads(Bucket="lake", Prefix="a/"))
    assert [item["Key"] for item in page["Uploads"]] == ["a/1", "a/2"]
    # Without a key, where to go on within a key means nothing.
    page = answer(s3.list_multipart_uploads(Bucket="lake", UploadIdMarker=uploads[3][1]))
    assert page["Uploads"] == listed
    # A key that has no upload is a place in the order as any other.
    page = answer(s3.list_multipart_uploads(Bucket="lake", KeyMarker="a/3"))
    assert page["Uploads"] == listed[2:]


def test_names_of_uploads_are_encoded_if_asked(s3):
    begin(s3, "ü b/1")
    begin(s3, "ü b/2")
    page = answer(
        s3.list_multipart_uploads(Bucket="lake", Prefix="ü b/", EncodingType="url", MaxUploads=1)
    )
    assert (page["Prefix"], page["Uploads"][0]["Key"], page["NextKeyMarker"]) == (
        "%C3%BC%20b/",
        "%C3%BC%20b/1",
        "%C3%BC%20b/1",
    )


def test_a_bucket_with_only_an_upload_is_deleted_with_it(lakebed, s3):
    upload = begin(s3)
    send(s3, upload, 1, TWO)
    assert answer(s3.delete_bucket(Bucket="lake")) == {}
    assert not list((lakebed.data_dir / "state" / "parts").iterdir())
