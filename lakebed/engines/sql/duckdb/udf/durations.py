"""Durations as text: `3.5d` read, `2 weeks, 1 day` written.

https://trino.io/docs/current/functions/datetime.html
"""

from __future__ import annotations

import math
import re

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function

_NANOS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
          "d": 86400 * 10**9}  # fmt: skip
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*")
_READABLE = (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


@function
def parse(text: str) -> int:
    """Read a duration as milliseconds, half up."""
    found = _DURATION.fullmatch(text)
    if found is None:
        message = f"duration is not a valid data duration string: {text}"
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", message)
    if found.group(2) not in _NANOS:
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", f"Unknown time unit: {found.group(2)}")
    return math.floor(float(found.group(1)) * _NANOS[found.group(2)] / 10**6 + 0.5)


@function
def readable(seconds: float) -> str:
    """Write seconds as weeks, days, hours, minutes and seconds, without those that are 0."""
    if not math.isfinite(seconds):
        shown = "NaN" if math.isnan(seconds) else "Infinity" if seconds > 0 else "-Infinity"
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", f"Invalid argument found: {shown}")
    rest = abs(math.floor(seconds + 0.5))
    parts: list[str] = []
    for name, size in _READABLE:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return ", ".join(parts) or "0 seconds"
