"""Types of Avro data files: their fields with ids, and the Arrow types of what fastavro reads."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false
# PyIceberg leaves type parameters open, and pyarrow has no types.

from __future__ import annotations

from typing import Any

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.iceberg.columns import Node
from lakebed.engines.sql.duckdb.readers.arrow import arrow


def node(field: dict[str, Any]) -> Node:
    """Return a record's field with the ids that Iceberg writes into Avro schemas."""
    return Node(field["name"], field.get("field-id"), _children(_plain(field["type"])))


def _children(kind: Any) -> tuple[Node, ...]:
    if not isinstance(kind, dict):
        return ()
    if kind["type"] == "record":
        return tuple(map(node, kind["fields"]))
    if kind["type"] == "array":
        items = _plain(kind["items"])
        if kind.get("logicalType") == "map":
            return tuple(map(node, items["fields"]))
        return (Node("element", kind.get("element-id"), _children(items)),)
    if kind["type"] == "map":
        value = Node("value", kind.get("value-id"), _children(_plain(kind["values"])))
        return (Node("key", kind.get("key-id")), value)
    return ()


def _plain(kind: Any) -> Any:
    """Return the type beside null in a union."""
    if isinstance(kind, list):
        others = [one for one in kind if one != "null"]
        if len(others) != 1:
            raise TrinoError("ICEBERG_BAD_DATA", f"An Avro union that is no optional: {kind}")
        return others[0]
    return kind


def arrow_field(name: str, kind: Any) -> Any:
    """Return the Arrow field of an Avro type's values."""
    return arrow().field(name, _arrow(_plain(kind)))


def _arrow(kind: Any) -> Any:
    pa = arrow()
    if isinstance(kind, str):
        kind = {"type": kind}
    logical = kind.get("logicalType")
    base = kind["type"]
    if base == "record":
        return pa.struct([arrow_field(one["name"], one["type"]) for one in kind["fields"]])
    if base == "array":
        if logical == "map":
            # Iceberg's maps are lists of pairs where the keys are no texts (PyIceberg's: always).
            return pa.list_(_arrow(_plain(kind["items"])))
        return pa.list_(_arrow(_plain(kind["items"])))
    if base == "map":
        return pa.map_(pa.string(), _arrow(_plain(kind["values"])))
    if logical == "decimal":
        return pa.decimal128(kind["precision"], kind.get("scale", 0))
    if logical in ("timestamp-micros", "local-timestamp-micros"):
        # fastavro reads both as moments in UTC, unless they are said to be local.
        zone = "UTC" if logical == "timestamp-micros" else None
        return pa.timestamp("us", zone)
    simple = {"date": pa.date32(), "time-micros": pa.time64("us"), "uuid": pa.string()}
    if logical in simple:
        return simple[logical]
    plain = {
        "boolean": pa.bool_(), "int": pa.int32(), "long": pa.int64(), "float": pa.float32(),
        "double": pa.float64(), "string": pa.string(), "bytes": pa.binary(), "fixed": pa.binary(),
    }  # fmt: skip
    return plain[base]
