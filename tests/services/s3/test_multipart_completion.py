from __future__ import annotations

import concurrent.futures
import os
from functools import partial

import pytest
from botocore.config import Config

from tests.services.s3.answers import answer, refusal
from tests.services.s3.multipart import (
    ONE,
    TWO,
    begin,
    checksum,
    complete,
    composite,
    crc32,
    etag,
    listed,
    multipart_etag,
    send,
)

ROUNDS = 300 if os.environ.get("LAKEBED_SLOW") else 30


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def invalid_request(message):
    return 400, {"Code": "InvalidRequest", "Message": message}


def test_parts_become_an_object(lakebed, s3):
    upload = begin(s3, ContentType="text/csv", Metadata={"a": "b"})
    sent = answer(send(s3, upload, 1, ONE))
    assert sent == {"ETag": etag(ONE), "ChecksumCRC32": crc32(ONE)}
    send(s3, upload, 2, b"replaced by the next")
    send(s3, upload, 2, TWO)
    assert answer(complete(s3, upload, listed(ONE, TWO))) == {
        "Location": "/lake/big",
        "Bucket": "lake",
        "Key": "big",
        "ETag": multipart_etag(ONE, TWO),
        "ChecksumCRC32": composite("CRC32", ONE, TWO),
        "ChecksumType": "COMPOSITE",
    }
    got = s3.get_object(Bucket="lake", Key="big")
    assert got["Body"].read() == ONE + TWO
    assert (got["ContentType"], got["Metadata"]) == ("text/csv", {"a": "b"})
    assert (lakebed.data_dir / "lake" / "lake" / "big").stat().st_nlink == 1
    assert not list((lakebed.data_dir / "state" / "parts").iterdir())
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="lake")


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME"])
def test_the_checksum_of_the_full_object_is_made_of_the_parts(s3, algorithm):
    upload = begin(s3, ChecksumAlgorithm=algorithm, ChecksumType="FULL_OBJECT")
    for number, body in ((1, ONE), (2, TWO)):
        send(s3, upload, number, body, ChecksumAlgorithm=algorithm)
    parts = [{"PartNumber": n, "ETag": etag(body)} for n, body in ((1, ONE), (2, TWO))]
    member, whole = f"Checksum{algorithm}", checksum(algorithm, ONE + TWO)
    done = complete(s3, upload, parts, ChecksumType="FULL_OBJECT", **{member: whole})
    assert (done[member], done["ChecksumType"]) == (whole, "FULL_OBJECT")
    head = s3.head_object(Bucket="lake", Key="big", ChecksumMode="ENABLED")
    assert (head[member], head["ChecksumType"]) == (whole, "FULL_OBJECT")


