"""Which column becomes which: mappings between tables, as GetMapping proposes them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_TYPES = {"tinyint": "byte", "smallint": "short", "bigint": "long", "integer": "int"}
"""What DynamicFrames call types of the Data Catalog otherwise."""


def frame_type(text: str) -> str:
    """Return the name of a catalog's type in a mapping; of nested ones only what they are."""
    name = text.strip().lower()
    base = name.partition("<")[0]
    if base != name:
        return base
    if base.partition("(")[0] in ("char", "varchar"):
        return "string"
    return _TYPES.get(base, base)


def columns_of(definition: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return names and types of a table's columns, those of its partitions last."""
    descriptor: Mapping[str, Any] = definition.get("StorageDescriptor") or {}
    columns = [*descriptor.get("Columns", ()), *definition.get("PartitionKeys", ())]
    return [(one["Name"], frame_type(one.get("Type", "string"))) for one in columns]


def entries(
    source: str, columns: Sequence[tuple[str, str]], sinks: Sequence[tuple[str, Any]]
) -> list[dict[str, str]]:
    """Return an entry for each column that a sink has, too; for each column if there is no sink.

    `sinks` are names and columns. Names are compared without regard to case.
    """
    if not sinks:
        return [_entry(source, name, kind, source, name, kind) for name, kind in columns]
    found: list[dict[str, str]] = []
    for sink, sink_columns in sinks:
        there = {name.lower(): (name, kind) for name, kind in sink_columns}
        for name, kind in columns:
            if name.lower() in there:
                found.append(_entry(source, name, kind, sink, *there[name.lower()]))
    return found


def _entry(*values: str) -> dict[str, str]:
    names = ("SourceTable", "SourcePath", "SourceType", "TargetTable", "TargetPath", "TargetType")
    return dict(zip(names, values, strict=True))
