"""Dates and times written and read by patterns: MySQL's, Joda's, ISO 8601's.

https://trino.io/docs/current/functions/datetime.html
"""

from __future__ import annotations

import re
from typing import Any

from lakebed.dialect import instants, joda
from lakebed.engines.sql.duckdb.udf import function


@function
def date_format(micros: int, pattern: str) -> str:
    """Write a local time by MySQL's codes."""
    return joda.Clock(micros).write(joda.mysql_items(pattern))


@function
def date_parse(text: str, pattern: str) -> int:
    """Read a timestamp by MySQL's codes, as microseconds since 1970."""
    return joda.read(text, joda.mysql_items(pattern)).micros()


@function
def format_datetime(micros: int, offset: int, zone: str, pattern: str) -> str:
    """Write a local time by Joda's letters; `zone` is empty for a time without one."""
    items = joda.joda_items(pattern)
    if not zone and any(isinstance(item, tuple) and item[0] in "zZ" for item in items):
        what = "format_datetime for TIMESTAMP type, cannot use 'Z' nor 'z' in format"
        raise joda.bad(f"{what}, as this type does not contain TZ information")
    return joda.Clock(micros, offset, zone or instants.UTC).write(items)


@function
def parse_datetime(text: str, pattern: str) -> dict[str, Any]:
    """Read a timestamp with time zone by Joda's letters."""
    return _moment(joda.read(text, joda.joda_items(pattern)))


@function
def from_iso8601_timestamp(text: str) -> dict[str, Any]:
    """Read ISO 8601's timestamps, milliseconds at most."""
    return _moment(joda.read_iso(text))


@function
def from_iso8601_date(text: str) -> int:
    """Read ISO 8601's dates as days since 1970."""
    return joda.read_iso_date(text).day()


_NANOS = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d)?(?:\[([\w/+:-]+)\])?"
)


@function
def from_iso8601_timestamp_nanos(text: str) -> dict[str, Any]:
    """Read ISO 8601's extended form with up to nine decimal places."""
    found = _NANOS.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        day, clock, offset, zone = found.groups()
        local = instants.read_timestamp(f"{day} {clock}")
        name = instants.zone_name(zone or offset or instants.UTC)
    except ValueError:
        part = re.match(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?", text)
        at = part.end() if part else 0
        raise joda.bad(f"Text '{text}' could not be parsed at index {at}") from None
    return {"t": instants.utc_micros(local.micros, name)[0], "p": local.picos, "z": name}


def _moment(found: joda.Read) -> dict[str, Any]:
    zone = found.zone or instants.UTC
    return {"t": instants.utc_micros(found.micros(), zone)[0], "p": 0, "z": zone}
