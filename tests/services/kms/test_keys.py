"""Keys by boto3."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest

from tests.services.kms.keys import body, refused

ARN = "arn:aws:kms:us-east-1:000000000000:key/"


@pytest.fixture
def kms(lakebed):
    return lakebed.client("kms")


def test_a_key_comes_back(kms):
    made = kms.create_key(Description="of the lake", Tags=[{"TagKey": "a", "TagValue": "1"}])
    key = made["KeyMetadata"]
    name = key["KeyId"]
    created, material = key.pop("CreationDate"), key.pop("CurrentKeyMaterialId")
    assert len(material) == 64
    assert key == {
        "AWSAccountId": "000000000000", "KeyId": name, "Arn": ARN + name, "Enabled": True,
        "Description": "of the lake", "KeyUsage": "ENCRYPT_DECRYPT", "KeyState": "Enabled",
        "Origin": "AWS_KMS", "KeyManager": "CUSTOMER", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT", "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": False,
    }  # fmt: skip
    key |= {"CreationDate": created, "CurrentKeyMaterialId": material}
    assert kms.describe_key(KeyId=name)["KeyMetadata"] == key
    assert kms.describe_key(KeyId=ARN + name)["KeyMetadata"] == key
    kms.update_key_description(KeyId=name, Description="other")
    assert kms.describe_key(KeyId=name)["KeyMetadata"]["Description"] == "other"


@pytest.mark.parametrize(
    ("spec", "usage", "algorithms"),
    [
        ("ECC_NIST_P384", "SIGN_VERIFY", {"SigningAlgorithms": ["ECDSA_SHA_384"]}),
        ("ECC_NIST_P256", "KEY_AGREEMENT", {"KeyAgreementAlgorithms": ["ECDH"]}),
        ("HMAC_512", "GENERATE_VERIFY_MAC", {"MacAlgorithms": ["HMAC_SHA_512"]}),
    ],
)
def test_kinds_of_keys(kms, spec, usage, algorithms):
    key = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
    assert (key["KeySpec"], key["KeyUsage"]) == (spec, usage)
    assert {name: key[name] for name in algorithms} == algorithms


def test_keys_are_listed_in_pages(kms):
    names = sorted(kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(3))
    first = body(kms.list_keys(Limit=2))
    assert first["Keys"] == [{"KeyId": one, "KeyArn": ARN + one} for one in names[:2]]
    assert first["Truncated"] is True
    assert body(kms.list_keys(Limit=2, Marker=first["NextMarker"])) == {
        "Keys": [{"KeyId": names[2], "KeyArn": ARN + names[2]}], "Truncated": False,
    }  # fmt: skip
    assert refused(lambda: kms.list_keys(Marker="%"))[0] == "InvalidMarkerException"


def test_a_key_is_deleted_after_its_waiting_time(kms):
    key = kms.create_key()["KeyMetadata"]
    done = body(kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7))
    due = done.pop("DeletionDate")
    assert done == {
        "KeyId": key["Arn"], "KeyState": "PendingDeletion", "PendingWindowInDays": 7,
    }  # fmt: skip
    assert abs(due - key["CreationDate"] - timedelta(days=7)) < timedelta(seconds=60)
    shown = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    assert (shown["KeyState"], shown["Enabled"], shown["DeletionDate"]) == (
        "PendingDeletion", False, due,
    )  # fmt: skip
    for call in (kms.enable_key, kms.disable_key, kms.schedule_key_deletion):
        assert refused(lambda call=call: call(KeyId=key["KeyId"])) == (
            "KMSInvalidStateException", f"{key['Arn']} is pending deletion.",
        )  # fmt: skip
    assert body(kms.cancel_key_deletion(KeyId=key["KeyId"])) == {"KeyId": key["Arn"]}
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "Disabled"
    assert refused(lambda: kms.cancel_key_deletion(KeyId=key["KeyId"])) == (
        "KMSInvalidStateException", f"{key['Arn']} is not pending deletion.",
    )  # fmt: skip


def test_what_is_not_there(kms):
    name = "12345678-1234-1234-1234-123456789012"
    absent = f"Key '{ARN}{name}' does not exist"
    for given, message in (
        (name, absent),
        (ARN + name, absent),
        ("nothing", "Invalid keyId 'nothing'"),
        ("alias/none", "Alias arn:aws:kms:us-east-1:000000000000:alias/none is not found."),
    ):
        assert refused(lambda given=given: kms.describe_key(KeyId=given)) == (
            "NotFoundException", message,
        )  # fmt: skip
    assert refused(lambda: kms.enable_key(KeyId="alias/none")) == (
        "NotFoundException", "Invalid keyId 'alias/none'",
    )  # fmt: skip


def test_the_key_of_a_service_is_made_on_first_use(kms):
    key = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert (key["KeyManager"], key["KeyState"]) == ("AWS", "Enabled")
    again = kms.describe_key(KeyId="arn:aws:kms:us-east-1:000000000000:alias/aws/s3")
    assert again["KeyMetadata"]["KeyId"] == key["KeyId"]
    assert refused(lambda: kms.disable_key(KeyId=key["KeyId"]))[0] == "AccessDeniedException"
    assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"] is True


@pytest.mark.parametrize(
    "request_",
    [
        {"Origin": "EXTERNAL"},
        {"MultiRegion": True},
        {"KeySpec": "ML_DSA_44", "KeyUsage": "SIGN_VERIFY"},
    ],
)
def test_what_is_not_built_says_so(kms, request_):
    assert refused(lambda: kms.create_key(**request_))[0] == "LakebedNotBuilt"


def test_no_material_stands_in_the_store(lakebed, kms):
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    data = kms.generate_data_key(KeyId=kms.create_key()["KeyMetadata"]["KeyId"], KeySpec="AES_256")
    state = lakebed.data_dir / "state"
    with sqlite3.connect(f"file:{state / 'store.sqlite'}?mode=ro", uri=True) as store:
        rows = "\n".join(store.iterdump())
    assert key["KeyId"] in rows
    assert data["Plaintext"].hex() not in rows.lower()
    assert (state / "keys" / "kms").stat().st_mode & 0o777 == 0o600
