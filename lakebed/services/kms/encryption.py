"""Encrypting and decrypting up to 4096 bytes with a key that never leaves the server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.services.kms._encryption import decrypted, encrypted
from lakebed.services.kms._grants import check_tokens
from lakebed.services.kms._keys import for_usage, invalid, usable, with_algorithm
from lakebed.services.kms._pages import stop_dry_run
from lakebed.services.kms.model import ENCRYPT_DECRYPT, SYMMETRIC

if TYPE_CHECKING:
    from lakebed.shapes import kms as shapes

HIDDEN_MEMBERS = frozenset({"Plaintext", "CiphertextBlob"})


def encrypt(ctx: Context, request: shapes.EncryptRequest) -> shapes.EncryptResponse:
    """Encrypt up to 4096 bytes.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
    """
    key = for_usage(usable(ctx, request["KeyId"]), ENCRYPT_DECRYPT, "Encrypt")
    check_tokens(ctx, request.get("GrantTokens") or [])
    algorithm = with_algorithm(key, request.get("EncryptionAlgorithm", SYMMETRIC))
    context = request.get("EncryptionContext") or {}
    stop_dry_run(request)
    blob = encrypted(ctx, key, algorithm, request["Plaintext"], context)
    return {"CiphertextBlob": blob, "KeyId": key.arn, "EncryptionAlgorithm": algorithm}  # pyright: ignore[reportReturnType] (an algorithm of the model)


def decrypt(ctx: Context, request: shapes.DecryptRequest) -> shapes.DecryptResponse:
    """Decrypt what a key encrypted, under the same encryption context.

    A ciphertext of a symmetric key names its key.
    https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
    """
    _refuse_unbuilt("Decrypt", request)
    check_tokens(ctx, request.get("GrantTokens") or [])
    found = decrypted(
        ctx,
        request.get("KeyId", ""),
        request.get("EncryptionAlgorithm", SYMMETRIC),
        _ciphertext(request),
        request.get("EncryptionContext") or {},
    )
    stop_dry_run(request)
    answer: dict[str, Any] = {
        "KeyId": found.key.arn,
        "Plaintext": found.plaintext,
        "EncryptionAlgorithm": found.algorithm,
    }
    if found.material:
        answer["KeyMaterialId"] = found.material
    return answer  # pyright: ignore[reportReturnType] (built by its members' names)


def re_encrypt(ctx: Context, request: shapes.ReEncryptRequest) -> shapes.ReEncryptResponse:
    """Decrypt with one key and encrypt with another; the plaintext does not leave the server.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html
    """
    _refuse_unbuilt("ReEncrypt", request)
    check_tokens(ctx, request.get("GrantTokens") or [])
    found = decrypted(
        ctx,
        request.get("SourceKeyId", ""),
        request.get("SourceEncryptionAlgorithm", SYMMETRIC),
        _ciphertext(request),
        request.get("SourceEncryptionContext") or {},
    )
    key = for_usage(usable(ctx, request["DestinationKeyId"]), ENCRYPT_DECRYPT, "ReEncrypt")
    algorithm = with_algorithm(key, request.get("DestinationEncryptionAlgorithm", SYMMETRIC))
    context = request.get("DestinationEncryptionContext") or {}
    stop_dry_run(request)
    answer: dict[str, Any] = {
        "CiphertextBlob": encrypted(ctx, key, algorithm, found.plaintext, context),
        "SourceKeyId": found.key.arn,
        "KeyId": key.arn,
        "SourceEncryptionAlgorithm": found.algorithm,
        "DestinationEncryptionAlgorithm": algorithm,
    }
    if found.material:
        answer["SourceKeyMaterialId"] = found.material
    if key.spec == SYMMETRIC:
        answer["DestinationKeyMaterialId"] = key.materials[-1].id
    return answer  # pyright: ignore[reportReturnType] (built by its members' names)


def _refuse_unbuilt(operation: str, request: Mapping[str, Any]) -> None:
    for member in ("Recipient", "DryRunModifiers"):
        if request.get(member):
            raise NotBuiltError("kms", operation, member)


def _ciphertext(request: Mapping[str, Any]) -> bytes:
    if "CiphertextBlob" not in request:
        raise invalid("CiphertextBlob must be given.")
    return request["CiphertextBlob"]
