"""CAST from and to JSON, by Trino's rules for each type.

The type of a conversion comes as text with every call: nested types are read once and kept.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from lakebed.dialect import json_text
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.json_text import Members, Number
from lakebed.dialect.types import INTEGERS, UNBOUNDED, Type, parse_type
from lakebed.engines.sql.duckdb.udf import function

_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
_SHORT = {"integer": "INT"}


def cast_list(value: Any) -> list[Any]:
    """Return what is known to be a list."""
    return value


class _CastError(Exception):
    """A value does not go into its type."""


@lru_cache(maxsize=256)
def _type(text: str) -> Type:
    return parse_type(text)


@function
def cast(text: str, kind_text: str) -> Any:
    """Return the value of a JSON text in a type."""
    kind = _type(kind_text)
    value = json_text.parsed(text)
    try:
        return _value(value, kind)
    except _CastError as error:
        message = str(error)
        if kind.inner:
            message = f"Cannot cast to {kind}. {message}\n{text}"
        raise TrinoError("INVALID_CAST_ARGUMENT", message) from None


def _value(value: Any, kind: Type) -> Any:
    if kind.name == "json":
        return json_text.written(value)
    if value is None:
        return None
    if kind.name == "array":
        if not isinstance(value, list) or isinstance(value, Members):
            raise _CastError(f"Expected a json array, but got {_token(value)}")
        return [_value(one, kind.inner[0]) for one in cast_list(value)]
    if kind.name == "map":
        return _map(value, kind)
    if kind.name == "row":
        return _row(value, kind)
    if isinstance(value, list):
        raise _CastError(f"Cannot cast '{json_text.written(value)}' to {kind}")
    return _scalar(value, kind)


def _token(value: Any) -> str:
    if isinstance(value, Members):
        return "{"
    if isinstance(value, list):
        return "["
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Number):
        if value.is_whole():
            return str(int(value))
        return json_text.scientific(float(value))
    return str(value)


def _map(value: Any, kind: Type) -> list[tuple[Any, Any]]:
    if not isinstance(value, Members):
        raise _CastError(f"Expected a json object, but got {_token(value)}")
    out: list[tuple[Any, Any]] = []
    seen: set[Any] = set()
    for name, one in value:
        key = name if kind.inner[0].name == "varchar" else _scalar(name, kind.inner[0])
        if key in seen:
            raise _CastError("Duplicate map keys are not allowed")
        seen.add(key)
        out.append((key, _value(one, kind.inner[1])))
    return out


def _row(value: Any, kind: Type) -> dict[str, Any]:
    if isinstance(value, Members):
        places = {name.lower(): at for at, name in enumerate(kind.fields) if name}
        if not places:
            why = "Cannot cast a JSON object to anonymous row type. Input must be a JSON array."
            raise _CastError(why)
        found: dict[int, Any] = {}
        for name, one in value:
            at = places.get(name.lower())
            if at is None:
                continue
            if at in found:
                raise _CastError(f"Duplicate field: {kind.fields[at].lower()}")
            found[at] = _value(one, kind.inner[at])
        return {f"f{at}": found.get(at) for at in range(len(kind.inner))}
    if not isinstance(value, list):
        raise _CastError(f"Expected a json array or object, but got {_token(value)}")
    items = cast_list(value)
    if len(items) < len(kind.inner):
        raise _CastError(f"Unexpected token when cast to {kind.inner[len(items)]}: ]")
    if len(items) > len(kind.inner):
        message = f"Expected json array ending, but got {_token(items[len(kind.inner)])}"
        raise _CastError(message)
    pairs = zip(items, kind.inner, strict=True)
    return {f"f{at}": _value(one, inner) for at, (one, inner) in enumerate(pairs)}


def _scalar(value: Any, kind: Type) -> Any:
    if kind.name == "varchar":
        text = _text(value)
        if kind.numbers[0] != UNBOUNDED and len(text) > kind.numbers[0]:
            message = f"Character count exceeds length limit {kind.numbers[0]}: {text}"
            raise TrinoError("GENERIC_INTERNAL_ERROR", message)
        return text
    if kind.name in INTEGERS:
        return _integer(value, kind)
    if kind.name in ("double", "real"):
        return _float(value, kind)
    if kind.name == "boolean":
        return _boolean(value)
    return _decimal(value, kind)


def _integer(value: Any, kind: Type) -> int:
    spelled = _SHORT.get(kind.name, kind.name.upper())
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Number):
        exact = Decimal(value)
        if exact.adjusted() > 40:
            raise _CastError(f"Cannot cast '{value}' to {kind}")
        # Java's rounding: a half goes away from zero.
        found = int(exact.quantize(Decimal(1), ROUND_HALF_UP))
        if not -(1 << (_BITS[kind.name] - 1)) <= found < 1 << (_BITS[kind.name] - 1):
            raise _CastError(f"Cannot cast '{value}' to {kind}")
        return found
    try:
        if value != value.strip() or "_" in value:
            raise ValueError
        found = int(value)
        if not -(1 << (_BITS[kind.name] - 1)) <= found < 1 << (_BITS[kind.name] - 1):
            raise ValueError
        return found
    except ValueError:
        raise _CastError(f"Cannot cast '{value}' to {spelled}") from None


def _float(value: Any, kind: Type) -> float:
    if isinstance(value, bool):
        return float(value)
    try:
        if value in ("Infinity", "-Infinity", "NaN", "+Infinity") or isinstance(value, Number):
            return float(value)
        found = float(value)
        if "_" in value or not math.isfinite(found) and "e" not in value.lower():
            raise ValueError
        return found
    except ValueError:
        raise _CastError(f"Cannot cast '{value}' to {kind.name.upper()}") from None


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, Number):
        return float(value) != 0
    known = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
    found = known.get(str(value).lower())
    if found is None:
        raise _CastError(f"Cannot cast '{value}' to BOOLEAN")
    return found


def _decimal(value: Any, kind: Type) -> Decimal:
    precision, scale = kind.numbers
    try:
        if isinstance(value, Number) and not value.is_whole():
            exact = Decimal(repr(float(value)))
        else:
            exact = Decimal(int(value)) if isinstance(value, bool) else Decimal(str(value))
        if not exact.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        shown = json_text.written(value)
        raise _CastError(f"Cannot cast '{shown}' to DECIMAL({precision},{scale})") from None
    if exact.adjusted() >= precision - scale and exact:
        raise _CastError(f"Cannot cast input json to DECIMAL({precision},{scale})")
    found = _rounded(exact, scale)
    if found.adjusted() >= precision - scale and found:
        raise _CastError(f"Cannot cast input json to DECIMAL({precision},{scale})")
    return found


def _rounded(exact: Decimal, scale: int) -> Decimal:
    from decimal import Context

    context = Context(prec=80)
    return exact.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, context=context)


@function(nulls=True)
def make(value: Any, kind_text: str) -> str | None:
    """Return the JSON text of a value of a type."""
    return None if value is None else _made(value, _type(kind_text))


def _made(value: Any, kind: Type) -> str:
    if value is None:
        return "null"
    if kind.name == "json":
        return str(value)
    if kind.name == "array":
        return "[" + ",".join(_made(one, kind.inner[0]) for one in value) + "]"
    if kind.name == "map":
        members = sorted((_key(key, kind.inner[0]), one) for key, one in value)
        pairs = (f"{json_text.quoted(key)}:{_made(one, kind.inner[1])}" for key, one in members)
        return "{" + ",".join(pairs) + "}"
    if kind.name == "row":
        values = list(value.values())
        named = zip(kind.fields, kind.inner, values, strict=True)
        pairs = (f"{json_text.quoted(name)}:{_made(one, inner)}" for name, inner, one in named)
        return "{" + ",".join(pairs) + "}"
    return _scalar_text(value, kind)


def _key(value: Any, kind: Type) -> str:
    text = _scalar_text(value, kind)
    return value if kind.name == "varchar" else text.strip('"')


def _scalar_text(value: Any, kind: Type) -> str:
    if kind.name == "boolean":
        return str(value).lower()
    if kind.name in ("double", "real"):
        shown = json_text.java_real(value) if kind.name == "real" else json_text.java_double(value)
        return f'"{shown}"' if not math.isfinite(value) else shown
    if kind.name == "varchar":
        return json_text.quoted(value)
    return format(value, "f") if isinstance(value, Decimal) else str(value)
