"""JSON paths of custom classifiers: what in a document is a record.

The operators are those of the guide: `$`, `*`, `.name`, `['name']` and `[n]`.
https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html#custom-classifier-json
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, cast

_STEP = re.compile(
    r"\.\s*(?:(\*)|([^.\[\]'\"*\s]+))|\[\s*(?:(\*)|(\d+)|'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\")\s*\]"
)

Step = str | int | None
"""A field's name, an element's position, or everything (None)."""


def steps(path: str) -> tuple[Step, ...] | None:
    """Read a path; None if it is not of the supported kind."""
    path = path.strip()
    if not path.startswith("$"):
        return None
    found: list[Step] = []
    at = 1
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            return None
        _, name, _, position, single, double = match.groups()
        quoted = single if single is not None else double
        if position is not None:
            found.append(int(position))
        elif quoted is not None:
            found.append(re.sub(r"\\(.)", r"\1", quoted))
        else:
            found.append(name)
        at = match.end()
    return tuple(found)


def followed(values: Iterable[Any], path: Sequence[Step]) -> list[Any]:
    """Return what a path leads to in each of the values."""
    found = list(values)
    for step in path:
        found = [inner for value in found for inner in _next(value, step)]
    return found


def _next(value: Any, step: Step) -> Sequence[Any]:
    if isinstance(value, dict):
        held = cast("dict[str, Any]", value)
        if step is None:
            return list(held.values())
        return (held[step],) if isinstance(step, str) and step in held else ()
    if isinstance(value, list):
        items = cast("list[Any]", value)
        if step is None:
            return items
        return items[step : step + 1] if isinstance(step, int) else ()
    return ()
