"""What is done with key material: made, encrypted with, signed with.

Algorithms by kind of key:
https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html
A blob of a symmetric key names account, key and material in front; that, and the encryption
context, is bound to what is encrypted. AWS does not publish the form of its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import msgspec

from lakebed.services.kms.model import (
    ENCRYPT_DECRYPT,
    GENERATE_VERIFY_MAC,
    KEY_AGREEMENT,
    SIGN_VERIFY,
    SYMMETRIC,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

_MAGIC = b"\x01\x02\x02\x00x"
_NONCE_BYTES, _MATERIAL_BYTES = 12, 32

_RSA_SIGNING = tuple(
    f"RSASSA_{padding}_SHA_{bits}" for padding in ("PKCS1_V1_5", "PSS") for bits in (256, 384, 512)
)
_RSA_BITS = {"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096}
_CURVES = {
    "ECC_NIST_P256": ("SECP256R1", "ECDSA_SHA_256"),
    "ECC_NIST_P384": ("SECP384R1", "ECDSA_SHA_384"),
    "ECC_NIST_P521": ("SECP521R1", "ECDSA_SHA_512"),
    "ECC_SECG_P256K1": ("SECP256K1", "ECDSA_SHA_256"),
}
_HMAC_BYTES = {"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64}

USAGES: Mapping[str, tuple[str, ...]] = {
    SYMMETRIC: (ENCRYPT_DECRYPT,),
    **dict.fromkeys(_RSA_BITS, (ENCRYPT_DECRYPT, SIGN_VERIFY)),
    **dict.fromkeys(_CURVES, (SIGN_VERIFY, KEY_AGREEMENT)),
    "ECC_SECG_P256K1": (SIGN_VERIFY,),
    **dict.fromkeys(_HMAC_BYTES, (GENERATE_VERIFY_MAC,)),
}
"""The kinds of keys that are built, and what each may be for."""


class CipherError(Exception):
    """What was given is not what this key encrypted, or signed, under this context."""


def algorithms(spec: str, usage: str) -> tuple[str, ...]:
    """Return the algorithms of a key."""
    if usage == ENCRYPT_DECRYPT:
        rsa_algorithms = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256")
        return (SYMMETRIC,) if spec == SYMMETRIC else rsa_algorithms
    if usage == SIGN_VERIFY:
        return _RSA_SIGNING if spec in _RSA_BITS else (_CURVES[spec][1],)
    return (f"HMAC_SHA_{spec[5:]}",) if usage == GENERATE_VERIFY_MAC else ("ECDH",)


def made(spec: str) -> bytes:
    """Return new material: random bytes, or a private key as DER of PKCS #8."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    if spec in _RSA_BITS:
        key = rsa.generate_private_key(65537, _RSA_BITS[spec])
    elif spec in _CURVES:
        key = ec.generate_private_key(getattr(ec, _CURVES[spec][0])())
    else:
        return os.urandom(_HMAC_BYTES.get(spec, 32))
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def public_of(private: bytes) -> bytes:
    """Return the public half of a private key, as DER of SubjectPublicKeyInfo."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return (
        _private(private).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )


# -- symmetric keys ---------------------------------------------------------------------------


class Blob(msgspec.Struct, frozen=True):
    """What a ciphertext of a symmetric key says in front of what is encrypted."""

    account: str
    key_id: str
    material: str

    def header(self) -> bytes:
        """Return it as bytes."""
        name = f"{self.account}/{self.key_id}".encode()
        return _MAGIC + bytes.fromhex(self.material) + bytes([len(name)]) + name


def blob_of(ciphertext: bytes) -> Blob:
    """Read the front of a ciphertext; CipherError for what was not made here."""
    at = len(_MAGIC) + _MATERIAL_BYTES
    if not ciphertext.startswith(_MAGIC) or len(ciphertext) <= at:
        raise CipherError("not a ciphertext")
    material = ciphertext[len(_MAGIC) : at].hex()
    name = ciphertext[at + 1 : at + 1 + ciphertext[at]]
    try:
        account, _, key_id = name.decode("ascii").partition("/")
    except UnicodeDecodeError:
        raise CipherError("not a ciphertext") from None
    return Blob(account, key_id, material)


def encrypted(material: bytes, blob: Blob, plaintext: bytes, context: Mapping[str, str]) -> bytes:
    """Return the ciphertext of a symmetric key."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    header, nonce = blob.header(), os.urandom(_NONCE_BYTES)
    sealed = AESGCM(material).encrypt(nonce, plaintext, header + _bound(context))
    return header + nonce + sealed


