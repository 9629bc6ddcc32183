"""Column statistics of tables and partitions: what an engine wrote, given back as it was.

What is answered where statistics or a partition are missing follows what users of AWS reported.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.glue._partition_rows import checked_values, partition_keys
from lakebed.services.glue._sort_keys import sort_key
from lakebed.services.glue.model import (
    COLUMN_STATISTICS,
    PARTITIONS,
    CatalogTable,
    ColumnStatistics,
    check_catalog,
    find_data_table,
)

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes

_OF_TABLE = ""
_MEMBERS = {
    name: f"{name.capitalize()}ColumnStatisticsData"
    for name in ("BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "LONG", "STRING", "BINARY")
}


def update_column_statistics_for_table(
    ctx: Context, request: shapes.UpdateColumnStatisticsForTableRequest
) -> shapes.UpdateColumnStatisticsForTableResponse:
    """Keep the statistics of up to 25 columns; those that fail are named in `Errors`.

    https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateColumnStatisticsForTable.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])
    return {"Errors": _update(ctx, table, _OF_TABLE, request["ColumnStatisticsList"])}


def get_column_statistics_for_table(
    ctx: Context, request: shapes.GetColumnStatisticsForTableRequest
) -> shapes.GetColumnStatisticsForTableResponse:
    """Return the statistics of columns; those without any are named in `Errors`.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetColumnStatisticsForTable.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])
    found, errors = _get(ctx, table, _OF_TABLE, request["ColumnNames"])
    return {"ColumnStatisticsList": found, "Errors": errors}


def delete_column_statistics_for_table(
    ctx: Context, request: shapes.DeleteColumnStatisticsForTableRequest
) -> shapes.DeleteColumnStatisticsForTableResponse:
    """Delete the statistics of a column; no error if there are none.

    https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteColumnStatisticsForTable.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])
    column = request["ColumnName"].lower()
    COLUMN_STATISTICS.delete(ctx, table.database, table.name, _OF_TABLE, column)
    return {}


def update_column_statistics_for_partition(
    ctx: Context, request: shapes.UpdateColumnStatisticsForPartitionRequest
) -> shapes.UpdateColumnStatisticsForPartitionResponse:
    """Keep the statistics of up to 25 columns of a partition; failures are named in `Errors`.

    https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateColumnStatisticsForPartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])
    part = _part(ctx, table, request["PartitionValues"])
    return {"Errors": _update(ctx, table, part, request["ColumnStatisticsList"])}


def get_column_statistics_for_partition(
    ctx: Context, request: shapes.GetColumnStatisticsForPartitionRequest
) -> shapes.GetColumnStatisticsForPartitionResponse:
    """Return the statistics of a partition's columns; those without any are named in `Errors`.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetColumnStatisticsForPartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])
    part = _part(ctx, table, request["PartitionValues"])
    found, errors = _get(ctx, table, part, request["ColumnNames"])
    return {"ColumnStatisticsList": found, "Errors": errors}


def delete_column_statistics_for_partition(
    ctx: Context, request: shapes.DeleteColumnStatisticsForPartitionRequest
) -> shapes.DeleteColumnStatisticsForPartitionResponse:
    """Delete the statistics of a partition's column; no error if there are none.

    https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteColumnStatisticsForPartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])
    part = _part(ctx, table, request["PartitionValues"])
    column = request["ColumnName"].lower()
    COLUMN_STATISTICS.delete(ctx, table.database, table.name, part, column)
    return {}


def _part(ctx: Context, table: CatalogTable, values: Sequence[str]) -> str:
    key = sort_key(checked_values(table, values), table.partition_order)
    if PARTITIONS.get(ctx, table.database, table.name, key) is None:
        message = f"Partition [{', '.join(values)}] not found"
        raise AwsError("EntityNotFoundException", message)
    return key


def _update(ctx: Context, table: CatalogTable, part: str, given: Sequence[Any]) -> list[Any]:
    errors: list[Any] = []
    descriptor: Mapping[str, Any] = table.definition.get("StorageDescriptor") or {}
    columns: list[Any] = [*(descriptor.get("Columns") or ()), *partition_keys(table)]
    names = {column["Name"].lower() for column in columns}
    for one in given:
        name = one["ColumnName"].lower()
        message = _problem(one["StatisticsData"])
        if name not in names:
            message = f"Column {name} does not exist in table {table.name}."
        if message:
            detail = {"ErrorCode": "InvalidInputException", "ErrorMessage": message}
            errors.append({"ColumnStatistics": one, "Error": detail})
            continue
        row = ColumnStatistics(table.database, table.name, part, name, one)
        COLUMN_STATISTICS.put(ctx, row)
    return errors


def _problem(data: Mapping[str, Any]) -> str:
    """Return what is wrong with statistics data, empty if nothing is."""
    wanted = _MEMBERS[data["Type"]]
    if set(data) == {"Type", wanted}:
        return ""
    return f"Statistics of type {data['Type']} consist of {wanted}."


def _get(
    ctx: Context, table: CatalogTable, part: str, columns: Sequence[str]
) -> tuple[list[Any], list[Any]]:
    found: list[Any] = []
    errors: list[Any] = []
    for name in columns:
        row = COLUMN_STATISTICS.get(ctx, table.database, table.name, part, name.lower())
        if row is None:
            detail = {
                "ErrorCode": "EntityNotFoundException",
                "ErrorMessage": "Statistics do not exist for this column",
            }
            errors.append({"ColumnName": name, "Error": detail})
        else:
            found.append(_shape(row.statistics))
    return found, errors


def _shape(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return statistics as they were given: the store keeps the bytes of decimals as text."""
    data = cast("dict[str, Any]", kept["StatisticsData"])
    decimals: dict[str, Any] | None = data.get("DecimalColumnStatisticsData")
    if decimals is None:
        return dict(kept)
    changed = dict(decimals)
    for name in ("MinimumValue", "MaximumValue"):
        if name in changed:
            value = changed[name]
            unscaled = base64.b64decode(value["UnscaledValue"])
            changed[name] = {**value, "UnscaledValue": unscaled}
    return {**kept, "StatisticsData": {**data, "DecimalColumnStatisticsData": changed}}
