"""Trino's functions of arrays that build many arrays of one."""

from __future__ import annotations

import itertools
import math

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function

_SIZE_MAX = 5
_COUNT_MAX = 100_000


@function
def combinations(length: int, size: int) -> list[list[int]]:
    """Return the places, from 1, of the sub-arrays of a size: first those that end first."""
    if size < 0:
        message = f"combination size must not be negative: {size}"
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", message)
    if size > _SIZE_MAX:
        message = f"combination size must not exceed {_SIZE_MAX}: {size}"
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", message)
    if math.comb(length, size) > _COUNT_MAX:
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", "combinations exceed max size")
    places = itertools.combinations(range(1, length + 1), size)
    ordered = sorted(places, key=lambda found: found[::-1])
    return [list(found) for found in ordered]
