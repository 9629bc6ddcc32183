"""Values of JSON as the types of Iceberg tables want them, and the form they are staged in.

Timestamps are microseconds since the epoch, as Firehose documents it; binary is base64 (also its
MIME and URL forms) or hexadecimal. What the readers of staged files have no exact type for is
staged as text and cast by the statement that brings it into the table.
https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-destination.html
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import msgspec

from lakebed.engines.sql.duckdb.readers.arrow import arrow

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000_000
_DECIMAL = re.compile(r"decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)")
_FIXED = re.compile(r"fixed\[(\d+)\]")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_INTEGERS = {"int": 31, "long": 63}


class MisfitError(ValueError):
    """A value that a column cannot hold."""


class Staging(msgspec.Struct, frozen=True):
    """How values of a type are staged: Hive's type, and Trino's they are cast to (if any)."""

    hive: str
    cast: str = ""


_SCALARS: dict[str, tuple[Staging, str]] = {
    "boolean": (Staging("boolean"), "bool_"),
    "int": (Staging("int"), "int32"),
    "long": (Staging("bigint"), "int64"),
    "float": (Staging("float"), "float32"),
    "double": (Staging("double"), "float64"),
    "date": (Staging("date"), "date32"),
    "string": (Staging("string"), "string"),
    "binary": (Staging("binary"), "binary"),
    "timestamp": (Staging("string", "timestamp(6)"), "string"),
    "timestamptz": (Staging("string", "timestamp(6) with time zone"), "string"),
    "time": (Staging("string", "time(6)"), "string"),
    "uuid": (Staging("string", "uuid"), "string"),
}
"""By Iceberg's type: how it is staged, and Arrow's type in the file."""


def staging_of(kind: Any) -> Staging:
    """Return how values of an Iceberg type are staged; MisfitError for what is not built."""
    if isinstance(kind, str):
        decimal = _DECIMAL.fullmatch(kind)
        if decimal:
            return Staging(f"decimal({decimal[1]},{decimal[2]})")
        return _scalar(kind)[0]
    shape: Mapping[str, Any] = kind
    if shape["type"] == "list":
        return Staging(f"array<{_inner(shape['element'])}>")
    if shape["type"] == "map":
        return Staging(f"map<{_inner(shape['key'])},{_inner(shape['value'])}>")
    fields = ",".join(f"{one['name']}:{_inner(one['type'])}" for one in shape["fields"])
    return Staging(f"struct<{fields}>")


def _scalar(kind: str) -> tuple[Staging, str]:
    found = _SCALARS.get("binary" if _FIXED.fullmatch(kind) else kind)
    if found is None:
        raise MisfitError(f"The Iceberg type {kind} is not built in lakebed.")
    return found


def _inner(kind: Any) -> str:
    found = staging_of(kind)
    if found.cast:
        raise MisfitError(f"The Iceberg type {kind} inside of another is not built in lakebed.")
    return found.hive


def arrow_type(kind: Any) -> Any:
    """Return Arrow's type of the staged values of an Iceberg type."""
    pa = arrow()
    if isinstance(kind, str):
        decimal = _DECIMAL.fullmatch(kind)
        if decimal:
            return pa.decimal128(int(decimal[1]), int(decimal[2]))
        return getattr(pa, _scalar(kind)[1])()
    shape: Mapping[str, Any] = kind
    if shape["type"] == "list":
        return pa.list_(arrow_type(shape["element"]))
    if shape["type"] == "map":
        return pa.map_(arrow_type(shape["key"]), arrow_type(shape["value"]))
    return pa.struct([(one["name"], arrow_type(one["type"])) for one in shape["fields"]])


