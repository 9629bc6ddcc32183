"""Public keys as others write them (OpenSSH's lines, PEM, JSON Web Keys), and what they signed.

JSON Web Keys: https://www.rfc-editor.org/rfc/rfc7517; algorithms: https://www.rfc-editor.org/rfc/rfc7518
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

RSA_BITS_MIN = 2048
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", *_CURVES})
"""Of JSON Web Signatures: those that AWS takes."""


class PublicKeyError(ValueError):
    """What is no public key, or of no kind that is taken."""


def openssh_line(text: str) -> str:
    """Return an RSA key, given as a line of OpenSSH or in PEM, as a line without its comment."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    is_line = text.startswith("ssh-")
    load = serialization.load_ssh_public_key if is_line else serialization.load_pem_public_key
    try:
        key = load(text.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise PublicKeyError(str(error)) from None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < RSA_BITS_MIN:
        raise PublicKeyError(f"no RSA key of {RSA_BITS_MIN} bits or more")
    form = serialization.PublicFormat.OpenSSH
    return key.public_bytes(serialization.Encoding.OpenSSH, form).decode()


def pem_of(line: str) -> str:
    """Return a key, given as a line of OpenSSH, in PEM."""
    from cryptography.hazmat.primitives import serialization

    form = serialization.PublicFormat.SubjectPublicKeyInfo
    key = serialization.load_ssh_public_key(line.encode())
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


def is_signed(key: Mapping[str, Any], algorithm: str, signed: bytes, signature: bytes) -> bool:
    """Tell whether a JSON Web Key's owner signed this; PublicKeyError for a key that is none.

    The algorithm is the caller's to choose, never taken on trust of the key alone: one that does
    not fit the key is an error.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

    if algorithm not in ALGORITHMS or key.get("alg", algorithm) != algorithm:
        raise PublicKeyError(f"no key for {algorithm}")
    digest = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}[algorithm[2:]]()
    try:
        if algorithm.startswith("RS"):
            _rsa(key).verify(signature, signed, padding.PKCS1v15(), digest)
            return True
        curve = _curve(key, _CURVES[algorithm])
        size = (curve.key_size + 7) // 8
        if len(signature) != 2 * size:
            return False
        parts = (int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big"))
        curve.verify(utils.encode_dss_signature(*parts), signed, ec.ECDSA(digest))
    except InvalidSignature:
        return False
    return True


def _rsa(key: Mapping[str, Any]) -> RSAPublicKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    if key.get("kty") != "RSA":
        raise PublicKeyError("no RSA key")
    try:
        found = RSAPublicNumbers(_number(key, "e"), _number(key, "n")).public_key()
    except ValueError as error:
        raise PublicKeyError(str(error)) from None
    if found.key_size < RSA_BITS_MIN:
        raise PublicKeyError(f"an RSA key of fewer than {RSA_BITS_MIN} bits")
    return found


def _curve(key: Mapping[str, Any], name: str) -> EllipticCurvePublicKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    if key.get("kty") != "EC" or key.get("crv") != name:
        raise PublicKeyError(f"no key on {name}")
    curve = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}[name]()
    try:
        return ec.EllipticCurvePublicNumbers(
            _number(key, "x"), _number(key, "y"), curve
        ).public_key()
    except ValueError as error:
        raise PublicKeyError(str(error)) from None


def _number(key: Mapping[str, Any], member: str) -> int:
    return int.from_bytes(unpadded(key.get(member)), "big")


def unpadded(text: object) -> bytes:
    """Return the bytes of base64url without padding; PublicKeyError for what is none."""
    if not isinstance(text, str) or not text or set(text) & set("=+/") or not text.isascii():
        raise PublicKeyError("no base64url")
    try:
        whole = text + "=" * (-len(text) % 4)
        return base64.b64decode(whole, altchars=b"-_", validate=True)
    except binascii.Error:
        raise PublicKeyError("no base64url") from None
