from __future__ import annotations

import pytest
from botocore.config import Config

from tests.services.s3.answers import RECENT, answer, refusal
from tests.services.s3.multipart import ONE, OWNER, TWO, begin, checksum, crc32, etag, send


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


@pytest.fixture
def plain(lakebed, s3):
    """A client that sends no checksum of its own accord."""
    return lakebed.client("s3", config=Config(request_checksum_calculation="when_required"))


def mismatch(expected, actual):
    message = (
        f"Checksum Type mismatch occurred, expected checksum Type: {expected}, "
        f"actual checksum Type: {actual}"
    )
    return 400, {"Code": "InvalidRequest", "Message": message}


def test_a_part_number_has_bounds(s3):
    upload = begin(s3)
    for number in (0, 10_001):
        assert refusal(
            s3.upload_part, Bucket="lake", Key="big", UploadId=upload, PartNumber=number, Body=b""
        ) == (
            400,
            {
                "Code": "InvalidArgument",
                "Message": "Part number must be an integer between 1 and 10000, inclusive",
                "ArgumentName": "partNumber",
                "ArgumentValue": str(number),
            },
        )
    assert answer(send(s3, upload, 10_000, b""))["ETag"] == etag(b"")


def test_a_part_has_the_checksum_of_its_upload(s3, plain):
    part = {"Bucket": "lake", "Key": "big", "PartNumber": 1, "Body": TWO}
    composite = begin(s3, ChecksumAlgorithm="SHA256")
    assert refusal(
        s3.upload_part, **part, UploadId=composite, ChecksumAlgorithm="SHA1"
    ) == mismatch("sha256", "sha1")
    assert refusal(plain.upload_part, **part, UploadId=composite) == mismatch("sha256", "null")
    sent = s3.upload_part(**part, UploadId=composite, ChecksumAlgorithm="SHA256")
    assert sent["ChecksumSHA256"] == checksum("SHA256", TWO)
    # The checksum of the whole is computed from the parts' anyhow, so the client need not send it.
    full = begin(s3, ChecksumAlgorithm="CRC32C", ChecksumType="FULL_OBJECT")
    for body in (TWO, ONE):
        sent = send(plain, full, 1, body)
        found = {"ETag": etag(body), "ChecksumCRC32C": checksum("CRC32C", body)}
        assert answer(sent) == {**found}


def test_a_part_that_is_not_what_was_claimed_is_refused(lakebed, s3):
    upload = begin(s3, ChecksumAlgorithm="SHA1")
    for body in (TWO, ONE):
        wrong = {"ChecksumSHA1": checksum("SHA1", b"other")}
        part = {"Bucket": "lake", "Key": "big", "UploadId": upload, "PartNumber": 1, "Body": body}
        assert refusal(s3.upload_part, **part, **wrong) == (
            400,
            {
                "Code": "BadDigest",
                "Message": "The SHA1 you specified did not match the calculated checksum.",
            },
        )
    assert "Parts" not in s3.list_parts(Bucket="lake", Key="big", UploadId=upload)
    assert not list((lakebed.data_dir / "state" / "tmp").glob("*/*"))


def test_parts_are_listed_by_pages(s3):
    upload = begin(s3)
    for number in (3, 1, 2):
        send(s3, upload, number, TWO)
    call = {"Bucket": "lake", "Key": "big", "UploadId": upload}
    part = {"LastModified": RECENT, "ETag": etag(TWO), "Size": 3, "ChecksumCRC32": crc32(TWO)}
    assert answer(s3.list_parts(**call, MaxParts=2)) == {
        **call,
        "PartNumberMarker": 0,
        "NextPartNumberMarker": 2,
        "MaxParts": 2,
        "IsTruncated": True,
        "Parts": [{"PartNumber": 1, **part}, {"PartNumber": 2, **part}],
        "Initiator": OWNER,
        "Owner": OWNER,
        "StorageClass": "STANDARD",
        "ChecksumAlgorithm": "CRC32",
        "ChecksumType": "COMPOSITE",
    }
    rest = answer(s3.list_parts(**call, MaxParts=2, PartNumberMarker=2))
    assert (rest["Parts"], rest["IsTruncated"]) == ([{"PartNumber": 3, **part}], False)


def test_parts_of_an_upload_without_algorithm_show_no_checksum(plain):
    upload = begin(plain, ChecksumAlgorithm="", StorageClass="GLACIER")
    send(plain, upload, 1, TWO)
    found = answer(plain.list_parts(Bucket="lake", Key="big", UploadId=upload))
    assert found["Parts"] == [
        {"PartNumber": 1, "LastModified": RECENT, "ETag": etag(TWO), "Size": 3}
    ]
    assert "ChecksumAlgorithm" not in found
    assert found["StorageClass"] == "GLACIER"
