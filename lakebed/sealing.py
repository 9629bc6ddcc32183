"""Seals what must not stand on the disk for everyone to read: AES-256 in GCM.

The key of a purpose is 32 random bytes in a file of mode 0600 below `state/keys`, made when it is
first needed. Who can read the data folder as its owner can read both; a copy of the store alone is
safe. What is sealed is bound to a name, so that it cannot be moved to another row.

A file is sealed in segments, one after the other: the parts of an upload are sealed as they come,
and put together as they are. A segment is a salt of 32 bytes and chunks of 64 KiB, each with its
tag of 16 bytes; a segment of nothing has one chunk of nothing.
"""

from __future__ import annotations

import base64
import functools
import hmac
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lakebed.core.settings import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES = 32
_NONCE_BYTES = 12


class SealError(Exception):
    """What was sealed cannot be opened: with another key, under another name, or damaged."""


def key_path(settings: Settings, purpose: str) -> Path:
    """Return the file that holds the key of a purpose."""
    return _path_of(settings.state_dir, purpose)


@functools.lru_cache(maxsize=64)
def _path_of(state: Path, purpose: str) -> Path:
    return state / "keys" / purpose


@functools.lru_cache(maxsize=64)
def _cipher(key: bytes) -> AESGCM:
    """Return the cipher of a key that is used again and again."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def seal(settings: Settings, purpose: str, name: str, value: bytes) -> str:
    """Return bytes sealed for a name, as text."""
    path = key_path(settings, purpose)
    try:
        key = _key_at(path)
    except FileNotFoundError:
        key = _made(path)
    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(nonce + _cipher(key).encrypt(nonce, value, name.encode())).decode()


def unseal(settings: Settings, purpose: str, name: str, text: str) -> bytes:
    """Return what was sealed for a name; SealError where the key is not the one it had."""
    from cryptography.exceptions import InvalidTag

    try:
        sealed = base64.b64decode(text)
        key = _key_at(key_path(settings, purpose))
        return _cipher(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
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


def _key_at(path: Path) -> bytes:
    """Return the key in a file, which is read again only if it is another file by now."""
    file = os.stat(path)
    return _read_key(str(path), file.st_ino, file.st_mtime_ns)


@functools.lru_cache(maxsize=16)
def _read_key(path: str, inode: int, mtime_ns: int) -> bytes:
    return Path(path).read_bytes()


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


# -- files -----------------------------------------------------------------------------------------

CHUNK_BYTES = 64 * 1024
"""Plain bytes of a chunk: what is decrypted for the sake of one byte."""
_SALT_BYTES = 32
_TAG_BYTES = 16
Segments = Sequence[tuple[int, int]]
"""The plain sizes of a sealed file's segments in their order: each with how many times it comes."""


def sealed_size(size: int) -> int:
    """Return how long the segment of so many plain bytes is."""
    return _SALT_BYTES + size + _TAG_BYTES * max(1, -(-size // CHUNK_BYTES))


def sealed_file_size(segments: Segments) -> int:
    """Return how long a sealed file is."""
    return sum(sealed_size(size) * count for size, count in segments)


class _Chunks:
    """Seals and opens the chunks of one segment.

    The key of a segment is made of the file's and of the segment's salt, so that a nonce may be the
    chunk's number; the last chunk is marked in its nonce, so that none can be cut off (STREAM:
    Hoang, Reyhanitabar, Rogaway, Vizár 2015).
    """

    def __init__(self, key: bytes, salt: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher = AESGCM(hmac.digest(key, b"lakebed segment" + salt, "sha256"))

    def seal(self, number: int, data: bytes | memoryview, *, is_last: bool) -> bytes:
        return self._cipher.encrypt(self._nonce(number, is_last), data, None)

    def open(self, number: int, data: bytes, *, is_last: bool) -> bytes:
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(self._nonce(number, is_last), data, None)
        except (InvalidTag, ValueError) as error:
            raise SealError("a chunk") from error

    @staticmethod
    def _nonce(number: int, is_last: bool) -> bytes:
        return (number << 1 | is_last).to_bytes(_NONCE_BYTES, "big")


class SegmentWriter:
    """Seals bytes as one segment: what `update` and `finish` return is to be written in order."""

    def __init__(self, key: bytes) -> None:
        salt = os.urandom(_SALT_BYTES)
        self._chunks = _Chunks(key, salt)
        self._begin = [salt]
        self._rest = b""
        self._number = 0

    def update(self, data: bytes) -> list[bytes]:
        """Take in plain bytes and return sealed ones, as far as whole chunks go."""
        written, self._begin = self._begin, []
        data = self._rest + data if self._rest else data
        at, view = 0, memoryview(data)
        # Of the last chunk it must be known that it is the last: it waits.
        while len(data) - at > CHUNK_BYTES:
            chunk = view[at : at + CHUNK_BYTES]
            written.append(self._chunks.seal(self._number, chunk, is_last=False))
            self._number += 1
            at += CHUNK_BYTES
        self._rest = data[at:] if at else data
        return written

    def finish(self) -> list[bytes]:
        """Return what is left; nothing can follow."""
        last = self._chunks.seal(self._number, self._rest, is_last=True)
        return [*self._begin, last]


def unsealed_pieces(
    read: Callable[[int, int], bytes], key: bytes, segments: Segments, start: int, length: int
) -> Iterator[bytes]:
    """Yield plain bytes `start` to `start + length` of a sealed file; SealError if it was changed.

    `read(count, offset)` reads the file. Only the chunks that are asked for are read.
    """
    at, end, offset = 0, start + length, 0
    for size, count in segments:
        skipped = min(max(start - at, 0) // size, count) if size else count
        at += size * skipped
        offset += sealed_size(size) * skipped
        for _ in range(count - skipped):
            if at >= end:
                return
            yield from _segment_pieces(read, key, (offset, size), (start - at, end - at))
            at += size
            offset += sealed_size(size)


def _segment_pieces(
    read: Callable[[int, int], bytes], key: bytes, place: tuple[int, int], wanted: tuple[int, int]
) -> Iterator[bytes]:
    offset, size = place
    start, end = max(wanted[0], 0), min(wanted[1], size)
    chunks = _Chunks(key, read(_SALT_BYTES, offset))
    last = max(0, -(-size // CHUNK_BYTES) - 1)
    for number in range(start // CHUNK_BYTES, -(-end // CHUNK_BYTES)):
        first = number * CHUNK_BYTES
        held = min(CHUNK_BYTES, size - first) + _TAG_BYTES
        data = read(held, offset + _SALT_BYTES + number * (CHUNK_BYTES + _TAG_BYTES))
        plain = chunks.open(number, data, is_last=number == last)
        is_whole = start <= first and end >= first + len(plain)
        yield plain if is_whole else plain[max(start - first, 0) : end - first]
