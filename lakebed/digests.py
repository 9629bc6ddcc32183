"""Digests by name: hashlib's, the checksums of S3 that Python lacks, and CRCs put together.

A module of its own beside `core`, below all that digests bodies. CRC32C, CRC64NVME and XXHash come
from AWS's own library, whose import takes 30 ms: the first that is made imports it. `warm` does so
ahead of time, and `is_ready` says whether a digest can be made without waiting for it.
"""

from __future__ import annotations

import functools
import hashlib
import sys
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

SIZES = {
    "md5": 16,
    "sha1": 20,
    "sha256": 32,
    "sha512": 64,
    "crc32": 4,
    "crc32c": 4,
    "crc64nvme": 8,
    "xxhash64": 8,
    "xxhash3": 8,
    "xxhash128": 16,
}
"""How many bytes each digest has, by its name."""
_LIBRARY = "awscrt.checksums"
_IMPORTED = frozenset({"crc32c", "crc64nvme", "xxhash64", "xxhash3", "xxhash128"})
_POLYNOMIALS = {"crc32": 0xEDB88320, "crc32c": 0x82F63B78, "crc64nvme": 0x9A6C9329AC4BC9B5}
"""Of the CRCs, with their bits reversed, as all three compute."""
COMBINABLE = frozenset(_POLYNOMIALS)
"""The digests of a whole that can be computed from those of its parts."""
_BLOCK_BYTES = 1024 * 1024
_LENGTHS_MAX = 256


class Digest(Protocol):
    """What all digests have in common."""

    def update(self, data: bytes, /) -> None:
        """Take in more bytes."""
        ...

    def hexdigest(self) -> str:
        """Return the digest of all bytes so far, lower-case, most significant digit first."""
        ...


class _Crc:
    """A CRC in the form of a hashlib object."""

    def __init__(self, compute: Callable[[bytes, int], int], size: int) -> None:
        self._compute = compute
        self._digits = 2 * size
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = self._compute(data, self._value)

    def hexdigest(self) -> str:
        return f"{self._value:0{self._digits}x}"


class _XxHash:
    """An XXHash in the form of a hashlib object; to be read once."""

    def __init__(self, made: Any) -> None:
        self._made = made

    def update(self, data: bytes, /) -> None:
        self._made.update(data)

    def hexdigest(self) -> str:
        return bytes(self._made.finalize()).hex()


def _library() -> Any:
    import awscrt.checksums

    return awscrt.checksums


# By their own constructors: hashlib.new looks the name up each time.
_CONSTRUCTORS: dict[str, Callable[[], Digest]] = {
    "md5": functools.partial(hashlib.md5, usedforsecurity=False),
    "sha1": functools.partial(hashlib.sha1, usedforsecurity=False),
    "sha256": functools.partial(hashlib.sha256, usedforsecurity=False),
    "sha512": functools.partial(hashlib.sha512, usedforsecurity=False),
    "crc32": functools.partial(_Crc, zlib.crc32, 4),
    "crc32c": lambda: _Crc(_library().crc32c, 4),
    "crc64nvme": lambda: _Crc(_library().crc64nvme, 8),
    "xxhash64": lambda: _XxHash(_library().XXHash.new_xxhash64()),
    "xxhash3": lambda: _XxHash(_library().XXHash.new_xxhash3_64()),
    "xxhash128": lambda: _XxHash(_library().XXHash.new_xxhash3_128()),
}


def new_digest(name: str) -> Digest:
    """Return an empty digest of a name in `SIZES`; the first of AWS's library takes 30 ms."""
    return _CONSTRUCTORS[name]()


def is_ready(names: Iterable[str]) -> bool:
    """Say whether all these digests can be made at once, with nothing left to import."""
    return _IMPORTED.isdisjoint(names) or _LIBRARY in sys.modules


def warm() -> None:
    """Import what the first digest would have to wait for. For a thread."""
    _library()


def digest_of(name: str, data: bytes) -> str:
    """Return the digest of some bytes in hexadecimal."""
    digest = new_digest(name)
    digest.update(data)
    return digest.hexdigest()


def file_digest(name: str, path: Path) -> str:
    """Return the digest of a file in hexadecimal. Reads it all."""
    digest = new_digest(name)
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def combined(name: str, parts: Iterable[tuple[str, int]]) -> str:
    """Return the CRC of a whole from the CRC (in hexadecimal) and the length of each part.

    Bytes that follow move what came before up by their number of bits: the CRC of the whole is the
    first part's, times x to the power of those bits, plus the second's. Nothing is read again.
    """
    value = 0
    for digest, length in parts:
        value = _times(name, value, _power(name, 8 * length)) ^ int(digest, 16)
    return f"{value:0{2 * SIZES[name]}x}"


@functools.lru_cache(maxsize=_LENGTHS_MAX)
def _power(name: str, exponent: int) -> int:
    """Return x to a power, modulo the CRC's polynomial; parts have few different lengths."""
    one = 1 << (8 * SIZES[name] - 1)
    result, square = one, one >> 1
    while exponent:
        if exponent & 1:
            result = _times(name, result, square)
        square = _times(name, square, square)
        exponent >>= 1
    return result


def _times(name: str, one: int, other: int) -> int:
    """Return a product of polynomials over GF(2), modulo the CRC's; bits are reversed."""
    polynomial = _POLYNOMIALS[name]
    bit = 1 << (8 * SIZES[name] - 1)
    product = 0
    while bit and one:
        if one & bit:
            product ^= other
            one ^= bit
        other = (other >> 1) ^ polynomial if other & 1 else other >> 1
        bit >>= 1
    return product