def stored(kind: Any, value: Any) -> Any:
    """Return a JSON value as it is staged; MisfitError where it is none of the type."""
    if value is None:
        return None
    if not isinstance(kind, str):
        return _nested(kind, value)
    if kind in _INTEGERS:
        return _integer(value, _INTEGERS[kind])
    decimal, fixed = _DECIMAL.fullmatch(kind), _FIXED.fullmatch(kind)
    if decimal:
        return _decimal(value, int(decimal[1]), int(decimal[2]))
    if fixed:
        data = _binary(value)
        if len(data) != int(fixed[1]):
            raise _fault(value, kind)
        return data
    read = _READERS.get(kind)
    if read is None:
        raise MisfitError(f"The Iceberg type {kind} is not built in lakebed.")
    return read(value)


def _fault(value: Any, kind: str) -> MisfitError:
    text = repr(str(value) if isinstance(value, Decimal) else value)
    return MisfitError(f"{text[:80]} is no value of the type {kind}.")


def _nested(kind: Mapping[str, Any], value: Any) -> Any:
    what = kind["type"]
    if what == "list":
        if not isinstance(value, list):
            raise _fault(value, what)
        return [stored(kind["element"], one) for one in cast("list[Any]", value)]
    if not isinstance(value, dict):
        raise _fault(value, what)
    members = cast("dict[str, Any]", value)
    if what == "map":
        return [
            (_key(kind["key"], key), stored(kind["value"], one)) for key, one in members.items()
        ]
    return {one["name"]: stored(one["type"], members.get(one["name"])) for one in kind["fields"]}


def _key(kind: Any, key: str) -> Any:
    """Return a map's key: JSON has them as text."""
    if kind == "string":
        return key
    try:
        return stored(kind, msgspec.json.decode(key.encode()))
    except msgspec.DecodeError as error:
        raise _fault(key, str(kind)) from error


def _integer(value: Any, bits: int) -> int:
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or not -(1 << bits) <= value < 1 << bits
    ):
        raise _fault(value, "long" if bits > 31 else "int")
    return value


def _decimal(value: Any, precision: int, scale: int) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise _fault(value, f"decimal({precision},{scale})")
    try:
        found = Decimal(value)
        exact = found.quantize(Decimal(1).scaleb(-scale))
    except ArithmeticError as error:
        raise _fault(value, f"decimal({precision},{scale})") from error
    if exact != found or len(exact.as_tuple().digits) > precision:
        raise _fault(value, f"decimal({precision},{scale})")
    return exact


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _fault(value, "boolean")
    return value


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _fault(value, "double")
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _fault(value, "string")
    return value


def _binary(value: Any) -> bytes:
    text = "".join(_text(value).split())
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error as error:
        raise _fault(value, "binary") from error


def _date(value: Any) -> date:
    try:
        if isinstance(value, str):
            return date.fromisoformat(value)
        return _EPOCH.date() + timedelta(days=_integer(value, 31))
    except (ValueError, OverflowError) as error:
        raise _fault(value, "date") from error


def _timestamp(value: Any) -> str:
    try:
        moment = _EPOCH + timedelta(microseconds=_integer(value, 63))
    except (ValueError, OverflowError) as error:
        raise _fault(value, "timestamp (microseconds since 1970)") from error
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0")


def _instant(value: Any) -> str:
    return f"{_timestamp(value)} UTC"


def _time(value: Any) -> str:
    micros = _integer(value, 63)
    if not 0 <= micros < _DAY:
        raise _fault(value, "time (microseconds since midnight)")
    return (_EPOCH + timedelta(microseconds=micros)).strftime("%H:%M:%S.%f")


def _uuid(value: Any) -> str:
    try:
        return str(uuid.UUID(_text(value)))
    except ValueError as error:
        raise _fault(value, "uuid") from error


_READERS: dict[str, Callable[[Any], Any]] = {
    "boolean": _boolean,
    "float": _float,
    "double": _float,
    "date": _date,
    "string": _text,
    "binary": _binary,
    "timestamp": _timestamp,
    "timestamptz": _instant,
    "time": _time,
    "uuid": _uuid,
}