def decrypted(material: bytes, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
    """Return what a symmetric key encrypted; CipherError if anything was changed."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    header = blob_of(ciphertext).header()
    sealed = ciphertext[len(header) + _NONCE_BYTES :]
    nonce = ciphertext[len(header) : len(header) + _NONCE_BYTES]
    try:
        return AESGCM(material).decrypt(nonce, sealed, header + _bound(context))
    except (InvalidTag, ValueError) as error:
        raise CipherError("changed, or another context") from error


def _bound(context: Mapping[str, str]) -> bytes:
    """Return an encryption context as bytes, whatever the order it was given in."""
    return msgspec.json.encode(sorted(context.items()))


# -- asymmetric keys --------------------------------------------------------------------------


def rsa_encrypted(private: bytes, algorithm: str, plaintext: bytes) -> bytes:
    """Return what a public RSA key makes of a text; CipherError if it is too long."""
    key = cast("rsa.RSAPrivateKey", _private(private))
    try:
        return key.public_key().encrypt(plaintext, _oaep(algorithm))
    except ValueError as error:
        raise CipherError("too long") from error


def rsa_bytes_max(spec: str, algorithm: str) -> int:
    """Return how many bytes a key of a spec can encrypt (RFC 8017, 7.1.1)."""
    digest = 20 if algorithm.endswith("SHA_1") else 32
    return int(spec.removeprefix("RSA_")) // 8 - 2 * digest - 2


def rsa_decrypted(private: bytes, algorithm: str, ciphertext: bytes) -> bytes:
    """Return what was encrypted for an RSA key."""
    key = cast("rsa.RSAPrivateKey", _private(private))
    try:
        return key.decrypt(ciphertext, _oaep(algorithm))
    except ValueError as error:
        raise CipherError("not of this key") from error


def signature(private: bytes, algorithm: str, message: bytes, *, is_digest: bool) -> bytes:
    """Sign a message, or the digest of one; CipherError for a digest of the wrong length."""
    key: Any = _private(private)
    return key.sign(message, *_signing(algorithm, message, is_digest))


def check_signature(
    private: bytes, algorithm: str, message: bytes, given: bytes, *, is_digest: bool
) -> None:
    """Raise CipherError for a signature that is not this key's of this message."""
    from cryptography.exceptions import InvalidSignature

    key: Any = _private(private)
    try:
        key.public_key().verify(given, message, *_signing(algorithm, message, is_digest))
    except InvalidSignature as error:
        raise CipherError("signature") from error


def shared_secret(private: bytes, public: bytes) -> bytes:
    """Return the secret that two elliptic keys agree on; CipherError for another curve's key."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    key = cast("ec.EllipticCurvePrivateKey", _private(private))
    try:
        other = cast("ec.EllipticCurvePublicKey", load_der_public_key(public))
        return key.exchange(ec.ECDH(), other)
    except (ValueError, TypeError) as error:
        raise CipherError("public key") from error


def mac(material: bytes, algorithm: str, message: bytes) -> bytes:
    """Return the HMAC of a message; `algorithm` as HMAC_SHA_256."""
    import hmac

    return hmac.digest(material, message, f"sha{algorithm[9:]}")


def _private(der: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    # The key was made here: checking an RSA key again takes longer than using it.
    return load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)


def _hash(algorithm: str) -> Any:
    from cryptography.hazmat.primitives import hashes

    return getattr(hashes, f"SHA{algorithm.rpartition('_')[2]}")()


def _oaep(algorithm: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import padding

    made_of = _hash(algorithm)
    return padding.OAEP(padding.MGF1(made_of), made_of, None)


def _signing(algorithm: str, message: bytes, is_digest: bool) -> tuple[Any, ...]:
    from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

    made_of = _hash(algorithm)
    if is_digest and len(message) != made_of.digest_size:
        raise CipherError("digest")
    digest = utils.Prehashed(made_of) if is_digest else made_of
    if algorithm.startswith("ECDSA"):
        return (ec.ECDSA(digest),)
    if "PSS" in algorithm:
        return padding.PSS(padding.MGF1(made_of), made_of.digest_size), digest
    return padding.PKCS1v15(), digest
