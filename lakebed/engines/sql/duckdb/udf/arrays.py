"""Trino's functions of arrays that build many arrays of one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function

_SIZE_MAX = 5
_COUNT_MAX = 100_000


@function
def combinations(items: Sequence[Any], size: int) -> list[list[Any]]:
    """Return the sub-arrays of a size; the place of the last element says which come first."""
    if size < 0:
        message = f"combination size must not be negative: {size}"
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", message)
    if size > _SIZE_MAX:
        message = f"combination size must not exceed {_SIZE_MAX}: {size}"
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", message)
    if math.comb(len(items), size) > _COUNT_MAX:
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", "combinations exceed max size")
    places = itertools.combinations(range(len(items)), size)
    ordered = sorted(places, key=lambda found: found[::-1])
    return [[items[at] for at in found] for found in ordered]
