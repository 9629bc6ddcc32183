"""CAST of a varchar to other types: which texts are values, and the error of one that is none."""

from __future__ import annotations

from lakebed.dialect import temporal
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import APPROXIMATE, INSTANT, INTEGERS, Type, duck_name

_SPACE = r"[\s\x00-\x1f]*"
_BOOLEAN = "(?i)(t|true|1|f|false|0)"
_INTEGER = rf"{_SPACE}[+-]?[0-9]+{_SPACE}"
_NUMBER = r"[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?"
_DOUBLE = rf"{_SPACE}({_NUMBER}[dDfF]?|[+-]?(NaN|Infinity)){_SPACE}"
_DATE = r"\s*[+-]?[0-9]+-[0-9]{1,2}-[0-9]{1,2}\s*"
_TIMESTAMP = (
    r"\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"( (2[0-3]|[01]?[0-9]):[0-9]{1,2}(:[0-9]{1,2}([.][0-9]{1,6})?)?)?\s*"
)
_READ = {"ipaddress": ("address", "BLOB"), "kdbtree": ("kdb_trees", "VARCHAR")}
"""The module that reads a text, and the type of what it answers."""


def from_text(text: str, source: Type, target: Type, null_on_error: bool) -> str:
    """Return the DuckDB text of CAST(text AS target); `null_on_error` makes NULL of an error."""
    if target.name == "varbinary":
        return f"encode({text})"
    if target.name == "boolean":
        return _matched(text, _BOOLEAN, f"TRY_CAST({text} AS BOOLEAN)", target, null_on_error)
    if target.name in INTEGERS:
        value = f"TRY_CAST(trim({text}) AS {duck_name(target)})"
        return _matched(text, _INTEGER, value, target, null_on_error)
    if target.name in APPROXIMATE:
        return _matched(text, _DOUBLE, _approximate(text, target), target, null_on_error)
    if target.name == "decimal":
        value = f"TRY_CAST({text} AS {duck_name(target)})"
        return _matched(text, _NUMBER, value, target, null_on_error)
    if target.name == "date":
        return _matched(text, _DATE, f"lb_read_date({text})", target, null_on_error)
    if target.name in temporal.KINDS:
        read = _moment if target.name in ("timestamp", INSTANT) else _time
        return read(text, target, null_on_error)
    if target.name == "uuid":
        pattern = "(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
        return _matched(text, pattern, f"TRY_CAST({text} AS UUID)", target, null_on_error)
    if target.name in _READ:
        module, kind = _READ[target.name]
        function = "try_read" if null_on_error else "read"
        return f'"py {module}.{function}(VARCHAR) {kind}"({text})'
    raise TrinoError("TYPE_MISMATCH", f"Cannot cast {source} to {target}")


def _matched(text: str, pattern: str, value: str, target: Type, null_on_error: bool) -> str:
    """Return `value` where the text matches, an error elsewhere."""
    failed = "NULL" if null_on_error else _failure(text, target)
    return (
        f"CASE WHEN {text} IS NULL THEN NULL WHEN regexp_full_match({text}, '{pattern}') "
        f"THEN coalesce({value}, {failed}) ELSE {failed} END"
    )


def _failure(text: str, target: Type) -> str:
    """Raise Trino's error for a text that is no value of the type."""
    if target.name == "date":
        message = f"'Value cannot be cast to date: ' || {text}"
    elif target.name == "uuid":
        message = f"'Cannot cast value to UUID: ' || {text}"
    elif target.name == "decimal":
        spelled = f"DECIMAL({target.numbers[0]}, {target.numbers[1]})"
        why = (
            f"CASE WHEN regexp_full_match({text}, '{_NUMBER}') THEN 'Value too large.' "
            "ELSE 'Value is not a number.' END"
        )
        message = f"'Cannot cast VARCHAR ''' || {text} || ''' to {spelled}. ' || {why}"
    else:
        spelled = "INT" if target.name == "integer" else str(target).upper()
        message = f"'Cannot cast ''' || {text} || ''' to {spelled}'"
    return f"lb_raise('INVALID_CAST_ARGUMENT', {message})"


def _approximate(text: str, target: Type) -> str:
    clean = f"rtrim(trim({text}), 'dDfF')"
    named = f"contains({text}, 'Inf') OR contains({text}, 'NaN')"
    return f"TRY_CAST(CASE WHEN {named} THEN trim({text}) ELSE {clean} END AS {duck_name(target)})"


def _moment(text: str, target: Type, null_on_error: bool) -> str:
    """Read the plain forms with DuckDB, all others (zones, far years, picoseconds) in Python."""
    places = target.numbers[0]
    plain = f"TRY_CAST({text} AS TIMESTAMP)"
    at, below = temporal.rounded(plain, None, 6, places)
    plain = temporal.made(target, at, below)
    function = "read_local" if target.name == "timestamp" else "read"
    function = f"try_{function}" if null_on_error else function
    read = f'"py moments.{function}(VARCHAR) STRUCT(t TIMESTAMP, p BIGINT, z VARCHAR)"({text})'
    at, below = temporal.rounded(
        f"CAST(({read}).t AS TIMESTAMP)", f"CAST(({read}).p AS BIGINT)", 12, places
    )
    rare = temporal.made(target, at, below, f"({read}).z")
    return (
        f"CASE WHEN {text} IS NULL THEN NULL WHEN regexp_full_match({text}, '{_TIMESTAMP}') "
        f"AND {plain} IS NOT NULL THEN {plain} ELSE {rare} END"
    )


def _time(text: str, target: Type, null_on_error: bool) -> str:
    zoned = target.name == temporal.OFFSET_TIME
    function = "read_offset_time" if zoned else "read_time"
    function = f"try_{function}" if null_on_error else function
    read = f'"py moments.{function}(VARCHAR) STRUCT(t BIGINT, o INTEGER)"({text})'
    shown = temporal.rounded_clock(f"CAST(({read}).t AS BIGINT)", 12, target.numbers[0])
    return temporal.made_time(target, shown, f"({read}).o")
