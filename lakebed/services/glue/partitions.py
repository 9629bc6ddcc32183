"""Partitions of the Data Catalog."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import GLUE_PARTITION_BATCH_MAX, GLUE_PARTITION_PAGE_MAX
from lakebed.services.glue._expression import Predicate, compile_expression
from lakebed.services.glue.model import (
    PARTITIONS,
    CatalogPartition,
    CatalogTable,
    check_catalog,
    find_table,
    read_token,
    sort_key,
    write_token,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


def create_partition(
    ctx: Context, request: shapes.CreatePartitionRequest
) -> shapes.CreatePartitionResponse:
    """Create a partition.

    https://docs.aws.amazon.com/glue/latest/webapi/API_CreatePartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_table(ctx, request["DatabaseName"], request["TableName"])
    _create(ctx, table, request["PartitionInput"])
    return {}


def batch_create_partition(
    ctx: Context, request: shapes.BatchCreatePartitionRequest
) -> shapes.BatchCreatePartitionResponse:
    """Create up to 100 partitions; those that fail are named in `Errors`.

    https://docs.aws.amazon.com/glue/latest/webapi/API_BatchCreatePartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_table(ctx, request["DatabaseName"], request["TableName"])
    given = request["PartitionInputList"]
    if len(given) > GLUE_PARTITION_BATCH_MAX:
        message = f"A batch holds at most {GLUE_PARTITION_BATCH_MAX} partitions, not {len(given)}."
        raise AwsError("InvalidInputException", message)
    errors: list[Any] = []
    for one in given:
        try:
            _create(ctx, table, one)
        except AwsError as error:
            errors.append(_batch_error(one.get("Values", []), error))
    return {"Errors": errors} if errors else {}


def get_partition(ctx: Context, request: shapes.GetPartitionRequest) -> shapes.GetPartitionResponse:
    """Return one partition by its values.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_table(ctx, request["DatabaseName"], request["TableName"])
    return {"Partition": _shape(ctx, _find(ctx, table, request["PartitionValues"]))}


def get_partitions(
    ctx: Context, request: shapes.GetPartitionsRequest
) -> shapes.GetPartitionsResponse:
    """Return the partitions that satisfy an expression and lie in a segment, a page at a time.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    if request.get("QueryAsOfTime") or request.get("TransactionId"):
        raise NotBuiltError("glue", "GetPartitions", "time travel")
    table = find_table(ctx, request["DatabaseName"], request["TableName"])
    size = min(request.get("MaxResults") or GLUE_PARTITION_PAGE_MAX, GLUE_PARTITION_PAGE_MAX)
    keys = _partition_keys(table)
    names = [key["Name"].lower() for key in keys]
    matches = _predicate(request.get("Expression"), keys)
    segment = request.get("Segment")
    leaves_out_columns = bool(request.get("ExcludeColumnSchema"))
    found: list[CatalogPartition] = []
    after = read_token(request.get("NextToken"))
    for partition in PARTITIONS.scan(ctx, Range((table.database, table.name), after=after)):
        if segment is not None and not _is_in_segment(partition, segment):
            continue
        if matches is None or matches(dict(zip(names, partition.values, strict=False))):
            found.append(partition)
            if len(found) > size:
                break
    page: shapes.GetPartitionsResponse = {
        "Partitions": [
            _shape(ctx, partition, leaves_out_columns=leaves_out_columns)
            for partition in found[:size]
        ]
    }
    if len(found) > size:
        page["NextToken"] = write_token(found[size - 1].sort_key)
    return page


def batch_get_partition(
    ctx: Context, request: shapes.BatchGetPartitionRequest
) -> shapes.BatchGetPartitionResponse:
    """Return up to 1,000 partitions by their values; those not there are left out.

    https://docs.aws.amazon.com/glue/latest/webapi/API_BatchGetPartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_table(ctx, request["DatabaseName"], request["TableName"])
    found: list[Any] = []
    for wanted in request["PartitionsToGet"]:
        key = sort_key(_checked_values(table, wanted["Values"]))
        partition = PARTITIONS.get(ctx, table.database, table.name, key)
        if partition is not None:
            found.append(_shape(ctx, partition))
    return {"Partitions": found}


def update_partition(
    ctx: Context, request: shapes.UpdatePartitionRequest
) -> shapes.UpdatePartitionResponse:
    """Replace a partition's definition, and its values if the new ones differ.

    https://docs.aws.amazon.com/glue/latest/webapi/API_UpdatePartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_table(ctx, request["DatabaseName"], request["TableName"])
    _update(ctx, table, request["PartitionValueList"], request["PartitionInput"])
    return {}


def batch_update_partition(
    ctx: Context, request: shapes.BatchUpdatePartitionRequest
) -> shapes.BatchUpdatePartitionResponse:
    """Replace up to 100 partitions; those that fail are named in `Errors`.

    https://docs.aws.amazon.com/glue/latest/webapi/API_BatchUpdatePartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_table(ctx, request["DatabaseName"], request["TableName"])
    errors: list[Any] = []
    for entry in request["Entries"]:
        values = entry["PartitionValueList"]
        try:
            _update(ctx, table, values, entry["PartitionInput"])
        except AwsError as error:
            detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
            errors.append({"PartitionValueList": values, "ErrorDetail": detail})
    return {"Errors": errors} if errors else {}


