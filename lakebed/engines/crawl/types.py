"""Glue's types as values, and what two files' types and columns are together.

A type in the catalog is Hive's text (`bigint`, `array<struct<a:int,b:string>>`). Two files of one
table are merged column by column: whole numbers widen to the wider, numbers to `double`, structs by
field, arrays and maps by what they hold, and anything else that differs is read as `string`. What
was seen only as null has the type `void` and takes the other side's; the catalog is shown `string`.
The lattice is ours: AWS documents that compatible schemas are combined, not to what.
https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeAlias

import msgspec

from lakebed.engines.crawl import Column


class Scalar(msgspec.Struct, frozen=True):
    """A type without parts: its name, and the numbers of `decimal(p,s)`, `varchar(n)`, `char(n)`.

    A text that is no type of Hive's is a scalar too, so that nothing of a user's table is lost.
    """

    name: str
    numbers: tuple[int, ...] = ()


class Array(msgspec.Struct, frozen=True):
    """`array<element>`."""

    element: GlueType


class Map(msgspec.Struct, frozen=True):
    """`map<key,value>`."""

    key: GlueType
    value: GlueType


class Struct(msgspec.Struct, frozen=True):
    """`struct<name:type,…>`: fields in their order."""

    fields: tuple[tuple[str, GlueType], ...]


GlueType: TypeAlias = Scalar | Array | Map | Struct

NULL = Scalar("void")
STRING = Scalar("string")
BIGINT = Scalar("bigint")
INT = Scalar("int")
DOUBLE = Scalar("double")
BOOLEAN = Scalar("boolean")
DECIMAL_DIGITS_MAX = 38
DEPTH_MAX = 100
"""Types nested deeper than this are not read: a text of `array<` a million times is no type."""
_WHOLE = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 19}
_ORDER = tuple(_WHOLE)
_NUMBERS = {*_WHOLE, "float", "double", "decimal"}
_ALIASES = {"integer": "int", "long": "bigint", "real": "float", "null": "void"}
_SIZED = re.compile(r"(\w+)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")


@lru_cache(maxsize=4096)
def parsed(text: str) -> GlueType:
    """Read a type's text; what is no type is a `Scalar` of its own text."""
    found = _parsed(text.strip(), 0)
    return Scalar(text.strip()) if found is None else found


def _parsed(text: str, depth: int) -> GlueType | None:
    kind, opened, rest = text.partition("<")
    if not opened:
        return _scalar(text)
    parts = _split(rest[:-1]) if rest.endswith(">") else None
    if parts is None or depth > DEPTH_MAX:
        return None
    kind = kind.strip().lower()
    if kind == "struct":
        return _struct(parts, depth)
    inner = [_parsed(part.strip(), depth + 1) for part in parts]
    if kind == "array" and len(inner) == 1 and inner[0] is not None:
        return Array(inner[0])
    if kind == "map" and len(inner) == 2 and inner[0] is not None and inner[1] is not None:
        return Map(inner[0], inner[1])
    return None


def _struct(parts: Sequence[str], depth: int) -> Struct | None:
    fields: list[tuple[str, GlueType]] = []
    for part in parts:
        name, colon, inner = part.partition(":")
        found = _parsed(inner.strip(), depth + 1) if colon else None
        if found is None:
            return None
        fields.append((name.strip(), found))
    return Struct(tuple(fields))


def _scalar(text: str) -> Scalar:
    name = text.lower()
    if sized := _SIZED.fullmatch(name):
        numbers = tuple(int(number) for number in sized.groups()[1:] if number is not None)
        return _decimal(numbers) if sized[1] == "decimal" else Scalar(sized[1], numbers)
    if name == "decimal":
        return _decimal(())
    return Scalar(_ALIASES.get(name, name))


def _decimal(numbers: tuple[int, ...]) -> Scalar:
    """Fill in Hive's defaults: `decimal` is `decimal(10,0)`, `decimal(5)` is `decimal(5,0)`."""
    precision = numbers[0] if numbers else 10
    return Scalar("decimal", (precision, numbers[1] if len(numbers) > 1 else 0))


def _split(text: str) -> list[str] | None:
    """Cut at the commas that stand outside `<>` and `()`; None where these do not pair."""
    parts: list[str] = []
    depth = start = 0
    for at, letter in enumerate(text):
        if letter in "<(":
            depth += 1
        elif letter in ">)":
            depth -= 1
            if depth < 0:
                return None
        elif letter == "," and not depth:
            parts.append(text[start:at])
            start = at + 1
    return None if depth else [*parts, text[start:]]


def text(kind: GlueType) -> str:
    """Write a type as the catalog has it; what was only null is `string`."""
    if isinstance(kind, Array):
        return f"array<{text(kind.element)}>"
    if isinstance(kind, Map):
        return f"map<{text(kind.key)},{text(kind.value)}>"
    if isinstance(kind, Struct):
        return "struct<" + ",".join(f"{name}:{text(inner)}" for name, inner in kind.fields) + ">"
    if kind.numbers:
        return f"{kind.name}({','.join(map(str, kind.numbers))})"
    return "string" if kind.name == "void" else kind.name


