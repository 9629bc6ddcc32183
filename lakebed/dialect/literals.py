"""Typed literals: `DATE '…'`, `TIMESTAMP '…'`, `INTERVAL '…'`, `DECIMAL '…'` and their like."""

from __future__ import annotations

import re

from sqlglot import expressions as exp

from lakebed.dialect import instants, temporal, tree
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.scopes import fail
from lakebed.dialect.types import (
    DATE,
    DAY_TO_SECOND,
    INSTANT,
    INTEGERS,
    VARBINARY,
    YEAR_TO_MONTH,
    Type,
    decimal,
    parse_type,
    timestamp,
    varchar,
)

_FIELDS = ("year", "month", "day", "hour", "minute", "second")
_MONTHS = {"year": 12, "month": 1}
_MILLIS = {"day": 86_400_000, "hour": 3_600_000, "minute": 60_000, "second": 1000}
_MONTHS_MAX = (1 << 31) - 1
_MILLIS_MAX = (1 << 63) - 1
_AFTER = {"year": "", "month": "-", "day": "", "hour": " ", "minute": ":", "second": ":"}
_RANGES = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}


def typed_literal(kind: str, text: str, node: exp.Expr) -> tree.Expr:
    """Read `DATE '…'`, `TIMESTAMP '…'`, `DECIMAL '…'` and their like."""
    bad = fail("INVALID_LITERAL", f"'{text}' is not a valid {kind.upper()} literal", node)
    if kind == "decimal":
        return _decimal(text, bad)
    if kind in ("timestamp", "time"):
        return _moment(kind, text, bad, node)
    try:
        if kind == "date":
            return date_constant(instants.read_date(text))
    except ValueError:
        raise bad from None
    target = parse_type(kind)
    if target.name == "varchar":
        return tree.Constant(varchar(2147483647), text)
    if target.name == "char":
        return tree.Constant(Type("char", (len(text),)), text)
    if target == VARBINARY:
        return tree.Constant(target, text.encode().hex())
    _check(target, text, bad)
    if target.name in INTEGERS:
        return tree.Constant(target, str(int(text)))
    return tree.Convert(target, tree.Constant(varchar(len(text)), text))


def _check(target: Type, text: str, bad: TrinoError) -> None:
    """Refuse now what the conversion would refuse when it runs."""
    if target.name in INTEGERS:
        found = re.fullmatch(r"\s*[+-]?\d+\s*", text)
        limit = 1 << _RANGES[target.name]
        if found is None or not -limit <= int(text) < limit:
            raise bad
    elif target.name == "ipaddress":
        import ipaddress

        try:
            ipaddress.ip_address(text)
        except ValueError:
            raise bad from None
    elif target.name in _FORMS and re.fullmatch(_FORMS[target.name], text) is None:
        raise bad


_NUMBER = r"\s*[+-]?(NaN|Infinity|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?)\s*"
_FORMS = {
    "double": _NUMBER,
    "real": _NUMBER,
    "boolean": "(?i)t|true|1|f|false|0",
    "uuid": "(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
}


def _decimal(text: str, bad: TrinoError) -> tree.Expr:
    found = re.fullmatch(r"([+-]?)(\d*)(?:\.(\d*))?", text)
    if found is None or not (found.group(2) or found.group(3)):
        raise bad
    fraction = found.group(3) or ""
    whole = found.group(2).lstrip("0")
    digits = max(1, len(whole) + len(fraction))
    if digits > 38:
        raise bad
    value = f"{found.group(1)}{whole or '0'}{'.' + fraction if fraction else ''}"
    return tree.Constant(decimal(digits, len(fraction)), value)


def date_constant(day: int) -> tree.Expr:
    """Return the date of a count of days."""
    year, month, dom = instants.civil(day)
    if 1 <= year <= 9999:
        return tree.Constant(DATE, f"{year:04}-{month:02}-{dom:02}")
    return tree.Apply(DATE, f"make_date(CAST({day} AS INTEGER))", ())


