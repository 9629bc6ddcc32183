"""One Avro schema for files of several: what `avro.schema.literal` of their table has to say.

AvroSerDe reads every file by the table's schema, so a column that is not in it is lost. Fields of
all files' schemas are united by name; what a column became when its types were widened, or what no
schema has, is written from the column's type. Every field added may be absent: its default is null.
https://docs.aws.amazon.com/athena/latest/ug/avro-serde.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import msgspec

from lakebed.engines.crawl import Column
from lakebed.engines.crawl.types import Array, GlueType, Map, Struct, parsed

LITERAL = "avro.schema.literal"
"""The SerDe parameter that holds the schema."""

_Field = dict[str, Any]

_PLAIN = {
    "tinyint": "int",
    "smallint": "int",
    "int": "int",
    "bigint": "long",
    "float": "float",
    "double": "double",
    "boolean": "boolean",
    "binary": "bytes",
}
_MOMENTS = {"date": ("int", "date"), "timestamp": ("long", "timestamp-millis")}


def united(literals: Iterable[str], columns: Sequence[Column]) -> str:
    """Return a schema that has every column; the only literal itself if it has them all."""
    given = list(dict.fromkeys(literals))
    schemas = [msgspec.json.decode(literal) for literal in given]
    fields: dict[str, _Field] = {}
    widened: set[str] = set()
    for schema in schemas:
        for field in schema["fields"]:
            name = field["name"].lower()
            held = fields.setdefault(name, field)
            if held["type"] != field["type"]:
                widened.add(name)
    wanted = {column.name: column for column in columns}
    if len(given) == 1 and wanted.keys() <= fields.keys():
        return given[0]
    found: list[_Field] = []
    for name, column in wanted.items():
        held = fields.get(name)
        if held is None or name in widened:
            spelled = name if held is None else held["name"]
            found.append(_field(spelled, avro_type(parsed(column.type), spelled)))
        else:
            found.append(_field(held["name"], held["type"]))
    return msgspec.json.encode({**schemas[0], "fields": found}).decode()


def _field(name: str, kind: Any) -> _Field:
    """Return a field that may be absent; null comes first, as its default has to."""
    rest = cast("list[Any]", kind) if isinstance(kind, list) else [kind]
    options = [option for option in rest if option != "null"]
    return {"name": name, "type": ["null", *options], "default": None}


def avro_type(kind: GlueType, name: str) -> Any:
    """Return Avro's type of one of Glue's; `name` is what records in it are called after."""
    if isinstance(kind, Array):
        return {"type": "array", "items": ["null", avro_type(kind.element, f"{name}_item")]}
    if isinstance(kind, Map):
        return {"type": "map", "values": ["null", avro_type(kind.value, f"{name}_value")]}
    if isinstance(kind, Struct):
        inner = [_field(field, avro_type(of, f"{name}_{field}")) for field, of in kind.fields]
        return {"type": "record", "name": f"{name}_record", "fields": inner}
    if kind.name == "decimal":
        precision, scale = kind.numbers
        logical: dict[str, Any] = {"type": "bytes", "logicalType": "decimal"}
        return {**logical, "precision": precision, "scale": scale}
    if kind.name in _MOMENTS:
        stored, named = _MOMENTS[kind.name]
        return {"type": stored, "logicalType": named}
    return _PLAIN.get(kind.name, "string")
