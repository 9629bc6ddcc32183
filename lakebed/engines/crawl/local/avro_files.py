"""Avro: columns from the schema at the beginning of the file.

A union of one type with null is that type; of several, what holds them all. Names that come again
name the type they were given; a type within itself is `string`, because Hive has none such.
https://docs.aws.amazon.com/athena/latest/ug/avro-serde.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from lakebed.core.limits import CRAWL_SAMPLE_BYTES
from lakebed.engines.crawl import Column, Finding
from lakebed.engines.crawl.local import storages
from lakebed.engines.crawl.local.source import Source, UnreadableError
from lakebed.engines.crawl.local.values import named
from lakebed.engines.crawl.types import NULL, STRING, Array, GlueType, Map, Scalar, Struct, widened

_MARK = b"Obj\x01"
_DEPTH_MAX = 60
_PLAIN = {
    "null": "void",
    "boolean": "boolean",
    "int": "int",
    "long": "bigint",
    "float": "float",
    "double": "double",
    "bytes": "binary",
    "string": "string",
}
_LOGICAL = {
    "date": "date",
    "timestamp-millis": "timestamp",
    "timestamp-micros": "timestamp",
    "uuid": "string",
}
# A length that is damaged may ask for more memory than there is.
_DAMAGE = (ValueError, LookupError, EOFError, OSError, TypeError, MemoryError, StopIteration)

Named = dict[str, Any]
"""Schemas by the names they gave themselves."""


def classify(source: Source) -> Finding | None:
    """Take an Avro file."""
    if source.compression != "none" or not source.text.startswith(_MARK):
        return None
    # Loaded here: few files are Avro.
    import fastavro
    from fastavro.schema import SchemaParseException

    try:
        with open(source.sample.path, "rb") as file:
            read: Any = fastavro.block_reader(file)
            literal: str = read.metadata["avro.schema"]
            records, seen = 0, 0
            for block in read:
                records += block.num_records
                seen = file.tell()
                if seen > CRAWL_SAMPLE_BYTES:
                    break
        schema = json.loads(literal)
    except (*_DAMAGE, SchemaParseException) as error:
        said_of_it = f"{type(error).__name__} {error}".strip()
        raise UnreadableError(f"The Avro file cannot be read: {said_of_it}") from error
    if not isinstance(schema, dict) or cast("Named", schema).get("type") != "record":
        return None
    columns = columns_of(cast("Named", schema))
    parameters = {"typeOfData": "file"}
    found = source.finding("avro", columns, storages.avro(literal), parameters, 0)
    share = max(1.0, source.sample.size / seen) if seen > CRAWL_SAMPLE_BYTES else 1.0
    return msgspec.structs.replace(found, records=round(records * share))


def columns_of(schema: Named) -> tuple[Column, ...]:
    """Return the columns of a record's schema, names in lower case."""
    kind = glue_type(schema, {}, 0)
    return named(kind.fields) if isinstance(kind, Struct) else ()


def glue_type(schema: Any, known: Named, depth: int) -> GlueType:
    """Return the type of a schema."""
    if depth > _DEPTH_MAX:
        return STRING
    if isinstance(schema, list):
        kind: GlueType = NULL
        for one in cast("list[Any]", schema):
            kind = widened(kind, glue_type(one, known, depth + 1))
        return kind
    if isinstance(schema, str):
        if schema in _PLAIN:
            return Scalar(_PLAIN[schema])
        # Within a type of that name it is not known yet: nothing in Hive holds itself.
        held = known.get(schema) or known.get(schema.rpartition(".")[2])
        return held if held is not None else STRING
    return _complex(cast("Named", schema), known, depth)


def _complex(schema: Named, known: Named, depth: int) -> GlueType:
    kind = _logical(schema) or _shape(schema, known, depth)
    if name := schema.get("name"):
        known[str(name).rpartition(".")[2]] = kind
    return kind


def _logical(schema: Mapping[str, Any]) -> GlueType | None:
    logical = schema.get("logicalType")
    if logical == "decimal":
        return Scalar("decimal", (int(schema.get("precision", 10)), int(schema.get("scale", 0))))
    found = _LOGICAL.get(str(logical))
    return Scalar(found) if found else None


def _shape(schema: Named, known: Named, depth: int) -> GlueType:
    shape = schema.get("type")
    if shape == "record":
        fields = cast("list[Named]", schema.get("fields", []))
        found = [(str(f["name"]), glue_type(f["type"], known, depth + 1)) for f in fields]
        return Struct(tuple(found)) if found else STRING
    if shape == "array":
        return Array(glue_type(schema["items"], known, depth + 1))
    if shape == "map":
        return Map(STRING, glue_type(schema["values"], known, depth + 1))
    if shape == "fixed":
        return Scalar("binary")
    return STRING if shape == "enum" else glue_type(shape, known, depth + 1)
