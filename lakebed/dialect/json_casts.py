"""CAST from and to JSON: which types take part, and the call of the function that does it.

https://trino.io/docs/current/functions/json.html#cast-to-json
"""

from __future__ import annotations

from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import APPROXIMATE, INTEGERS, VARCHAR, Type, duck_name

_BOTH = (*INTEGERS, *APPROXIMATE, "boolean", "decimal", "varchar", "json")
_AS_TEXT = ("date", "timestamp")
_KEYS = (*INTEGERS, *APPROXIMATE, "boolean", "decimal", "varchar", "unknown")
_JSON = Type("json")


def is_one(source: Type, target: Type) -> bool:
    """Tell whether a conversion is from or to JSON."""
    return (source.name == "json") != (target.name == "json")


def convert(text: str, source: Type, target: Type) -> str:
    """Return the DuckDB text of a conversion from or to JSON."""
    if target.name != "json":
        if not _from_json(target):
            raise TrinoError("TYPE_MISMATCH", f"Cannot cast {source} to {target}")
        _check_keys(target, f"Cannot cast JSON to {target}")
        return _call("cast", text, "VARCHAR", duck_name(target), target)
    if source.name == "unknown":
        return f"CAST({text} AS VARCHAR)"
    if not _to_json(source):
        raise TrinoError("TYPE_MISMATCH", f"Cannot cast {source} to {target}")
    _check_keys(source, f"Cannot cast {source} to JSON")
    from lakebed.dialect import conversions

    # What JSON writes as a string is made one where the engine knows how.
    plain = _plain(source)
    if plain != source:
        text = conversions.convert(text, source, plain)
    return _call("make", text, duck_name(plain), "VARCHAR", plain)


def _call(name: str, text: str, given: str, returns: str, kind: Type) -> str:
    signature = f"py json_casts.{name}({given}, VARCHAR) {returns}".replace('"', '""')
    spelled = str(kind).replace("'", "''")
    return f"\"{signature}\"({text}, '{spelled}')"


def _from_json(kind: Type) -> bool:
    if kind.inner:
        return kind.name in ("array", "map", "row") and (
            kind.name == "map"
            and _from_json(kind.inner[1])
            or kind.name != "map"
            and all(map(_from_json, kind.inner))
        )
    return kind.name in _BOTH


def _to_json(kind: Type) -> bool:
    if kind.name == "map":
        return _to_json(kind.inner[1])
    if kind.inner:
        return kind.name in ("array", "row") and all(map(_to_json, kind.inner))
    return kind.name in _BOTH or kind.name in _AS_TEXT or kind.name == "unknown"


def _check_keys(kind: Type, message: str) -> None:
    if kind.name == "map" and kind.inner[0].inner:
        words = message.removeprefix("Cannot cast ").replace("JSON", "json")
        raise TrinoError("TYPE_MISMATCH", f"Cannot cast {words}")
    if kind.name == "map" and kind.inner[0].name not in _KEYS:
        raise TrinoError("INVALID_CAST_ARGUMENT", message)
    for inner in kind.inner:
        _check_keys(inner, message)


def _plain(kind: Type) -> Type:
    if kind.name in _AS_TEXT:
        return VARCHAR
    return Type(kind.name, kind.numbers, tuple(map(_plain, kind.inner)), kind.fields)
