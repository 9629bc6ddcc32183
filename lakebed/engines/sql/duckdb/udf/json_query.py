"""JSON_EXISTS, JSON_VALUE, JSON_QUERY, JSON_OBJECT: paths followed in parsed values.

Parameters of a path come as texts with a letter for their type (`i:5`). What a function does where
there is nothing or an error comes as a word: `error`, `null`, `true`, `[]`, …
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from lakebed.dialect import json_path, json_text
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.json_text import Members, Number
from lakebed.engines.sql.duckdb.udf import function
from lakebed.engines.sql.duckdb.udf.json_evaluation import Evaluation, PathError

_NO_INPUT = "JSON_INPUT_CONVERSION_ERROR"


def _plain(value: Any) -> Any:
    """Turn a parsed value into what paths work on: of equal members the last counts."""
    if isinstance(value, Number):
        return int(value) if value.is_whole() else float(value)
    if isinstance(value, Members):
        return {name: _plain(one) for name, one in value}
    if isinstance(value, list):
        return [_plain(one) for one in json_text.elements(value)]
    return value


def _read(text: str) -> Any:
    try:
        return _plain(json_text.parsed(text))
    except ValueError:
        raise TrinoError(_NO_INPUT, "conversion to JSON failed: ") from None


def _parameter(text: str | None) -> Any:
    if text is None:
        return None
    kind, value = text[0], text[2:]
    if kind == "i":
        return int(value)
    if kind == "f":
        return float(value)
    if kind == "d":
        return Decimal(value)
    if kind == "b":
        return value == "true"
    return _read(value) if kind == "j" else value


def _items(text: str, path: str, values: Sequence[str | None]) -> list[Any]:
    """Return what a path finds; TrinoError where it fails."""
    known = json_path.parse(path)
    given = [_parameter(value) for value in values]
    parameters = dict(zip(dict.fromkeys(known.parameters), given, strict=False))
    try:
        return Evaluation(known.is_strict, _read(text), parameters).items(known.root)
    except PathError as error:
        message = f"path evaluation failed: {error}"
        raise TrinoError("PATH_EVALUATION_ERROR", message) from None


@function
def exists(text: str, path: str, values: Sequence[str | None], on_error: str) -> bool | None:
    """Tell whether a path finds anything."""
    try:
        return bool(_items(text, path, values))
    except TrinoError:
        if on_error == "error":
            raise
        return {"true": True, "false": False}.get(on_error)


@function
def value(text: str, path: str, values: Sequence[str | None]) -> dict[str, str | None]:
    """Return the scalar a path finds: `s` is v (a value), e (nothing) or x (an error).

    Of a value `n` is b, n or None; of an error its name.
    """
    try:
        found = _items(text, path, values)
        if not found:
            return {"s": "e", "t": None, "n": None}
        if len(found) > 1:
            raise _no_scalar("JSON path found multiple items")
        return {"s": "v", "t": _scalar(found[0]), "n": _letter(found[0])}
    except TrinoError as error:
        return {"s": "x", "t": error.message, "n": error.name}


def _letter(found: Any) -> str | None:
    """Tell a truth value and a number from a string, which has the same text."""
    if isinstance(found, bool):
        return "b"
    return "n" if isinstance(found, int | float | Decimal) else None


def _no_scalar(why: str) -> TrinoError:
    return TrinoError("JSON_VALUE_RESULT_ERROR", f"cannot extract SQL scalar from JSON: {why}")


def _scalar(found: Any) -> str | None:
    if isinstance(found, list | dict) or (
        isinstance(found, int) and not -(1 << 63) <= found < 1 << 63
    ):
        raise _no_scalar("JSON path found an item that cannot be converted to an SQL value")
    if found is None:
        return None
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, float):
        return json_text.scientific(found)
    return format(found, "f") if isinstance(found, Decimal) else str(found)


def written(found: Any) -> str:
    """Write a value of a path as JSON."""
    if found is None or isinstance(found, bool):
        return "null" if found is None else str(found).lower()
    if isinstance(found, str):
        return json_text.quoted(found)
    if isinstance(found, float):
        return json_text.java_double(found)
    if isinstance(found, dict):
        pairs = json_text.members(found).items()
        inside = (f"{json_text.quoted(name)}:{written(one)}" for name, one in pairs)
        return "{" + ",".join(inside) + "}"
    if isinstance(found, list):
        return "[" + ",".join(map(written, json_text.elements(found))) + "]"
    return format(found, "f") if isinstance(found, Decimal) else str(found)


@function
def query(text: str, path: str, values: Sequence[str | None], options: str) -> str | None:
    """Return what a path finds as JSON; `options` are wrapper, quotes, on empty, on error."""
    wrapper, quotes, on_empty, on_error = options.split(" ")
    try:
        found = _items(text, path, values)
        single = bool(found) and len(found) == 1 and isinstance(found[0], list | dict)
        if found and (wrapper == "always" or (wrapper == "several" and not single)):
            found = [found]
        if len(found) > 1:
            raise _no_output("JSON path found multiple items")
    except TrinoError:
        if on_error == "error":
            raise
        return _otherwise(on_error)
    if not found:
        if on_empty == "error":
            raise _no_output("JSON path found no items")
        return _otherwise(on_empty)
    if quotes == "omit" and isinstance(found[0], str):
        return found[0]
    return written(found[0])


def _no_output(why: str) -> TrinoError:
    return TrinoError("JSON_OUTPUT_CONVERSION_ERROR", f"conversion from JSON failed: {why}")


def _otherwise(word: str) -> str | None:
    return None if word == "null" else word


@function
def read(text: str) -> str:
    """Return a JSON text without blanks; an error if it is none."""
    return written(_read(text))


@function
def decoded(data: bytes, encoding: str) -> str | None:
    """Return the text of bytes; what is none of the encoding is no JSON either."""
    names = {"UTF8": "utf-8", "UTF16": "utf-16-le", "UTF32": "utf-32-le"}
    return data.decode(names[encoding], "replace")


@function
def encoded(text: str, encoding: str) -> bytes:
    """Return the bytes of a text."""
    names = {"UTF8": "utf-8", "UTF16": "utf-16-le", "UTF32": "utf-32-le"}
    return text.encode(names[encoding])


@function(nulls=True)
def members(
    keys: Sequence[str | None], texts: Sequence[str | None], absent: bool, unique: bool
) -> str:
    """Return the object of keys and JSON texts; `absent` leaves NULLs out."""
    out: dict[str, str] = {}
    for key, text in zip(keys, texts, strict=True):
        if key is None:
            message = "null value passed for JSON object key to JSON_OBJECT function"
            raise TrinoError("INVALID_FUNCTION_ARGUMENT", message)
        if text is None and absent:
            continue
        if key in out:
            if unique:
                message = "duplicate key passed to JSON_OBJECT function"
                raise TrinoError("INVALID_FUNCTION_ARGUMENT", message)
            raise TrinoError("NOT_SUPPORTED", "cannot construct a JSON object with duplicate key")
        out[key] = "null" if text is None else text
    inside = (f"{json_text.quoted(key)}:{text}" for key, text in sorted(out.items()))
    return "{" + ",".join(inside) + "}"
