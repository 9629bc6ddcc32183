"""What a crawl found, as the Data Catalog takes it: names, TableInput, PartitionInput. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.engines.crawl import Column, Storage
from lakebed.engines.crawl.types import GlueType as Type
from lakebed.engines.crawl.types import Struct, parsed, text
from lakebed.services.glue._crawl import FoundPartition, FoundTable

NAME_CHARACTERS_MAX = 128
"""https://docs.aws.amazon.com/glue/latest/dg/crawler-running.html"""
MADE_BY = "UPDATED_BY_CRAWLER"
DEPRECATED = "DEPRECATED_BY_CRAWLER"
STATISTICS = frozenset({"objectCount", "recordCount", "averageRecordSize", "sizeKey"})
FUNDAMENTAL = ("classification", "compressionType", "delimiter")
"""Parameters of a table that MergeNewColumns does not change: with another one it is deprecated."""
_VERSIONS = {"CrawlerSchemaSerializerVersion": "1.0", "CrawlerSchemaDeserializerVersion": "1.0"}

Shape = Mapping[str, Any]


def folded(name: str) -> str:
    """Return a name of lower-case letters, digits and underscores."""
    return re.sub(r"[^a-z0-9_]", "_", name.lower())


def table_name(prefix: str, name: str) -> str:
    """Return the name of a table in the catalog; it is cut at AWS's limit."""
    return (prefix + folded(name))[:NAME_CHARACTERS_MAX]


def hashed_name(name: str, location: str) -> str:
    """Return another name for a table whose own is taken: the hash is of its location."""
    suffix = "_" + hashlib.md5(location.encode(), usedforsecurity=False).hexdigest()
    return name[: NAME_CHARACTERS_MAX - len(suffix)] + suffix


def table_input(name: str, found: FoundTable, crawler: str) -> dict[str, Any]:
    """Return the TableInput of a table that was found."""
    parameters = {**_VERSIONS, MADE_BY: crawler, **found.parameters}
    return {
        "Name": name,
        "Owner": "owner",
        "Retention": 0,
        "StorageDescriptor": _descriptor(found.location, found.columns, found.storage, parameters),
        "PartitionKeys": [_column(key) for key in found.partition_keys],
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        **found.extra,
    }


def partition_input(table: Shape, found: FoundPartition, inherits: bool) -> dict[str, Any]:
    """Return the PartitionInput of a partition of a table as the catalog has it.

    One that inherits has all but its location and statistics from the table.
    """
    given: Shape = table["StorageDescriptor"]
    own = {**_VERSIONS, **found.parameters}
    if inherits or (not found.columns and found.storage is None):
        kept = {
            key: value
            for key, value in given["Parameters"].items()
            if key not in STATISTICS and key not in (MADE_BY, DEPRECATED, "exclusions")
        }
        own = {**own, **kept}
        descriptor = {**given, "Location": found.location, "Parameters": own}
        return {"Values": list(found.values), "StorageDescriptor": descriptor, "Parameters": own}
    columns = found.columns or columns_of(table)
    storage = found.storage or storage_of(table)
    descriptor = _descriptor(found.location, columns, storage, own)
    return {"Values": list(found.values), "StorageDescriptor": descriptor, "Parameters": own}


def _descriptor(
    location: str, columns: Sequence[Column], storage: Storage, parameters: Mapping[str, str]
) -> dict[str, Any]:
    serde: dict[str, Any] = {"Parameters": with_paths(storage.serde_parameters, columns)}
    if storage.serde:
        serde["SerializationLibrary"] = storage.serde
    descriptor: dict[str, Any] = {
        "Columns": [_column(column) for column in columns],
        "Location": location,
        "Compressed": parameters.get("compressionType", "none") != "none",
        "NumberOfBuckets": -1,
        "SerdeInfo": serde,
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": dict(parameters),
        "StoredAsSubDirectories": False,
    }
    if storage.input_format:
        descriptor["InputFormat"] = storage.input_format
    if storage.output_format:
        descriptor["OutputFormat"] = storage.output_format
    return descriptor


def with_paths(parameters: Mapping[str, str], columns: Sequence[Column]) -> dict[str, str]:
    """Return SerDe parameters whose `paths`, the columns of a JSON file, name all columns."""
    if "paths" not in parameters:
        return dict(parameters)
    return {**parameters, "paths": ",".join(column.name for column in columns)}


def _column(column: Column) -> dict[str, Any]:
    shape: dict[str, Any] = {"Name": column.name, "Type": column.type}
    if column.comment:
        shape["Comment"] = column.comment
    if column.parameters:
        shape["Parameters"] = dict(column.parameters)
    return shape


def columns_of(table: Shape) -> tuple[Column, ...]:
    """Return the columns of a table or partition of the catalog."""
    given: Sequence[Shape] = table["StorageDescriptor"].get("Columns") or ()
    return tuple(Column(one["Name"], one.get("Type", ""), one.get("Comment", "")) for one in given)


def storage_of(table: Shape) -> Storage:
    """Return how the files of a table or partition of the catalog are read."""
    descriptor: Shape = table["StorageDescriptor"]
    serde: Shape = descriptor.get("SerdeInfo") or {}
    return Storage(
        descriptor.get("InputFormat", ""),
        descriptor.get("OutputFormat", ""),
        serde.get("SerializationLibrary", ""),
        dict(serde.get("Parameters") or {}),
    )


def essence(shape: Shape) -> object:
    """Return what of a table or partition makes it another one if it differs.

    Comments, statistics and parameters that a crawler does not set are not in it.
    """
    descriptor: Shape = shape["StorageDescriptor"]
    parameters: Mapping[str, str] = shape.get("Parameters") or {}
    storage = storage_of(shape)
    own = {
        key: value
        for key, value in parameters.items()
        if key in FUNDAMENTAL or key in ("skip.header.line.count", "exclusions", DEPRECATED)
    }
    return (
        descriptor.get("Location", "").rstrip("/"),
        tuple((column.name, column.type) for column in columns_of(shape)),
        (storage.input_format, storage.output_format, storage.serde),
        tuple(sorted(storage.serde_parameters.items())),
        tuple((key["Name"], key.get("Type")) for key in shape.get("PartitionKeys") or ()),
        tuple(sorted(own.items())),
    )


def statistics(shape: Shape) -> dict[str, str]:
    """Return the statistics among the parameters of a table or partition."""
    parameters: Mapping[str, str] = shape.get("Parameters") or {}
    return {key: value for key, value in parameters.items() if key in STATISTICS}


def with_new_columns(held: Sequence[Column], found: Sequence[Column]) -> tuple[Column, ...]:
    """Add columns, and fields of structs, that are new; what is there stays as it is."""
    wanted = {column.name: column for column in found}
    merged: list[Column] = []
    for column in held:
        new = wanted.pop(column.name, None)
        kind = column.type if new is None else text(_added(parsed(column.type), parsed(new.type)))
        same = new is None or parsed(kind) == parsed(column.type)
        merged.append(column if same else Column(column.name, kind, column.comment))
    return (*merged, *wanted.values())


def _added(held: Type, found: Type) -> Type:
    if not isinstance(held, Struct) or not isinstance(found, Struct):
        return held
    new = {name.lower(): (name, kind) for name, kind in found.fields}
    fields: list[tuple[str, Type]] = []
    for name, kind in held.fields:
        other = new.pop(name.lower(), None)
        fields.append((name, kind if other is None else _added(kind, other[1])))
    return Struct((*fields, *new.values()))
