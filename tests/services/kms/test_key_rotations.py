"""Rotation by boto3, and by the clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.services.kms.keys import body, refused


@pytest.fixture
def kms(lakebed):
    return lakebed.client("kms")


@pytest.fixture
def key(kms):
    return kms.create_key()["KeyMetadata"]


def test_rotation_by_the_clock_is_turned_on_and_off(kms, key):
    name = key["KeyId"]
    off = {"KeyRotationEnabled": False, "KeyId": key["Arn"]}
    assert body(kms.get_key_rotation_status(KeyId=name)) == off
    kms.enable_key_rotation(KeyId=name, RotationPeriodInDays=100)
    status = body(kms.get_key_rotation_status(KeyId=name))
    due = status.pop("NextRotationDate")
    assert abs(due - key["CreationDate"] - timedelta(days=100)) < timedelta(seconds=60)
    assert status == {"KeyRotationEnabled": True, "KeyId": key["Arn"], "RotationPeriodInDays": 100}
    kms.disable_key_rotation(KeyId=name)
    assert body(kms.get_key_rotation_status(KeyId=name)) == off


def test_what_old_material_encrypted_still_decrypts(kms, key):
    name, first = key["KeyId"], key["CurrentKeyMaterialId"]
    blob = kms.encrypt(KeyId=name, Plaintext=b"old")["CiphertextBlob"]
    assert body(kms.rotate_key_on_demand(KeyId=name)) == {"KeyId": key["Arn"]}
    second = kms.describe_key(KeyId=name)["KeyMetadata"]["CurrentKeyMaterialId"]
    old = kms.decrypt(CiphertextBlob=blob)
    assert (old["Plaintext"], old["KeyMaterialId"]) == (b"old", first)
    new = kms.decrypt(CiphertextBlob=kms.encrypt(KeyId=name, Plaintext=b"new")["CiphertextBlob"])
    assert (new["Plaintext"], new["KeyMaterialId"]) == (b"new", second)
    found = body(kms.list_key_rotations(KeyId=name, IncludeKeyMaterial="ALL_KEY_MATERIAL"))
    assert found["Rotations"][1].pop("RotationDate") >= key["CreationDate"]
    assert found == {
        "Rotations": [
            {"KeyId": key["Arn"], "KeyMaterialId": first, "KeyMaterialState": "NON_CURRENT"},
            {"KeyId": key["Arn"], "KeyMaterialId": second, "KeyMaterialState": "CURRENT",
             "RotationType": "ON_DEMAND"},
        ],
        "Truncated": False,
    }  # fmt: skip
    kms.rotate_key_on_demand(KeyId=name)
    pages = [kms.list_key_rotations(KeyId=name, Limit=1)]
    pages.append(kms.list_key_rotations(KeyId=name, Limit=1, Marker=pages[0]["NextMarker"]))
    assert [len(page["Rotations"]) for page in pages] == [1, 1]
    assert pages[0]["Rotations"][0]["KeyMaterialId"] == second


def test_what_is_refused(kms, key):
    other = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    assert refused(lambda: kms.enable_key_rotation(KeyId=other["KeyId"])) == (
        "UnsupportedOperationException",
        f"{other['Arn']} key spec is ECC_NIST_P256 which is not valid for this operation.",
    )
    assert refused(
        lambda: kms.list_key_rotations(KeyId=key["KeyId"], Marker="bm9uZQ==")
    )[0] == "InvalidMarkerException"  # fmt: skip
    kms.disable_key(KeyId=key["KeyId"])
    assert refused(lambda: kms.rotate_key_on_demand(KeyId=key["KeyId"])) == (
        "DisabledException", f"{key['Arn']} is disabled.",
    )  # fmt: skip
