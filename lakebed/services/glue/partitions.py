"""Partitions of the Data Catalog."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import GLUE_PARTITION_PAGE_MAX
from lakebed.services.glue._expression import compile_expression
from lakebed.services.glue._partition_rows import (
    Keep,
    Reader,
    Writer,
    checked_values,
    delete_row,
    expand,
    find_partition,
    partition_keys,
    scan,
)
from lakebed.services.glue._predicates import Predicate, ranges
from lakebed.services.glue._sort_keys import sort_key
from lakebed.services.glue.model import (
    PARTITIONS,
    CatalogPartition,
    check_catalog,
    find_data_table,
    read_token,
    write_token,
)

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


def create_partition(
    ctx: Context, request: shapes.CreatePartitionRequest
) -> shapes.CreatePartitionResponse:
    """Create a partition.

    https://docs.aws.amazon.com/glue/latest/webapi/API_CreatePartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])
    Writer(ctx, table).create(request["PartitionInput"])
    return {}


def batch_create_partition(
    ctx: Context, request: shapes.BatchCreatePartitionRequest
) -> shapes.BatchCreatePartitionResponse:
    """Create up to 100 partitions; those that fail are named in `Errors`.

    https://docs.aws.amazon.com/glue/latest/webapi/API_BatchCreatePartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])
    create = Writer(ctx, table).create
    given = request["PartitionInputList"]
    return {"Errors": _failed(given, lambda one: one.get("Values", []), create)}


def get_partition(ctx: Context, request: shapes.GetPartitionRequest) -> shapes.GetPartitionResponse:
    """Return one partition by its values.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])
    partition = find_partition(ctx, table, request["PartitionValues"])
    return {"Partition": Reader(ctx).shape(partition)}


def get_partitions(
    ctx: Context, request: shapes.GetPartitionsRequest
) -> Generator[None, None, shapes.GetPartitionsResponse]:
    """Return the partitions that satisfy an expression and lie in a segment, a page at a time.

    They come in the order of their values; a value that is no number, under a key of numbers,
    satisfies no comparison (AWS refuses such a listing with InvalidStateException).
    https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    if request.get("QueryAsOfTime") or request.get("TransactionId"):
        raise NotBuiltError("glue", "GetPartitions", "time travel")
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])
    size = request.get("MaxResults") or GLUE_PARTITION_PAGE_MAX
    expression = request.get("Expression") or ""
    predicate = None
    if expression.strip():
        predicate = compile_expression(expression, partition_keys(table))
    token = read_token(request.get("NextToken"))
    spans = ranges(predicate, table.partition_order, partial(expand, ctx, table))
    keep = _keep(predicate, request.get("Segment"))
    reader = Reader(ctx, leaves_out_columns=bool(request.get("ExcludeColumnSchema")))
    found: list[CatalogPartition] = []
    for part in scan(ctx, table, spans, keep, token[0] if token else None):
        found += part
        # Also before the page is made: that takes as long as a slice.
        yield
        if len(found) > size:
            break
    shown = reader.page(found, size)
    page: shapes.GetPartitionsResponse = {"Partitions": shown}
    if len(found) > len(shown):
        page["NextToken"] = write_token(found[len(shown) - 1].sort_key)
    return page


def batch_get_partition(
    ctx: Context, request: shapes.BatchGetPartitionRequest
) -> shapes.BatchGetPartitionResponse:
    """Return up to 1,000 partitions by their values; those not there are left out.

    https://docs.aws.amazon.com/glue/latest/webapi/API_BatchGetPartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])
    reader = Reader(ctx)
    found: list[Any] = []
    for wanted in request["PartitionsToGet"]:
        key = sort_key(checked_values(table, wanted["Values"]), table.partition_order)
        partition = PARTITIONS.get(ctx, table.database, table.name, key)
        if partition is not None:
            found.append(reader.shape(partition))
    return {"Partitions": found, "UnprocessedKeys": []}


def update_partition(
    ctx: Context, request: shapes.UpdatePartitionRequest
) -> shapes.UpdatePartitionResponse:
    """Replace a partition's definition, and its values if the new ones differ.

    https://docs.aws.amazon.com/glue/latest/webapi/API_UpdatePartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])
    Writer(ctx, table).update(request["PartitionValueList"], request["PartitionInput"])
    return {}


def batch_update_partition(
    ctx: Context, request: shapes.BatchUpdatePartitionRequest
) -> shapes.BatchUpdatePartitionResponse:
    """Replace up to 100 partitions; those that fail are named in `Errors`.

    https://docs.aws.amazon.com/glue/latest/webapi/API_BatchUpdatePartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])
    writer = Writer(ctx, table)

    def update(entry: Any) -> None:
        writer.update(entry["PartitionValueList"], entry["PartitionInput"])

    entries = request["Entries"]
    failed = _failed(entries, lambda entry: entry["PartitionValueList"], update)
    return {
        "Errors": [
            {"PartitionValueList": one["PartitionValues"], "ErrorDetail": one["ErrorDetail"]}
            for one in failed
        ]
    }


def delete_partition(
    ctx: Context, request: shapes.DeletePartitionRequest
) -> shapes.DeletePartitionResponse:
    """Delete a partition; its data stays in S3.

    https://docs.aws.amazon.com/glue/latest/webapi/API_DeletePartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])
    partition = find_partition(ctx, table, request["PartitionValues"])
    delete_row(ctx, partition)
    return {}


def batch_delete_partition(
    ctx: Context, request: shapes.BatchDeletePartitionRequest
) -> shapes.BatchDeletePartitionResponse:
    """Delete up to 25 partitions; those that are not there are named in `Errors`.

    https://docs.aws.amazon.com/glue/latest/webapi/API_BatchDeletePartition.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])

    def delete(wanted: Any) -> None:
        delete_row(ctx, find_partition(ctx, table, wanted["Values"]))

    return {"Errors": _failed(request["PartitionsToDelete"], lambda one: one["Values"], delete)}


def _failed(
    given: Iterable[Any], values: Callable[[Any], Sequence[str]], do: Callable[[Any], None]
) -> list[Any]:
    """Do something to each and return the errors of those that AWS refuses, as PartitionErrors."""
    errors: list[Any] = []
    for one in given:
        try:
            do(one)
        except AwsError as error:
            detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
            errors.append({"PartitionValues": list(values(one)), "ErrorDetail": detail})
    return errors


def _keep(predicate: Predicate | None, segment: Any) -> Keep | None:
    """Return what tells whether a partition belongs to the answer, None if all do."""
    test = None if predicate is None else predicate.test()
    if segment is None:
        return None if test is None else lambda partition: test(partition.values)
    number, total = segment["SegmentNumber"], segment["TotalSegments"]
    if number >= total:
        message = f"SegmentNumber {number} must be less than TotalSegments {total}."
        raise AwsError("InvalidInputException", message)

    def keep(partition: CatalogPartition) -> bool:
        if zlib.crc32(partition.sort_key.encode()) % total != number:
            return False
        return test is None or test(partition.values)

    return keep