@pytest.mark.parametrize(
    "algorithm",
    ["CRC32C", "SHA1", "SHA256", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128"],
)
def test_a_composite_checksum_is_that_of_the_checksums(s3, algorithm):
    upload = begin(s3, ChecksumAlgorithm=algorithm)
    member = f"Checksum{algorithm}"
    send(s3, upload, 1, TWO, **{member: checksum(algorithm, TWO)})
    done = complete(s3, upload, listed(TWO, algorithm=algorithm))
    assert (done[member], done["ChecksumType"]) == (composite(algorithm, TWO), "COMPOSITE")


def test_an_upload_that_names_no_algorithm_gets_aws_own(lakebed, s3):
    plain = lakebed.client("s3", config=Config(request_checksum_calculation="when_required"))
    upload = begin(plain, ChecksumAlgorithm="")
    send(plain, upload, 1, ONE)
    # This one is sent, and verified, with another checksum than the one that is kept.
    send(s3, upload, 2, TWO, ChecksumAlgorithm="SHA256")
    parts = listed(ONE, TWO, algorithm="SHA256")
    del parts[0]["ChecksumSHA256"]
    done = answer(complete(s3, upload, parts))
    assert done == {
        "Location": "/lake/big",
        "Bucket": "lake",
        "Key": "big",
        "ETag": multipart_etag(ONE, TWO),
        "ChecksumCRC64NVME": checksum("CRC64NVME", ONE + TWO),
        "ChecksumType": "FULL_OBJECT",
    }


def test_a_completion_asked_for_again_is_answered_again(s3):
    upload = begin(s3)
    send(s3, upload, 1, TWO)
    first = answer(complete(s3, upload, listed(TWO)))
    assert answer(complete(s3, upload, listed(TWO))) == first
    s3.delete_object(Bucket="lake", Key="big")
    assert answer(complete(s3, upload, listed(TWO))) == first
    assert refusal(s3.head_object, Bucket="lake", Key="big")[0] == 404
    call = {"Bucket": "lake", "Key": "big", "UploadId": upload}
    other = {"Parts": listed(b"other")}
    assert (
        refusal(s3.complete_multipart_upload, **call, MultipartUpload=other)[1]["Code"]
        == "NoSuchUpload"
    )


def test_completions_at_the_same_time_make_one_object(lakebed, s3):
    upload = begin(s3)
    send(s3, upload, 1, ONE)
    send(s3, upload, 2, ONE)
    send(s3, upload, 3, TWO)
    clients = [lakebed.client("s3") for _ in range(4)]
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        done = list(
            threads.map(lambda c: answer(complete(c, upload, listed(ONE, ONE, TWO))), clients)
        )
    assert all(one == done[0] for one in done)
    assert s3.get_object(Bucket="lake", Key="big")["Body"].read() == ONE + ONE + TWO
    assert not list((lakebed.data_dir / "state" / "tmp").glob("*/*"))


def test_whoever_completes_an_upload_while_another_does_is_answered_the_same(lakebed, s3):
    clients = [lakebed.client("s3") for _ in range(6)]
    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        for _ in range(ROUNDS):
            upload = begin(s3)
            send(s3, upload, 1, b"x")
            done = list(threads.map(partial(complete, upload=upload, parts=listed(b"x")), clients))
            assert {one["ETag"] for one in done} == {multipart_etag(b"x")}


def test_a_failed_completion_leaves_the_parts_as_they_were(lakebed, s3):
    upload = begin(s3)
    send(s3, upload, 1, ONE)
    send(s3, upload, 2, TWO)
    s3.put_object(Bucket="lake", Key="big", Body=b"first")
    call = {"Bucket": "lake", "Key": "big", "UploadId": upload}
    parts = {"MultipartUpload": {"Parts": listed(ONE, TWO)}}
    assert refusal(s3.complete_multipart_upload, **call, **parts, IfNoneMatch="*")[0] == 412
    # What a join that was cut off, or a part that was not kept, leaves: more bytes at the end.
    with (lakebed.data_dir / "state" / "parts" / upload / "whole").open("ab") as file:
        file.write(b"half of the next part")
    complete(s3, upload, listed(ONE, TWO))
    assert s3.get_object(Bucket="lake", Key="big")["Body"].read() == ONE + TWO


def test_of_a_part_that_was_sent_again_the_last_one_counts(s3):
    upload = begin(s3)
    before, after = (
        {"PartNumber": 1, **{name: sent[name] for name in ("ETag", "ChecksumCRC32")}}
        for sent in (send(s3, upload, 1, b"before"), send(s3, upload, 1, b"after"))
    )
    complete(s3, upload, [before, after])
    assert s3.get_object(Bucket="lake", Key="big")["Body"].read() == b"after"


def test_some_of_the_parts_are_enough(lakebed, s3):
    upload = begin(s3)
    for number, body in ((2, ONE), (5, b"not wanted"), (9, TWO)):
        send(s3, upload, number, body)
    one, two = listed(ONE, TWO)
    done = complete(s3, upload, [{**one, "PartNumber": 2}, {**two, "PartNumber": 9}])
    assert done["ETag"] == multipart_etag(ONE, TWO)
    assert s3.get_object(Bucket="lake", Key="big")["Body"].read() == ONE + TWO
    assert not list((lakebed.data_dir / "state" / "parts").iterdir())


def test_an_upload_is_completed_only_as_it_was_sent(s3):
    upload = begin(s3)
    send(s3, upload, 1, b"small")
    send(s3, upload, 2, TWO)
    first, second = listed(b"small", TWO)
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
            "Message": "The list of parts was not in ascending order. Parts must be ordered by "
            "part number.",
        },
    )
    invalid = (
        "One or more of the specified parts could not be found.  The part may not have been "
        "uploaded, or the specified entity tag may not match the part's entity tag."
    )
    wrong = [
        {"PartNumber": 2, "ETag": etag(b"other")},
        {"PartNumber": 3, "ETag": etag(TWO)},
        {"PartNumber": 2, "ETag": etag(TWO), "ChecksumCRC32": crc32(b"other")},
    ]
    for part in wrong:
        assert refused([part]) == (
            400,
            {
                "Code": "InvalidPart",
                "Message": invalid,
                "UploadId": upload,
                "PartNumber": str(part["PartNumber"]),
                "ETag": part["ETag"].strip('"'),
            },
        )
    malformed = (
        400,
        {
            "Code": "MalformedXML",
            "Message": "The XML you provided was not well-formed or did not validate against our "
            "published schema",
        },
    )
    assert refused([]) == malformed
    assert refusal(s3.complete_multipart_upload, **call) == (
        400,
        {"Code": "InvalidRequest", "Message": "You must specify at least one part"},
    )
    assert refused([{"ETag": etag(TWO)}]) == malformed
    assert refused([{"PartNumber": 2}]) == malformed
    assert refused([{**second, "PartNumber": 0}]) == (
        400,
        {
            "Code": "InvalidArgument",
            "Message": "PartNumber must be >= 1",
            "ArgumentName": "PartNumber",
            "ArgumentValue": "0",
        },
    )
    assert refusal(s3.head_object, Bucket="lake", Key="big")[0] == 404
    assert complete(s3, upload, [second])["ETag"] == multipart_etag(TWO)