def widened(left: GlueType, right: GlueType) -> GlueType:
    """Return the type that holds what both hold: commutative (but for the order of fields)."""
    if left is right or left == right or right == NULL:
        return left
    if left == NULL:
        return right
    if isinstance(left, Array) and isinstance(right, Array):
        return Array(widened(left.element, right.element))
    if isinstance(left, Map) and isinstance(right, Map):
        return Map(widened(left.key, right.key), widened(left.value, right.value))
    if isinstance(left, Struct) and isinstance(right, Struct):
        return _united(left, right)
    if isinstance(left, Scalar) and isinstance(right, Scalar):
        return _scalars(left, right)
    return STRING


def _united(left: Struct, right: Struct) -> Struct:
    """Unite fields by name; Hive's names of fields do not differ by case."""
    found: dict[str, tuple[str, GlueType]] = {}
    for name, kind in (*left.fields, *right.fields):
        folded = name.lower()
        held = found.get(folded)
        found[folded] = (name, kind) if held is None else (held[0], widened(held[1], kind))
    return Struct(tuple(found.values()))


def _scalars(left: Scalar, right: Scalar) -> Scalar:
    if left.name in _NUMBERS and right.name in _NUMBERS:
        return _numbers(left, right)
    if left.name == right.name and left.numbers and right.numbers:
        return Scalar(left.name, (max(left.numbers[0], right.numbers[0]),))
    return STRING


def _numbers(left: Scalar, right: Scalar) -> Scalar:
    if left.name in _WHOLE and right.name in _WHOLE:
        return Scalar(_ORDER[max(_ORDER.index(left.name), _ORDER.index(right.name))])
    if not {left.name, right.name} <= {*_WHOLE, "decimal"}:
        return left if left == right else DOUBLE
    (whole, scale), (other_whole, other_scale) = _digits(left), _digits(right)
    whole, scale = max(whole, other_whole), max(scale, other_scale)
    return (
        DOUBLE if whole + scale > DECIMAL_DIGITS_MAX else Scalar("decimal", (whole + scale, scale))
    )


def _digits(kind: Scalar) -> tuple[int, int]:
    """Return the digits a number has before and after its point."""
    if kind.name in _WHOLE:
        return _WHOLE[kind.name], 0
    return kind.numbers[0] - kind.numbers[1], kind.numbers[1]


@lru_cache(maxsize=4096)
def widened_text(left: str, right: str) -> str:
    """Widen two types by their texts."""
    return text(widened(parsed(left), parsed(right)))


def merged(left: Sequence[Column], right: Sequence[Column]) -> tuple[Column, ...]:
    """Unite two files' columns by name, in the order of first sight, their types widened."""
    if left is right or left == right:
        return tuple(left)
    found = {column.name: column for column in left}
    for column in right:
        held = found.get(column.name)
        if held is None:
            found[column.name] = column
        elif held.type != column.type:
            kind = widened_text(held.type, column.type)
            if kind != held.type:
                found[column.name] = Column(held.name, kind, held.comment)
    return tuple(found.values())


def merged_all(schemas: Iterable[Sequence[Column]]) -> tuple[Column, ...]:
    """Unite the columns of many files."""
    found: tuple[Column, ...] = ()
    for columns in schemas:
        found = merged(found, columns)
    return found


def similarity(left: Sequence[Column], right: Sequence[Column]) -> float:
    """Return the share (0 to 1) of columns, by name and type, that two files have in common.

    The share is of the columns of the file that has more. AWS documents the threshold (70 %), not
    the measure.
    """
    if left is right or left == right:
        return 1.0
    ours = {(column.name, column.type) for column in left}
    theirs = {(column.name, column.type) for column in right}
    most = max(len(ours), len(theirs))
    return len(ours & theirs) / most if most else 1.0


def compatible(left: Sequence[Column], right: Sequence[Column]) -> bool:
    """Tell whether every column that both have can be one: never a nested and a plain value."""
    if left is right or left == right:
        return True
    held = {column.name: column.type for column in left}
    return all(
        column.type == (other := held.get(column.name, column.type))
        or _can_be_one(parsed(other), parsed(column.type))
        for column in right
    )


def _can_be_one(left: GlueType, right: GlueType) -> bool:
    if left == NULL or right == NULL:
        return True
    if isinstance(left, Array) and isinstance(right, Array):
        return _can_be_one(left.element, right.element)
    if isinstance(left, Map) and isinstance(right, Map):
        return _can_be_one(left.key, right.key) and _can_be_one(left.value, right.value)
    if isinstance(left, Struct) and isinstance(right, Struct):
        held = {name.lower(): kind for name, kind in left.fields}
        return all(_can_be_one(held.get(name.lower(), kind), kind) for name, kind in right.fields)
    return isinstance(left, Scalar) and isinstance(right, Scalar)
