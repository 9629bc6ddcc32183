"""Trino's functions of numbers that have no counterpart (mathematical functions and statistics)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from statistics import NormalDist

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LIMITS = {"tinyint": 1 << 7, "smallint": 1 << 15, "integer": 1 << 31, "bigint": 1 << 63}


def _invalid(message: str) -> TrinoError:
    return TrinoError("INVALID_FUNCTION_ARGUMENT", message)


def _rounding(kind: str) -> Callable[[int, int], int]:
    limit = _LIMITS[kind]

    @function
    def rounded(value: int, places: int) -> int:
        step = 10 ** min(-places, 40)
        found = int(Decimal(value).quantize(Decimal(step), ROUND_HALF_UP)) if step < 1e30 else 0
        found = (abs(value) + step // 2) // step * step * (1 if value >= 0 else -1)
        if not -limit <= found < limit:
            if kind == "integer":
                raise TrinoError("GENERIC_INTERNAL_ERROR", "integer overflow")
            message = f"Out of range for {kind}: {found}"
            if kind == "bigint":
                message = f"numerical overflow: {value}"
            raise TrinoError("NUMERIC_VALUE_OUT_OF_RANGE", message)
        return found

    return rounded


round_tinyint, round_smallint = _rounding("tinyint"), _rounding("smallint")
round_integer, round_bigint = _rounding("integer"), _rounding("bigint")


@function
def from_base(text: str, radix: int) -> int:
    """Read a number in a base."""
    _check_radix(radix)
    try:
        if not text.isascii() or not text.lstrip("+-").isalnum():
            raise ValueError
        value = int(text, radix)
        if not -(1 << 63) <= value < 1 << 63:
            raise ValueError
    except ValueError:
        raise _invalid(f"Not a valid base-{radix} number: {text}") from None
    return value


@function
def to_base(value: int, radix: int) -> str:
    """Write a number in a base."""
    _check_radix(radix)
    rest, out = abs(value), ""
    while rest or not out:
        rest, digit = divmod(rest, radix)
        out = _DIGITS[digit] + out
    return f"-{out}" if value < 0 else out


def _check_radix(radix: int) -> None:
    if not 2 <= radix <= 36:
        raise _invalid("Radix must be between 2 and 36")


@function
def width_bucket(operand: float, first: float, last: float, count: int) -> int:
    """Return the bucket of a number between two bounds; 0 and count + 1 are outside."""
    if count <= 0:
        raise _invalid("bucketCount must be greater than 0")
    if math.isnan(operand):
        raise _invalid("operand must not be NaN")
    for name, bound in (("first", first), ("second", last)):
        if not math.isfinite(bound):
            raise _invalid(f"{name} bound must be finite")
    if first == last:
        raise _invalid("bounds cannot equal each other")
    low, high = min(first, last), max(first, last)
    if operand < low:
        found = 0
    elif operand >= high:
        found = count + 1
    else:
        found = int(count * (operand - low) / (high - low) + 1)
    return found if first < last else count - found + 1


@function
def width_bucket_bins(operand: float, bins: Sequence[float | None]) -> int:
    """Return how many of the sorted bins begin at or below a number."""
    if not bins:
        raise _invalid("Bins cannot be an empty array")
    if math.isnan(operand):
        raise _invalid("Operand cannot be NaN")
    if None in bins:
        raise _invalid("Bin values cannot be NULL")
    known = [value for value in bins if value is not None]
    low, high = 0, len(known)
    while low < high:
        if known[low] > known[high - 1]:
            raise _invalid("Bin values are not sorted in ascending order")
        middle = (low + high) // 2
        if not math.isfinite(known[middle]):
            raise _invalid(f"Bin value must be finite, got {_java(known[middle])}")
        if operand < known[middle]:
            high = middle
        else:
            low = middle + 1
    return low


def _java(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


@function
def normal_cdf(mean: float, deviation: float, value: float) -> float:
    """Return the cumulative normal distribution."""
    if not deviation > 0:
        raise _invalid("standardDeviation must be > 0")
    return 0.5 * (1 + math.erf((value - mean) / (deviation * math.sqrt(2))))


@function
def inverse_normal_cdf(mean: float, deviation: float, share: float) -> float:
    """Return the value below which a share of the normal distribution lies."""
    if not 0 < share < 1:
        raise _invalid("p must be 0 > p > 1")
    if not deviation > 0:
        raise _invalid("sd must be > 0")
    return mean + deviation * NormalDist().inv_cdf(share)


@function
def beta_cdf(one: float, other: float, value: float) -> float:
    """Return the cumulative beta distribution."""
    if not (one > 0 and other > 0):
        raise _invalid("a, b must be > 0")
    if not 0 <= value <= 1:
        raise _invalid("value must be 0 >= v >= 1")
    return _incomplete_beta(one, other, value)


@function
def inverse_beta_cdf(one: float, other: float, share: float) -> float:
    """Return the value below which a share of the beta distribution lies."""
    if not (one > 0 and other > 0):
        raise _invalid("a, b must be > 0")
    if not 0 <= share <= 1:
        raise _invalid("p must be 0 >= p >= 1")
    if share in (0, 1):
        return share
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        if _incomplete_beta(one, other, middle) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@function
def t_cdf(value: float, freedom: float) -> float:
    """Return the cumulative Student's t distribution."""
    _check_freedom(freedom)
    tail = _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + value * value)) / 2
    return tail if value < 0 else 1 - tail


@function
def t_pdf(value: float, freedom: float) -> float:
    """Return the density of Student's t distribution."""
    _check_freedom(freedom)
    half = (freedom + 1) / 2
    log = math.lgamma(half) - math.lgamma(freedom / 2) - 0.5 * math.log(freedom * math.pi)
    return math.exp(log - half * math.log1p(value * value / freedom))


def _check_freedom(freedom: float) -> None:
    if freedom < 1:
        raise _invalid("degrees of freedom must be greater than or equal to 1")


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function, by its continued fraction (Lentz)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(front + a * math.log(x) + b * math.log1p(-x)) / a
    tiny = 1e-300
    fraction, upper, lower = 1.0, 1.0, 0.0
    for step in range(500):
        half = step // 2
        if step == 0:
            term = 1.0
        elif step % 2 == 0:
            term = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        else:
            term = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        lower = 1 / (1 + term * lower or tiny)
        upper = 1 + term / upper or tiny
        fraction *= upper * lower
        if step and abs(1 - upper * lower) < 1e-16:
            break
    return front * (fraction - 1)


@function
def wilson_interval_lower(successes: int, trials: int, z: float) -> float:
    """Return the lower bound of the Wilson score interval."""
    return _wilson(successes, trials, z, -1)


@function
def wilson_interval_upper(successes: int, trials: int, z: float) -> float:
    """Return the upper bound of the Wilson score interval."""
    return _wilson(successes, trials, z, 1)


def _wilson(successes: int, trials: int, z: float, sign: int) -> float:
    if successes < 0:
        raise _invalid("number of successes must not be negative")
    if trials <= 0:
        raise _invalid("number of trials must be positive")
    if successes > trials:
        raise _invalid("number of successes must not be larger than number of trials")
    if not z >= 0:
        raise _invalid("z-score must not be negative")
    share = successes / trials
    middle = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return (middle + sign * spread) / (1 + z * z / trials)
