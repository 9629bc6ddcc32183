"""The run of a delivery: a stream's buffer to its destination, as the stream's role.

Records are deleted from the backlog once their objects are there. What a destination does not take
waits and is tried again; a crash in between delivers again. https://docs.aws.amazon.com/firehose/latest/dev/retry.html
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from lakebed.context import Caller, Context
from lakebed.core.errors import AwsError
from lakebed.engines.delivery import Failure
from lakebed.sealing import SealError
from lakebed.services.firehose import _backlog, _destinations, _error_logs, _to_endpoints, _to_s3
from lakebed.services.firehose._objects import DeliveryError, House, Target
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

_BUG = "Firehose.InternalError"


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

    What came after the last record of the buffer waits for its own time.
    """
    count = reached = 0
    while reached < buffer.last:
        try:
            batch = await caller.look(lambda ctx: _next(ctx, buffer.stream_id))
        except (AwsError, SealError) as error:
            # What waits cannot be opened: KMS's key is disabled, or ours is not there.
            log.warning("the records of %s cannot be read: %s", buffer.name, error)
            await caller.write(lambda ctx: _backlog.put_off(ctx, buffer.stream_id, None, now))
            break
        if batch is None:
            break
        taken = batch.taken
        ended = await _attempt(caller, house, batch, now)
        if not ended.is_over:
            await caller.write(
                lambda ctx, taken=taken, done=ended.done: _backlog.put_off(
                    ctx, buffer.stream_id, taken, now, done
                )
            )
            break
        reached = taken.last
        for part in taken.slices():
            await caller.write(
                lambda ctx, part=part: _backlog.delivered(ctx, buffer.stream_id, part)
            )
        count += len(taken.records)
    return count


def _next(ctx: Context, stream_id: str) -> _Batch | None:
    buffer = BUFFERS.get(ctx, stream_id)
    stream = None if buffer is None else _backlog.stream_of(ctx, buffer)
    if buffer is None or stream is None:
        return None
    limit = _backlog.hints_of(stream.destination).size_bytes
    taken = _backlog.take(ctx, stream, buffer, limit)
    return None if taken is None else _Batch(buffer, stream, taken)


class _End(msgspec.Struct, frozen=True):
    """How an attempt ended: whether the records may go, and which tables took what is theirs."""

    is_over: bool
    done: tuple[str, ...] = ()


async def _attempt(caller: Caller, house: House, batch: _Batch, now: float) -> _End:
    """Deliver records; what went wrong is said in the error log."""
    stream = batch.stream
    target = Target(caller, house, stream, _destinations.bucket_of(stream))
    failures: list[Failure] = []
    errors: dict[str, str] = {}
    end = _End(is_over=True)
    try:
        failures = await _sent(target, batch)
    except DeliveryError as error:
        errors = {error.code: error.message}
        end = _End(await _is_given_up(target, batch, error, now), error.done)
    except Exception as error:
        # A worker's loop: whatever the bug, the records wait and the others are delivered.
        log.exception("the delivery of %s ended by a bug", stream.name)
        errors, end = {_BUG: repr(error)}, _End(is_over=False)
    errors |= {failure.code: failure.message for failure in failures}
    await _error_logs.say(caller, stream, house.clock.now(), errors)
    return end


async def _sent(target: Target, batch: _Batch) -> list[Failure]:
    stream, records = batch.stream, batch.taken.records
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


async def _is_given_up(target: Target, batch: _Batch, error: DeliveryError, now: float) -> bool:
    """Tell whether records were put with the errors, their time for attempts being over.

    What a bucket does not take waits: AWS loses it after 24 hours, we do not.
    """
    stream = batch.stream
    if stream.destination_kind == EXTENDED_S3 or error.code.startswith("S3."):
        return False
    seconds = stream.destination["RetryOptions"].get("DurationInSeconds", 0)
    first = batch.buffer.failed or now
    if error.is_retried and now - first < seconds:
        return False
    try:
        if stream.destination_kind == REDSHIFT:
            from lakebed.services.firehose import _to_redshift

            await _to_redshift.give_up(target, batch.taken.records, error)
        else:
            await _to_endpoints.give_up(target, batch.taken.records, error)
    except DeliveryError as failure:
        log.warning("errors of %s cannot be put: %s", stream.name, failure.message)
        return False
    return True
