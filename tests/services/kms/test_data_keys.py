"""Data keys by boto3."""

from __future__ import annotations

import pytest

from tests.services.kms.keys import body, refused


@pytest.fixture
def kms(lakebed):
    return lakebed.client("kms")


@pytest.fixture
def key(kms):
    return kms.create_key()["KeyMetadata"]


@pytest.mark.parametrize(
    ("size", "given"), [(32, {"KeySpec": "AES_256"}), (7, {"NumberOfBytes": 7})]
)
def test_a_data_key_comes_plain_and_encrypted(kms, key, size, given):
    made = body(kms.generate_data_key(KeyId=key["KeyId"], EncryptionContext={"a": "1"}, **given))
    plain, blob = made.pop("Plaintext"), made.pop("CiphertextBlob")
    assert made == {"KeyId": key["Arn"], "KeyMaterialId": key["CurrentKeyMaterialId"]}
    assert len(plain) == size
    found = kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "1"})
    assert found["Plaintext"] == plain
    other = body(kms.generate_data_key_without_plaintext(KeyId=key["KeyId"], **given))
    assert len(kms.decrypt(CiphertextBlob=other.pop("CiphertextBlob"))["Plaintext"]) == size
    assert other == made


def test_a_pair_comes_plain_and_encrypted(kms, key):
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    given = {"KeyId": key["KeyId"], "KeyPairSpec": "ECC_NIST_P256"}
    made = body(kms.generate_data_key_pair(**given))
    private = load_der_private_key(made["PrivateKeyPlaintext"], None)
    assert private.curve.name == "secp256r1"
    blob = made["PrivateKeyCiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == made["PrivateKeyPlaintext"]
    other = body(kms.generate_data_key_pair_without_plaintext(**given))
    assert sorted(other) == sorted(made.keys() - {"PrivateKeyPlaintext"})


def test_random_bytes(kms):
    assert refused(kms.generate_random) == ("ValidationException", "NumberOfBytes is required.")
    one, two = (kms.generate_random(NumberOfBytes=24)["Plaintext"] for _ in range(2))
    assert (len(one), one == two) == (24, False)


def test_what_is_refused(kms, key):
    both = {"KeySpec": "AES_256", "NumberOfBytes": 3}
    for given in ({}, both):
        assert refused(lambda given=given: kms.generate_data_key(KeyId=key["KeyId"], **given)) == (
            "ValidationException", "Please specify either number of bytes or key spec.",
        )  # fmt: skip
    rsa = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    assert refused(lambda: kms.generate_data_key(KeyId=rsa, KeySpec="AES_256"))[0] == (
        "InvalidKeyUsageException"
    )
