from __future__ import annotations

import base64
import hashlib
import io
import zlib

import pytest
from boto3.s3.transfer import TransferConfig

from tests.services.s3.answers import RECENT, answer, refusal

MIB = 1024 * 1024
ONE, TWO = b"1" * (5 * MIB), b"two"
OWNER = {"ID": "000000000000"}


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def begin(s3, key="big", **more):
    more.setdefault("ChecksumAlgorithm", "CRC32")
    return s3.create_multipart_upload(Bucket="lake", Key=key, **more)["UploadId"]


def send(s3, upload, number, body, key="big", **more):
    return s3.upload_part(
        Bucket="lake", Key=key, UploadId=upload, PartNumber=number, Body=body, **more
    )


def complete(s3, upload, parts, key="big", **more):
    return s3.complete_multipart_upload(
        Bucket="lake", Key=key, UploadId=upload, MultipartUpload={"Parts": parts}, **more
    )


def etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'


def multipart_etag(*bodies: bytes) -> str:
    md5s = b"".join(hashlib.md5(body).digest() for body in bodies)
    return f'"{hashlib.md5(md5s).hexdigest()}-{len(bodies)}"'


def crc32(body: bytes) -> str:
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def test_parts_become_an_object(lakebed, s3):
    created = answer(
        s3.create_multipart_upload(
            Bucket="lake",
            Key="big",
            ContentType="text/csv",
            Metadata={"a": "b"},
            ChecksumAlgorithm="CRC32",
        )
    )
    upload = created.pop("UploadId")
    assert created == {
        "Bucket": "lake",
        "Key": "big",
        "ChecksumAlgorithm": "CRC32",
        "ChecksumType": "COMPOSITE",
    }
    assert answer(send(s3, upload, 1, ONE)) == {"ETag": etag(ONE), "ChecksumCRC32": crc32(ONE)}
    send(s3, upload, 2, b"replaced by the next")
    send(s3, upload, 2, TWO)
    composite = base64.b64encode(
        zlib.crc32(base64.b64decode(crc32(ONE)) + base64.b64decode(crc32(TWO))).to_bytes(4, "big")
    ).decode()
    parts = [
        {"PartNumber": 1, "ETag": etag(ONE), "ChecksumCRC32": crc32(ONE)},
        {"PartNumber": 2, "ETag": etag(TWO)},
    ]
    assert answer(complete(s3, upload, parts)) == {
        "Location": "/lake/big",
        "Bucket": "lake",
        "Key": "big",
        "ETag": multipart_etag(ONE, TWO),
        "ChecksumCRC32": f"{composite}-2",
        "ChecksumType": "COMPOSITE",
    }
    got = s3.get_object(Bucket="lake", Key="big")
    assert got["Body"].read() == ONE + TWO
    assert (got["ContentType"], got["Metadata"]) == ("text/csv", {"a": "b"})
    assert not list((lakebed.data_dir / "state" / "parts").iterdir())
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="lake")


def test_a_transfer_in_parts_comes_back_whole(s3):
    body = bytes(range(256)) * 4 * 1024 * 12 + b"tail"
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_fileobj(io.BytesIO(body), "lake", "big", Config=config)
    back = io.BytesIO()
    s3.download_fileobj("lake", "big", back, Config=config)
    assert back.getvalue() == body
    expected = multipart_etag(*(body[n : n + 5 * MIB] for n in range(0, len(body), 5 * MIB)))
    assert s3.head_object(Bucket="lake", Key="big")["ETag"] == expected


def test_a_checksum_of_the_full_object_can_be_asked_for(s3):
    upload = begin(s3, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    parts = [
        {"PartNumber": n, "ETag": send(s3, upload, n, body)["ETag"]}
        for n, body in ((1, ONE), (2, TWO))
    ]
    done = complete(s3, upload, parts)
    assert (done["ChecksumCRC32"], done["ChecksumType"]) == (crc32(ONE + TWO), "FULL_OBJECT")


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


def test_an_upload_is_completed_only_as_it_was_sent(s3):
    upload = begin(s3)
    send(s3, upload, 1, b"small")
    send(s3, upload, 2, TWO)
    first, second = ({"PartNumber": n, "ETag": etag(b)} for n, b in ((1, b"small"), (2, TWO)))
    call = {"Bucket": "lake", "Key": "big", "UploadId": upload}

    def refused(parts):
        return refusal(s3.complete_multipart_upload, **call, MultipartUpload={"Parts": parts})

    assert refused([first, second]) == (
        400,
        {
            "Code": "EntityTooSmall",
            "Message": "Your proposed upload is smaller than the minimum allowed size",
            "ProposedSize": "5",
            "MinSizeAllowed": "5242880",
            "PartNumber": "1",
            "ETag": etag(b"small").strip('"'),
        },
    )
    assert refused([second, first]) == (
        400,
        {
            "Code": "InvalidPartOrder",
            "Message": "The list of parts was not in ascending order. The parts list must be "
            "specified in order by part number.",
        },
    )
    invalid = (
        "One or more of the specified parts could not be found.  The part may not have been "
        "uploaded, or the specified entity tag may not match the part's entity tag."
    )
    for number, tag in ((2, etag(b"other")), (3, etag(TWO))):
        assert refused([{"PartNumber": number, "ETag": tag}]) == (
            400,
            {
                "Code": "InvalidPart",
                "Message": invalid,
                "UploadId": upload,
                "PartNumber": str(number),
                "ETag": tag.strip('"'),
            },
        )
    assert refusal(s3.head_object, Bucket="lake", Key="big")[0] == 404
    assert complete(s3, upload, [second])["ETag"] == multipart_etag(TWO)


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


def test_uploads_are_listed_by_pages(s3):
    uploads = sorted((key, begin(s3, key)) for key in ("a/1", "a/2", "b", "b", "b", "c"))
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


def test_a_bucket_with_only_an_upload_is_deleted_with_it(lakebed, s3):
    upload = begin(s3)
    send(s3, upload, 1, TWO)
    assert answer(s3.delete_bucket(Bucket="lake")) == {}
    assert not list((lakebed.data_dir / "state" / "parts").iterdir())


def test_a_condition_holds_when_the_upload_is_completed(s3):
    upload = begin(s3)
    parts = [{"PartNumber": 1, "ETag": send(s3, upload, 1, TWO)["ETag"]}]
    s3.put_object(Bucket="lake", Key="big", Body=b"first")
    call = {"Bucket": "lake", "Key": "big", "UploadId": upload, "IfNoneMatch": "*"}
    assert refusal(s3.complete_multipart_upload, **call, MultipartUpload={"Parts": parts}) == (
        412,
        {
            "Code": "PreconditionFailed",
            "Message": "At least one of the pre-conditions you specified did not hold",
            "Condition": "If-None-Match",
        },
    )
    assert s3.get_object(Bucket="lake", Key="big")["Body"].read() == b"first"
