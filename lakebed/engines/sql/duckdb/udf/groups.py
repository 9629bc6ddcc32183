"""Aggregates over the list of a group's rows: maps, histograms, checksums.

A row of several arguments is a dict `a0, a1, …`. No list is an empty group, which answers NULL.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function, hashes

_PRIME = 0x9E3779B185EBCA87
_MASK = (1 << 64) - 1
Row = dict[str, Any]
Pairs = list[tuple[Any, Any]]


def _hashable(value: Any) -> Any:
    if isinstance(value, list | tuple):
        items = cast("Iterable[Any]", value)
        return tuple(map(_hashable, items))
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).values()
        return tuple(map(_hashable, members))
    return value


def _grouped(pairs: Iterable[tuple[Any, Any]]) -> list[tuple[Any, list[Any]]]:
    """Gather the values of equal keys, in the order of their first."""
    out: dict[Any, tuple[Any, list[Any]]] = {}
    for key, value in pairs:
        if key is not None:
            out.setdefault(_hashable(key), (key, []))[1].append(value)
    return list(out.values())


@function
def map_agg(rows: Sequence[Row]) -> Pairs | None:
    """Return the first value of each key."""
    found = _grouped((row["a0"], row["a1"]) for row in rows)
    return [(key, values[0]) for key, values in found] or None


@function
def multimap_agg(rows: Sequence[Row]) -> Pairs | None:
    """Return the values of each key."""
    return list(_grouped((row["a0"], row["a1"]) for row in rows)) or None


@function
def map_union(maps: Sequence[Pairs | None]) -> Pairs | None:
    """Return the first value of each key of all maps; None where every map is NULL."""
    known = [one for one in maps if one is not None]
    found = _grouped(pair for one in known for pair in one)
    return [(key, values[0]) for key, values in found] or None


def _as_int(number: int) -> int:
    if not -(1 << 31) <= number < 1 << 31:
        raise TrinoError("GENERIC_INTERNAL_ERROR", "integer overflow")
    return number


@function
def approx_most_frequent(rows: Sequence[Row]) -> Pairs | None:
    """Return the values that come most often with their counts (exact here)."""
    counts: dict[Any, int] = {}
    known = [row for row in rows if None not in row.values()]
    if not known:
        return None
    for row in known:
        counts[row["a1"]] = counts.get(row["a1"], 0) + 1
    buckets = _as_int(known[0]["a0"])
    _as_int(known[0]["a2"])
    if buckets < 2:
        message = "approx_most_frequent bucket count must be greater than one, input bucket count: "
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", f"{message}{buckets}")
    ordered = sorted(counts.items(), key=lambda pair: -pair[1])
    return ordered[:buckets] or None


@function
def numeric_histogram(rows: Sequence[Row]) -> Pairs | None:
    """Return the centres of so many buckets with their weights, nearest values merged."""
    rows = [row for row in rows if None not in row.values()]
    if not rows:
        return None
    buckets = _as_int(rows[0]["a0"])
    if buckets < 2:
        message = "numeric_histogram bucket count must be greater than one"
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", message)
    weights: dict[float, float] = {}
    for row in rows:
        weights[row["a1"]] = weights.get(row["a1"], 0.0) + row.get("a2", 1.0)
    found = sorted(weights.items())
    while len(found) > buckets:
        gaps = [found[at + 1][0] - found[at][0] for at in range(len(found) - 1)]
        at = gaps.index(min(gaps))
        (one, left), (other, right) = found[at : at + 2]
        centre = (one * left + other * right) / (left + right)
        found[at : at + 2] = [(centre, left + right)]
    return list(found) or None


@function
def weighted_percentile(rows: Sequence[Row]) -> Any:
    """Return the value below which a share of the weights lies."""
    _check_weights(rows)
    ordered = sorted((row["a0"], row["a1"]) for row in rows if None not in (row["a0"], row["a1"]))
    return _percentile(ordered, rows[0]["a2"]) if ordered else None


@function
def weighted_percentiles(rows: Sequence[Row]) -> list[Any] | None:
    """Return the values below which shares of the weights lie."""
    _check_weights(rows)
    ordered = sorted((row["a0"], row["a1"]) for row in rows if None not in (row["a0"], row["a1"]))
    return [_percentile(ordered, share) for share in rows[0]["a2"]] if ordered else None


@function
def accurate_percentile(rows: Sequence[Row]) -> Any:
    """Return the value below which a share of the weights lies; exact, so of any accuracy."""
    known = [row for row in rows if None not in row.values()]
    for row in known:
        if not 0 < row["a3"] < 1:
            message = "Percentile accuracy must be strictly between 0 and 1"
            raise TrinoError("INVALID_FUNCTION_ARGUMENT", message)
        if row["a1"] <= 0:
            raise TrinoError("INVALID_FUNCTION_ARGUMENT", "percentile weight must be > 0")
    ordered = sorted((row["a0"], row["a1"]) for row in known)
    return _percentile(ordered, known[0]["a2"]) if known else None


def _check_weights(rows: Sequence[Row]) -> None:
    for row in rows:
        if isinstance(row["a0"], float) and not math.isfinite(row["a0"]):
            shown = "NaN" if math.isnan(row["a0"]) else "Infinity" if row["a0"] > 0 else "-Infinity"
            raise TrinoError("INVALID_FUNCTION_ARGUMENT", f"value must be finite; was {shown}")
        if row["a0"] is not None and row["a1"] is not None and row["a1"] < 1:
            message = f"weight must be >= 1, was {row['a1']}"
            raise TrinoError("INVALID_FUNCTION_ARGUMENT", message)


def _percentile(ordered: Sequence[tuple[Any, float]], share: float) -> Any:
    if not 0 <= share <= 1:
        message = "Percentile must be between 0 and 1"
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", message)
    wanted = share * sum(weight for _, weight in ordered)
    total = 0.0
    for value, weight in ordered:
        total += weight
        if total > wanted:
            return value
    return ordered[-1][0]


@function
def checksum(values: Sequence[Any], shape: str) -> bytes:
    """Return the sum of the hashes of values that lie as `checksum_rules` says."""
    read, _ = _hasher(shape)
    total = sum(_PRIME if value is None else read(value) * _PRIME for value in values)
    return struct.pack("<Q", total & _MASK)


def _hasher(shape: str) -> tuple[Callable[[Any], int], str]:
    """Return the hash function of a shape, and what comes after it in the text."""
    mark, rest = shape[0], shape[1:]
    if mark not in "am":
        return _LEAVES[mark], rest
    one, rest = _hasher(rest[1:])
    if mark == "a":
        return (lambda items: _hash_of_array(items, one)), rest[1:]
    other, rest = _hasher(rest[1:])
    return (lambda entries: _hash_of_map(entries, one, other)), rest[1:]


def _hash_of_array(items: Sequence[Any], element: Callable[[Any], int]) -> int:
    total = 0
    for item in items:
        total = 31 * total + (0 if item is None else element(item)) & _MASK
    return total


def _hash_of_map(
    entries: Sequence[Row], key: Callable[[Any], int], value: Callable[[Any], int]
) -> int:
    return (
        sum(key(one["k"]) ^ (0 if one["v"] is None else value(one["v"])) for one in entries) & _MASK
    )


def _hash_of_longs(longs: Iterable[int]) -> int:
    total = 0
    for one in longs:
        total ^= hashes.xxhash64(struct.pack("<q", one))
    return total


def _hash_of_double(text: bytes) -> int:
    number = float(text)
    return hashes.xxhash64(struct.pack("<d", math.nan if math.isnan(number) else number + 0.0))


def _hash_of_real(text: bytes) -> int:
    number = float(text)
    bits = struct.pack("<f", math.nan if math.isnan(number) else number + 0.0)
    return hashes.xxhash64(struct.pack("<q", struct.unpack("<i", bits)[0]))


_LEAVES: dict[str, Callable[[Any], int]] = {
    "l": _hash_of_longs,
    "b": hashes.xxhash64,
    "d": _hash_of_double,
    "f": _hash_of_real,
    "i": lambda data: _hash_of_longs(struct.unpack("<qq", data)),
    "w": lambda text: _hash_of_longs(
        struct.unpack("<qq", int(text).to_bytes(16, "little", signed=True))
    ),
}
