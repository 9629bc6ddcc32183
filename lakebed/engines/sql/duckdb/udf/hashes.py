"""Hash functions that Python's library lacks, by their published definitions.

xxHash64 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), MurmurHash3 x64 128 and
SpookyHash V2 (both in the public domain), with seeds of zero as Trino uses them.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

_MASK = (1 << 64) - 1
_P1, _P2, _P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P4, _P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
_SPOOKY = 0xDEADBEEFDEADBEEF


def _rotated(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _MASK


def _xx_round(value: int, lane: int) -> int:
    return _rotated((value + lane * _P2) & _MASK, 31) * _P1 & _MASK


def xxhash64(data: bytes, seed: int = 0) -> int:
    """Return xxHash64."""
    size, at = len(data), 0
    if size >= 32:
        lanes = [(seed + _P1 + _P2) & _MASK, (seed + _P2) & _MASK, seed, (seed - _P1) & _MASK]
        while at <= size - 32:
            words = struct.unpack_from("<4Q", data, at)
            lanes = [_xx_round(lane, word) for lane, word in zip(lanes, words, strict=True)]
            at += 32
        total = sum(map(_rotated, lanes, (1, 7, 12, 18))) & _MASK
        for lane in lanes:
            total = ((total ^ _xx_round(0, lane)) * _P1 + _P4) & _MASK
    else:
        total = (seed + _P5) & _MASK
    total = (total + size) & _MASK
    while at + 8 <= size:
        total ^= _xx_round(0, struct.unpack_from("<Q", data, at)[0])
        total = (_rotated(total, 27) * _P1 + _P4) & _MASK
        at += 8
    if at + 4 <= size:
        total ^= struct.unpack_from("<I", data, at)[0] * _P1 & _MASK
        total = (_rotated(total, 23) * _P2 + _P3) & _MASK
        at += 4
    for byte in data[at:]:
        total = _rotated(total ^ (byte * _P5 & _MASK), 11) * _P1 & _MASK
    total = (total ^ total >> 33) * _P2 & _MASK
    total = (total ^ total >> 29) * _P3 & _MASK
    return total ^ total >> 32


def _finished(value: int) -> int:
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & _MASK
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & _MASK
    return value ^ value >> 33


def murmur3(data: bytes) -> bytes:
    """Return MurmurHash3 x64 128, both halves with the low byte first."""
    c1, c2 = 0x87C37B91114253D5, 0x4CF5AD432745937F
    one = other = 0
    whole = len(data) // 16 * 16
    for low, high in struct.iter_unpack("<QQ", data[:whole]):
        one ^= _rotated(low * c1 & _MASK, 31) * c2 & _MASK
        one = ((_rotated(one, 27) + other) * 5 + 0x52DCE729) & _MASK
        other ^= _rotated(high * c2 & _MASK, 33) * c1 & _MASK
        other = ((_rotated(other, 31) + one) * 5 + 0x38495AB5) & _MASK
    tail = data[whole:]
    if len(tail) > 8:
        high = int.from_bytes(tail[8:], "little")
        other ^= _rotated(high * c2 & _MASK, 33) * c1 & _MASK
    if tail:
        low = int.from_bytes(tail[:8], "little")
        one ^= _rotated(low * c1 & _MASK, 31) * c2 & _MASK
    one ^= len(data)
    other ^= len(data)
    one = (one + other) & _MASK
    other = (other + one) & _MASK
    one, other = _finished(one), _finished(other)
    one = (one + other) & _MASK
    other = (other + one) & _MASK
    return struct.pack("<QQ", one, other)


_SHORT_MIX = (50, 52, 30, 41, 54, 48, 38, 37, 62, 34, 5, 36)
_SHORT_END = (15, 52, 26, 51, 28, 9, 47, 54, 32, 25, 63)
_LONG_MIX = (11, 32, 43, 31, 17, 28, 39, 57, 55, 54, 22, 46)
_LONG_END = (44, 15, 34, 21, 38, 33, 10, 13, 38, 53, 42, 54)


def spooky(data: bytes) -> int:
    """Return 64 bits of SpookyHash V2."""
    return _spooky_short(data) if len(data) < 192 else _spooky_long(data)


def _spooky_short(data: bytes) -> int:
    h = [0, 0, _SPOOKY, _SPOOKY]
    at, size = 0, len(data)
    while size - at >= 32:
        words = struct.unpack_from("<4Q", data, at)
        h[2] = (h[2] + words[0]) & _MASK
        h[3] = (h[3] + words[1]) & _MASK
        _short_mix(h)
        h[0] = (h[0] + words[2]) & _MASK
        h[1] = (h[1] + words[3]) & _MASK
        at += 32
    if size - at >= 16:
        words = struct.unpack_from("<2Q", data, at)
        h[2] = (h[2] + words[0]) & _MASK
        h[3] = (h[3] + words[1]) & _MASK
        _short_mix(h)
        at += 16
    h[3] = (h[3] + ((size & 0xFF) << 56)) & _MASK
    rest = data[at:]
    if rest:
        h[2] = (h[2] + int.from_bytes(rest[:8], "little")) & _MASK
        h[3] = (h[3] + int.from_bytes(rest[8:], "little")) & _MASK
    else:
        h[2] = (h[2] + _SPOOKY) & _MASK
        h[3] = (h[3] + _SPOOKY) & _MASK
    for step, bits in enumerate(_SHORT_END):
        to, by = (3 + step) % 4, (2 + step) % 4
        h[to] ^= h[by]
        h[by] = _rotated(h[by], bits)
        h[to] = (h[to] + h[by]) & _MASK
    return h[0]


def _short_mix(h: list[int]) -> None:
    for step, bits in enumerate(_SHORT_MIX):
        at, by, to = (2 + step) % 4, (3 + step) % 4, step % 4
        h[at] = (_rotated(h[at], bits) + h[by]) & _MASK
        h[to] ^= h[at]


def _spooky_long(data: bytes) -> int:
    h = [0, 0, _SPOOKY] * 4
    whole = len(data) // 96 * 96
    for words in struct.iter_unpack("<12Q", data[:whole]):
        _long_mix(h, words)
    rest = data[whole:]
    last = rest + bytes(95 - len(rest)) + bytes([len(rest)])
    for at, word in enumerate(struct.unpack("<12Q", last)):
        h[at] = (h[at] + word) & _MASK
    for _ in range(3):
        for step, bits in enumerate(_LONG_END):
            a, b, c = (11 + step) % 12, (1 + step) % 12, (2 + step) % 12
            h[a] = (h[a] + h[b]) & _MASK
            h[c] ^= h[a]
            h[b] = _rotated(h[b], bits)
    return h[0]


def _long_mix(h: list[int], words: Sequence[int]) -> None:
    for step, bits in enumerate(_LONG_MIX):
        a, b = step, (step + 2) % 12
        c, d = (step + 10) % 12, (step + 11) % 12
        h[a] = (h[a] + words[step]) & _MASK
        h[b] ^= h[c]
        h[d] ^= h[a]
        h[a] = _rotated(h[a], bits)
        h[d] = (h[d] + h[(step + 1) % 12]) & _MASK
