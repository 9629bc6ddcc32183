"""What a Hudi table's properties and commits say: https://hudi.apache.org/tech-specs/."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any, cast

import fastavro
import msgspec

from lakebed.engines.crawl import Column
from lakebed.engines.crawl.formats import (
    MetadataError,
    MetadataFile,
    MetadataFiles,
    TableMetadata,
)

PROPERTIES = ".hoodie/hoodie.properties"
META_COLUMNS = (
    "_hoodie_commit_time", "_hoodie_commit_seqno", "_hoodie_record_key",
    "_hoodie_partition_path", "_hoodie_file_name",
)  # fmt: skip
"""The columns that Hudi writes before those of the rows."""

_COMMIT = re.compile(
    r"\.hoodie/(?:timeline/)?(\d{8,})(?:_\d+)?\.(?:commit|deltacommit|replacecommit)"
)
_AVRO_FILE = b"Obj\x01"
_PLAIN = {
    "boolean": "boolean", "int": "int", "long": "bigint", "float": "float", "double": "double",
    "string": "string", "bytes": "binary", "fixed": "binary", "enum": "string",
}  # fmt: skip
_LOGICAL = {
    "date": "date", "timestamp-millis": "timestamp", "timestamp-micros": "timestamp",
    "local-timestamp-millis": "timestamp", "local-timestamp-micros": "timestamp",
}  # fmt: skip
_TEXT_KEYS = ("Timestamp", "Custom")
"""Key generators whose partition values are written otherwise than the column they are of."""


def newest(names: list[str]) -> list[str]:
    """Return which of the files below a table say its schema: properties, the last commit."""
    commits = sorted(name for name in names if _COMMIT.fullmatch(name))
    by_instant = sorted(commits, key=lambda one: one.rpartition("/")[2])
    return [one for one in names if one == PROPERTIES] + by_instant[-1:]


def read_hudi(table: MetadataFiles) -> TableMetadata:
    """Read the properties and the schema of the last commit of a table."""
    properties, schema, instant = dict[str, str](), "", ""
    for one in table.files:
        if one.name == PROPERTIES:
            properties = _properties(one)
        else:
            schema = _committed_schema(one)
            instant = _instant(one.name)
    schema = schema or properties.get("hoodie.table.create.schema", "")
    if not properties or not schema:
        raise MetadataError(f"The Hudi table at {table.location} has no completed commit")
    said: Mapping[str, Any] = msgspec.json.decode(schema)
    columns = {str(one["name"]): _column(one) for one in said["fields"]}
    if properties.get("hoodie.populate.meta.fields", "true") != "false":
        columns = {name: Column(name, "string") for name in META_COLUMNS} | columns
    keys = [_key(one) for one in _split(properties.get("hoodie.table.partition.fields", ""))]
    keeps_type = not any(
        one in properties.get("hoodie.table.keygenerator.class", "") for one in _TEXT_KEYS
    )
    return TableMetadata(
        tuple(one for name, one in columns.items() if name not in keys),
        tuple(
            Column(name.lower(), columns[name].type if keeps_type and name in columns else "string")
            for name in keys
        ),
        properties,
        schema,
        instant,
    )


def _instant(name: str) -> str:
    match = _COMMIT.fullmatch(name)
    return match.group(1) if match else ""


def _split(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _key(text: str) -> str:
    """Return a partition field without the kind that a custom key generator adds."""
    return text.partition(":")[0]


def _properties(file: MetadataFile) -> dict[str, str]:
    out: dict[str, str] = {}
    for line in file.path.read_text(encoding="utf-8").splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            out[key.strip()] = value.strip().replace("\\:", ":").replace("\\=", "=")
    return out


def _committed_schema(file: MetadataFile) -> str:
    """Return the schema that a commit wrote: JSON, since Hudi 1.0 an Avro file."""
    content = file.path.read_bytes()
    if not content.strip():
        return ""
    found: Any
    if content.startswith(_AVRO_FILE):
        records: Any = fastavro.reader(io.BytesIO(content))
        found = next(iter(records))
    else:
        found = msgspec.json.decode(content)
    said: Mapping[str, Any] = found.get("extraMetadata") or {}
    return str(said.get("schema") or "")


def _column(field: Mapping[str, Any]) -> Column:
    return Column(str(field["name"]).lower(), glue_type(field["type"]), str(field.get("doc") or ""))


def glue_type(given: Any) -> str:
    """Spell a type of an Avro schema as Glue does; a union with null is the type itself."""
    if isinstance(given, list):
        kinds = [one for one in cast("list[Any]", given) if one != "null"]
        if len(kinds) != 1:
            raise MetadataError(f"The union {given} has no type in the Data Catalog")
        return glue_type(kinds[0])
    if isinstance(given, str):
        if given not in _PLAIN:
            raise MetadataError(f"The Avro type {given} has no type in the Data Catalog")
        return _PLAIN[given]
    said: Mapping[str, Any] = given
    logical = said.get("logicalType")
    if logical == "decimal":
        return f"decimal({said['precision']},{said.get('scale', 0)})"
    if logical in _LOGICAL:
        return _LOGICAL[logical]
    kind = said["type"]
    if kind == "array":
        return f"array<{glue_type(said['items'])}>"
    if kind == "map":
        return f"map<string,{glue_type(said['values'])}>"
    if kind == "record":
        inner = (f"{one['name'].lower()}:{glue_type(one['type'])}" for one in said["fields"])
        return f"struct<{','.join(inner)}>"
    return glue_type(kind)
