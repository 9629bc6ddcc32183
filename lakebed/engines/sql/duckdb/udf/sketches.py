"""Sketches: what Trino keeps approximately is exact here, within the error that Trino allows.

A set (HyperLogLog, SetDigest) is the sorted 64-bit hashes of its values; a digest (QDigest,
TDigest) its values in order with their weights, as doubles or 64-bit integers. The bytes are no
other engine's: what CAST makes of a sketch is marked, and only that is one again.
https://trino.io/docs/current/functions/{hyperloglog,setdigest,qdigest,tdigest}.html
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from typing import Any

import mmh3

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function

Row = dict[str, Any]
Pairs = list[tuple[Any, float]]
_HASH_BYTES = 8
_LEAST_HASHES = 8192
_PAIR = {"d": struct.Struct("<dd"), "q": struct.Struct("<qd")}


def _invalid(message: str) -> TrinoError:
    return TrinoError("INVALID_FUNCTION_ARGUMENT", message)


# --- sets ---


@function
def set_of(values: Sequence[Any]) -> bytes | None:
    """Return the HyperLogLog of a group's values; NULL of none."""
    return b"".join(sorted({_packed_hash(one) for one in values if one is not None})) or None


@function
def merged_sets(sets: Sequence[bytes | None]) -> bytes | None:
    """Return the union of a group's HyperLogLogs."""
    known = [one for one in sets if one is not None]
    if not known:
        return None
    return b"".join(
        sorted({one[at : at + _HASH_BYTES] for one in known for at in range(0, len(one), 8)})
    )


def _packed_hash(value: Any) -> bytes:
    return struct.pack("<q", _hash(value))


def _hash(value: Any) -> int:
    """Return the first half of the 128-bit Murmur3 hash, as Trino takes it."""
    if isinstance(value, int):
        value = struct.pack("<q", value)
    elif isinstance(value, float):
        value = struct.pack("<d", value)
    found: int = mmh3.hash64(value, 0, True, True)[0]
    return found


@function
def set_digest_of(values: Sequence[Any]) -> bytes | None:
    """Return the SetDigest of a group's values: hashes, each with how often it came."""
    return _packed("q", ((_hash(value), 1.0) for value in values if value is not None))


@function
def hash_counts(data: bytes) -> list[tuple[int, int]]:
    """Return the least hashes of a SetDigest with how often each came."""
    return [(hashed, int(count)) for hashed, count in _pairs(data)[:_LEAST_HASHES]]


@function
def common(one: bytes, other: bytes) -> int:
    """Return how many values two SetDigests share."""
    return len({hashed for hashed, _ in _pairs(one)} & {hashed for hashed, _ in _pairs(other)})


@function
def jaccard(one: bytes, other: bytes) -> float:
    """Return the Jaccard index as Trino estimates it: by the least hashes of both together."""
    first, second = (
        [hashed for hashed, _ in _pairs(data)[:_LEAST_HASHES]] for data in (one, other)
    )
    size = min(len(first), len(second))
    least = sorted({*first, *second})[:size]
    both = {*first} & {*second}
    return sum(hashed in both for hashed in least) / size


# --- digests ---


def _packed(kind: str, pairs: Iterable[tuple[Any, float]]) -> bytes | None:
    weights: dict[Any, float] = {}
    for value, weight in pairs:
        weights[value] = weights.get(value, 0.0) + weight
    ordered = sorted(weights.items())
    body = b"".join(_PAIR[kind].pack(value, weight) for value, weight in ordered)
    return kind.encode() + body if body else None


def _pairs(data: bytes) -> Pairs:
    return list(_PAIR[chr(data[0])].iter_unpack(data[1:]))


@function
def digest_of(values: Sequence[Any]) -> bytes | None:
    """Return the digest of a group's values, each of weight 1."""
    return _packed_known((value, 1.0) for value in values if value is not None)


@function
def weighted_digest_of(rows: Sequence[Row]) -> bytes | None:
    """Return the digest of a group's values and weights; an accuracy is checked."""
    known = [row for row in rows if row["a0"] is not None and row["a1"] is not None]
    for row in known:
        if row["a1"] <= 0:
            raise _invalid(f"Percentile weight must be > 0, was {row['a1']}")
        accuracy = row.get("a2", 0.5)
        if not 0 < accuracy < 1:
            message = "Percentile accuracy must be exclusively between 0 and 1"
            raise _invalid(f"{message}, was {accuracy}")
    return _packed_known((row["a0"], float(row["a1"])) for row in known)


