"""Choices resolved: cast, project, columns or structures.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-transforms-ResolveChoice.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import _types
from .. import gluetypes as g
from .._paths import Path
from . import columns as c
from .modules import functions
from .types import to_spark


def resolve(columns: list[c.Column], specs: Sequence[tuple[Path, str]]) -> list[c.Column]:
    """Resolve the fields at paths."""
    for path, action in specs:
        columns = c.edit(columns, path, _change(action, choices_only=False))
    return columns


def resolve_all(
    columns: list[c.Column], action: str, types: Mapping[str, g.DataType]
) -> list[c.Column]:
    """Resolve every choice; `match_catalog` takes the types of a table's columns."""
    found: list[c.Column] = []
    for column in columns:
        if action != "match_catalog":
            found.extend(c.everywhere(column, _change(action, choices_only=True)))
        elif column.name in types and _types.has_choice(column.type):
            kind = types[column.name]
            found.append(c.Column(column.name, c.cast(column, kind), kind))
        else:
            found.append(column)
    return found


def _change(action: str, *, choices_only: bool) -> c.Change:
    name, _, kind = action.partition(":")

    def change(one: c.Column) -> list[c.Column]:
        if choices_only and not isinstance(one.type, g.ChoiceType):
            return [one]
        if name == "cast":
            target = _types.from_text(kind)
            return [c.Column(one.name, c.cast(one, target), target)]
        if not isinstance(one.type, g.ChoiceType):
            return [one]
        if name == "project":
            return [_projected(one, _types.from_text(kind))]
        if name == "make_cols":
            return [
                c.Column(f"{one.name}_{part.name}", part.value, part.type) for part in c.inner(one)
            ]
        return [c.Column(one.name, one.value, _as_struct(one.type))]

    return change


def _projected(one: c.Column, target: g.DataType) -> c.Column:
    """Keep the values that have the type already."""
    for part in c.inner(one):
        if part.name == target.typeName():
            return c.Column(one.name, part.value, part.type)
    nothing: Any = functions.lit(None).cast(to_spark(target))
    return c.Column(one.name, nothing, target)


def _as_struct(one: g.ChoiceType) -> g.StructType:
    return g.StructType([g.Field(name, kind) for name, kind in _types.members(one)])
