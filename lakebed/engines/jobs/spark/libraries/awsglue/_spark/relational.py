"""Columns moved, flattened and joined: what transforms do without looking at a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import _types
from .. import gluetypes as g
from .._paths import Path, quoted, text
from . import columns as c
from .modules import core, functions

Typed = tuple[Any, g.StructType]


class Tree:
    """Columns to be, by path; what shares a beginning becomes a structure."""

    def __init__(self) -> None:
        self.parts: dict[str, Tree | c.Column] = {}

    def put(self, path: Path, column: c.Column) -> None:
        """Put a column at a path; the last one put there stays."""
        at = self
        for step in path[:-1]:
            part = at.parts.get(step)
            if not isinstance(part, Tree):
                part = at.parts[step] = Tree()
            at = part
        at.parts[path[-1]] = column

    def columns(self) -> list[c.Column]:
        """Return the columns, structures built."""
        found: list[c.Column] = []
        for name, part in self.parts.items():
            if isinstance(part, Tree):
                found.append(c.structure(name, part.columns(), None))
            else:
                found.append(c.Column(name, part.value, part.type))
        return found


def picked(columns: list[c.Column], paths: Sequence[Path]) -> list[c.Column]:
    """Return the fields at paths; one that is not there is left out."""
    tree = Tree()
    for path in paths:
        column = c.find(columns, path)
        if column is not None:
            tree.put(path, column)
    return tree.columns()


def renamed(columns: list[c.Column], old: Path, new: Path) -> list[c.Column]:
    """Return the columns with one at another path; unchanged if it is not there."""
    if old[:-1] == new[:-1]:
        return c.edit(columns, old, lambda one: [c.Column(new[-1], one.value, one.type)])
    column = c.find(columns, old)
    if column is None:
        return columns
    left = c.edit(columns, old, lambda _: [])
    moved = Tree()
    moved.put(new, column)
    (made,) = moved.columns()
    for at, one in enumerate(left):
        if one.name == made.name and isinstance(one.type, g.StructType):
            both = c.structure(one.name, [*c.inner(one), *c.inner(made)], None)
            return [*left[:at], both, *left[at + 1 :]]
    return [*left, made]


def mapped(
    columns: list[c.Column],
    mappings: Sequence[tuple[Path, g.DataType | None, Path, g.DataType | None]],
) -> list[c.Column]:
    """Return what mappings make of the columns; a source that is not there gives nothing."""
    tree = Tree()
    for source, source_type, target, target_type in mappings:
        column = c.find(columns, source)
        if column is None:
            continue
        column = _as_source(column, source_type)
        kind = target_type
        if kind is None or _same_kind(kind, column.type):
            kind = column.type
        tree.put(target, c.Column(target[-1], c.cast(column, kind), kind))
    return tree.columns()


def _as_source(column: c.Column, kind: g.DataType | None) -> c.Column:
    """Return only the values of the source type, where the field is a choice."""
    if kind is None or not isinstance(column.type, g.ChoiceType):
        return column
    for part in c.inner(column):
        if part.name == kind.typeName():
            return part
    return column


def _same_kind(wanted: g.DataType, held: g.DataType) -> bool:
    """Say whether a bare `array`, `struct`, `map` or `choice` was asked for and is there."""
    nested = isinstance(wanted, (g.ArrayType, g.StructType, g.MapType, g.ChoiceType))
    bare = not any(not _types.is_null(part) for part in _types.parts(wanted))
    return nested and bare and wanted.typeName() == held.typeName()


def without_nulls(df: Any, columns: list[c.Column]) -> list[c.Column]:
    """Return the columns that are not of the null type, at any depth of structures."""
    del df
    found: list[c.Column] = []
    for column in columns:
        if _types.is_null(column.type):
            continue
        nulls = [p for p in c.inner(column) if _has_null(p.type)]
        if isinstance(column.type, g.StructType) and nulls:
            kept = without_nulls(None, c.inner(column))
            found.extend([c.structure(column.name, kept, column)] if kept else [])
        else:
            found.append(column)
    return found


def _has_null(one: g.DataType) -> bool:
    if isinstance(one, g.StructType):
        return any(_has_null(part) for part in _types.parts(one))
    return _types.is_null(one)


def flat(columns: list[c.Column], prefix: str = "") -> list[c.Column]:
    """Return the columns with every structure replaced by its fields, under dotted names."""
    found: list[c.Column] = []
    for column in columns:
        name = prefix + column.name
        if isinstance(column.type, g.StructType):
            found.extend(flat(c.inner(column), f"{name}."))
        else:
            found.append(c.Column(name, column.value, column.type))
    return found


def tables(df: Any, columns: list[c.Column], root: str, name: str = "") -> dict[str, Typed]:
    """Return a flat table, and one for each array: id of the row, index, and the elements.

    The ids must be the same whenever a table is computed, so the rows are kept once they
    have them. Columns of a table below the root have the whole path in their names already.
    """
    name = name or root
    columns = flat(columns)
    arrays = [one for one in columns if isinstance(one.type, g.ArrayType)]
    if not arrays:
        return {name: _chosen(df, columns)}
    key = _unused("id", columns)
    numbered = df.select(
        *[one.value.alias(one.name) for one in columns],
        (functions.monotonically_increasing_id() + 1).alias(key),
    ).persist(core.StorageLevel.MEMORY_AND_DISK)
    here = c.top(g.StructType([one.field() for one in columns]))
    number = functions.col(quoted(key))
    found = {name: _chosen(numbered, [_or_number(one, number) for one in here])}
    for one in here:
        if isinstance(one.type, g.ArrayType):
            found |= _elements(numbered, number, one, root)
    return found


def _elements(numbered: Any, number: Any, array: c.Column, root: str) -> dict[str, Typed]:
    assert isinstance(array.type, g.ArrayType)
    value = f"{array.name}.val"
    exploded = numbered.select(
        number.alias("id"), functions.posexplode(array.value).alias("index", value)
    )
    schema = g.StructType(
        [
            g.Field("id", g.LongType()),
            g.Field("index", g.IntegerType()),
            g.Field(value, array.type.elementType),
        ]
    )
    return tables(exploded, c.top(schema), root, f"{root}_{array.name}")


def _or_number(one: c.Column, number: Any) -> c.Column:
    """Return the row's number in place of an array."""
    if not isinstance(one.type, g.ArrayType):
        return one
    return c.Column(one.name, functions.when(one.value.isNotNull(), number), g.LongType())


