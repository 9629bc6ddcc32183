"""Values as Trino's protocol has them, written as Athena's result files do."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

from lakebed.dialect.types import Type

Writer = Callable[[Any], str]


def writer(kind: Type) -> Writer:
    """Return what writes the values of a type that are not NULL."""
    if kind.name == "boolean":
        return lambda value: "true" if value else "false"
    if kind.name == "varbinary":
        return lambda value: base64.b64decode(value).hex(" ")
    if kind.name in ("timestamp", "timestamp with time zone") and kind.numbers[0] < 3:
        return _padded
    if kind.name == "array":
        return _array(_or_null(writer(kind.inner[0])))
    if kind.name == "map":
        return _map(_or_null(writer(kind.inner[1])))
    if kind.name == "row":
        names = [name or f"field{at}" for at, name in enumerate(kind.fields)]
        return _row(names, [_or_null(writer(inner)) for inner in kind.inner])
    return str


def _or_null(write: Writer) -> Writer:
    return lambda value: "null" if value is None else write(value)


def _array(item: Writer) -> Writer:
    return lambda value: "[" + ", ".join(map(item, value)) + "]"


def _map(item: Writer) -> Writer:
    return lambda value: "{" + ", ".join(f"{key}={item(one)}" for key, one in value.items()) + "}"


def _row(names: Sequence[str], items: Sequence[Writer]) -> Writer:
    def write(value: Any) -> str:
        parts = zip(names, items, value, strict=True)
        return "{" + ", ".join(f"{name}={item(one)}" for name, item, one in parts) + "}"

    return write


def _padded(value: str) -> str:
    """Write a timestamp with at least milliseconds: `… 12:34:56[.1][ zone]`."""
    day, clock, *zone = value.split(" ", 2)
    whole, _, fraction = clock.partition(".")
    return " ".join([day, f"{whole}.{fraction.ljust(3, '0')}", *zone])
