"""Hive's buckets (bucketing version 1): which file a row belongs in.

The hash of a row is that of Java's `Objects.hash` over Hive's hash of each column:
https://cwiki.apache.org/confluence/display/Hive/LanguageManual+DDL+BucketedTables
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow
import pyarrow.compute

from lakebed.dialect.errors import not_supported

# pyarrow tells type checkers nothing.
pa: Any = pyarrow
pc: Any = pyarrow.compute

_MASK = 0x7FFFFFFF


def numbers(columns: list[Any], count: int) -> Any:
    """Return the bucket of each row, from the columns it is bucketed by."""
    hashed = np.zeros(len(columns[0]), np.int32)
    with np.errstate(over="ignore"):
        for column in columns:
            hashed = hashed * np.int32(31) + _hashes(column)
    return pa.array((hashed & np.int32(_MASK)) % count, pa.int32())


def _hashes(column: Any) -> Any:
    unique = pc.dictionary_encode(column)
    hashes = pa.array(
        [_HASH[_kind(column.type)](value) for value in _values(unique.dictionary)], pa.int32()
    )
    if not len(hashes):
        return np.zeros(len(column), np.int32)
    return hashes.take(unique.indices).fill_null(0).to_numpy(zero_copy_only=False)


def _values(dictionary: Any) -> list[Any]:
    if pa.types.is_date(dictionary.type):
        dictionary = dictionary.cast(pa.int32())
    return dictionary.to_pylist()


def _kind(kind: Any) -> str:
    for name, test in _TESTS.items():
        if test(kind):
            return name
    raise not_supported(f"Bucketing by a column of type {kind}")


def _signed(value: int) -> int:
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def of_text(value: str) -> int:
    """Return Hive's hash of a string: Java's, over the signed bytes of its UTF-8."""
    found = 0
    for byte in value.encode():
        found = (found * 31 + (byte - 256 if byte > 127 else byte)) & 0xFFFFFFFF
    return _signed(found)


def of_bigint(value: int) -> int:
    """Return Hive's hash of a bigint: its two halves, one over the other."""
    bits = value & 0xFFFFFFFFFFFFFFFF
    return _signed(bits ^ (bits >> 32))


_TESTS: dict[str, Callable[[Any], bool]] = {
    "bigint": pa.types.is_int64,
    "integer": pa.types.is_integer,
    "boolean": pa.types.is_boolean,
    "date": pa.types.is_date,
    "double": pa.types.is_float64,
    "real": pa.types.is_float32,
    "text": lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind),
}
_HASH: dict[str, Callable[[Any], int]] = {
    "bigint": of_bigint,
    "integer": int,
    "boolean": int,
    "date": int,
    "double": lambda value: of_bigint(int(np.float64(value).view(np.int64))),
    "real": lambda value: int(np.float32(value).view(np.int32)),
    "text": of_text,
}
