"""Iceberg's bucket transform: a Murmur3 hash of a value, without its sign, modulo a number.

https://iceberg.apache.org/spec/#appendix-b-32-bit-hash-requirements
"""

from __future__ import annotations

import uuid
from typing import Any

import mmh3

from lakebed.engines.sql.duckdb.udf import function

_hash: Any = mmh3.hash
_POSITIVE = 0x7FFFFFFF


@function
def bucket_number(value: int, count: int) -> int:
    """Return the bucket of an integer, a date in days, or a moment in microseconds."""
    return (_hash(value.to_bytes(8, "little", signed=True)) & _POSITIVE) % count


@function
def bucket_text(value: str, count: int) -> int:
    """Return the bucket of a text."""
    return (_hash(value.encode("utf-8")) & _POSITIVE) % count


@function
def bucket_bytes(value: bytes, count: int) -> int:
    """Return the bucket of bytes."""
    return (_hash(value) & _POSITIVE) % count


@function
def bucket_decimal(value: str, count: int) -> int:
    """Return the bucket of a decimal, which comes as text with all digits of its scale."""
    whole = int(value.replace(".", ""))
    # The least bytes that hold it, the highest bit being the sign.
    magnitude = whole if whole >= 0 else -whole - 1
    size = magnitude.bit_length() // 8 + 1
    return (_hash(whole.to_bytes(size, "big", signed=True)) & _POSITIVE) % count


@function
def bucket_uuid(value: str, count: int) -> int:
    """Return the bucket of a UUID, which comes as text."""
    return (_hash(uuid.UUID(value).bytes) & _POSITIVE) % count
