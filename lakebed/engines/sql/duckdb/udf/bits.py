"""Trino's functions of bits that shift past the width of a type or count in it."""

from __future__ import annotations

from collections.abc import Callable

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function


def _signed(value: int, width: int) -> int:
    value &= (1 << width) - 1
    return value - (1 << width) if value >> (width - 1) else value


def _left(width: int) -> Callable[[int, int], int]:
    @function
    def shift(value: int, places: int) -> int:
        if not 0 <= places < width:
            # Java shifts a bigint by the low bits of the places; the narrow types are checked.
            return _signed(value << (places & 63), 64) if width == 64 and places < 0 else 0
        return _signed(value << places, width)

    return shift


def _right(width: int) -> Callable[[int, int], int]:
    @function
    def shift(value: int, places: int) -> int:
        if places == 0:
            return value
        if not 0 < places < width:
            negative = width == 64 and places < 0
            return _signed((value & ((1 << 64) - 1)) >> (places & 63), 64) if negative else 0
        return (value & ((1 << width) - 1)) >> places

    return shift


@function
def arithmetic(value: int, places: int) -> int:
    """Shift right and keep the sign."""
    if places < 0 or places >= 64:
        return -1 if value < 0 else 0
    return value >> places


left_tinyint, left_smallint, left_integer, left_bigint = map(_left, (8, 16, 32, 64))
right_tinyint, right_smallint, right_integer, right_bigint = map(_right, (8, 16, 32, 64))


@function
def bit_count(value: int, bits: int) -> int:
    """Count the ones of a number in two's complement of so many bits."""
    if not 2 <= bits <= 64:
        message = f"Bits specified in bit_count must be between 2 and 64, got {bits}"
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", message)
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        message = "Number must be representable with the bits specified. "
        shown = f"{value} cannot be represented with {bits} bits"
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", message + shown)
    return (value & ((1 << bits) - 1)).bit_count()
