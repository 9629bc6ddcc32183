"""Fields as Spark's columns: found by path, changed in place, cast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import _types
from .. import gluetypes as g
from .._paths import ELEMENT, Path, quoted
from .modules import functions
from .types import to_spark


@dataclass(frozen=True)
class Column:
    """A column of Spark's, with Glue's type of it and the name it has where it stands."""

    name: str
    value: Any
    type: g.DataType

    def field(self) -> g.Field:
        """Return the field of a schema that describes it."""
        return g.Field(self.name, self.type)


Change = Callable[[Column], "list[Column]"]


def top(schema: g.StructType) -> list[Column]:
    """Return the columns of a data frame."""
    return [
        Column(field.name, functions.col(quoted(field.name)), field.dataType)
        for field in schema.fields
    ]


def inner(one: Column) -> list[Column]:
    """Return the fields of a structure, or the members of a choice."""
    if isinstance(one.type, g.StructType):
        named = [(field.name, field.dataType) for field in one.type.fields]
    elif isinstance(one.type, g.ChoiceType):
        named = _types.members(one.type)
    else:
        return []
    return [Column(name, one.value.getField(name), kind) for name, kind in named]


def find(columns: list[Column], path: Path) -> Column | None:
    """Return the column at a path of names, or None."""
    for one in columns:
        if one.name == path[0]:
            return one if len(path) == 1 else find(_steps(one, path[1]), path[1:])
    return None


def _steps(one: Column, step: str) -> list[Column]:
    """Return what may follow: fields, and of a choice those of its structure."""
    if isinstance(one.type, g.ChoiceType) and step not in one.type.choices:
        structure = [c for c in inner(one) if isinstance(c.type, g.StructType)]
        return inner(structure[0]) if structure else []
    return inner(one)


def edit(columns: list[Column], path: Path, change: Change) -> list[Column]:
    """Return the columns with those at a path replaced by what `change` makes of each.

    The path leads through structures and through the elements of arrays.
    """
    found: list[Column] = []
    for one in columns:
        found.extend(_edit_at(one, path[1:], change) if one.name == path[0] else [one])
    return found


def _edit_at(one: Column, rest: Path, change: Change) -> list[Column]:
    if not rest:
        return change(one)
    if isinstance(one.type, g.ArrayType):
        after = rest[1:] if rest[0] == ELEMENT else rest
        return _edit_elements(one, lambda element: _edit_at(element, after, change))
    if isinstance(one.type, g.MapType) and rest[0] in ("value", ELEMENT):
        return [one]
    if isinstance(one.type, g.ChoiceType) and rest[0] not in one.type.choices:
        return _edit_choice(one, rest, change)
    parts = inner(one)
    if not any(part.name == rest[0] for part in parts):
        return [one]
    changed = edit(parts, rest, change)
    return [structure(one.name, changed, one)] if changed else []


def _edit_choice(one: Column, rest: Path, change: Change) -> list[Column]:
    changed: list[Column] = []
    for part in inner(one):
        nested = isinstance(part.type, (g.StructType, g.ArrayType))
        changed.extend(_edit_at(part, rest, change) if nested else [part])
    return [choice(one.name, changed, one)] if changed else []


def _edit_elements(one: Column, change: Change) -> list[Column]:
    assert isinstance(one.type, g.ArrayType)
    element = one.type.elementType
    kinds: list[g.DataType] = []

    def changed(value: Any) -> Any:
        made = change(Column("element", value, element))
        whole = made[0] if len(made) == 1 else structure("element", made, None)
        kinds.append(whole.type)
        return whole.value

    if not change(Column("element", functions.lit(None), element)):
        return []
    value = functions.transform(one.value, changed)
    return [Column(one.name, value, g.ArrayType(kinds[-1]))]


def structure(name: str, parts: list[Column], where: Column | None) -> Column:
    """Return a structure of columns; null where the column `where` is."""
    value = functions.struct(*[part.value.alias(part.name) for part in parts])
    if where is not None:
        value = functions.when(where.value.isNotNull(), value)
    return Column(name, value, g.StructType([part.field() for part in parts]))


def choice(name: str, parts: list[Column], where: Column) -> Column:
    """Return a choice of columns that are named like their types."""
    made = structure(name, sorted(parts, key=lambda part: part.name), where)
    return Column(name, made.value, g.ChoiceType([part.type for part in parts]))


def everywhere(one: Column, change: Change) -> list[Column]:
    """Return a column with every choice in it, at any depth, replaced by what `change` makes."""
    if not _types.has_choice(one.type):
        return [one]
    if isinstance(one.type, g.ArrayType):
        return _edit_elements(one, lambda element: everywhere(element, change))
    parts = [made for part in inner(one) for made in everywhere(part, change)]
    if isinstance(one.type, g.ChoiceType):
        return change(choice(one.name, parts, one))
    if isinstance(one.type, g.StructType):
        return [structure(one.name, parts, one)]
    return [one]


def cast(one: Column, target: g.DataType) -> Any:
    """Return the values as another type; null where a value has none in it."""
    if one.type == target:
        return one.value
    if _types.is_null(one.type):
        return _null(target)
    if isinstance(target, g.ChoiceType):
        return _into_choice(one, target)
    if isinstance(one.type, g.ChoiceType):
        return functions.coalesce(*[cast(part, target) for part in inner(one)])
    if _types.parts(one.type):
        return _cast_nested(one, target)
    if _types.parts(target) or not _castable(one.type, target):
        return _null(target)
    return _try(one.value, to_spark(target))


def _cast_nested(one: Column, target: g.DataType) -> Any:
    if isinstance(target, g.StructType) and isinstance(one.type, g.StructType):
        return _into_structure(one, target)
    if isinstance(target, g.ArrayType) and isinstance(one.type, g.ArrayType):
        before, after = one.type.elementType, target.elementType

        def element_cast(element: Any) -> Any:
            return cast(Column("element", element, before), after)

        return functions.transform(one.value, element_cast)
    if isinstance(target, g.MapType) and isinstance(one.type, g.MapType):
        held, wanted = one.type.valueType, target.valueType

        def value_cast(_key: Any, value: Any) -> Any:
            return cast(Column("value", value, held), wanted)

        return functions.transform_values(one.value, value_cast)
    return functions.to_json(one.value) if isinstance(target, g.StringType) else _null(target)


def _try(value: Any, kind: Any) -> Any:
    """Cast without an error: Spark 4 raises one where Spark 3 gives null."""
    tried = getattr(value, "try_cast", None)
    return tried(kind) if callable(tried) else value.cast(kind)


def _null(target: g.DataType) -> Any:
    return functions.lit(None).cast(to_spark(target))


def _castable(one: g.DataType, target: g.DataType) -> bool:
    pair = {one.typeName(), target.typeName()}
    if "binary" in pair:
        return pair == {"binary", "string"}
    if "date" in pair or "timestamp" in pair:
        others = pair - {"date", "timestamp"}
        if "date" in pair:
            return others <= {"string"}
        return others <= {"string"} or _types.is_number(one) or _types.is_number(target)
    return True


def _into_choice(one: Column, target: g.ChoiceType) -> Any:
    held = {c.name: c for c in inner(one)} if isinstance(one.type, g.ChoiceType) else {}
    held = held or {one.type.typeName(): one}
    parts = [
        Column(name, cast(held[name], kind) if name in held else _null(kind), kind)
        for name, kind in _types.members(target)
    ]
    return structure(one.name, parts, one).value


def _into_structure(one: Column, target: g.StructType) -> Any:
    held = {part.name: part for part in inner(one)}
    parts = [
        Column(
            field.name,
            cast(held[field.name], field.dataType) if field.name in held else _null(field.dataType),
            field.dataType,
        )
        for field in target.fields
    ]
    return structure(one.name, parts, one).value
