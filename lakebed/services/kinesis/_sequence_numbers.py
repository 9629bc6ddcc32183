"""The sequence numbers that a shard begins and ends with: 56 digits that grow across reshards."""

from __future__ import annotations

_LAST_INDEX = 0x7FFF_FFFF_FFFF_FFFF


def first(created_s: int, shard: int) -> str:
    """Return the sequence number that a shard begins with, by its second and its number."""
    return _number(created_s, shard, 0, created_s)


def last(created_s: int, shard: int, closed_s: int) -> str:
    """Return the sequence number that a shard ends with: above that of all its records."""
    return _number(created_s, shard, _LAST_INDEX, closed_s)


def _number(created_s: int, shard: int, index: int, second: int) -> str:
    # The parts as hexadecimal digits, the most significant first: version, second of the shard,
    # last digit of its number, index in it, a byte of zeros, second of the record, number, version.
    text = f"2{created_s:09x}{shard & 15:x}{index:016x}00{second:09x}{shard:08x}2"
    return str(int(text, 16))
