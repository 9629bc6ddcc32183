from __future__ import annotations

import pytest

from tests.services.s3.answers import RECENT, answer, refusal

ALL = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
PART = 5 * 1024 * 1024


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def attributes(s3, *names: str, **asked):
    asked = {"Bucket": "lake", "Key": "k", "ObjectAttributes": list(names or ALL), **asked}
    return answer(s3.get_object_attributes(**asked))


def test_an_objects_attributes_are_given_as_asked(s3):
    s3.put_object(Bucket="lake", Key="k", Body=b"hello", StorageClass="STANDARD_IA")
    assert attributes(s3) == {
        "LastModified": RECENT,
        "ETag": "5d41402abc4b2a76b9719d911017c592",
        "Checksum": {"ChecksumCRC32": "NhCmhg==", "ChecksumType": "FULL_OBJECT"},
        "StorageClass": "STANDARD_IA",
        "ObjectSize": 5,
    }
    assert attributes(s3, "ObjectSize") == {"LastModified": RECENT, "ObjectSize": 5}
    s3.put_object(Bucket="lake", Key="k", Body=b"")
    assert attributes(s3, "StorageClass", "ObjectSize") == {
        "LastModified": RECENT,
        "StorageClass": "STANDARD",
        "ObjectSize": 0,
    }


def uploaded(s3, **options) -> str:
    created = s3.create_multipart_upload(Bucket="lake", Key="k", **options)
    algorithm = options.get("ChecksumAlgorithm")
    checksum = f"Checksum{algorithm}"
    extra = {"ChecksumAlgorithm": algorithm} if algorithm else {}
    upload = {"Bucket": "lake", "Key": "k", "UploadId": created["UploadId"]}
    sent = []
    for number, body in enumerate((b"a" * PART, b"b" * PART, b"c"), 1):
        part = s3.upload_part(**upload, PartNumber=number, Body=body, **extra)
        kept = {"PartNumber": number, "ETag": part["ETag"]}
        sent.append({**kept, checksum: part[checksum]} if algorithm else kept)
    completed = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": sent})
    return completed["ETag"].strip('"'), completed, sent


def test_parts_with_checksums_are_listed_in_pages(s3):
    etag, completed, sent = uploaded(s3, ChecksumAlgorithm="SHA256")
    parts = [
        {"PartNumber": number, "Size": size, "ChecksumSHA256": sent[number - 1]["ChecksumSHA256"]}
        for number, size in ((1, PART), (2, PART), (3, 1))
    ]
    assert attributes(s3) == {
        "LastModified": RECENT,
        "ETag": etag,
        "Checksum": {
            "ChecksumSHA256": completed["ChecksumSHA256"].removesuffix("-3"),
            "ChecksumType": "COMPOSITE",
        },
        "ObjectParts": {
            "TotalPartsCount": 3,
            "PartNumberMarker": 0,
            "NextPartNumberMarker": 3,
            "MaxParts": 1000,
            "IsTruncated": False,
            "Parts": parts,
        },
        "StorageClass": "STANDARD",
        "ObjectSize": 2 * PART + 1,
    }
    page = attributes(s3, "ObjectParts", MaxParts=1, PartNumberMarker=1)["ObjectParts"]
    assert page == {
        "TotalPartsCount": 3,
        "PartNumberMarker": 1,
        "NextPartNumberMarker": 2,
        "MaxParts": 1,
        "IsTruncated": True,
        "Parts": parts[1:2],
    }
    page = attributes(s3, "ObjectParts", MaxParts=1, PartNumberMarker=10)["ObjectParts"]
    assert page == {
        "TotalPartsCount": 3,
        "PartNumberMarker": 10,
        "NextPartNumberMarker": 0,
        "MaxParts": 1,
        "IsTruncated": False,
    }


def test_parts_without_checksums_are_only_counted(s3):
    etag, completed, _ = uploaded(s3)
    assert attributes(s3) == {
        "LastModified": RECENT,
        "ETag": etag,
        "Checksum": {
            "ChecksumCRC64NVME": completed["ChecksumCRC64NVME"],
            "ChecksumType": "FULL_OBJECT",
        },
        "ObjectParts": {"TotalPartsCount": 3},
        "StorageClass": "STANDARD",
        "ObjectSize": 2 * PART + 1,
    }


def test_a_versions_attributes_are_given(s3):
    s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="lake", Key="k", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket="lake", Key="k", Body=b"22")["VersionId"]
    known = {"LastModified": RECENT}
    assert attributes(s3, "ObjectSize") == {**known, "VersionId": second, "ObjectSize": 2}
    assert attributes(s3, "ObjectSize", VersionId=first) == {
        **known,
        "VersionId": first,
        "ObjectSize": 1,
    }
    marker = s3.delete_object(Bucket="lake", Key="k")["VersionId"]
    asked = {"Bucket": "lake", "Key": "k", "ObjectAttributes": ["ObjectSize"]}
    status, error = refusal(s3.get_object_attributes, **asked)
    assert (status, error["Code"]) == (404, "NoSuchKey")
    status, error = refusal(s3.get_object_attributes, **asked, VersionId=marker)
    assert (status, error["Code"]) == (405, "MethodNotAllowed")


def test_unknown_attributes_are_refused(s3):
    s3.put_object(Bucket="lake", Key="k", Body=b"hello")
    asked = {"Bucket": "lake", "Key": "k", "ObjectAttributes": ["ETag", "Colour"]}
    assert refusal(s3.get_object_attributes, **asked) == (
        400,
        {
            "Code": "InvalidArgument",
            "Message": "Invalid attribute name specified.",
            "ArgumentName": "x-amz-object-attributes",
            "ArgumentValue": "Colour",
        },
    )