def _moment(kind: str, text: str, bad: TrinoError, node: exp.Expr) -> tree.Expr:
    try:
        if kind == "time":
            picos, places, offset = instants.read_time(text.rstrip(), instants.PLACES_MAX)
            if offset is None:
                return tree.Constant(Type("time", (places,)), str(picos))
            value = f"struct_pack(t := CAST({picos} AS BIGINT), o := CAST({offset} AS INTEGER))"
            return tree.Apply(Type(temporal.OFFSET_TIME, (places,)), value, ())
        found = instants.read_timestamp(text, instants.PLACES_MAX)
        if found.zone is None:
            return moment_constant(timestamp(found.places), found.micros, found.picos)
        micros, exists = instants.utc_micros(found.micros, found.zone)
    except instants.PlacesError as error:
        message = f"{kind.upper()} precision must be in range [0, 12]: {error}"
        raise fail("NUMERIC_VALUE_OUT_OF_RANGE", message, node) from None
    except instants.ZoneError as error:
        if re.match(r"[+-]\d", str(error)) and re.fullmatch(r"[+-]\d\d(:?\d\d)?", str(error)):
            message = f"Time zone not supported: {error}"
            raise fail("NOT_SUPPORTED", message, node) from None
        raise bad from None
    except ValueError:
        raise bad from None
    if not exists:
        raise bad
    return moment_constant(Type(INSTANT, (found.places,)), micros, found.picos, found.zone)


def moment_constant(kind: Type, micros: int, picos: int, zone: str = instants.UTC) -> tree.Expr:
    """Return the timestamp of microseconds since 1970 (in UTC if it has a zone)."""
    micros = (micros + (1 << 63)) % (1 << 64) - (1 << 63)
    day, clock = divmod(micros, instants.DAY_MICROS)
    year, month, dom = instants.civil(day)
    second, fraction = divmod(clock, 1_000_000)
    text = f"make_timestamp({micros})"
    if 1 <= year <= 9999:
        plain = (
            f"{year:04}-{month:02}-{dom:02} {second // 3600:02}:{second // 60 % 60:02}:"
            f"{second % 60:02}.{fraction:06}"
        )
        if kind.name == "timestamp" and not temporal.is_precise(kind):
            return tree.Constant(kind, plain)
        text = f"CAST('{plain}' AS TIMESTAMP)"
    if temporal.is_precise(kind):
        text = f"struct_pack(t := {text}, p := CAST({picos} AS BIGINT))"
    if kind.name == INSTANT:
        text = f"struct_pack(t := {text}, z := '{zone}')"
    return tree.Apply(kind, text, ())


def interval_literal(sign: int, text: str, start: str, end: str, node: exp.Expr) -> tree.Expr:
    """Read an interval from its first field to its last; they are the same for a single one."""
    span = start if start == end else f"{start} TO {end}"
    units = _MONTHS if start in _MONTHS else _MILLIS
    if end not in units or _FIELDS.index(end) < _FIELDS.index(start):
        raise fail("INVALID_LITERAL", f"Invalid interval qualifier: {span.upper()}", node)
    bad = fail("INVALID_LITERAL", f"Invalid INTERVAL {span.upper()} value: {text}", node)
    fields = _FIELDS[_FIELDS.index(start) : _FIELDS.index(end) + 1]
    pattern = "([+-]?)" + _span(fields)
    found = re.fullmatch(pattern, text)
    if found is None or not any(found.groups()[1:]):
        raise bad
    sign = -sign if found.group(1) == "-" else sign
    total = sum(int(part) * units[name] for name, part in _parts(fields, found) if part)
    if found.groupdict().get("fraction"):
        total += int(found.group("fraction")[:3].ljust(3, "0"))
    if total > (_MONTHS_MAX if units is _MONTHS else _MILLIS_MAX):
        raise bad
    return tree.Constant(YEAR_TO_MONTH if units is _MONTHS else DAY_TO_SECOND, str(sign * total))


def _parts(fields: tuple[str, ...], found: re.Match[str]) -> list[tuple[str, str | None]]:
    return [(name, found.group(name)) for name in fields]


def _span(fields: tuple[str, ...]) -> str:
    """Return the pattern of the fields; those at the end may be left out."""
    pattern = ""
    for at in range(len(fields) - 1, -1, -1):
        name = fields[at]
        part = rf"(?P<{name}>\d+)"
        if name == "second":
            part += r"(?:\.(?P<fraction>\d*))?"
        before = re.escape(_AFTER[name]) if at else ""
        pattern = part + pattern if at == 0 else f"(?:{before}{part}{pattern})?"
    return pattern
