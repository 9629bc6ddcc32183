"""Arithmetic of decimals that 128 bits cannot hold on the way, exact and rounded half up.

A result of more than 38 digits is NUMERIC_VALUE_OUT_OF_RANGE.
https://trino.io/docs/current/functions/decimal.html
"""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable
from fractions import Fraction

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function

_DIGITS_MAX = 38
Operation = Callable[[Fraction, Fraction], Fraction]


def _divided(one: Fraction, other: Fraction) -> Fraction:
    if other == 0:
        raise TrinoError("DIVISION_BY_ZERO", "Division by zero")
    return one / other


def _remainder(one: Fraction, other: Fraction) -> Fraction:
    """Return what is left of a division cut towards zero: it has the sign of the first."""
    rest = abs(one) % abs(other) if other else _divided(one, other)
    return -rest if one < 0 else rest


def _computed(one: str, other: str, operation: Operation, scale: int) -> str:
    value = operation(Fraction(one), Fraction(other)) * 10**scale
    digits = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    if digits >= 10**_DIGITS_MAX:
        raise TrinoError("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")
    shown = str(digits).zfill(scale + 1)
    text = f"{shown[:-scale]}.{shown[-scale:]}" if scale else shown
    return f"-{text}" if value < 0 else text


def _function(operation: Operation, safe: bool) -> Callable[[str, str, int, int], str | None]:
    @function
    def call(one: str, other: str, precision: int, scale: int) -> str | None:
        del precision
        if not safe:
            return _computed(one, other, operation, scale)
        with contextlib.suppress(TrinoError):
            return _computed(one, other, operation, scale)
        return None

    return call


add, try_add = (_function(operator.add, safe) for safe in (False, True))
subtract, try_subtract = (_function(operator.sub, safe) for safe in (False, True))
multiply, try_multiply = (_function(operator.mul, safe) for safe in (False, True))
divide, try_divide = (_function(_divided, safe) for safe in (False, True))
remainder, try_remainder = (_function(_remainder, safe) for safe in (False, True))
