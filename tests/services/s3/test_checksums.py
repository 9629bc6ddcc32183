from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from lakebed.services.s3._checksums import ALGORITHMS
from tests.gateway.raw import (
    SIGNED_TRAILER,
    UNSIGNED_TRAILER,
    leftovers,
    put,
    put_chunked,
)
from tests.hooks import hooked
from tests.services.s3.answers import answer, refusal
from tests.services.s3.multipart import checksum, etag

SMALL, LARGE = b"small", bytes(range(256)) * 1024
SINGLE = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def kept(s3):
    """Return the checksum an object has, by its member's name, and its type."""
    head = s3.head_object(Bucket="lake", Key="k", ChecksumMode="ENABLED")
    return {name: value for name, value in head.items() if name.startswith("Checksum")}


@pytest.mark.parametrize("body", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_checksum_in_a_header_is_verified_and_kept(s3, algorithm, body):
    member = f"Checksum{algorithm}"
    right = {member: checksum(algorithm, body), "ChecksumType": "FULL_OBJECT"}
    s3_put = {"Bucket": "lake", "Key": "k", "Body": body}
    put_answer = answer(s3.put_object(**s3_put, **{member: right[member]}))
    assert put_answer == {"ETag": etag(body), **right}
    assert kept(s3) == right
    assert not [one for one in s3.head_object(Bucket="lake", Key="k") if one.startswith("Checks")]
    wrong = {member: checksum(algorithm, b"other")}
    assert refusal(s3.put_object, **s3_put, **wrong) == (
        400,
        {
            "Code": "BadDigest",
            "Message": f"The {algorithm} you specified did not match the calculated checksum.",
        },
    )
    for value in ("bad", "", "AAAA", f"{right[member]}-1"):
        assert refusal(s3.put_object, **s3_put, **{member: value}) == (
            400,
            {
                "Code": "InvalidRequest",
                "Message": f"Value for x-amz-checksum-{algorithm.lower()} header is invalid.",
            },
        )


@pytest.mark.parametrize("kind", [SIGNED_TRAILER, UNSIGNED_TRAILER], ids=["signed", "unsigned"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_checksum_in_a_trailer_is_verified_and_kept(lakebed, s3, algorithm, kind):
    name = f"x-amz-checksum-{algorithm.lower()}"
    chunks = [LARGE[:65536], LARGE[65536:140_000], LARGE[140_000:]]
    headers = {"X-Amz-Trailer": name, "X-Amz-Sdk-Checksum-Algorithm": algorithm}
    right = checksum(algorithm, LARGE)
    put_answer = put_chunked(lakebed, "/lake/k", kind, chunks, headers, **{name: right})
    assert (put_answer.status, put_answer.headers[name]) == (200, right)
    assert kept(s3) == {f"Checksum{algorithm}": right, "ChecksumType": "FULL_OBJECT"}
    assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == LARGE
    s3.delete_object(Bucket="lake", Key="k")
    wrong = {name: checksum(algorithm, b"other")}
    refused = put_chunked(lakebed, "/lake/k", kind, chunks, headers, **wrong)
    assert (refused.status, refused.error) == (
        400,
        {
            "Code": "BadDigest",
            "Message": f"The {algorithm} you specified did not match the calculated checksum.",
        },
    )
    refused = put_chunked(lakebed, "/lake/k", kind, chunks, headers, **{name: "invalid"})
    assert (refused.status, refused.error) == (
        400,
        {"Code": "InvalidRequest", "Message": f"Value for {name} trailing header is invalid."},
    )
    assert refusal(s3.head_object, Bucket="lake", Key="k")[0] == 404
    assert not leftovers(lakebed)


@pytest.mark.parametrize("body", [SMALL, LARGE], ids=["small", "large"])
def test_a_client_that_names_no_checksum_gets_aws_own(lakebed, s3, body):
    plain = lakebed.client("s3", config=Config(request_checksum_calculation="when_required"))
    right = {"ChecksumCRC64NVME": checksum("CRC64NVME", body), "ChecksumType": "FULL_OBJECT"}
    assert answer(plain.put_object(Bucket="lake", Key="k", Body=body)) == {
        "ETag": etag(body),
        **right,
    }
    assert kept(s3) == right
    chunked = put_chunked(lakebed, "/lake/k", UNSIGNED_TRAILER, [body], {})
    assert chunked.headers["x-amz-checksum-crc64nvme"] == right["ChecksumCRC64NVME"]


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        (
            {
                "x-amz-checksum-crc32": checksum("CRC32", SMALL),
                "x-amz-checksum-sha1": checksum("SHA1", SMALL),
            },
            SINGLE,
        ),
        ({"x-amz-checksum-crc32": "", "x-amz-checksum-sha1": ""}, SINGLE),
        (
            {
                "x-amz-sdk-checksum-algorithm": "CRC32",
                "x-amz-checksum-sha1": checksum("SHA1", SMALL),
            },
            "Value for x-amz-sdk-checksum-algorithm header is invalid.",
        ),
        (
            {"x-amz-sdk-checksum-algorithm": "CRC32"},
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
            "x-amz-trailer headers were found.",
        ),
        (
            {"x-amz-sdk-checksum-algorithm": "CRC16"},
            "Checksum algorithm provided is unsupported. Please try again with any of the valid "
            "types: [CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH128, XXHASH3, "
            "XXHASH64]",
        ),
        (
            {"x-amz-checksum-crc16": "AAA="},
            "The algorithm type you specified in x-amz-checksum- header is invalid.",
        ),
    ],
)
def test_claims_that_do_not_fit_each_other_are_refused(lakebed, s3, headers, message):
    refused = put(lakebed, "/lake/k", SMALL, **headers)
    assert (refused.status, refused.error) == (400, {"Code": "InvalidRequest", "Message": message})
    assert not leftovers(lakebed)


def test_an_algorithm_may_be_named_in_any_case(lakebed, s3):
    named = {"x-amz-sdk-checksum-algorithm": "crc32c"}
    right = {"x-amz-checksum-crc32c": checksum("CRC32C", SMALL)}
    assert put(lakebed, "/lake/k", SMALL, **named, **right).status == 200
    assert kept(s3)["ChecksumCRC32C"] == checksum("CRC32C", SMALL)


def test_claims_of_documents_are_verified_too(lakebed, s3):
    call = {"Bucket": "lake", "Delete": {"Objects": [{"Key": "k"}]}}
    s3.put_object(Bucket="lake", Key="k", Body=SMALL)

    def claim(**headers):
        def add(request, **_):
            for name in list(request.headers):
                if name.lower().startswith(("x-amz-checksum", "x-amz-sdk")):
                    del request.headers[name]
            for name, value in headers.items():
                request.headers[name.replace("_", "-")] = value

        with hooked(s3, "before-sign.s3.DeleteObjects", add):
            return refusal(s3.delete_objects, **call)

    assert claim(X_Amz_Checksum_Crc64nvme=checksum("CRC64NVME", b"other")) == (
        400,
        {
            "Code": "BadDigest",
            "Message": "The CRC64NVME you specified did not match the calculated checksum.",
        },
    )
    assert claim(X_Amz_Checksum_Sha1="bad") == (
        400,
        {
            "Code": "InvalidRequest",
            "Message": "Value for x-amz-checksum-sha1 header is invalid.",
        },
    )
    assert claim(Content_MD5="bad") == (
        400,
        {
            "Code": "InvalidDigest",
            "Message": "The Content-MD5 you specified was invalid.",
            "Content-MD5": "bad",
        },
    )
    status, error = claim(Content_MD5=checksum("MD5", b"other"))
    assert (status, error["Code"], error["Message"]) == (
        400,
        "BadDigest",
        "The Content-MD5 you specified did not match what we received.",
    )
    assert s3.head_object(Bucket="lake", Key="k")["ContentLength"] == 5


def test_what_a_presigned_url_says_in_its_query_is_a_header(lakebed, s3):
    right, wrong = checksum("CRC32", SMALL), checksum("CRC32", b"other")
    for claimed, status in ((right, 200), (wrong, 400)):
        query = urllib.parse.urlencode({"x-amz-checksum-crc32": claimed, "x-amz-meta-a": "b c"})
        request = AWSRequest("PUT", f"{lakebed.url}/lake/k?{query}")
        request.context["client_config"] = None
        S3SigV4QueryAuth(Credentials("test", "test"), "s3", "us-east-1").add_auth(request)
        put = urllib.request.Request(request.url, SMALL, method="PUT")
        if status == 200:
            urllib.request.urlopen(put, timeout=5).close()
            assert s3.head_object(Bucket="lake", Key="k")["Metadata"] == {"a": "b c"}
        else:
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(put, timeout=5)
            assert (caught.value.code, b"<Code>BadDigest</Code>" in caught.value.read()) == (
                status,
                True,
            )
    assert kept(s3)["ChecksumCRC32"] == right
