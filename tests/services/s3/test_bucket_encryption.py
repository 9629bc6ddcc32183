"""The default encryption of buckets."""

from __future__ import annotations

import json

import pytest

from tests.services.s3.answers import answer, refusal
from tests.services.s3.callers import OTHER, other

NEW = {"BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}
NONE = (
    404,
    {
        "Code": "ServerSideEncryptionConfigurationNotFoundError",
        "Message": "The server side encryption configuration was not found",
        "BucketName": "lake",
    },
)
MALFORMED = (
    400,
    {
        "Code": "MalformedXML",
        "Message": "The XML you provided was not well-formed or did not validate against our "
        "published schema",
    },
)
CUSTOMER = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": bytes(32)}


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def rules(*found):
    return {"Bucket": "lake", "ServerSideEncryptionConfiguration": {"Rules": list(found)}}


def default(algorithm, **more):
    named = {"KMSMasterKeyID": more.pop("key")} if "key" in more else {}
    return {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm, **named}, **more}


def kept(s3):
    found = answer(s3.get_bucket_encryption(Bucket="lake"))
    (rule,) = found["ServerSideEncryptionConfiguration"]["Rules"]
    return rule


def test_a_default_is_kept_until_it_is_deleted(s3):
    assert refusal(s3.get_bucket_encryption, Bucket="lake") == NONE
    for rule in (
        default("AES256", BucketKeyEnabled=False),
        default("aws:kms", BucketKeyEnabled=True),
        default("aws:kms", key="alias/mine", BucketKeyEnabled=False),
    ):
        s3.put_bucket_encryption(**rules(rule))
        assert kept(s3) == {**NEW, **rule}
    unblocked = {"BlockedEncryptionTypes": {"EncryptionType": ["NONE"]}}
    s3.put_bucket_encryption(**rules(unblocked))
    assert kept(s3) == unblocked
    s3.put_bucket_encryption(**rules(default("AES256")))
    assert kept(s3) == {**default("AES256", BucketKeyEnabled=False), **unblocked}
    for _ in range(2):
        response = s3.delete_bucket_encryption(Bucket="lake")
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refusal(s3.get_bucket_encryption, Bucket="lake") == NONE


def test_what_is_no_default_is_refused(s3):
    for wrong in (
        (),
        (default("AES256"), default("AES256")),
        (default("rot13"),),
        ({"BlockedEncryptionTypes": {"EncryptionType": ["SSE-D"]}},),
    ):
        assert refusal(s3.put_bucket_encryption, **rules(*wrong)) == MALFORMED
    assert refusal(s3.put_bucket_encryption, **rules(default("AES256", key="k"))) == (
        400,
        {
            "Code": "InvalidArgument",
            "Message": "a KMSMasterKeyID is not applicable if the default sse algorithm is not "
            "aws:kms or aws:kms:dsse",
            "ArgumentName": "ApplyServerSideEncryptionByDefault",
        },
    )
    status, error = refusal(s3.put_bucket_encryption, **rules(default("aws:kms:dsse")))
    assert (status, error["Code"]) == (501, "NotImplemented")
    for operation in ("get_bucket_encryption", "delete_bucket_encryption"):
        assert refusal(getattr(s3, operation), Bucket="nowhere")[1]["Code"] == "NoSuchBucket"


@pytest.mark.parametrize("size", [0, 10, 200_000])
def test_a_default_that_somebody_put_encrypts_what_says_nothing_itself(lakebed, s3, size):
    body, file = bytes(size), lakebed.data_dir / "lake" / "lake" / "k"
    assert "ServerSideEncryption" not in s3.put_object(Bucket="lake", Key="k", Body=body)
    assert file.read_bytes() == body
    s3.put_bucket_encryption(**rules(default("AES256")))
    for _ in range(2):
        s3.put_object(Bucket="lake", Key="k", Body=body)
        assert len(file.read_bytes()) > size
        got = s3.get_object(Bucket="lake", Key="k")
        assert (got["Body"].read(), got["ServerSideEncryption"]) == (body, "AES256")
    s3.put_bucket_encryption(**rules(default("aws:kms", BucketKeyEnabled=True)))
    put = s3.put_object(Bucket="lake", Key="k", Body=body)
    assert (put["ServerSideEncryption"], put["BucketKeyEnabled"]) == ("aws:kms", True)
    assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == body
    s3.put_object(Bucket="lake", Key="k", Body=body, ServerSideEncryption="AES256")
    assert s3.head_object(Bucket="lake", Key="k")["ServerSideEncryption"] == "AES256"
    s3.delete_bucket_encryption(Bucket="lake")
    s3.put_object(Bucket="lake", Key="k", Body=body)
    assert file.read_bytes() == body
    copied = s3.copy_object(Bucket="lake", Key="c", CopySource="lake/k")
    assert "ServerSideEncryption" not in copied


def test_no_plain_file_is_left_behind(lakebed, s3):
    s3.put_bucket_encryption(**rules(default("AES256")))
    for size in (10, 10, 200_000):
        s3.put_object(Bucket="lake", Key="k", Body=bytes(size))
    refused = {**rules(), "Key": "k", "Body": b"1", "ServerSideEncryption": "aws:kms"}
    del refused["ServerSideEncryptionConfiguration"]
    assert refusal(s3.put_object, **refused, SSEKMSKeyId="none")[0] == 400
    left = [path for path in (lakebed.data_dir / "state" / "tmp").rglob("*") if path.is_file()]
    assert left == []


def test_customers_keys_are_blocked_until_they_are_not(s3):
    put = {"Bucket": "lake", "Key": "k", "Body": b"1"}
    status, error = refusal(s3.put_object, **put, **CUSTOMER)
    assert (status, error["Code"]) == (403, "AccessDenied")
    assert "SSE-C" in error["Message"]
    s3.put_bucket_encryption(**rules({"BlockedEncryptionTypes": {"EncryptionType": ["NONE"]}}))
    s3.put_object(**put, **CUSTOMER)
    s3.delete_bucket_encryption(Bucket="lake")
    assert s3.get_object(Bucket="lake", Key="k", **CUSTOMER)["Body"].read() == b"1"


def test_a_policy_denies_what_is_not_encrypted_as_it_says(lakebed, s3):
    who = {"Principal": {"AWS": OTHER}, "Resource": "arn:aws:s3:::lake/*"}
    keyed = "s3:x-amz-server-side-encryption"
    statements = [
        {"Effect": "Allow", "Action": "s3:*", **who},
        {
            "Effect": "Deny",
            "Action": "s3:PutObject",
            **who,
            "Condition": {"StringNotEquals": {keyed: "AES256"}},
        },
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    s3.put_bucket_policy(Bucket="lake", Policy=policy)
    guest = other(lakebed)
    put = {"Bucket": "lake", "Key": "k", "Body": b"1"}
    assert refusal(guest.put_object, **put)[0] == 403
    assert refusal(guest.put_object, **put, ServerSideEncryption="aws:kms")[0] == 403
    guest.put_object(**put, ServerSideEncryption="AES256")
