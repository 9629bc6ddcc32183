"""Server-side encryption of streams, by boto3: which key, and whether it can be used."""

import pytest

from tests.services.kinesis.answers import asking_once, refused


@pytest.fixture
def kinesis(lakebed):
    client = asking_once(lakebed)
    client.create_stream(StreamName="clicks", ShardCount=1)
    return client


def encryption(kinesis):
    summary = kinesis.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]
    stream = kinesis.describe_stream(StreamName="clicks")["StreamDescription"]
    found = (summary["EncryptionType"], summary.get("KeyId"))
    assert (stream["EncryptionType"], stream.get("KeyId")) == found
    return found


def start(kinesis, key, kind="KMS"):
    kinesis.start_stream_encryption(StreamName="clicks", EncryptionType=kind, KeyId=key)


def stop(kinesis, kind="KMS"):
    kinesis.stop_stream_encryption(StreamName="clicks", EncryptionType=kind, KeyId="any")


def test_encryption_is_started_and_stopped(lakebed, kinesis):
    kms = lakebed.client("kms")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/clicks", TargetKeyId=key["KeyId"])
    for name in (key["KeyId"], key["Arn"], "alias/clicks", "alias/aws/kinesis"):
        start(kinesis, name)
        assert encryption(kinesis) == ("KMS", name)
    stop(kinesis)
    assert encryption(kinesis) == ("NONE", None)


def test_a_key_has_to_be_one_that_encrypts(lakebed, kinesis):
    kms = lakebed.client("kms")
    key = kms.create_key()["KeyMetadata"]
    assert refused(start, kinesis, "alias/none") == (
        "KMSNotFoundException",
        "Alias arn:aws:kms:us-east-1:000000000000:alias/none is not found.",
    )
    kms.disable_key(KeyId=key["KeyId"])
    disabled = ("KMSDisabledException", f"{key['Arn']} is disabled.")
    assert refused(start, kinesis, key["KeyId"]) == disabled
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    pending = ("KMSInvalidStateException", f"{key['Arn']} is pending deletion.")
    assert refused(start, kinesis, key["KeyId"]) == pending
    pair = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    assert refused(start, kinesis, pair) == (
        "InvalidArgumentException",
        f"{pair} is no symmetric key for encryption.",
    )
    none = (
        "InvalidArgumentException",
        "EncryptionType NONE is invalid: the only valid value is KMS.",
    )
    assert refused(start, kinesis, key["KeyId"], "NONE") == none
    assert refused(stop, kinesis, "NONE") == none
    assert encryption(kinesis) == ("NONE", None)


def test_encryption_is_changed_25_times_a_day(kinesis):
    for _ in range(12):
        start(kinesis, "alias/aws/kinesis")
        stop(kinesis)
    start(kinesis, "alias/aws/kinesis")
    assert refused(stop, kinesis) == (
        "LimitExceededException",
        "Stream clicks under account 000000000000 has changed its encryption 25 times in 24 hours.",
    )
