"""Signatures and secrets of asymmetric keys, and message authentication codes."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.services.kms import _ciphers
from lakebed.services.kms._grants import check_tokens
from lakebed.services.kms._keys import for_usage, invalid, opened, usable, with_algorithm
from lakebed.services.kms._pages import stop_dry_run
from lakebed.services.kms.model import (
    ENCRYPT_DECRYPT,
    GENERATE_VERIFY_MAC,
    KEY_AGREEMENT,
    SIGN_VERIFY,
    KmsKey,
)

if TYPE_CHECKING:
    from lakebed.shapes import kms as shapes

HIDDEN_MEMBERS = frozenset({"Message", "Signature", "Mac", "PublicKey"})
_ALGORITHMS = {
    ENCRYPT_DECRYPT: "EncryptionAlgorithms",
    SIGN_VERIFY: "SigningAlgorithms",
    KEY_AGREEMENT: "KeyAgreementAlgorithms",
}


@long
def sign(ctx: Context, request: shapes.SignRequest) -> shapes.SignResponse:
    """Sign a message of up to 4096 bytes, or a digest.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
    """
    key, algorithm, is_digest = _signing(ctx, "Sign", request)
    try:
        made = _ciphers.signature(
            opened(ctx, key), algorithm, request["Message"], is_digest=is_digest
        )
    except _ciphers.CipherError:
        raise invalid(f"Digest is invalid length for algorithm {algorithm}.") from None
    return {"KeyId": key.arn, "Signature": made, "SigningAlgorithm": algorithm}  # pyright: ignore[reportReturnType] (an algorithm of the model)


def verify(ctx: Context, request: shapes.VerifyRequest) -> shapes.VerifyResponse:
    """Check a signature; KMSInvalidSignatureException if it is not the key's of the message.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_Verify.html
    """
    key, algorithm, is_digest = _signing(ctx, "Verify", request)
    private, message, given = opened(ctx, key), request["Message"], request["Signature"]
    try:
        _ciphers.check_signature(private, algorithm, message, given, is_digest=is_digest)
    except _ciphers.CipherError as error:
        if str(error) == "digest":
            raise invalid(f"Digest is invalid length for algorithm {algorithm}.") from None
        raise AwsError("KMSInvalidSignatureException", "") from None
    return {"KeyId": key.arn, "SignatureValid": True, "SigningAlgorithm": algorithm}  # pyright: ignore[reportReturnType] (an algorithm of the model)


def _signing(ctx: Context, operation: str, request: Any) -> tuple[KmsKey, str, bool]:
    key = for_usage(usable(ctx, request["KeyId"]), SIGN_VERIFY, operation)
    check_tokens(ctx, request.get("GrantTokens") or [])
    algorithm = with_algorithm(key, request["SigningAlgorithm"])
    kind = request.get("MessageType", "RAW")
    if kind not in ("RAW", "DIGEST"):
        raise NotBuiltError("kms", operation, f"MessageType {kind}")
    stop_dry_run(request)
    return key, algorithm, kind == "DIGEST"


def get_public_key(
    ctx: Context, request: shapes.GetPublicKeyRequest
) -> shapes.GetPublicKeyResponse:
    """Return the public half of an asymmetric key, as DER of SubjectPublicKeyInfo.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html
    """
    key = usable(ctx, request["KeyId"])
    check_tokens(ctx, request.get("GrantTokens") or [])
    if not key.spec.startswith(("RSA_", "ECC_")):
        message = f"{key.arn} key spec is {key.spec} which is not valid for GetPublicKey."
        raise AwsError("UnsupportedOperationException", message)
    answer: dict[str, Any] = {
        "KeyId": key.arn,
        "PublicKey": _ciphers.public_of(opened(ctx, key)),
        "CustomerMasterKeySpec": key.spec,
        "KeySpec": key.spec,
        "KeyUsage": key.usage,
        _ALGORITHMS[key.usage]: list(_ciphers.algorithms(key.spec, key.usage)),
    }
    return answer  # pyright: ignore[reportReturnType] (built by its members' names)


def derive_shared_secret(
    ctx: Context, request: shapes.DeriveSharedSecretRequest
) -> shapes.DeriveSharedSecretResponse:
    """Return the secret that a key and someone else's public key agree on (ECDH).

    https://docs.aws.amazon.com/kms/latest/APIReference/API_DeriveSharedSecret.html
    """
    if request.get("Recipient"):
        raise NotBuiltError("kms", "DeriveSharedSecret", "Recipient")
    key = for_usage(usable(ctx, request["KeyId"]), KEY_AGREEMENT, "DeriveSharedSecret")
    check_tokens(ctx, request.get("GrantTokens") or [])
    stop_dry_run(request)
    try:
        secret = _ciphers.shared_secret(opened(ctx, key), request["PublicKey"])
    except _ciphers.CipherError:
        raise invalid(f"PublicKey is not a key of the spec {key.spec}.") from None
    return {
        "KeyId": key.arn,
        "SharedSecret": secret,
        "KeyAgreementAlgorithm": "ECDH",
        "KeyOrigin": "AWS_KMS",
    }


def generate_mac(ctx: Context, request: shapes.GenerateMacRequest) -> shapes.GenerateMacResponse:
    """Return the HMAC of a message of up to 4096 bytes.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateMac.html
    """
    key, made = _mac(ctx, "GenerateMac", request)
    return {"KeyId": key.arn, "Mac": made, "MacAlgorithm": request["MacAlgorithm"]}


def verify_mac(ctx: Context, request: shapes.VerifyMacRequest) -> shapes.VerifyMacResponse:
    """Check an HMAC; KMSInvalidMacException if it is not the key's of the message.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_VerifyMac.html
    """
    key, made = _mac(ctx, "VerifyMac", request)
    if not hmac.compare_digest(made, request["Mac"]):
        raise AwsError("KMSInvalidMacException", "")
    return {"KeyId": key.arn, "MacValid": True, "MacAlgorithm": request["MacAlgorithm"]}


def _mac(ctx: Context, operation: str, request: Any) -> tuple[KmsKey, bytes]:
    key = for_usage(usable(ctx, request["KeyId"]), GENERATE_VERIFY_MAC, operation)
    check_tokens(ctx, request.get("GrantTokens") or [])
    algorithm = with_algorithm(key, request["MacAlgorithm"])
    stop_dry_run(request)
    return key, _ciphers.mac(opened(ctx, key), algorithm, request["Message"])
