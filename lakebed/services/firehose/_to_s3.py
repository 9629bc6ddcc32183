"""Delivers to a bucket: records processed, by partition, compressed or converted; the source too.

https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import (
    DELIVERY_CHILD_BYTES_MAX,
    DELIVERY_CHILD_SECONDS_MAX,
)
from lakebed.engines.child import Bounds, ChildError
from lakebed.engines.delivery import (
    CONVERSION_FAILED,
    PROCESSING_FAILED,
    Conversion,
    Failure,
    Order,
    Outcome,
    Processing,
    Record,
    needs_child,
)
from lakebed.engines.delivery.child import carried_out
from lakebed.engines.delivery.compression import SUFFIXES
from lakebed.engines.delivery.orders import carry_out
from lakebed.services.firehose import _objects, _processing, _roles
from lakebed.services.firehose._objects import Target

_BOUNDS = Bounds(DELIVERY_CHILD_SECONDS_MAX, DELIVERY_CHILD_BYTES_MAX)


async def deliver(target: Target, records: list[Record]) -> list[Failure]:
    """Deliver records, and return those that could not be treated, which lie with the errors.

    DeliveryError where a bucket does not take them: everything is then done again.
    """
    failures = await deliver_part(target, records, _processing.processing_of(target.s3), {})
    if target.s3.get("S3BackupMode") == "Enabled":
        backup = msgspec.structs.replace(target, s3=target.s3["S3BackupDescription"])
        await _objects.put_source(backup, records)
    return failures


async def deliver_part(
    target: Target, records: list[Record], processing: Processing, keys: Mapping[str, str]
) -> list[Failure]:
    """Deliver records of one partition, whose keys are given; return those with the errors."""
    destination = target.s3
    table: Mapping[str, Any] | None = None
    conversion: Conversion | None = None
    if _processing.is_converted(destination):
        table = _table_of(target)
        try:
            conversion = await _conversion(target)
        except AwsError as error:
            code = f"DataFormatConversion.{error.code.removesuffix('Exception')}"
            failures = [Failure(CONVERSION_FAILED, code, error.message, one) for one in records]
            await _objects.put_failures(target, failures, table)
            return failures
    name = target.name(target.moment(min(record.arrival for record in records)))
    packing = destination["CompressionFormat"]
    order = Order(records, processing, compression=packing, object_name=name, conversion=conversion)
    outcome = await outcome_of(order)
    for part in outcome.parts:
        whole = msgspec.structs.replace(part, keys=keys)
        await _objects.put_part(target, whole, name, _extension(destination, conversion))
    await _objects.put_failures(target, outcome.failures, table)
    return outcome.failures


async def outcome_of(order: Order) -> Outcome:
    """Carry out an order: in a thread, or in a child that may end early, with all its records."""
    if not needs_child(order):
        return await asyncio.to_thread(carry_out, order)
    try:
        return await carried_out(order, _BOUNDS)
    except ChildError as error:
        kind = CONVERSION_FAILED if order.conversion else PROCESSING_FAILED
        message = f"The records could not be processed: {error}"
        failures = [Failure(kind, "ProcessingAborted", message, one) for one in order.records]
        return Outcome([], failures)


def _extension(destination: Mapping[str, Any], conversion: Conversion | None) -> str:
    """Return what the name of an object ends with.

    https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html
    """
    if destination.get("FileExtension"):
        return str(destination["FileExtension"])
    if conversion is not None:
        return f".{conversion.file.kind}"
    return SUFFIXES.get(destination["CompressionFormat"], "")


def _table_of(target: Target) -> dict[str, Any]:
    """Return what an error says of the table."""
    schema = target.s3["DataFormatConversionConfiguration"]["SchemaConfiguration"]
    return {
        "catalogId": schema.get("CatalogId"),
        "databaseName": schema["DatabaseName"],
        "tableName": schema["TableName"],
        "region": schema.get("Region", target.stream.region),
        "versionId": schema.get("VersionId", "LATEST"),
        "roleArn": schema["RoleARN"],
    }


async def _conversion(target: Target) -> Conversion:
    """Read the table's columns, as the role that the schema's configuration names."""
    schema = target.s3["DataFormatConversionConfiguration"]["SchemaConfiguration"]
    names = {"DatabaseName": schema["DatabaseName"]}
    if schema.get("CatalogId"):
        names["CatalogId"] = schema["CatalogId"]
    region = schema.get("Region", target.stream.region)

    def read(ctx: Context) -> Any:
        ctx = msgspec.structs.replace(_roles.role_context(ctx, schema["RoleARN"]), region=region)
        version = schema.get("VersionId", "LATEST")
        asked: Any
        if version == "LATEST":
            asked = {**names, "Name": schema["TableName"]}
            return ctx.aws.glue.get_table(asked).get("Table")
        asked = {**names, "TableName": schema["TableName"], "VersionId": version}
        return ctx.aws.glue.get_table_version(asked).get("TableVersion", {}).get("Table")

    table: Any = await target.caller.write(read)
    columns: list[Any] = table.get("StorageDescriptor", {}).get("Columns") or []
    return _processing.conversion_of(target.s3, columns)
