"""Data keys: made here, encrypted under a key, used elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.errors import NotBuiltError
from lakebed.services.kms import _ciphers
from lakebed.services.kms._encryption import encrypted
from lakebed.services.kms._grants import check_tokens
from lakebed.services.kms._keys import for_usage, invalid, usable, with_algorithm
from lakebed.services.kms._pages import stop_dry_run
from lakebed.services.kms.model import ENCRYPT_DECRYPT, SYMMETRIC, KmsKey

if TYPE_CHECKING:
    from lakebed.shapes import kms as shapes

_BYTES = {"AES_128": 16, "AES_256": 32}


def generate_data_key(
    ctx: Context, request: shapes.GenerateDataKeyRequest
) -> shapes.GenerateDataKeyResponse:
    """Return a new symmetric key, plain and encrypted.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html
    """
    return _data_key(ctx, "GenerateDataKey", request)  # pyright: ignore[reportReturnType] (built by its members' names)


def generate_data_key_without_plaintext(
    ctx: Context, request: shapes.GenerateDataKeyWithoutPlaintextRequest
) -> shapes.GenerateDataKeyWithoutPlaintextResponse:
    """Return a new symmetric key, encrypted.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyWithoutPlaintext.html
    """
    answer = _data_key(ctx, "GenerateDataKeyWithoutPlaintext", request)
    del answer["Plaintext"]
    return answer  # pyright: ignore[reportReturnType] (built by its members' names)


@long
def generate_data_key_pair(
    ctx: Context, request: shapes.GenerateDataKeyPairRequest
) -> shapes.GenerateDataKeyPairResponse:
    """Return a new pair of keys, the private one plain and encrypted.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPair.html
    """
    return _pair(ctx, "GenerateDataKeyPair", request)  # pyright: ignore[reportReturnType] (built by its members' names)


@long
def generate_data_key_pair_without_plaintext(
    ctx: Context, request: shapes.GenerateDataKeyPairWithoutPlaintextRequest
) -> shapes.GenerateDataKeyPairWithoutPlaintextResponse:
    """Return a new pair of keys, the private one encrypted.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPairWithoutPlaintext.html
    """
    answer = _pair(ctx, "GenerateDataKeyPairWithoutPlaintext", request)
    del answer["PrivateKeyPlaintext"]
    return answer  # pyright: ignore[reportReturnType] (built by its members' names)


def generate_random(
    ctx: Context, request: shapes.GenerateRandomRequest
) -> shapes.GenerateRandomResponse:
    """Return 1 to 1024 random bytes.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateRandom.html
    """
    for member in ("CustomKeyStoreId", "Recipient"):
        if request.get(member):
            raise NotBuiltError("kms", "GenerateRandom", member)
    if "NumberOfBytes" not in request:
        raise invalid("NumberOfBytes is required.")
    return {"Plaintext": os.urandom(request["NumberOfBytes"])}


def _key(ctx: Context, operation: str, request: Mapping[str, Any]) -> KmsKey:
    if request.get("Recipient"):
        raise NotBuiltError("kms", operation, "Recipient")
    key = for_usage(usable(ctx, request["KeyId"]), ENCRYPT_DECRYPT, operation)
    with_algorithm(key, SYMMETRIC)
    check_tokens(ctx, request.get("GrantTokens") or [])
    return key


def _context(request: Mapping[str, Any]) -> dict[str, str]:
    return request.get("EncryptionContext") or {}


def _data_key(ctx: Context, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    if ("KeySpec" in request) == ("NumberOfBytes" in request):
        raise invalid("Please specify either number of bytes or key spec.")
    key = _key(ctx, operation, request)
    stop_dry_run(request)
    size = request.get("NumberOfBytes") or _BYTES[request["KeySpec"]]
    plain, context = os.urandom(size), _context(request)
    return {
        "CiphertextBlob": encrypted(ctx, key, SYMMETRIC, plain, context),
        "Plaintext": plain,
        "KeyId": key.arn,
        "KeyMaterialId": key.materials[-1].id,
    }


def _pair(ctx: Context, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    spec = request["KeyPairSpec"]
    if spec not in _ciphers.USAGES:
        raise NotBuiltError("kms", operation, f"KeyPairSpec {spec}")
    private = _ciphers.made(spec)
    key = _key(ctx, operation, request)
    stop_dry_run(request)
    context = _context(request)
    return {
        "PrivateKeyCiphertextBlob": encrypted(ctx, key, SYMMETRIC, private, context),
        "PrivateKeyPlaintext": private,
        "PublicKey": _ciphers.public_of(private),
        "KeyId": key.arn,
        "KeyPairSpec": spec,
        "KeyMaterialId": key.materials[-1].id,
    }
