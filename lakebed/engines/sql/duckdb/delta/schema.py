"""The schema of a Delta table: Trino's types, Glue's spelling, and the same as an Iceberg schema.

Data files are read by the numbers of their fields, as Iceberg's are: numbers that the table gives
(column mapping by id), or ones that a name mapping finds (by name, or without column mapping).
https://github.com/delta-io/delta/blob/master/PROTOCOL.md#schema-serialization-format
https://github.com/delta-io/delta/blob/master/PROTOCOL.md#column-mapping
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pyiceberg import types as ice
from pyiceberg.schema import Schema
from pyiceberg.table.name_mapping import MappedField

from lakebed.dialect import types as trino
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.types import INSTANT, Type, decimal
from lakebed.engines.sql.duckdb.delta.log import Snapshot

_MODE = "delta.columnMapping.mode"
_ID = "delta.columnMapping.id"
_PHYSICAL = "delta.columnMapping.physicalName"
_DECIMAL = re.compile(r"decimal\((\d+), *(-?\d+)\)")
_INSTANT = Type(INSTANT, (3,))
_PLAIN: dict[str, tuple[Type, ice.PrimitiveType, str]] = {
    "boolean": (trino.BOOLEAN, ice.BooleanType(), "boolean"),
    "byte": (trino.TINYINT, ice.IntegerType(), "tinyint"),
    "short": (trino.SMALLINT, ice.IntegerType(), "smallint"),
    "integer": (trino.INTEGER, ice.IntegerType(), "int"),
    "long": (trino.BIGINT, ice.LongType(), "bigint"),
    "float": (trino.REAL, ice.FloatType(), "float"),
    "double": (trino.DOUBLE, ice.DoubleType(), "double"),
    "string": (trino.VARCHAR, ice.StringType(), "string"),
    "binary": (trino.VARBINARY, ice.BinaryType(), "binary"),
    "date": (trino.DATE, ice.DateType(), "date"),
    "timestamp": (_INSTANT, ice.TimestamptzType(), "timestamp"),
    "timestamp_ntz": (Type("timestamp", (6,)), ice.TimestampType(), "timestamp"),
}
"""Trino's type (as its Delta Lake connector shows it), Iceberg's, Glue's, by Delta's name."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its name, its name in files and statistics, its types, where files have it."""

    name: str
    physical: str
    type: Type
    glue: str
    comment: str | None
    nested: ice.NestedField
    mapped: MappedField


@dataclass(frozen=True, slots=True)
class DeltaSchema:
    """All columns in the table's order; `by_id` if files number their fields as the table does."""

    fields: tuple[Field, ...]
    by_id: bool

    @property
    def iceberg(self) -> Schema:
        """The columns as Iceberg would have them."""
        return Schema(*(one.nested for one in self.fields))


def of(snapshot: Snapshot) -> DeltaSchema:
    """Read the schema of a table."""
    try:
        given: Any = json.loads(snapshot.schema_text)
        listed: list[dict[str, Any]] = given["fields"]
    except (ValueError, KeyError, TypeError) as error:
        message = f"The schema of the Delta Lake table at {snapshot.location} cannot be read"
        raise TrinoError("DELTA_LAKE_INVALID_SCHEMA", message) from error
    mode = snapshot.configuration.get(_MODE, "none")
    if mode not in ("none", "name", "id"):
        raise not_supported(f"Column mapping by {mode} of a Delta Lake table")
    reader = _Reader(mode, itertools.count(_largest(snapshot.schema_text) + 1))
    return DeltaSchema(tuple(map(reader.field, listed)), mode == "id")


def _largest(text: str) -> int:
    """Return the largest number the schema gives a field; what has none is numbered after it."""
    return max(map(int, re.findall(rf'"{re.escape(_ID)}": *(\d+)', text)), default=0)


_Kinds = tuple[Type, ice.IcebergType, str, list[MappedField]]


@dataclass(frozen=True, slots=True)
class _Reader:
    mode: str
    numbers: Iterator[int]

    def field(self, given: Mapping[str, Any]) -> Field:
        """Read a field of the table, or of a struct."""
        metadata: Mapping[str, Any] = given.get("metadata") or {}
        name = str(given["name"])
        physical, number = name, None
        if self.mode != "none":
            physical, number = metadata.get(_PHYSICAL, name), metadata.get(_ID)
        number = next(self.numbers) if number is None else int(number)
        kind, nested, glue, mapped = self.type(given["type"])
        return Field(
            name,
            physical,
            kind,
            glue,
            metadata.get("comment"),
            ice.NestedField(number, name, nested, required=False),
            _mapped(number, physical, mapped),
        )

    def type(self, given: Any) -> _Kinds:
        """Read a type, at any depth."""
        if isinstance(given, str):
            return (*_primitive(given), [])
        kind = given.get("type")
        if kind == "struct":
            fields = [self.field(one) for one in given["fields"]]
            row = Type(
                "row", (), tuple(f.type for f in fields), tuple(f.name.lower() for f in fields)
            )
            glue = ",".join(f"{f.name}:{f.glue}" for f in fields)
            nested = ice.StructType(*(f.nested for f in fields))
            return row, nested, f"struct<{glue}>", [f.mapped for f in fields]
        if kind == "array":
            number = next(self.numbers)
            inner, nested, glue, mapped = self.type(given["elementType"])
            made = ice.ListType(number, nested, element_required=False)
            return trino.array(inner), made, f"array<{glue}>", [_mapped(number, "element", mapped)]
        if kind == "map":
            first, second = next(self.numbers), next(self.numbers)
            key = self.type(given["keyType"])
            value = self.type(given["valueType"])
            made = ice.MapType(first, key[1], second, value[1], value_required=False)
            parts = [_mapped(first, "key", key[3]), _mapped(second, "value", value[3])]
            return (
                Type("map", (), (key[0], value[0])),
                made,
                f"map<{key[2]},{value[2]}>",
                parts,
            )
        raise not_supported(f"The type {kind} of a Delta Lake table")


def _mapped(number: int, name: str, fields: list[MappedField]) -> MappedField:
    make: Any = MappedField
    return make(**{"field-id": number, "names": [name], "fields": fields})


def _primitive(text: str) -> tuple[Type, ice.PrimitiveType, str]:
    if text in _PLAIN:
        return _PLAIN[text]
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise not_supported(f"The type {text} of a Delta Lake table")
    digits, scale = int(match.group(1)), int(match.group(2))
    return decimal(digits, scale), ice.DecimalType(digits, scale), f"decimal({digits},{scale})"
