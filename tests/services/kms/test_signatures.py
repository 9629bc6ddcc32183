"""Signatures, agreed secrets and message authentication codes by boto3."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from tests.services.kms.keys import body, refused


@pytest.fixture
def kms(lakebed):
    return lakebed.client("kms")


def made(kms, spec, usage="SIGN_VERIFY"):
    return kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]


@pytest.mark.parametrize(
    ("spec", "algorithm", "check"),
    [
        ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", (padding.PKCS1v15(), hashes.SHA256())),
        ("RSA_2048", "RSASSA_PSS_SHA_512",
         (padding.PSS(padding.MGF1(hashes.SHA512()), 64), hashes.SHA512())),
        ("ECC_NIST_P521", "ECDSA_SHA_512", (ec.ECDSA(hashes.SHA512()),)),
        ("ECC_SECG_P256K1", "ECDSA_SHA_256", (ec.ECDSA(hashes.SHA256()),)),
    ],
)  # fmt: skip
def test_others_can_check_a_signature(kms, spec, algorithm, check):
    key = made(kms, spec)
    digest = hashlib.new(f"sha{algorithm[-3:]}", b"hello").digest()
    public = load_der_public_key(kms.get_public_key(KeyId=key["KeyId"])["PublicKey"])
    for message, kind in ((b"hello", "RAW"), (digest, "DIGEST")):
        given = {
            "KeyId": key["KeyId"], "Message": message, "MessageType": kind,
            "SigningAlgorithm": algorithm,
        }  # fmt: skip
        signed = body(kms.sign(**given))
        signature = signed.pop("Signature")
        assert signed == {"KeyId": key["Arn"], "SigningAlgorithm": algorithm}
        public.verify(signature, b"hello", *check)
        assert body(kms.verify(**given, Signature=signature)) == {
            **signed, "SignatureValid": True,
        }  # fmt: skip
        bad = bytes([signature[0], *signature[1:-1], signature[-1] ^ 1])
        assert refused(
            lambda given=given, bad=bad: kms.verify(**given, Signature=bad)
        ) == ("KMSInvalidSignatureException", "")  # fmt: skip
    given |= {"Message": b"short"}
    assert refused(lambda: kms.sign(**given)) == (
        "ValidationException", f"Digest is invalid length for algorithm {algorithm}.",
    )  # fmt: skip


def test_the_public_key_says_what_it_is_for(kms):
    key = made(kms, "ECC_NIST_P256")
    found = body(kms.get_public_key(KeyId=key["KeyId"]))
    found.pop("PublicKey")
    assert found == {
        "KeyId": key["Arn"], "CustomerMasterKeySpec": "ECC_NIST_P256", "KeySpec": "ECC_NIST_P256",
        "KeyUsage": "SIGN_VERIFY", "SigningAlgorithms": ["ECDSA_SHA_256"],
    }  # fmt: skip
    symmetric = kms.create_key()["KeyMetadata"]
    assert refused(lambda: kms.get_public_key(KeyId=symmetric["KeyId"])) == (
        "UnsupportedOperationException",
        f"{symmetric['Arn']} key spec is SYMMETRIC_DEFAULT which is not valid for GetPublicKey.",
    )


def test_two_sides_derive_one_secret(kms):
    key = made(kms, "ECC_NIST_P256", "KEY_AGREEMENT")
    public = load_der_public_key(kms.get_public_key(KeyId=key["KeyId"])["PublicKey"])
    own = ec.generate_private_key(ec.SECP256R1())
    theirs = own.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    found = body(
        kms.derive_shared_secret(KeyId=key["KeyId"], KeyAgreementAlgorithm="ECDH", PublicKey=theirs)
    )
    assert found == {
        "KeyId": key["Arn"], "SharedSecret": own.exchange(ec.ECDH(), public),
        "KeyAgreementAlgorithm": "ECDH", "KeyOrigin": "AWS_KMS",
    }  # fmt: skip
    other = ec.generate_private_key(ec.SECP384R1()).public_key()
    foreign = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for bad in (foreign, b"no key"):
        assert refused(
            lambda bad=bad: kms.derive_shared_secret(
                KeyId=key["KeyId"], KeyAgreementAlgorithm="ECDH", PublicKey=bad
            )
        ) == ("ValidationException", "PublicKey is not a key of the spec ECC_NIST_P256.")


def test_a_code_is_checked(kms):
    key = made(kms, "HMAC_256", "GENERATE_VERIFY_MAC")
    given = {"KeyId": key["KeyId"], "Message": b"hello", "MacAlgorithm": "HMAC_SHA_256"}
    found = body(kms.generate_mac(**given))
    code = found.pop("Mac")
    assert (len(code), found) == (32, {"KeyId": key["Arn"], "MacAlgorithm": "HMAC_SHA_256"})
    assert body(kms.verify_mac(**given, Mac=code)) == {**found, "MacValid": True}
    assert refused(lambda: kms.verify_mac(**{**given, "Message": b"other"}, Mac=code)) == (
        "KMSInvalidMacException", "",
    )  # fmt: skip
    assert refused(lambda: kms.generate_mac(**{**given, "MacAlgorithm": "HMAC_SHA_512"}))[0] == (
        "InvalidKeyUsageException"
    )
