"""The run of a delivery: a stream's buffer to its destination, as the stream's role.

Records are deleted from the backlog once their objects are there: a crash in between delivers
again. https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from lakebed.context import Caller, Context
from lakebed.core.errors import AwsError
from lakebed.engines.delivery import Failure
from lakebed.sealing import SealError
from lakebed.services.firehose import (
    _backlog,
    _destinations,
    _partitions,
    _sorting,
    _to_endpoints,
    _to_s3,
)
from lakebed.services.firehose._attempts import Attempt
from lakebed.services.firehose._objects import House, Target
from lakebed.services.firehose._processing import is_partitioned
from lakebed.services.firehose._roles import role_context
from lakebed.services.firehose.model import (
    BUFFERS,
    EXTENDED_S3,
    ICEBERG,
    REDSHIFT,
    Buffer,
    DeliveryStream,
)

log = logging.getLogger("lakebed.firehose")

Result = TypeVar("Result")


def run_id(stream_id: str) -> str:
    """Return the id of the run that delivers a stream's buffer: there is one at a time."""
    return f"firehose-{stream_id}"


def start(ctx: Context, buffer: Buffer, now: float, done: Callable[[int], None]) -> bool:
    """Start the delivery of a buffer, unless it is under way; what is left of no stream goes.

    `done` hears how many records left the backlog.
    """
    stream = _backlog.stream_of(ctx, buffer)
    if stream is None:
        _backlog.discard(ctx, buffer.stream_id)
        _partitions.discard(ctx, buffer.stream_id)
        return False
    run = run_id(buffer.stream_id)
    if ctx.runs.is_running(run):
        return False
    house = House(ctx.settings, ctx.clock, ctx.ids, ctx.engines)
    as_role = role_context(ctx, _destinations.role_of(stream))

    async def work(caller: Caller) -> None:
        count = 0
        try:
            count = await _deliver(caller, house, buffer, now)
        finally:
            done(count)

    as_role.runs.start(as_role, run, work)
    return True


class _Batch(msgspec.Struct, frozen=True):
    """What is to be delivered next: of which buffer, to where."""

    buffer: Buffer
    stream: DeliveryStream
    taken: _backlog.Taken


async def _deliver(caller: Caller, house: House, buffer: Buffer, now: float) -> int:
    """Deliver what is there, a buffer's size at a time, and return how many records it was.

    What came after the last record of the buffer waits for its own time; so do partitions.
    """
    count = reached = 0
    while reached < buffer.last and not buffer.is_sorted:
        batch = await _looked(caller, buffer, now, lambda ctx: _next(ctx, buffer.stream_id))
        if batch is None:
            break
        taken, stream = batch.taken, batch.stream
        is_sorted = _is_sorted(stream)
        attempt = Attempt(caller, house, stream, batch.buffer.failed, now, taken.records)
        ended = await attempt.made(lambda target, batch=batch: _sent(target, batch))
        if not ended.is_over:
            await caller.write(
                lambda ctx, taken=taken, done=ended.done: _backlog.put_off(
                    ctx, buffer.stream_id, taken, now, done
                )
            )
            return count
        reached = taken.last
        for part in taken.slices():
            await caller.write(
                lambda ctx, part=part, stays=ended.is_lost: _backlog.delivered(
                    ctx, buffer.stream_id, part, is_failing=stays
                )
            )
        is_kept = is_sorted and not ended.is_lost
        count += ended.failures if is_kept else len(taken.records)
    return count + await _deliver_partitions(caller, house, buffer, now)


async def _looked(
    caller: Caller, buffer: Buffer, now: float, work: Callable[[Context], Result]
) -> Result | None:
    """Read what waits; None, and put off, if it cannot be opened."""
    try:
        return await caller.look(work)
    except (AwsError, SealError) as error:
        # KMS's key is disabled, or ours is not there.
        log.warning("the records of %s cannot be read: %s", buffer.name, error)
        await caller.write(lambda ctx: _backlog.put_off(ctx, buffer.stream_id, None, now))
        return None


def _next(ctx: Context, stream_id: str) -> _Batch | None:
    buffer = BUFFERS.get(ctx, stream_id)
    stream = None if buffer is None else _backlog.stream_of(ctx, buffer)
    if buffer is None or stream is None:
        return None
    limit = _backlog.hints_of(stream.destination).size_bytes
    taken = _backlog.take(ctx, stream, buffer, limit)
    return None if taken is None else _Batch(buffer, stream, taken)


async def _deliver_partitions(caller: Caller, house: House, buffer: Buffer, now: float) -> int:
    """Deliver the partitions that are due, and return how many records they had."""
    count = 0
    while True:
        found: _Part | None = await _looked(
            caller, buffer, now, lambda ctx: _next_part(ctx, buffer, now)
        )
        if found is None:
            return count
        part = found
        attempt = Attempt(caller, house, part.stream, part.failed, now, part.taken.records)
        ended = await attempt.made(
            lambda target, part=part: _sorting.deliver(target, part.keys, part.taken.records)
        )
        if not ended.is_over:
            await caller.write(
                lambda ctx, part=part: _partitions.put_off(ctx, part.stream, part.place, now)
            )
            continue
        await caller.write(
            lambda ctx, part=part, stays=ended.is_lost: _partitions.delivered(
                ctx, part.stream, part.place, part.taken, is_failing=stays
            )
        )
        count += len(part.taken.records)


class _Part(msgspec.Struct, frozen=True):
    """The first records of a partition that is due."""

    stream: DeliveryStream
    place: str
    keys: Mapping[str, str]
    failed: float
    taken: _partitions.Taken


def _next_part(ctx: Context, known: Buffer, now: float) -> _Part | None:
    buffer = BUFFERS.get(ctx, known.stream_id)
    stream = None if buffer is None else _backlog.stream_of(ctx, buffer)
    if buffer is None or stream is None:
        return None
    partition = _partitions.due(ctx, stream.id, now)
    if partition is None:
        return None
    limit = _backlog.hints_of(stream.destination).size_bytes
    taken = _partitions.take(ctx, stream, partition, limit)
    return _Part(stream, partition.place, partition.keys, partition.failed, taken)


def _is_sorted(stream: DeliveryStream) -> bool:
    return stream.destination_kind == EXTENDED_S3 and is_partitioned(stream.destination)


async def _sent(target: Target, batch: _Batch) -> list[Failure]:
    stream, records = batch.stream, batch.taken.records
    if _is_sorted(stream):
        return await _sorting.sort(target, records)
    if stream.destination_kind == EXTENDED_S3:
        return await _to_s3.deliver(target, records)
    if stream.destination_kind == ICEBERG:
        # Its library is loaded by those who need it.
        from lakebed.services.firehose import _to_iceberg

        return await _to_iceberg.deliver(target, records, batch.buffer.done)
    if stream.destination_kind == REDSHIFT:
        from lakebed.services.firehose import _to_redshift

        return await _to_redshift.deliver(target, records, batch.buffer.done)
    request_id = _to_endpoints.request_id_of(stream, batch.buffer.first, records[0])
    return await _to_endpoints.deliver(target, records, request_id)