def delete_partition(
    ctx: Context, request: shapes.DeletePartitionRequest
) -> shapes.DeletePartitionResponse:
    """Delete a partition; its data stays in S3.

    https://docs.aws.amazon.com/glue/latest/webapi/API_DeletePartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_table(ctx, request["DatabaseName"], request["TableName"])
    partition = _find(ctx, table, request["PartitionValues"])
    PARTITIONS.delete(ctx, table.database, table.name, partition.sort_key)
    return {}


def batch_delete_partition(
    ctx: Context, request: shapes.BatchDeletePartitionRequest
) -> shapes.BatchDeletePartitionResponse:
    """Delete up to 25 partitions; those that are not there are named in `Errors`.

    https://docs.aws.amazon.com/glue/latest/webapi/API_BatchDeletePartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_table(ctx, request["DatabaseName"], request["TableName"])
    errors: list[Any] = []
    for wanted in request["PartitionsToDelete"]:
        try:
            partition = _find(ctx, table, wanted["Values"])
        except AwsError as error:
            errors.append(_batch_error(wanted["Values"], error))
            continue
        PARTITIONS.delete(ctx, table.database, table.name, partition.sort_key)
    return {"Errors": errors} if errors else {}


def _create(ctx: Context, table: CatalogTable, given: Mapping[str, Any]) -> None:
    values = _checked_values(table, given.get("Values", []))
    if not PARTITIONS.insert(ctx, _partition(ctx, table, values, given)):
        raise AwsError("AlreadyExistsException", "Partition already exists.")


def _update(
    ctx: Context, table: CatalogTable, old_values: Sequence[str], given: Mapping[str, Any]
) -> None:
    old = _find(ctx, table, old_values)
    values = _checked_values(table, given.get("Values") or old_values)
    changed = _partition(ctx, table, values, given)
    if changed.sort_key != old.sort_key:
        if not PARTITIONS.insert(ctx, changed):
            raise AwsError("AlreadyExistsException", "Partition already exists.")
        PARTITIONS.delete(ctx, table.database, table.name, old.sort_key)
    else:
        PARTITIONS.put(ctx, changed)


def _partition(
    ctx: Context, table: CatalogTable, values: tuple[str, ...], given: Mapping[str, Any]
) -> CatalogPartition:
    definition = {key: value for key, value in given.items() if key != "Values"}
    return CatalogPartition(
        table.database, table.name, sort_key(values), values, definition, ctx.clock.now()
    )


def _partition_keys(table: CatalogTable) -> list[Mapping[str, str]]:
    return table.definition.get("PartitionKeys") or []


def _checked_values(table: CatalogTable, values: Sequence[str]) -> tuple[str, ...]:
    keys = _partition_keys(table)
    if len(values) != len(keys):
        message = "The number of partition keys do not match the number of partition values"
        raise AwsError("InvalidInputException", message)
    return tuple(values)


def _find(ctx: Context, table: CatalogTable, values: Sequence[str]) -> CatalogPartition:
    key = sort_key(_checked_values(table, values))
    partition = PARTITIONS.get(ctx, table.database, table.name, key)
    if partition is None:
        raise AwsError("EntityNotFoundException", "Cannot find partition.")
    return partition


def _predicate(expression: str | None, keys: Sequence[Mapping[str, str]]) -> Predicate | None:
    return compile_expression(expression, keys) if expression and expression.strip() else None


def _is_in_segment(partition: CatalogPartition, segment: Any) -> bool:
    number = zlib.crc32(partition.sort_key.encode()) % segment["TotalSegments"]
    return number == segment["SegmentNumber"]


def _batch_error(values: Sequence[str], error: AwsError) -> Any:
    detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
    return {"PartitionValues": list(values), "ErrorDetail": detail}


def _shape(ctx: Context, partition: CatalogPartition, *, leaves_out_columns: bool = False) -> Any:
    shape: dict[str, Any] = {
        "Values": list(partition.values),
        "DatabaseName": partition.database,
        "TableName": partition.table,
        **partition.definition,
        "CreationTime": partition.created,
        "CatalogId": ctx.account,
    }
    if leaves_out_columns and "StorageDescriptor" in shape:
        descriptor = shape["StorageDescriptor"]
        shape["StorageDescriptor"] = {
            key: value for key, value in descriptor.items() if key != "Columns"
        }
    return shape
