"""`partNumber`: an object read part by part."""

from __future__ import annotations

import pytest

from tests.services.s3.answers import RECENT, answer, refusal

HELLO = '"5d41402abc4b2a76b9719d911017c592"'


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def test_an_object_put_as_a_whole_is_its_own_first_part(s3):
    s3.put_object(Bucket="lake", Key="k", Body=b"hello")
    got = s3.get_object(Bucket="lake", Key="k", PartNumber=1)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert answer(got) == {
        "AcceptRanges": "bytes",
        "LastModified": RECENT,
        "ContentLength": 5,
        "ContentRange": "bytes 0-4/5",
        "ETag": HELLO,
        "ChecksumCRC32": "NhCmhg==",
        "ChecksumType": "FULL_OBJECT",
        "ContentType": "binary/octet-stream",
        "Metadata": {},
        "Body": b"hello",
    }
    assert refusal(s3.get_object, Bucket="lake", Key="k", PartNumber=2) == (
        416,
        {
            "Code": "InvalidPartNumber",
            "Message": "The requested partnumber is not satisfiable",
            "PartNumberRequested": "2",
            "ActualPartCount": "1",
        },
    )
    for number in (0, 10_001):
        assert refusal(s3.get_object, Bucket="lake", Key="k", PartNumber=number) == (
            400,
            {
                "Code": "InvalidArgument",
                "Message": "Part number must be an integer between 1 and 10000, inclusive",
                "ArgumentName": "partNumber",
                "ArgumentValue": str(number),
            },
        )
    both = {"Bucket": "lake", "Key": "k", "PartNumber": 1, "Range": "bytes=0-1"}
    assert refusal(s3.get_object, **both) == (
        400,
        {
            "Code": "InvalidRequest",
            "Message": "Cannot specify both Range header and partNumber query parameter",
        },
    )


def test_a_part_of_an_object_is_read_by_its_number(s3):
    upload = s3.create_multipart_upload(Bucket="lake", Key="k")["UploadId"]
    sent = []
    for number, body in ((3, b"a" * 5 * 1024 * 1024), (7, b"the end")):
        put = {"Bucket": "lake", "Key": "k", "UploadId": upload, "PartNumber": number}
        sent.append({"PartNumber": number, "ETag": s3.upload_part(**put, Body=body)["ETag"]})
    done = {"Bucket": "lake", "Key": "k", "UploadId": upload, "MultipartUpload": {"Parts": sent}}
    etag = s3.complete_multipart_upload(**done)["ETag"]
    described = {
        "AcceptRanges": "bytes",
        "LastModified": RECENT,
        "ContentLength": 7,
        "ContentRange": "bytes 5242880-5242886/5242887",
        "ETag": etag,
        "ContentType": "binary/octet-stream",
        "PartsCount": 2,
        "Metadata": {},
    }
    assert answer(s3.head_object(Bucket="lake", Key="k", PartNumber=2)) == described
    got = s3.get_object(Bucket="lake", Key="k", PartNumber=2)
    assert answer(got) == {**described, "Body": b"the end"}
    assert refusal(s3.get_object, Bucket="lake", Key="k", PartNumber=3) == (
        416,
        {
            "Code": "InvalidPartNumber",
            "Message": "The requested partnumber is not satisfiable",
            "PartNumberRequested": "3",
            "ActualPartCount": "2",
        },
    )
