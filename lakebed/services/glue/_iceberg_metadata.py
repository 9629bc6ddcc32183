"""The newest metadata of an Iceberg table, as GetTable's LATEST_ICEBERG_METADATA shows it.

https://docs.aws.amazon.com/glue/latest/webapi/API_GetTable.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

import msgspec

from lakebed.context import Context
from lakebed.core.bodies import content_of
from lakebed.core.errors import AwsError

DEFAULT, LATEST = "DEFAULT", "LATEST_ICEBERG_METADATA"


class _Metadata(msgspec.Struct, rename="kebab"):
    """What is shown of a metadata file; snapshots, which may be many, are skipped unread."""

    format_version: int
    table_uuid: str
    location: str
    current_schema_id: int
    last_column_id: int
    schemas: list[dict[str, Any]]
    partition_specs: list[dict[str, Any]]
    default_spec_id: int
    last_partition_id: int
    sort_orders: list[dict[str, Any]]
    default_sort_order_id: int
    properties: dict[str, str] = {}


_NAMES = {
    "fields": "Fields", "type": "Type", "schema-id": "SchemaId", "id": "Id", "name": "Name",
    "identifier-field-ids": "IdentifierFieldIds", "required": "Required", "doc": "Doc",
    "initial-default": "InitialDefault", "write-default": "WriteDefault", "spec-id": "SpecId",
    "source-id": "SourceId", "field-id": "FieldId", "transform": "Transform",
    "order-id": "OrderId", "direction": "Direction", "null-order": "NullOrder",
}  # fmt: skip
_DOCUMENTS = ("type", "initial-default", "write-default")


def is_asked(wanted: list[Any] | None) -> bool:
    """Tell whether the metadata is asked for; refuse other attributes than those of GetTable."""
    if wanted is None:
        return False
    if not wanted or not set(wanted) <= {DEFAULT, LATEST}:
        message = f"AttributesToGet of GetTable allows {DEFAULT} and {LATEST}."
        raise AwsError("InvalidInputException", message)
    return LATEST in wanted


def shown(ctx: Context, table: Mapping[str, Any], wanted: list[Any] | None) -> dict[str, Any]:
    """Return a table with its metadata, alone unless the rest is asked for, too."""
    parameters: Mapping[str, str] = table.get("Parameters") or {}
    found: dict[str, Any] = dict(table)
    if wanted is not None and DEFAULT not in wanted:
        found = {key: table[key] for key in ("Name", "DatabaseName", "CatalogId")}
    location = parameters.get("metadata_location")
    if parameters.get("table_type", "").upper() == "ICEBERG" and location:
        found["IcebergTableMetadata"] = _shape(_read(ctx, location))
    return found


def _read(ctx: Context, location: str) -> _Metadata:
    bucket, _, key = location.partition("://")[2].partition("/")
    try:
        body: Any = ctx.aws.s3.get_object({"Bucket": bucket, "Key": key}).get("Body")
        return msgspec.json.decode(content_of(body), type=_Metadata)
    except (AwsError, msgspec.DecodeError) as error:
        message = f"Cannot read the metadata file {location}: {error}"
        raise AwsError("InvalidInputException", message) from error


def _shape(found: _Metadata) -> dict[str, Any]:
    return {
        "FormatVersion": str(found.format_version),
        "TableUuid": found.table_uuid,
        "Location": found.location,
        "Properties": found.properties,
        "Schemas": renamed(found.schemas, _NAMES, _DOCUMENTS),
        "CurrentSchemaId": found.current_schema_id,
        "LastColumnId": found.last_column_id,
        "PartitionSpecs": renamed(found.partition_specs, _NAMES, _DOCUMENTS),
        "DefaultSpecId": found.default_spec_id,
        "LastPartitionId": found.last_partition_id,
        "SortOrders": renamed(found.sort_orders, _NAMES, _DOCUMENTS),
        "DefaultSortOrderId": found.default_sort_order_id,
    }


def renamed(given: Any, names: Mapping[str, str], documents: Collection[str]) -> Any:
    """Return a structure under other names, without members that have none.

    `documents` are the members whose values are kept as they are.
    """
    if isinstance(given, list):
        return [renamed(one, names, documents) for one in cast("list[Any]", given)]
    if not isinstance(given, dict):
        return given
    return {
        names[key]: value if key in documents else renamed(value, names, documents)
        for key, value in cast("dict[str, Any]", given).items()
        if key in names
    }
