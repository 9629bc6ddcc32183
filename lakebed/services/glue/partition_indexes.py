"""Partition indexes: kept and shown as AWS does; filters are as quick without one.

Partitions are always sorted by what their values mean, so an index changes no answer and no speed,
and is ACTIVE as soon as it is created.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.glue._partition_indexes import indexes_of, key_types, put_indexes
from lakebed.services.glue.model import (
    PARTITION_INDEXES,
    TABLES,
    CatalogTable,
    check_catalog,
    find_database,
)

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


def create_partition_index(
    ctx: Context, request: shapes.CreatePartitionIndexRequest
) -> shapes.CreatePartitionIndexResponse:
    """Create a partition index on some of a table's partition keys; a table has at most three.

    https://docs.aws.amazon.com/glue/latest/webapi/API_CreatePartitionIndex.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = _find_table(ctx, request["DatabaseName"], request["TableName"])
    put_indexes(ctx, table, [request["PartitionIndex"]])
    return {}


def get_partition_indexes(
    ctx: Context, request: shapes.GetPartitionIndexesRequest
) -> shapes.GetPartitionIndexesResponse:
    """Return the partition indexes of a table, all in one page.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitionIndexes.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    if request.get("NextToken"):
        raise AwsError("InvalidInputException", "Invalid NextToken")
    table = _find_table(ctx, request["DatabaseName"], request["TableName"])
    types = key_types(table)
    found: list[Any] = [
        {
            "IndexName": index.name,
            "Keys": [{"Name": name, "Type": types.get(name, "")} for name in index.keys],
            "IndexStatus": "ACTIVE",
        }
        for index in indexes_of(ctx, table)
    ]
    return {"PartitionIndexDescriptorList": found}


def delete_partition_index(
    ctx: Context, request: shapes.DeletePartitionIndexRequest
) -> shapes.DeletePartitionIndexResponse:
    """Delete a partition index; it is gone with the answer.

    https://docs.aws.amazon.com/glue/latest/webapi/API_DeletePartitionIndex.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = _find_table(ctx, request["DatabaseName"], request["TableName"])
    name = request["IndexName"]
    if not PARTITION_INDEXES.delete(ctx, table.database, table.name, name):
        raise AwsError("EntityNotFoundException", f"Partition index {name} not found.")
    return {}


def _find_table(ctx: Context, database: str, name: str) -> CatalogTable:
    """Return the table; its absence is told in other words here than by GetTable."""
    table = TABLES.get(ctx, find_database(ctx, database).name, name.lower())
    if table is None:
        raise AwsError("EntityNotFoundException", f"Table {name.lower()} not found.")
    return table
