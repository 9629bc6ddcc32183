"""Arrow's types, as the footers of Parquet and ORC files have them, in Glue's terms."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lakebed.engines.crawl import Column
from lakebed.engines.crawl.local.values import named
from lakebed.engines.crawl.types import STRING, Array, GlueType, Map, Scalar, Struct

ArrowType = Any
"""pyarrow has no types of its own."""

_BY_NAME = {
    "bool": "boolean",
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "int",
    "int64": "bigint",
    # Unsigned numbers are read as the next wider; what has no room becomes a decimal.
    "uint8": "smallint",
    "uint16": "int",
    "uint32": "bigint",
    "halffloat": "float",
    "float": "float",
    "double": "double",
    "string": "string",
    "large_string": "string",
    "binary": "binary",
    "large_binary": "binary",
    "date32[day]": "date",
    "date64[ms]": "date",
    # Hive has no time of day: the number that is stored.
    "time32[ms]": "int",
    "time32[s]": "int",
    "time64[us]": "bigint",
    "time64[ns]": "bigint",
    "null": "void",
}


def arrow(module: str = "pyarrow") -> Any:
    """Return pyarrow, or a module of it, loaded when it is first needed."""
    return import_module(module)


def columns_of(schema: Any) -> tuple[Column, ...]:
    """Return the columns of a schema, names in lower case."""
    return named((field.name, glue_type(field.type)) for field in schema)


def glue_type(kind: ArrowType) -> GlueType:
    """Return the type of one of Arrow's."""
    if named := _BY_NAME.get(str(kind)):
        return Scalar(named)
    types = arrow("pyarrow.types")
    if types.is_decimal(kind):
        return Scalar("decimal", (kind.precision, kind.scale))
    if types.is_timestamp(kind):
        return Scalar("timestamp")
    if types.is_uint64(kind):
        return Scalar("decimal", (20, 0))
    if types.is_fixed_size_binary(kind):
        return Scalar("binary")
    return _nested(types, kind)


def _nested(types: Any, kind: ArrowType) -> GlueType:
    if types.is_dictionary(kind):
        return glue_type(kind.value_type)
    if types.is_map(kind):
        return Map(glue_type(kind.key_type), glue_type(kind.item_type))
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return Array(glue_type(kind.value_type))
    if types.is_struct(kind) and kind.num_fields:
        fields = [kind.field(at) for at in range(kind.num_fields)]
        return Struct(tuple((field.name, glue_type(field.type)) for field in fields))
    return STRING
