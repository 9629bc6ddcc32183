"""Encrypting and decrypting with the key of a row."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.kms import _ciphers
from lakebed.services.kms._keys import (
    for_usage,
    in_use,
    invalid,
    key_named,
    live,
    opened,
    with_algorithm,
)
from lakebed.services.kms.model import ENCRYPT_DECRYPT, KEYS, SYMMETRIC, KmsKey


class Decrypted(msgspec.Struct, frozen=True):
    """What was decrypted, and by what; `material` is empty for asymmetric keys."""

    key: KmsKey
    plaintext: bytes
    algorithm: str
    material: str = ""


def encrypted(
    ctx: Context, key: KmsKey, algorithm: str, plaintext: bytes, context: Mapping[str, str]
) -> bytes:
    """Return the ciphertext; ValidationException for more than the key can take."""
    if algorithm == SYMMETRIC:
        blob = _ciphers.Blob(key.account, key.id, key.materials[-1].id)
        return _ciphers.encrypted(opened(ctx, key), blob, plaintext, context)
    _no_context(context)
    try:
        return _ciphers.rsa_encrypted(opened(ctx, key), algorithm, plaintext)
    except _ciphers.CipherError:
        most = _ciphers.rsa_bytes_max(key.spec, algorithm)
        raise invalid(
            f"Algorithm {algorithm} and key spec {key.spec} cannot encrypt data larger than {most} "
            "bytes."
        ) from None


def decrypted(
    ctx: Context, name: str, algorithm: str, ciphertext: bytes, context: Mapping[str, str]
) -> Decrypted:
    """Return what was encrypted, with the key that is named or the one the ciphertext names.

    InvalidCiphertextException for what was changed or has another context, IncorrectKeyException
    for another key's.
    """
    if algorithm != SYMMETRIC:
        if not name:
            raise invalid("KeyId must be given to decrypt with an asymmetric key.")
        _no_context(context)
        key = for_usage(in_use(ctx, key_named(ctx, name)), ENCRYPT_DECRYPT, "Decrypt")
        with_algorithm(key, algorithm)
        try:
            plaintext = _ciphers.rsa_decrypted(opened(ctx, key), algorithm, ciphertext)
        except _ciphers.CipherError:
            raise AwsError("InvalidCiphertextException", "") from None
        return Decrypted(key, plaintext, algorithm)
    try:
        blob = _ciphers.blob_of(ciphertext)
        key = key_of(ctx, blob)
        if name and key_named(ctx, name).arn != key.arn:
            message = (
                "The key ID in the request does not identify a CMK that can perform this operation."
            )
            raise AwsError("IncorrectKeyException", message)
        key = in_use(ctx, key)
        plaintext = _ciphers.decrypted(opened(ctx, key, blob.material), ciphertext, context)
    except _ciphers.CipherError:
        raise AwsError("InvalidCiphertextException", "") from None
    return Decrypted(key, plaintext, algorithm, blob.material)


def key_of(ctx: Context, blob: _ciphers.Blob) -> KmsKey:
    """Return the key that a ciphertext names; CipherError if it is not there."""
    key = live(ctx, KEYS.get(ctx, blob.account, ctx.region, blob.key_id))
    if key is None:
        raise _ciphers.CipherError("no such key")
    return key


def _no_context(context: Mapping[str, str]) -> None:
    if context:
        raise invalid("EncryptionContext is only valid for symmetric keys.")