def _unused(name: str, columns: list[c.Column]) -> str:
    taken = {one.name.lower() for one in columns}
    while name in taken:
        name += "_"
    return name


def _chosen(df: Any, columns: list[c.Column]) -> Typed:
    chosen = df.select(*[one.value.alias(one.name) for one in columns])
    return chosen, g.StructType([one.field() for one in columns])


def joined(left: Typed, right: Typed, pairs: Sequence[tuple[Path, Path]]) -> Typed:
    """Return the rows of both frames whose keys are equal."""
    columns = c.top(left[1])
    taken = {one.name for one in columns}
    others: list[c.Column] = []
    for one in c.top(right[1]):
        name = one.name
        while name in taken:
            name = f".{name}"
        taken.add(name)
        others.append(c.Column(name, one.value, one.type))
    first = _keyed(left[0], columns, [pair[0] for pair in pairs], "left")
    second = _keyed(right[0], others, [pair[1] for pair in pairs], "right")
    condition = functions.lit(True)
    for at in range(len(pairs)):
        condition &= functions.col(f"`\0left{at}`") == functions.col(f"`\0right{at}`")
    both = first.join(second, condition)
    fields = [one.field() for one in [*columns, *others]]
    return both.select(*[functions.col(quoted(field.name)) for field in fields]), g.StructType(
        fields
    )


def _keyed(df: Any, columns: list[c.Column], keys: Sequence[Path], side: str) -> Any:
    """Return the columns, and the keys under names that no column has."""
    held = c.top(g.StructType([c.Column(one.name, None, one.type).field() for one in columns]))
    renamed_df = df.select(*[one.value.alias(one.name) for one in columns])
    found: list[Any] = []
    for at, path in enumerate(keys):
        key = c.find(held, path) or c.find(held, (f".{path[0]}", *path[1:]))
        if key is None:
            raise ValueError(f"a frame of a join has no field {text(path)}")
        found.append(key.value.alias(f"\0{side}{at}"))
    return renamed_df.select("*", *found)


def without_keys(left: Typed, right: Typed, keys: Sequence[Path]) -> Any:
    """Return the rows of the first frame whose keys are not in the second."""
    first = _keyed(left[0], c.top(left[1]), keys, "left")
    second = _keyed(right[0], c.top(right[1]), keys, "right").select(
        *[functions.col(f"`\0right{at}`") for at in range(len(keys))]
    )
    condition = functions.lit(True)
    for at in range(len(keys)):
        condition &= functions.col(f"`\0left{at}`").eqNullSafe(functions.col(f"`\0right{at}`"))
    kept = first.join(second, condition, "left_anti")
    return kept.select(*[functions.col(quoted(field.name)) for field in left[1].fields])
