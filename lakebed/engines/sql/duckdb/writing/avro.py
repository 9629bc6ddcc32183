"""The Avro schema of Arrow's types, as Hive's AvroSerDe reads them."""

from __future__ import annotations

from typing import Any

import pyarrow

from lakebed.dialect.errors import not_supported

# pyarrow tells type checkers nothing.
pa: Any = pyarrow

_SIMPLE = {
    "bool": "boolean", "int8": "int", "int16": "int", "int32": "int", "int64": "long",
    "float": "float", "double": "double", "string": "string", "large_string": "string",
    "binary": "bytes", "large_binary": "bytes",
}  # fmt: skip


def avro_schema(schema: Any) -> dict[str, Any]:
    """Return the record of a schema; every field may be null."""
    fields = [
        {"name": field.name, "type": ["null", _type(field.type, field.name)], "default": None}
        for field in schema
    ]
    return {"type": "record", "name": "row", "fields": fields}


def _type(kind: Any, path: str) -> Any:
    simple = _SIMPLE.get(str(kind))
    if simple is not None:
        return simple
    if isinstance(kind, pa.Decimal128Type):
        scale = {"precision": kind.precision, "scale": kind.scale}
        return {"type": "bytes", "logicalType": "decimal", **scale}
    if pa.types.is_date(kind):
        return {"type": "int", "logicalType": "date"}
    if pa.types.is_timestamp(kind):
        return {"type": "long", "logicalType": "timestamp-millis"}
    if isinstance(kind, pa.MapType):
        return {"type": "map", "values": ["null", _type(kind.item_type, f"{path}_value")]}
    if isinstance(kind, pa.ListType | pa.LargeListType):
        return {"type": "array", "items": ["null", _type(kind.value_type, f"{path}_item")]}
    if isinstance(kind, pa.StructType):
        return {**avro_schema(pa.schema(list(kind))), "name": f"{path}_record"}
    raise not_supported(f"Writing a column of type {kind} as AVRO")
