"""The values of a query in the form each file format keeps, as DuckDB text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lakebed.dialect import lower
from lakebed.dialect.types import INSTANT, Type

Columns = Sequence[tuple[str, Type]]
Value = Callable[[str, Type], str]

# Hive's separators, from the columns inwards.
_SEPARATORS = ("\x01", "\x02", "\x03", "\x04", "\x05", "\x06", "\x07", "\x08")


def typed(columns: Columns, first: int = 0) -> list[str]:
    """Return columns as Parquet, ORC and Avro keep them, each named."""
    return [
        f"{_named_members(f'lbr.c{at}', kind)} AS {lower.identifier(name)}"
        for at, (name, kind) in enumerate(columns, first)
    ]


def as_texts(columns: Columns, null: str) -> list[str]:
    """Return columns as LazySimpleSerDe reads them, NULL by its own text."""
    return [
        f"coalesce({_hive_text(f'lbr.c{at}', kind, 1, null)}, {lower.quoted(null)})"
        for at, (_, kind) in enumerate(columns)
    ]


def text_line(columns: Columns, delimiter: str, null: str) -> str:
    """Return a row as one line of text."""
    return f" || {lower.quoted(delimiter)} || ".join(as_texts(columns, null)) or "''"


def json_line(columns: Columns) -> str:
    """Return a row as one JSON object."""
    members = ", ".join(
        f"{lower.identifier(name)} := {_json_value(f'lbr.c{at}', kind)}"
        for at, (name, kind) in enumerate(columns)
    )
    return f"CAST(to_json(struct_pack({members})) AS VARCHAR)"


def partition_text(at: int, name: str) -> str:
    """Return a partition column as the text that names its folder; NULL and '' have none."""
    return f"nullif(CAST(lbr.c{at} AS VARCHAR), '') AS {lower.identifier(name)}"


def _hive_text(text: str, kind: Type, level: int, null: str) -> str:
    if kind.name in ("timestamp", INSTANT):
        return f"strftime({text}, '%Y-%m-%d %H:%M:%S.%g')"
    if kind.name == "varbinary":
        return f"to_base64({text})"
    if not kind.inner:
        return f"CAST({text} AS VARCHAR)"
    separator = lower.quoted(_SEPARATORS[level])
    name = f"lbe{level}"

    def inner(value: str, one: Type, deeper: int) -> str:
        return f"coalesce({_hive_text(value, one, deeper, null)}, {lower.quoted(null)})"

    if kind.name == "array":
        item = inner(name, kind.inner[0], level + 1)
        return f"array_to_string(list_transform({text}, lambda {name}: {item}), {separator})"
    if kind.name == "map":
        between = lower.quoted(_SEPARATORS[level + 1])
        key = inner(f"{name}.key", kind.inner[0], level + 2)
        value = inner(f"{name}.value", kind.inner[1], level + 2)
        item = f"{key} || {between} || {value}"
        entries = f"map_entries({text})"
        return f"array_to_string(list_transform({entries}, lambda {name}: {item}), {separator})"
    members = f" || {separator} || ".join(
        inner(f"struct_extract({text}, 'f{at}')", one, level + 1)
        for at, one in enumerate(kind.inner)
    )
    return f"CASE WHEN {text} IS NULL THEN NULL ELSE {members} END"


def _json_value(text: str, kind: Type) -> str:
    if kind.name in ("timestamp", INSTANT):
        return f"strftime({text}, '%Y-%m-%d %H:%M:%S.%g')"
    if kind.name == "varbinary":
        return f"to_base64({text})"
    if kind.name == "decimal":
        # DuckDB writes shorter ones as doubles.
        return f"CAST({text} AS DECIMAL(38, {kind.numbers[1]}))"
    if kind.name == "array":
        return f"list_transform({text}, lambda lbe: {_json_value('lbe', kind.inner[0])})"
    if kind.name == "map":
        value = _json_value("lbe.value", kind.inner[1])
        pair = f"struct_pack(k := CAST(lbe.key AS VARCHAR), v := {value})"
        return f"map_from_entries(list_transform(map_entries({text}), lambda lbe: {pair}))"
    return _members(text, kind, _json_value) if kind.name == "row" else text


def _named_members(text: str, kind: Type) -> str:
    if kind.name == "array":
        inner = _named_members("lbe", kind.inner[0])
        return text if inner == "lbe" else f"list_transform({text}, lambda lbe: {inner})"
    if kind.name == "map":
        value = _named_members("lbe.value", kind.inner[1])
        if value == "lbe.value":
            return text
        pair = f"struct_pack(k := lbe.key, v := {value})"
        return f"map_from_entries(list_transform(map_entries({text}), lambda lbe: {pair}))"
    return _members(text, kind, _named_members) if kind.name == "row" else text


def _members(text: str, kind: Type, value: Value) -> str:
    members = ", ".join(
        f"{lower.identifier(name or f'field{at}')} := "
        + value(f"struct_extract({text}, 'f{at}')", inner)
        for at, (name, inner) in enumerate(zip(kind.fields, kind.inner, strict=True))
    )
    return f"CASE WHEN {text} IS NULL THEN NULL ELSE struct_pack({members}) END"
