"""Trino's functions of vectors: arrays of numbers, and sparse ones as maps."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function

Vector = Sequence[float | None]


def _invalid(message: str) -> TrinoError:
    return TrinoError("INVALID_FUNCTION_ARGUMENT", message)


def _plain(one: Vector, other: Vector) -> tuple[list[float], list[float]] | None:
    """Return the vectors as numbers; None where an element is NULL."""
    if len(one) != len(other):
        raise _invalid("The arguments must have the same length")
    left = [value for value in one if value is not None]
    right = [value for value in other if value is not None]
    return None if len(left) < len(one) or len(right) < len(other) else (left, right)


def _product(left: Sequence[float], right: Sequence[float]) -> float:
    total = 0.0
    for one, other in zip(left, right, strict=True):
        total += one * other
    return total


@function
def dot_product(one: Vector, other: Vector) -> float | None:
    """Return the sum of products; NULL counts as 0."""
    if len(one) != len(other):
        raise _invalid("The arguments must have the same length")
    return _product([value or 0.0 for value in one], [value or 0.0 for value in other])


@function
def euclidean_distance(one: Vector, other: Vector) -> float | None:
    """Return the length of the difference; NULL counts as 0."""
    if len(one) != len(other):
        raise _invalid("The arguments must have the same length")
    steps = [(left or 0.0) - (right or 0.0) for left, right in zip(one, other, strict=True)]
    return math.sqrt(_product(steps, steps))


@function
def cosine_similarity(one: Vector, other: Vector) -> float | None:
    """Return the cosine of the angle between."""
    pair = _plain(one, other)
    if pair is None:
        return None
    left, right = pair
    lengths = math.sqrt(_product(left, left)), math.sqrt(_product(right, right))
    if 0.0 in lengths:
        raise _invalid("Vector magnitude cannot be zero")
    return _quotient(_product(left, right), lengths[0] * lengths[1])


@function
def cosine_distance(one: Vector, other: Vector) -> float | None:
    """Return one less the cosine."""
    found = cosine_similarity(one, other)
    return None if found is None else 1.0 - found


Sparse = Sequence[tuple[str, float | None]]


@function
def cosine_similarity_maps(one: Sparse, other: Sparse) -> float | None:
    """Return the cosine between sparse vectors."""
    left, right = dict(one), dict(other)
    values = [*left.values(), *right.values()]
    if None in values:
        return None
    product = sum((left[key] or 0) * (right[key] or 0) for key in left if key in right)
    squares = [sum((value or 0.0) ** 2 for value in side.values()) for side in (left, right)]
    return _quotient(product, math.sqrt(squares[0]) * math.sqrt(squares[1]))


def _quotient(above: float, below: float) -> float:
    if below == 0:
        return math.nan if above == 0 or above != above else math.copysign(math.inf, above)
    return above / below
