"""Seals what must not stand in the store for everyone to read: AES-256 in GCM.

The key of a purpose is 32 random bytes in a file of mode 0600 below `state/keys`, made when it is
first needed. Who can read the data folder as its owner can read both; a copy of the store alone is
safe. What is sealed is bound to a name, so that it cannot be moved to another row.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path

from lakebed.core.settings import Settings

_KEY_BYTES = 32
_NONCE_BYTES = 12


class SealError(Exception):
    """What was sealed cannot be opened: with another key, under another name, or damaged."""


def key_path(settings: Settings, purpose: str) -> Path:
    """Return the file that holds the key of a purpose."""
    return settings.state_dir / "keys" / purpose


def seal(settings: Settings, purpose: str, name: str, value: bytes) -> str:
    """Return bytes sealed for a name, as text."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    path = key_path(settings, purpose)
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        key = _made(path)
    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, value, name.encode())).decode()


def unseal(settings: Settings, purpose: str, name: str, text: str) -> bytes:
    """Return what was sealed for a name; SealError where the key is not the one it had."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        sealed = base64.b64decode(text)
        key = key_path(settings, purpose).read_bytes()
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
    except (FileNotFoundError, InvalidTag, ValueError) as error:
        raise SealError(f"{purpose} of {name}") from error


def locked(key: bytes, name: str, value: bytes) -> bytes:
    """Return bytes encrypted with a data key of the caller's, for a name."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, value, name.encode())


def unlocked(key: bytes, name: str, value: bytes) -> bytes:
    """Return what was `locked` for a name; SealError with another key, or of another name."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(value[:_NONCE_BYTES], value[_NONCE_BYTES:], name.encode())
    except (InvalidTag, ValueError) as error:
        raise SealError(name) from error


def _made(path: Path) -> bytes:
    """Make the key, once, and have it on the disk before anything is sealed with it."""
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
