"""The columns of data files, found by their field ids at every level.

A file says the id of each of its fields: Parquet and Avro in their schemas, ORC in its attributes.
What a file does not number is numbered by the table's name mapping, or else by the names.
https://iceberg.apache.org/spec/#column-projection
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false
# PyIceberg leaves type parameters open, and pyarrow has no types.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyiceberg import types as ice
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.name_mapping import MappedField, parse_mapping_from_json

from lakebed.dialect import lower
from lakebed.engines.sql.duckdb.readers.duck_types import Stored

_NAME_MAPPING = "schema.name-mapping.default"
_KEYS = (b"PARQUET:field_id", b"iceberg.id", b"field-id")


@dataclass(frozen=True, slots=True)
class Node:
    """A field of a file: its name, its id (None without), what is inside it.

    A list has its element, a map its key and value, a struct its members.
    """

    name: str
    id: int | None
    children: tuple[Node, ...] = ()


def of_arrow(field: Any) -> Node:
    """Return an Arrow field, as pyarrow reads it from Parquet or ORC."""
    import pyarrow

    pa: Any = pyarrow
    kind = field.type
    inner: list[Any] = []
    if pa.types.is_struct(kind):
        inner = [kind.field(at) for at in range(kind.num_fields)]
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = [kind.value_field]
    elif pa.types.is_map(kind):
        inner = [kind.key_field, kind.item_field]
    return Node(field.name, _id(field.metadata), tuple(map(of_arrow, inner)))


def _id(metadata: Mapping[bytes, bytes] | None) -> int | None:
    for key in _KEYS:
        if metadata and key in metadata:
            return int(metadata[key])
    return None


def numbered(
    nodes: Sequence[Node], metadata: TableMetadata, schema: Schema, is_mapped: bool = False
) -> tuple[Node, ...]:
    """Return the fields of a file with ids, from the name mapping if the file has none.

    `is_mapped`: from the name mapping in any case.
    """
    if not is_mapped and any(one.id is not None for one in nodes):
        return tuple(nodes)
    given = metadata.properties.get(_NAME_MAPPING)
    if given:
        mapping = parse_mapping_from_json(given)
        return tuple(_mapped(one, list(mapping)) for one in nodes)
    return tuple(_named(one, schema.fields) for one in nodes)


def _mapped(node: Node, mapping: Sequence[MappedField]) -> Node:
    found = next((one for one in mapping if node.name in one.names), None)
    if found is None:
        return node
    names = ("element",) if len(node.children) == 1 else ("key", "value")
    listed = all(one.names and one.names[0] in names for one in found.fields)
    children = tuple(
        _mapped(Node(names[at], one.id, one.children) if listed else one, found.fields)
        for at, one in enumerate(node.children)
    )
    return Node(node.name, found.field_id, children)


def _named(node: Node, fields: Sequence[ice.NestedField]) -> Node:
    found = next((one for one in fields if one.name.lower() == node.name.lower()), None)
    if found is None:
        return node
    return Node(node.name, found.field_id, _inside(node, found.field_type))


def _inside(node: Node, kind: ice.IcebergType) -> tuple[Node, ...]:
    if isinstance(kind, ice.StructType):
        return tuple(_named(one, kind.fields) for one in node.children)
    fields = _parts(kind)
    if not fields or len(fields) != len(node.children):
        return node.children
    return tuple(
        Node(one.name, field.field_id, _inside(one, field.field_type))
        for one, field in zip(node.children, fields, strict=True)
    )


def _parts(kind: ice.IcebergType) -> tuple[ice.NestedField, ...]:
    if isinstance(kind, ice.ListType):
        return (kind.element_field,)
    if isinstance(kind, ice.MapType):
        return (kind.key_field, kind.value_field)
    return ()


def aligned(text: str, node: Node, stored: Stored, kind: ice.IcebergType) -> tuple[str, Stored]:
    """Write a value with its members named as the table names them; `stored` is its DuckDB type.

    A member that the file does not have is left out, which reads as NULL.
    """
    if isinstance(kind, ice.StructType) and stored.name == "STRUCT":
        return _struct(text, node, stored, kind)
    parts = _parts(kind)
    if isinstance(kind, ice.MapType) and stored.name == "LIST":
        text, stored = f"map_from_entries({text})", Stored("MAP", stored.inner[0].inner)
    if not parts or len(node.children) != len(parts) or len(stored.inner) != len(parts):
        return text, stored
    name = f"lba{len(text)}"
    if isinstance(kind, ice.ListType):
        inner, held = aligned(name, node.children[0], stored.inner[0], parts[0].field_type)
        if inner == name:
            return text, stored
        return f"list_transform({text}, lambda {name}: {inner})", Stored("LIST", (held,))
    pair = [f"{name}.key", f"{name}.value"]
    written = [
        aligned(*one)
        for one in zip(
            pair, node.children, stored.inner, [part.field_type for part in parts], strict=True
        )
    ]
    if [one for one, _ in written] == pair:
        return text, stored
    entry = f"struct_pack(k := {written[0][0]}, v := {written[1][0]})"
    entries = f"list_transform(map_entries({text}), lambda {name}: {entry})"
    made = f"CASE WHEN {text} IS NULL THEN NULL ELSE map_from_entries({entries}) END"
    return made, Stored("MAP", (written[0][1], written[1][1]))


def _struct(text: str, node: Node, stored: Stored, kind: ice.StructType) -> tuple[str, Stored]:
    places = {one.id: at for at, one in enumerate(node.children) if one.id is not None}
    names: list[str] = []
    members: list[str] = []
    inner: list[Stored] = []
    same = len(node.children) == len(kind.fields)
    for wanted, field in enumerate(kind.fields):
        at = places.get(field.field_id)
        if at is None:
            same = False
            continue
        part = f"struct_extract({text}, {lower.quoted(stored.fields[at])})"
        value, held = aligned(part, node.children[at], stored.inner[at], field.field_type)
        same = same and value == part and at == wanted and stored.fields[at] == field.name
        names.append(field.name)
        members.append(f"{lower.identifier(field.name)} := {value}")
        inner.append(held)
    if same:
        return text, stored
    if not members:
        # A struct without members cannot be written: one that nothing is read of stands for it.
        members, names, inner = ['"lb none" := 0'], ["lb none"], [Stored("INTEGER")]
    made = f"CASE WHEN {text} IS NULL THEN NULL ELSE struct_pack({', '.join(members)}) END"
    return made, Stored("STRUCT", tuple(inner), tuple(names))
