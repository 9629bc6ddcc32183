"""Encrypting and decrypting by boto3."""

from __future__ import annotations

from functools import partial

import pytest

from tests.services.kms.keys import body, refused

RSA = "RSAES_OAEP_SHA_256"


@pytest.fixture
def kms(lakebed):
    return lakebed.client("kms")


@pytest.fixture
def key(kms):
    return kms.create_key()["KeyMetadata"]


def test_what_was_encrypted_comes_back(kms, key):
    context = {"bucket": "lake", "team": "data"}
    made = body(kms.encrypt(KeyId=key["KeyId"], Plaintext=b"secret", EncryptionContext=context))
    blob = made.pop("CiphertextBlob")
    assert made == {"KeyId": key["Arn"], "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}
    assert b"secret" not in blob
    turned = dict(reversed(context.items()))
    assert body(kms.decrypt(CiphertextBlob=blob, EncryptionContext=turned)) == {
        "KeyId": key["Arn"], "Plaintext": b"secret", "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "KeyMaterialId": key["CurrentKeyMaterialId"],
    }  # fmt: skip
    again = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"secret", EncryptionContext=context)
    assert again["CiphertextBlob"] != blob


def test_changed_or_foreign_ciphertexts_are_refused(kms, key):
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext={"a": "1"})[
        "CiphertextBlob"
    ]
    other = kms.create_key()["KeyMetadata"]
    bad = ("InvalidCiphertextException", "")
    for at in (0, 7, 40, 50, len(blob) - 1):
        changed = blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]
        call = lambda changed=changed: kms.decrypt(  # noqa: E731 (named where it is used)
            CiphertextBlob=changed, EncryptionContext={"a": "1"}
        )
        assert refused(call) == bad, at
    assert refused(lambda: kms.decrypt(CiphertextBlob=blob)) == bad
    assert refused(lambda: kms.decrypt(CiphertextBlob=b"nothing of ours")) == bad
    assert refused(
        lambda: kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "1"}, KeyId=other["KeyId"])
    ) == (
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this operation.",
    )


def test_an_rsa_key_encrypts_for_everybody(kms):
    key = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]
    assert key["EncryptionAlgorithms"] == ["RSAES_OAEP_SHA_1", RSA]
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    public = load_der_public_key(kms.get_public_key(KeyId=key["KeyId"])["PublicKey"])
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    blob = public.encrypt(b"from outside", oaep)
    assert body(kms.decrypt(CiphertextBlob=blob, KeyId=key["KeyId"], EncryptionAlgorithm=RSA)) == {
        "KeyId": key["Arn"],
        "Plaintext": b"from outside",
        "EncryptionAlgorithm": RSA,
    }
    own = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"inside", EncryptionAlgorithm=RSA)
    back = kms.decrypt(
        CiphertextBlob=own["CiphertextBlob"], KeyId=key["KeyId"], EncryptionAlgorithm=RSA
    )
    assert back["Plaintext"] == b"inside"
    for algorithm, most in (("RSAES_OAEP_SHA_1", 214), ("RSAES_OAEP_SHA_256", 190)):
        given = {"KeyId": key["KeyId"], "EncryptionAlgorithm": algorithm}
        kms.encrypt(**given, Plaintext=b"x" * most)
        assert refused(partial(kms.encrypt, **given, Plaintext=b"x" * (most + 1))) == (
            "ValidationException",
            f"Algorithm {algorithm} and key spec RSA_2048 cannot encrypt data larger than {most} "
            "bytes.",
        )
    assert refused(lambda: kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")) == (
        "InvalidKeyUsageException",
        "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.",
    )


def test_another_key_takes_over_without_showing_the_plaintext(kms, key):
    other = kms.create_key()["KeyMetadata"]
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext={"a": "1"})
    moved = body(
        kms.re_encrypt(
            CiphertextBlob=blob["CiphertextBlob"], SourceEncryptionContext={"a": "1"},
            DestinationKeyId=other["KeyId"], DestinationEncryptionContext={"b": "2"},
        )
    )  # fmt: skip
    blob = moved.pop("CiphertextBlob")
    assert moved == {
        "SourceKeyId": key["Arn"], "KeyId": other["Arn"],
        "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "SourceKeyMaterialId": key["CurrentKeyMaterialId"],
        "DestinationKeyMaterialId": other["CurrentKeyMaterialId"],
    }  # fmt: skip
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext={"b": "2"})["Plaintext"] == b"x"


def test_a_key_that_may_not_be_used(kms, key):
    name, arn = key["KeyId"], key["Arn"]
    blob = kms.encrypt(KeyId=name, Plaintext=b"x")["CiphertextBlob"]
    kms.disable_key(KeyId=name)
    for call in (
        lambda: kms.encrypt(KeyId=name, Plaintext=b"x"),
        lambda: kms.decrypt(CiphertextBlob=blob),
    ):
        assert refused(call) == ("DisabledException", f"{arn} is disabled.")
    kms.schedule_key_deletion(KeyId=name)
    assert refused(lambda: kms.decrypt(CiphertextBlob=blob)) == (
        "KMSInvalidStateException", f"{arn} is pending deletion.",
    )  # fmt: skip
    kms.cancel_key_deletion(KeyId=name)
    kms.enable_key(KeyId=name)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    signing = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    assert refused(lambda: kms.encrypt(KeyId=signing["KeyId"], Plaintext=b"x")) == (
        "InvalidKeyUsageException",
        f"{signing['Arn']} key usage is SIGN_VERIFY which is not valid for Encrypt.",
    )


def test_a_dry_run_does_nothing(kms, key):
    assert refused(lambda: kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", DryRun=True)) == (
        "DryRunOperationException",
        "The request would have succeeded, but the DryRun option is set.",
    )
