"""Encrypts what connections know: passwords must not stand in the store for everyone to read.

AES-256 in GCM, with a key of 32 random bytes in a file of mode 0600 that is made when it is first
needed. Who can read the data folder as its owner can read both; a copy of the store alone is safe.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from lakebed.core.errors import AwsError
from lakebed.core.settings import Settings

_KEY_BYTES = 32
_NONCE_BYTES = 12


def key_path(settings: Settings) -> Path:
    """Return the file that holds the key."""
    return settings.state_dir / "keys" / "glue-connections"


def _made(path: Path) -> bytes:
    """Make the key, once, and have it on the disk before anything is encrypted with it."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    key = os.urandom(_KEY_BYTES)
    waiting = path.with_name(f"{path.name}.{os.urandom(8).hex()}")
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, key)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        # A link fails where a rename would replace a key that is in use.
        os.link(waiting, path)
    except FileExistsError:
        key = path.read_bytes()
    finally:
        waiting.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return key


def encrypt(settings: Settings, name: str, value: Mapping[str, Any]) -> str:
    """Return a value encrypted for the connection of a name, as text."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    path = key_path(settings)
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        key = _made(path)
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, msgspec.json.encode(value), name.encode())
    return base64.b64encode(nonce + sealed).decode()


def decrypt(settings: Settings, name: str, secret: str) -> dict[str, Any]:
    """Return what was encrypted; GlueEncryptionException where the key is not the one it had."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    sealed = base64.b64decode(secret)
    try:
        key = key_path(settings).read_bytes()
        text = AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
    except (FileNotFoundError, InvalidTag, ValueError):
        message = (
            f"Connection {name} was encrypted with another key than the one below state/keys of "
            "the data folder. Put that key back, or delete and create the connection."
        )
        raise AwsError("GlueEncryptionException", message) from None
    return msgspec.json.decode(text, type=dict[str, Any])
