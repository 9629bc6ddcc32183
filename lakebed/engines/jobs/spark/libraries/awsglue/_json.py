"""JSON text as records, and the few JSONPath expressions that pick records out of a document."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, cast

from ._not_built import NotBuiltError

_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[\s,]*")
_STEP = re.compile(r"\.(\w[\w-]*|\*)|\['([^']*)'\]|\[\"([^\"]*)\"\]|\[(\d+|\*)\]")

Pick = Callable[[Any], Iterator[Any]]


def values(text: str) -> Iterator[Any]:
    """Return the values that stand in a text one after another; ValueError if one is broken."""
    at = _past_blanks(text, 0)
    while at < len(text):
        value, at = _DECODER.raw_decode(text, at)
        yield value
        at = _past_blanks(text, at)


def records(text: str, pick: Pick) -> Iterator[dict[str, Any]]:
    """Return the records of a text; those of an array are records of their own."""
    for value in values(text):
        for picked in pick(value):
            yield from _records(picked)


def path(expression: str | None) -> Pick:
    """Return what a JSONPath expression picks out of a value."""
    steps = _steps(expression or "$")

    def pick(value: Any) -> Iterator[Any]:
        found = [value]
        for step in steps:
            found = [inside for one in found for inside in _inside(one, step)]
        return iter(found)

    return pick


def _past_blanks(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _records(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield cast("dict[str, Any]", value)
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _records(one)
    else:
        raise ValueError(f"a record must be an object: {json.dumps(value)[:100]}")


def _steps(expression: str) -> list[str]:
    if not expression.startswith("$"):
        raise ValueError(f"a JsonPath begins with $: {expression}")
    found: list[str] = []
    at = 1
    while at < len(expression):
        step = _STEP.match(expression, at)
        if step is None:
            raise NotBuiltError(f"the JsonPath expression {expression}")
        found.append(next(group for group in step.groups() if group is not None))
        at = step.end()
    return found


def _inside(value: Any, step: str) -> list[Any]:
    if isinstance(value, list):
        elements = cast("list[Any]", value)
        if step == "*":
            return elements
        if step.isdigit():
            return elements[int(step) : int(step) + 1]
        return [inside for one in elements for inside in _inside(one, step)]
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        if step == "*":
            return list(fields.values())
        return [fields[step]] if step in fields else []
    return []
