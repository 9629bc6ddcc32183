"""Texts of times and timestamps with zones, far years or picoseconds, as CAST reads them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from lakebed.dialect import instants
from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function


def _fail(kind: str, text: str) -> TrinoError:
    return TrinoError("INVALID_CAST_ARGUMENT", f"Value cannot be cast to {kind}: {text}")


@function
def read(text: str) -> dict[str, Any]:
    """Read a timestamp with time zone: its UTC, the picoseconds below, its zone."""
    trimmed = text.strip()
    try:
        found = instants.read_timestamp(trimmed)
    except ValueError:
        raise _fail("timestamp", trimmed) from None
    zone = found.zone or instants.UTC
    return {"t": instants.utc_micros(found.micros, zone)[0], "p": found.picos, "z": zone}


@function
def read_local(text: str) -> dict[str, Any]:
    """Read a timestamp; a zone is allowed and left out."""
    trimmed = text.strip()
    try:
        found = instants.read_timestamp(trimmed)
    except ValueError:
        raise _fail("timestamp", trimmed) from None
    return {"t": found.micros, "p": found.picos, "z": instants.UTC}


@function
def read_time(text: str) -> dict[str, int]:
    """Read a time without offset."""
    try:
        picos, _, offset = instants.read_time(text)
    except ValueError:
        raise _fail("time", text) from None
    if offset is not None:
        raise _fail("time", text)
    return {"t": picos, "o": 0}


@function
def read_offset_time(text: str) -> dict[str, int]:
    """Read a time with time zone; without an offset it is UTC's."""
    try:
        picos, _, offset = instants.read_time(text)
    except ValueError:
        raise _fail("time with time zone", text) from None
    return {"t": picos, "o": offset or 0}


def _or_null(body: Callable[[str], dict[str, Any]]) -> Callable[[str], dict[str, Any] | None]:
    """Return the function with NULL for a text that is no value, as TRY_CAST has it."""

    @function
    def call(text: str) -> dict[str, Any] | None:
        with contextlib.suppress(TrinoError):
            return body(text)
        return None

    return call


try_read = _or_null(read)
try_read_local = _or_null(read_local)
try_read_time = _or_null(read_time)
try_read_offset_time = _or_null(read_offset_time)