def test_claims_of_a_completion_are_verified(s3):
    upload = begin(s3, ChecksumAlgorithm="SHA1")
    send(s3, upload, 1, TWO, ChecksumAlgorithm="SHA1")
    call = {"Bucket": "lake", "Key": "big", "UploadId": upload}
    (part,) = listed(TWO, algorithm="SHA1")

    def refused(part=part, **claims):
        parts = {"Parts": [part]}
        return refusal(s3.complete_multipart_upload, **call, MultipartUpload=parts, **claims)

    assert refused(ChecksumSHA1=composite("SHA1", b"other")) == (
        400,
        {
            "Code": "BadDigest",
            "Message": "The SHA1 you specified did not match the calculated checksum.",
        },
    )
    for value in ("bad", f"{checksum('SHA1', TWO)}-x", f"{checksum('SHA1', TWO)}-1-1"):
        assert refused(ChecksumSHA1=value) == invalid_request(
            "Value for x-amz-checksum-sha1 header is invalid."
        )
    both = {"ChecksumSHA1": checksum("SHA1", TWO), "ChecksumCRC32": crc32(TWO)}
    assert refused(**both) == invalid_request(
        "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
    )
    assert refused(ChecksumType="FULL_OBJECT") == invalid_request(
        "The upload was created using the COMPOSITE checksum mode. The complete request must use "
        "the same checksum mode."
    )
    assert refused(MpuObjectSize=4) == invalid_request(
        "The provided 'x-amz-mp-object-size' header value 4 does not match what was computed: 3"
    )
    without = {"PartNumber": 1, "ETag": etag(TWO)}
    assert refused(without) == invalid_request(
        "The upload was created using a sha1 checksum. The complete request must include the "
        "checksum for each part. It was missing for part 1 in the request."
    )
    invalid = {
        "Code": "InvalidArgument",
        "Message": "Invalid Base64 or multiple checksums present in request",
        "ArgumentName": "Checksum",
    }
    assert refused({**without, "ChecksumSHA1": "bad"}) == (
        400,
        {**invalid, "ArgumentValue": "bad"},
    )
    value = f"CRC32:{crc32(TWO)};SHA1:{part['ChecksumSHA1']};"
    assert refused({**part, "ChecksumCRC32": crc32(TWO)}) == (
        400,
        {**invalid, "ArgumentValue": value},
    )
    assert refused({**without, "ChecksumCRC32": crc32(TWO)}) == (
        400,
        {
            "Code": "BadDigest",
            "Message": "The crc32 you specified for part 1 did not match what we received.",
        },
    )
    done = complete(s3, upload, [part], MpuObjectSize=3, ChecksumSHA1=composite("SHA1", TWO))
    assert done["ChecksumSHA1"] == composite("SHA1", TWO)


def test_a_condition_holds_when_the_upload_is_completed(s3):
    # Before the upload: what is written during it is a conflict.
    s3.put_object(Bucket="lake", Key="big", Body=b"first")
    upload = begin(s3)
    send(s3, upload, 1, TWO)
    call = {"Bucket": "lake", "Key": "big", "UploadId": upload}
    call["MultipartUpload"] = {"Parts": listed(TWO)}
    failed = {
        "Code": "PreconditionFailed",
        "Message": "At least one of the pre-conditions you specified did not hold",
    }
    assert refusal(s3.complete_multipart_upload, **call, IfNoneMatch="*") == (
        412,
        {**failed, "Condition": "If-None-Match"},
    )
    assert refusal(s3.complete_multipart_upload, **call, IfMatch=etag(b"other")) == (
        412,
        {**failed, "Condition": "If-Match"},
    )
    assert s3.get_object(Bucket="lake", Key="big")["Body"].read() == b"first"
    s3.complete_multipart_upload(**call, IfMatch=etag(b"first"))
    assert s3.get_object(Bucket="lake", Key="big")["Body"].read() == TWO


def test_a_completed_upload_is_a_version(s3):
    versioning = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration=versioning)
    s3.put_object(Bucket="lake", Key="big", Body=b"first")
    upload = begin(s3)
    send(s3, upload, 1, TWO)
    version = complete(s3, upload, listed(TWO))["VersionId"]
    assert complete(s3, upload, listed(TWO))["VersionId"] == version
    versions = s3.list_object_versions(Bucket="lake")["Versions"]
    assert [(one["IsLatest"], one["Size"]) for one in versions] == [(True, 3), (False, 5)]
    assert versions[0]["VersionId"] == version
