"""Types of decoded values (JSON, BSON, Ion, XML): what a list of Python's values is to Hive.

Whole numbers are `int`, or `bigint` where one needs it; values of different kinds are `string`.
What Hive's texts of types cannot say (an empty object, a field called `a-b`, a tree too deep) is
`string` as well: the JSON SerDe then gives the value's text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from lakebed.engines.crawl import Column
from lakebed.engines.crawl.types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INT,
    NULL,
    STRING,
    Array,
    GlueType,
    Struct,
    text,
    widened,
)

TYPE_CHARACTERS_MAX = 131_072
"""Of a column's type in the catalog: https://docs.aws.amazon.com/glue/latest/webapi/API_Column.html"""
NAME_CHARACTERS_MAX = 255
"""Of a column; which characters it may have is on the same page."""
_REFUSED = re.compile(r"[^\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff\t]")
_DEPTH_MAX = 60
_INT_MAX = (1 << 31) - 1
_BIGINT_MAX = (1 << 63) - 1
_UNSAYABLE = re.compile(r"[^A-Za-z0-9_]|^$")
"""Names of fields that Athena cannot read in the text of a type."""
_NONE: type = type(None)

Kinds = Mapping[type, Callable[[list[Any]], GlueType]]
"""What values of a format's own classes are (an ObjectId, a timestamp)."""


def columns_of(
    records: Sequence[Mapping[str, Any]], own: Kinds | None = None
) -> tuple[Column, ...]:
    """Return the columns of records, in the order of first sight, names in lower case."""
    found: dict[str, list[Any]] = {}
    for record in records:
        for name, value in record.items():
            held = found.get(name)
            if held is None:
                found[name] = [value]
            else:
                held.append(value)
    return named((name, kind_of(values, own)) for name, values in found.items())


def named(fields: Iterable[tuple[str, GlueType]]) -> tuple[Column, ...]:
    """Return columns of these names and types; fields whose names are one there are one column."""
    kinds: dict[str, GlueType] = {}
    for name, kind in fields:
        folded = column_name(name)
        kinds[folded] = widened(kinds[folded], kind) if folded in kinds else kind
    return tuple(Column(name, said(kind)) for name, kind in kinds.items() if name)


def column_name(name: str) -> str:
    """Return a name as the catalog has it: in lower case, cut, without characters it refuses."""
    folded = name.lower()[:NAME_CHARACTERS_MAX]
    return folded if folded.isprintable() else _REFUSED.sub("_", folded)


def said(kind: GlueType) -> str:
    """Write a type, or `string` where the catalog has no room for its text."""
    found = text(kind)
    return found if len(found) <= TYPE_CHARACTERS_MAX else "string"


def kind_of(values: Iterable[Any], own: Kinds | None = None, depth: int = 0) -> GlueType:
    """Return the type that holds all the values."""
    held = list(values)
    kinds = set(map(type, held))
    if len(kinds) > 1:
        kinds.discard(_NONE)
        held = [value for value in held if value is not None]
    if len(kinds) == 1:
        return _alike(kinds.pop(), held, own, depth)
    if kinds == {int, float}:
        return DOUBLE
    if not kinds:
        return NULL
    parts = [
        _alike(kind, [value for value in held if type(value) is kind], own, depth)
        for kind in sorted(kinds, key=lambda kind: kind.__name__)
    ]
    found = parts[0]
    for part in parts[1:]:
        found = widened(found, part)
    return found


def _alike(kind: type, values: list[Any], own: Kinds | None, depth: int) -> GlueType:
    """Return the type of values of one class."""
    if plain := _PLAIN.get(kind):
        return plain(values)
    if depth > _DEPTH_MAX:
        return STRING
    if kind is dict:
        return _struct(values, own, depth)
    if kind is list:
        inner = kind_of(chain.from_iterable(values), own, depth + 1)
        return Array(inner)
    for known, rule in (own or {}).items():
        if issubclass(kind, known):
            return rule(values)
    return STRING


def _struct(values: list[dict[str, Any]], own: Kinds | None, depth: int) -> GlueType:
    found: dict[str, list[Any]] = {}
    for value in values:
        for name, inner in value.items():
            found.setdefault(name, []).append(inner)
    if not found or any(_UNSAYABLE.search(name) for name in found):
        return STRING
    fields: dict[str, tuple[str, GlueType]] = {}
    for name, inner in found.items():
        kind = kind_of(inner, own, depth + 1)
        held = fields.get(name.lower())
        fields[name.lower()] = (name, kind) if held is None else (held[0], widened(held[1], kind))
    return Struct(tuple(fields.values()))


def _whole(values: list[int]) -> GlueType:
    low, high = min(values), max(values)
    if high <= _INT_MAX and low >= -_INT_MAX - 1:
        return INT
    return BIGINT if high <= _BIGINT_MAX and low >= -_BIGINT_MAX - 1 else DOUBLE


_PLAIN: dict[type, Callable[[list[Any]], GlueType]] = {
    str: lambda values: STRING,
    int: _whole,
    float: lambda values: DOUBLE,
    bool: lambda values: BOOLEAN,
    _NONE: lambda values: NULL,
}
