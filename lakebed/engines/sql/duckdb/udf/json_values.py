"""Trino's functions of JSON texts (https://trino.io/docs/current/functions/json.html).

A path is followed while the text is read, so what comes after the value found does not matter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from lakebed.dialect import json_text
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.json_text import Members, Number
from lakebed.engines.sql.duckdb.udf import function

Path = tuple[str | int, ...]
_STEP = re.compile(
    r"\.(?P<name>[A-Za-z_0-9][\w:-]*)|\[\s*(?P<index>\d+)\s*\]"
    r"|\[\s*\"(?P<quoted>(?:[^\"\\]|\\.)*)\"\s*\]|\[(?P<bare>[A-Za-z_0-9][\w:-]*)\]"
)
_MISSING = object()


def _invalid(message: str) -> TrinoError:
    return TrinoError("INVALID_FUNCTION_ARGUMENT", message)


@lru_cache(maxsize=256)
def _path(text: str) -> Path:
    steps: list[str | int] = []
    at = 1
    while text[:1] == "$" and at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            break
        name, index, quoted, bare = found.group("name", "index", "quoted", "bare")
        if index is not None:
            steps.append(int(index))
        elif quoted is not None:
            steps.append(re.sub(r"\\(.)", r"\1", quoted))
        else:
            steps.append(name if name is not None else bare)
        at = found.end()
    if text[:1] != "$" or at < len(text):
        raise _invalid(f"Invalid JSON path: '{text}'")
    return tuple(steps)


def _found(text: str, path: Path) -> Any:
    """Return the value at a path, `_MISSING` where there is none or the text is none before it."""
    at = json_text.after_blanks(text, 0)
    try:
        for step in path:
            at = _entered(text, at, step)
            if at < 0:
                return _MISSING
        return json_text.value_at(text, at)[0]
    except (ValueError, IndexError):
        return _MISSING


def _entered(text: str, at: int, step: str | int) -> int:
    """Return where the member or element of the value at a place starts; -1 if it has none."""
    opening = text[at]
    if opening not in "{[":
        return -1
    at = json_text.after_blanks(text, at + 1)
    position = 0
    while text[at] not in "]}":
        name: str | int = position
        if opening == "{":
            name, at = json_text.string_at(text, at)
            at = json_text.after_blanks(text, at)
            if text[at] != ":":
                raise ValueError("no colon")
            at = json_text.after_blanks(text, at + 1)
        wanted = int(step) if opening == "[" and str(step).isdigit() else str(step)
        if name == wanted:
            return at
        _, at = json_text.value_at(text, at)
        at = json_text.after_blanks(text, at)
        if text[at] == ",":
            at = json_text.after_blanks(text, at + 1)
        elif text[at] not in "]}":
            raise ValueError("no comma")
        position += 1
    return -1


@function
def json_parse(text: str) -> str:
    """Return the canonical text."""
    try:
        return json_text.written(json_text.parsed(text))
    except ValueError:
        raise _invalid(f"Cannot convert value to JSON: '{text}'") from None


@function
def json_extract(text: str, path: str) -> str | None:
    """Return the value at a path."""
    found = _found(text, _path(path))
    return None if found is _MISSING or found is None else json_text.copied(found)


@function
def json_extract_scalar(text: str, path: str) -> str | None:
    """Return the scalar at a path as text."""
    found = _found(text, _path(path))
    if isinstance(found, bool):
        return str(found).lower()
    return str(found) if isinstance(found, str) else None


@function
def json_size(text: str, path: str) -> int | None:
    """Count the members or elements at a path; a scalar has none."""
    found = _found(text, _path(path))
    if found is _MISSING:
        return None
    return len(json_text.elements(found)) if isinstance(found, list) else 0


def _elements(text: str) -> list[Any] | None:
    """Read an array that may break off after some elements; None where it is none."""
    out: list[Any] = []
    at = json_text.after_blanks(text, 0)
    if text[at : at + 1] != "[":
        return None
    at = json_text.after_blanks(text, at + 1)
    try:
        while text[at] != "]":
            found, at = json_text.value_at(text, at)
            out.append(found)
            at = json_text.after_blanks(text, at)
            if text[at] == ",":
                at = json_text.after_blanks(text, at + 1)
    except (ValueError, IndexError):
        out.append(_MISSING)
    return out


@function
def json_array_length(text: str) -> int | None:
    """Count the elements."""
    found = _elements(text)
    return None if found is None or _MISSING in found[-1:] else len(found)


@function
def json_array_get(text: str, index: int) -> str | None:
    """Return an element; a string comes without quotes, as Trino documents it."""
    found = _elements(text)
    if found is None or (index < 0 and _MISSING in found[-1:]):
        return None
    if not -len(found) <= index < len(found):
        return None
    value = found[index]
    if value is _MISSING or value is None:
        return None
    return value if isinstance(value, str) else json_text.copied(value)


def _contains(text: str, matches: Callable[[Any], bool]) -> bool | None:
    found = _elements(text)
    if found is None:
        return None
    if any(value is not _MISSING and matches(value) for value in found):
        return True
    return None if _MISSING in found[-1:] else False


@function
def contains_boolean(text: str, wanted: bool) -> bool | None:
    """Tell whether an element is the truth value."""
    return _contains(text, lambda value: isinstance(value, bool) and value is wanted)


@function
def contains_bigint(text: str, wanted: int) -> bool | None:
    """Tell whether an element is the whole number."""

    def matches(value: Any) -> bool:
        return isinstance(value, Number) and value.is_whole() and int(value) == wanted

    return _contains(text, matches)


@function
def contains_double(text: str, wanted: float) -> bool | None:
    """Tell whether an element is the number with a fraction."""
    if not math.isfinite(wanted):
        return False  # whatever the text is: Trino does not read it then

    def matches(value: Any) -> bool:
        return isinstance(value, Number) and not value.is_whole() and float(value) == wanted

    return _contains(text, matches)


@function
def contains_varchar(text: str, wanted: str) -> bool | None:
    """Tell whether an element is the string."""
    return _contains(text, lambda value: type(value) is str and value == wanted)


@function
def is_json_scalar(text: str) -> bool:
    """Tell whether the text is a number, a string, a truth value or null."""
    try:
        found = json_text.parsed(text)
    except ValueError:
        raise _invalid(f"Invalid JSON value: {text}") from None
    return not isinstance(found, list | Members)
