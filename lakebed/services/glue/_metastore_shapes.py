"""Databases, tables, partitions and functions as Glue has them and as Hive has them. Pure.

Parameters are kept as they are, byte for byte: Spark keeps a table's schema, its provider and its
statistics in them. What Glue has and Hive has not (a description, the parameters of a column) is
kept when Spark alters a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lakebed.core.errors import NotBuiltError

Shape = Mapping[str, Any]

EXTERNAL, VIEW = "EXTERNAL_TABLE", "VIRTUAL_VIEW"
MANAGED = "MANAGED_TABLE"
_PRINCIPALS = {1: "USER", 2: "ROLE", 3: "GROUP"}
_RESOURCES = {1: "JAR", 2: "FILE", 3: "ARCHIVE"}
_JAVA = 1
_OF_HIVE = ("Columns", "Location", "InputFormat", "OutputFormat", "Compressed", "NumberOfBuckets",
            "SerdeInfo", "BucketColumns", "SortColumns", "Parameters",
            "StoredAsSubDirectories")  # fmt: skip
_KEPT = ("Description", "LastAnalyzedTime", "TargetTable")


def part(shape: Shape, name: str) -> dict[str, Any]:
    """Return a member that is a structure or a map, an empty one where there is none."""
    return dict(shape.get(name) or {})


def items(shape: Shape, name: str) -> list[Any]:
    """Return a member that is a list, an empty one where there is none."""
    return list(shape.get(name) or [])


def text(shape: Shape, name: str) -> str:
    """Return a member that is a text, an empty one where there is none."""
    return str(shape.get(name) or "")


def hive_database(shape: Shape, location: str) -> Shape:
    """Return a database; `location` is where its tables are, if it does not say itself."""
    return {
        "name": shape["Name"],
        "description": shape.get("Description", ""),
        "locationUri": shape.get("LocationUri") or location,
        "parameters": part(shape, "Parameters"),
    }


def glue_database(given: Shape, location: str) -> dict[str, Any]:
    """Return a DatabaseInput; a location that is empty is left out."""
    found = {
        "Name": given["name"],
        "Description": given.get("description"),
        "LocationUri": location,
        "Parameters": given.get("parameters"),
    }
    return {name: value for name, value in found.items() if value}


def hive_table(shape: Shape) -> Shape:
    """Return a table; one that does not say its type is an external one."""
    return {
        "tableName": shape["Name"],
        "dbName": shape["DatabaseName"],
        "owner": shape.get("Owner", ""),
        "createTime": _seconds(shape.get("CreateTime")),
        "lastAccessTime": _seconds(shape.get("LastAccessTime")),
        "retention": shape.get("Retention", 0),
        "sd": _hive_storage(part(shape, "StorageDescriptor")),
        "partitionKeys": _hive_columns(items(shape, "PartitionKeys")),
        "parameters": part(shape, "Parameters"),
        "viewOriginalText": shape.get("ViewOriginalText"),
        "viewExpandedText": shape.get("ViewExpandedText"),
        "tableType": shape.get("TableType") or EXTERNAL,
        "temporary": False,
        "rewriteEnabled": False,
    }


def glue_table(given: Shape, before: Shape | None = None) -> dict[str, Any]:
    """Return a TableInput; `before` is the table that it replaces."""
    old = before or {}
    found: dict[str, Any] = {name: old[name] for name in _KEPT if name in old}
    found |= {
        "Name": given["tableName"],
        "Owner": given.get("owner") or old.get("Owner") or None,
        "Retention": given.get("retention", 0),
        "StorageDescriptor": _glue_storage(part(given, "sd"), part(old, "StorageDescriptor")),
        "PartitionKeys": _glue_columns(items(given, "partitionKeys"), items(old, "PartitionKeys")),
        "Parameters": part(given, "parameters"),
        "TableType": given.get("tableType") or EXTERNAL,
        "ViewOriginalText": given.get("viewOriginalText"),
        "ViewExpandedText": given.get("viewExpandedText"),
    }
    return {name: value for name, value in found.items() if value is not None}


def hive_partition(shape: Shape) -> Shape:
    """Return a partition."""
    return {
        "values": list(shape["Values"]),
        "dbName": shape["DatabaseName"],
        "tableName": shape["TableName"],
        "createTime": _seconds(shape.get("CreationTime")),
        "lastAccessTime": _seconds(shape.get("LastAccessTime")),
        "sd": _hive_storage(part(shape, "StorageDescriptor")),
        "parameters": part(shape, "Parameters"),
    }


def glue_partition(given: Shape, before: Shape | None = None) -> dict[str, Any]:
    """Return a PartitionInput; `before` is the partition that it replaces."""
    old = part(before or {}, "StorageDescriptor")
    return {
        "Values": given["values"],
        "StorageDescriptor": _glue_storage(part(given, "sd"), old),
        "Parameters": part(given, "parameters"),
    }


def hive_function(shape: Shape) -> Shape:
    """Return a function."""
    kinds = {name: number for number, name in _RESOURCES.items()}
    owners = {name: number for number, name in _PRINCIPALS.items()}
    return {
        "functionName": shape["FunctionName"],
        "dbName": shape["DatabaseName"],
        "className": shape.get("ClassName", ""),
        "ownerName": shape.get("OwnerName", ""),
        "ownerType": owners.get(shape.get("OwnerType", ""), 1),
        "createTime": _seconds(shape.get("CreateTime")),
        "functionType": _JAVA,
        "resourceUris": [
            {"resourceType": kinds[one["ResourceType"]], "uri": one["Uri"]}
            for one in items(shape, "ResourceUris")
        ],
    }


def glue_function(given: Shape) -> dict[str, Any]:
    """Return a UserDefinedFunctionInput."""
    found: dict[str, Any] = {
        "FunctionName": given["functionName"],
        "ClassName": given.get("className"),
        "OwnerName": given.get("ownerName"),
        "OwnerType": _PRINCIPALS.get(given.get("ownerType", 0)),
        "ResourceUris": [
            {"ResourceType": _RESOURCES[one["resourceType"]], "Uri": one["uri"]}
            for one in items(given, "resourceUris")
        ],
    }
    return {name: value for name, value in found.items() if value}


def _hive_storage(shape: Shape) -> Shape:
    serde = part(shape, "SerdeInfo")
    return {
        "cols": _hive_columns(items(shape, "Columns")),
        "location": shape.get("Location"),
        "inputFormat": shape.get("InputFormat"),
        "outputFormat": shape.get("OutputFormat"),
        "compressed": shape.get("Compressed", False),
        "numBuckets": shape.get("NumberOfBuckets", -1),
        "serdeInfo": {
            "name": serde.get("Name"),
            "serializationLib": serde.get("SerializationLibrary"),
            "parameters": part(serde, "Parameters"),
        },
        "bucketCols": items(shape, "BucketColumns"),
        "sortCols": [
            {"col": one["Column"], "order": one["SortOrder"]} for one in items(shape, "SortColumns")
        ],
        "parameters": part(shape, "Parameters"),
        "storedAsSubDirectories": shape.get("StoredAsSubDirectories", False),
    }


def _glue_storage(given: Shape, old: Shape) -> dict[str, Any]:
    if part(given, "skewedInfo").get("skewedColNames"):
        raise NotBuiltError("glue", "metastore", "skewed columns")
    serde = part(given, "serdeInfo")
    found: dict[str, Any] = {name: value for name, value in old.items() if name not in _OF_HIVE}
    found |= {
        "Columns": _glue_columns(items(given, "cols"), items(old, "Columns")),
        "Location": given.get("location"),
        "InputFormat": given.get("inputFormat"),
        "OutputFormat": given.get("outputFormat"),
        "Compressed": given.get("compressed"),
        "NumberOfBuckets": given.get("numBuckets"),
        "SerdeInfo": _present(
            Name=serde.get("name") or None,  # An empty one Glue refuses.
            SerializationLibrary=serde.get("serializationLib") or None,
            Parameters=serde.get("parameters"),
        ),
        "BucketColumns": given.get("bucketCols"),
        "SortColumns": [
            {"Column": one["col"], "SortOrder": one["order"]} for one in items(given, "sortCols")
        ],
        "Parameters": given.get("parameters"),
        "StoredAsSubDirectories": given.get("storedAsSubDirectories"),
    }
    return _present(**found)


def _hive_columns(shapes: Sequence[Shape]) -> list[Shape]:
    return [
        {"name": one["Name"], "type": one.get("Type", ""), "comment": one.get("Comment")}
        for one in shapes
    ]


def _glue_columns(given: Sequence[Shape], before: Sequence[Shape]) -> list[dict[str, Any]]:
    parameters = {one["Name"]: one.get("Parameters") for one in before}
    return [
        _present(
            Name=one["name"],
            Type=one.get("type"),
            Comment=one.get("comment"),
            Parameters=parameters.get(one["name"]),
        )
        for one in given
    ]


def _present(**members: Any) -> dict[str, Any]:
    """Return the members that there are; Hive's null is a member that is not there."""
    return {name: value for name, value in members.items() if value is not None}


def _seconds(at: Any) -> int:
    """Return a time as Hive has it, 0 where there is none."""
    if at is None:
        return 0
    return int(at.timestamp() if isinstance(at, datetime) else at)
