"""Names of time zones that a query computes."""

from __future__ import annotations

import re

from lakebed.dialect import instants
from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function


def _named(text: str, code: str, message: str) -> str:
    short = re.fullmatch(r"([+-])(\d)(:\d\d)?", text)
    spelled = f"{short.group(1)}0{short.group(2)}{short.group(3) or ''}" if short else text
    try:
        return instants.zone_name(spelled)
    except instants.ZoneError:
        raise TrinoError(code, message) from None


@function
def name(text: str) -> str:
    """Settle the zone of AT TIME ZONE."""
    return _named(text, "INVALID_FUNCTION_ARGUMENT", f"'{text}' is not a valid time zone")


@function
def with_name(text: str) -> str:
    """Settle the zone of with_timezone."""
    return _named(text, "INVALID_FUNCTION_ARGUMENT", f"'{text}' is not a valid time zone")


@function
def unix_name(text: str) -> str:
    """Settle the zone of from_unixtime."""
    return _named(text, "NOT_SUPPORTED", f"Time zone not supported: {text}")
