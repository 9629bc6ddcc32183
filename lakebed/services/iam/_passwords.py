"""Passwords: what they have to be, and how they are kept.

They are kept as scrypt hashes, each with a salt of its own (https://www.rfc-editor.org/rfc/rfc7914):
some 30 ms of work, so operations on them run in a thread.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import string

from lakebed.core.errors import AwsError
from lakebed.services.iam.model import PasswordPolicy

_SALT_BYTES = 16
_SYMBOLS = frozenset("!@#$%^&*()_+-=[]{}|'")
_DEFAULT_LENGTH_MIN = 8
_DEFAULT_KINDS_MIN = 3


def hashed(password: str) -> str:
    """Return a password as it is kept."""
    salt = os.urandom(_SALT_BYTES)
    return base64.b64encode(salt + _scrypt(password, salt)).decode()


def is_password(password: str, kept: str) -> bool:
    """Tell whether a password is the one that is kept."""
    whole = base64.b64decode(kept)
    return hmac.compare_digest(_scrypt(password, whole[:_SALT_BYTES]), whole[_SALT_BYTES:])


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


def check_password(policy: PasswordPolicy | None, password: str, account: str) -> None:
    """Refuse a password that an account's policy, or AWS's default one, does not allow.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
    The sentences are remembered.
    """
    characters = set(password)
    has = {
        "uppercase letter": bool(characters & set(string.ascii_uppercase)),
        "lowercase letter": bool(characters & set(string.ascii_lowercase)),
        "number": bool(characters & set(string.digits)),
        "symbol": bool(characters & _SYMBOLS),
    }
    if policy is None:
        _check_length(password, _DEFAULT_LENGTH_MIN)
        if sum(has.values()) < _DEFAULT_KINDS_MIN:
            raise _violation(
                "Password must include at least three of these: uppercase letters, lowercase "
                "letters, numbers, symbols"
            )
        if password == account:
            raise _violation("Password should not be the account's name")
        return
    _check_length(password, policy.length_min)
    needed = {
        "uppercase letter": policy.needs_uppercase,
        "lowercase letter": policy.needs_lowercase,
        "number": policy.needs_numbers,
        "symbol": policy.needs_symbols,
    }
    for kind, is_needed in needed.items():
        if is_needed and not has[kind]:
            raise _violation(f"Password should have at least one {kind}")


def check_reuse(policy: PasswordPolicy | None, password: str, earlier: tuple[str, ...]) -> None:
    """Refuse a password that the user had before, as far as the policy looks back."""
    count = 0 if policy is None else policy.reuse_prevented
    if count and any(is_password(password, one) for one in earlier[:count]):
        raise _violation("Password should not be one of the user's earlier passwords")


def _check_length(password: str, length: int) -> None:
    if len(password) < length:
        raise _violation(f"Password should have a minimum length of {length}")


def _violation(message: str) -> AwsError:
    return AwsError("PasswordPolicyViolation", message, 400)
