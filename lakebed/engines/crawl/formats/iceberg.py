"""What an Iceberg table's metadata says: https://iceberg.apache.org/spec/#table-metadata-fields."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed.engines.crawl import Column
from lakebed.engines.crawl.formats import (
    MetadataError,
    MetadataFile,
    MetadataFiles,
    TableMetadata,
)

_NAME = re.compile(r"metadata/v?(\d+)(?:-[^/]*)?(?:\.gz)?\.metadata\.json(?:\.gz)?")
_HINT = "metadata/version-hint.text"
_PLAIN = {
    "boolean": "boolean", "int": "int", "long": "bigint", "float": "float", "double": "double",
    "date": "date", "time": "string", "timestamp": "timestamp", "timestamptz": "timestamp",
    "string": "string", "uuid": "string", "binary": "binary",
}  # fmt: skip
"""Glue's types by Iceberg's names, as Iceberg's own Glue catalog writes them."""


def is_metadata(name: str) -> bool:
    """Tell whether a file, by its path below the table, is one of metadata or a hint at it."""
    return name == _HINT or _NAME.fullmatch(name) is not None


def read_iceberg(table: MetadataFiles) -> TableMetadata:
    """Read the newest metadata file of a table."""
    chosen = _newest(table)
    content = chosen.path.read_bytes()
    said: Any = msgspec.json.decode(
        gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    )
    schema = _schema(said)
    columns = tuple(
        Column(str(one["name"]).lower(), glue_type(one["type"]), str(one.get("doc") or ""))
        for one in schema["fields"]
    )
    facts = {"format-version": str(said.get("format-version", 1)), "uuid": said.get("table-uuid")}
    known = {key: str(value) for key, value in facts.items() if value}
    return TableMetadata(columns, parameters=known, metadata=chosen.name)


def _newest(table: MetadataFiles) -> MetadataFile:
    """Return the file of the current version: what the hint says, else the highest version.

    The hint is written by catalogs that are folders. Two files of one version come of writers
    that both tried: the one that changed the table last was committed.
    """
    found: dict[int, list[MetadataFile]] = {}
    hint = ""
    for one in table.files:
        match = _NAME.fullmatch(one.name)
        if match:
            found.setdefault(int(match.group(1)), []).append(one)
        elif one.name == _HINT:
            hint = one.path.read_text(encoding="utf-8", errors="replace").strip()
    if not found:
        raise MetadataError(f"No Iceberg metadata file found at {table.location}")
    wanted = int(hint) if hint.isdecimal() and int(hint) in found else max(found)
    same = found[wanted]
    return same[0] if len(same) == 1 else max(same, key=lambda one: one.path.stat().st_mtime_ns)


def _schema(said: Mapping[str, Any]) -> Mapping[str, Any]:
    schemas: list[Mapping[str, Any]] = said.get("schemas") or []
    current = said.get("current-schema-id")
    for one in schemas:
        if one.get("schema-id") == current:
            return one
    if "schema" not in said:
        raise MetadataError("The Iceberg metadata file has no current schema")
    return said["schema"]


def glue_type(given: Any) -> str:
    """Spell a type of Iceberg's JSON as Glue does."""
    if isinstance(given, str):
        if given.startswith("fixed["):
            return "binary"
        if given.startswith("decimal("):
            return given.replace(" ", "")
        if given in _PLAIN:
            return _PLAIN[given]
        if given in ("timestamp_ns", "timestamptz_ns"):
            return "timestamp"
        raise MetadataError(f"The Iceberg type {given} has no type in the Data Catalog")
    kind = given["type"]
    if kind == "list":
        return f"array<{glue_type(given['element'])}>"
    if kind == "map":
        return f"map<{glue_type(given['key'])},{glue_type(given['value'])}>"
    inner = ",".join(f"{one['name'].lower()}:{glue_type(one['type'])}" for one in given["fields"])
    return f"struct<{inner}>"