def _packed_known(pairs: Iterable[tuple[Any, float]]) -> bytes | None:
    found = list(pairs)
    if not found:
        return None
    return _packed("q" if isinstance(found[0][0], int) else "d", found)


@function
def t_digest_of(values: Sequence[Any]) -> bytes | None:
    """Return the TDigest of a group's values."""
    return _packed("d", ((_number(value), 1.0) for value in values if value is not None))


@function
def weighted_t_digest_of(rows: Sequence[Row]) -> bytes | None:
    """Return the TDigest of a group's values and weights."""
    known = [row for row in rows if row["a0"] is not None and row["a1"] is not None]
    for row in known:
        if row["a1"] < 1:
            raise _invalid(f"weight must be >= 1, was {row['a1']}")
    return _packed("d", ((_number(row["a0"]), row["a1"]) for row in known))


def _number(value: float) -> float:
    if math.isnan(value):
        raise TrinoError("GENERIC_INTERNAL_ERROR", "value is NaN")
    return value


@function
def merged_digests(digests: Sequence[bytes | None]) -> bytes | None:
    """Return a group's digests as one."""
    known = [one for one in digests if one is not None]
    if not known:
        return None
    return _packed(chr(known[0][0]), (pair for one in known for pair in _pairs(one)))


@function
def value_at(data: bytes, quantile: float) -> Any:
    """Return the value of a QDigest below which a share of the weights lies."""
    return _value_at(_pairs(data), quantile)


@function
def values_at(data: bytes, quantiles: Sequence[float]) -> list[Any]:
    """Return the values at several shares, which ascend."""
    pairs = _pairs(data)
    return [_value_at(pairs, quantile) for quantile in quantiles]


def _value_at(pairs: Pairs, quantile: float) -> Any:
    if not 0 <= quantile <= 1:
        raise TrinoError("GENERIC_INTERNAL_ERROR", "quantile must be between [0,1]")
    wanted = quantile * sum(weight for _, weight in pairs)
    total = 0.0
    for value, weight in pairs:
        total += weight
        if total > wanted:
            return value
    return pairs[-1][0]


@function
def quantile_at(data: bytes, value: Any) -> float | None:
    """Return the share of a QDigest's weights below a value; NULL outside of its values."""
    pairs = _pairs(data)
    if not pairs[0][0] <= value <= pairs[-1][0]:
        return None
    below = sum(weight for known, weight in pairs if known < value)
    return below / sum(weight for _, weight in pairs)


@function
def t_value_at(data: bytes, quantile: float) -> float:
    """Return the value of a TDigest at a quantile, interpolated between its points."""
    return _interpolated(_pairs(data), quantile)


@function
def t_values_at(data: bytes, quantiles: Sequence[float]) -> list[float]:
    """Return the values at several quantiles, which ascend."""
    pairs = _pairs(data)
    return [_interpolated(pairs, quantile) for quantile in _ascending(quantiles)]


def _ascending(quantiles: Sequence[float]) -> Sequence[float]:
    if any(one > other for one, other in zip(quantiles, quantiles[1:], strict=False)):
        raise _invalid("percentiles must be sorted in increasing order")
    return quantiles


def _interpolated(pairs: Pairs, quantile: float) -> float:
    """Read a digest of points as a t-digest of single values (Dunning, arXiv:1902.04023).

    A point of weight 1 is the value within half a rank of it; between two points it is the mean of
    both by their distance in ranks.
    """
    if not 0 <= quantile <= 1:
        raise TrinoError("GENERIC_INTERNAL_ERROR", "quantiles should be in [0, 1] range")
    total = sum(weight for _, weight in pairs)
    if len(pairs) == 1:
        return pairs[0][0]
    rank = quantile * total
    if rank < 1 or quantile == 0:
        return pairs[0][0]
    if rank > total - 1 or quantile == 1:
        return pairs[-1][0]
    before = pairs[0][1] / 2
    for (value, weight), (following, next_weight) in zip(pairs, pairs[1:], strict=False):
        step = (weight + next_weight) / 2
        if before + step > rank:
            left = 0.5 if weight == 1 else 0.0
            right = 0.5 if next_weight == 1 else 0.0
            if left and rank - before < left:
                return value
            if right and before + step - rank <= right:
                return following
            one, other = before + step - rank - right, rank - before - left
            return (value * one + following * other) / (one + other)
        before += step
    return pairs[-1][0]
