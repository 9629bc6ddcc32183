"""Delivers streams with dynamic partitioning: records sorted into partitions, those that are due.

https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed.core.limits import DELIVERY_PARTITIONS_MAX
from lakebed.engines.delivery import PROCESSING_FAILED, Failure, Order, Processing, Record
from lakebed.services.firehose import _objects, _partitions, _processing, _to_s3
from lakebed.services.firehose._objects import Target
from lakebed.services.firehose._prefixes import MissingKeyError


async def sort(target: Target, records: list[Record]) -> list[Failure]:
    """Sort records into the buffers of their partitions; return those that lie with the errors.

    They are kept there before they leave the stream's own buffer: after a crash in between they
    are there twice.
    """
    stream, caller = target.stream, target.caller
    active: list[Any] = await caller.look(lambda ctx: _partitions.active(ctx, stream.id))
    processing = _processing.processing_of(target.s3)
    order = Order(records, processing, True, DELIVERY_PARTITIONS_MAX, is_apart=True, active=active)
    outcome = await _to_s3.outcome_of(order)
    await _objects.put_failures(target, outcome.failures)
    if target.s3.get("S3BackupMode") == "Enabled":
        backup = msgspec.structs.replace(target, s3=target.s3["S3BackupDescription"])
        await _objects.put_source(backup, records)
    for some in _partitions.slices(outcome.parts):
        await caller.write(lambda ctx, some=some: _partitions.keep(ctx, stream, some))
    return outcome.failures


async def deliver(target: Target, keys: Mapping[str, str], records: list[Record]) -> list[Failure]:
    """Deliver records of a partition as one object; return those that lie with the errors."""
    try:
        # What was sorted is processed already, and backed up.
        return await _to_s3.deliver_part(target, records, Processing(), keys)
    except MissingKeyError as error:
        # The prefix was changed after they were sorted, to one that names another key.
        message, code = f"The partition has no key {error}.", "DynamicPartitioning.MissingKey"
        failures = [Failure(PROCESSING_FAILED, code, message, one) for one in records]
        await _objects.put_failures(target, failures)
        return failures
