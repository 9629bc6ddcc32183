"""The run of a delivery: a stream's buffer to its destination, as the stream's role.

Records are deleted from the backlog once their objects are there. What a destination does not take
waits and is tried again; a crash in between delivers again. https://docs.aws.amazon.com/firehose/latest/dev/retry.html
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from lakebed.context import Caller, Context
from lakebed.engines.delivery import Failure, Record
from lakebed.services.firehose import _backlog, _error_logs, _to_s3
from lakebed.services.firehose._objects import DeliveryError, House, Target
from lakebed.services.firehose._roles import role_context
from lakebed.services.firehose.model import Buffer, DeliveryStream

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
    house = House(ctx.settings, ctx.clock, ctx.ids)
    as_role = role_context(ctx, stream.destination["RoleARN"])

    async def work(caller: Caller) -> None:
        count = 0
        try:
            count = await _deliver(caller, house, buffer, now)
        finally:
            done(count)

    as_role.runs.start(as_role, run, work)
    return True


async def _deliver(caller: Caller, house: House, buffer: Buffer, now: float) -> int:
    """Deliver what is there, a buffer's size at a time, and return how many records it was.

    What came after the last record of the buffer waits for its own time.
    """
    count = reached = 0
    while reached < buffer.last:
        found = await caller.look(lambda ctx: _next(ctx, buffer))
        if found is None:
            break
        stream, taken = found
        if not await _attempt(caller, house, stream, taken.records):
            await caller.write(lambda ctx: _backlog.put_off(ctx, buffer.stream_id, now))
            break
        reached = taken.last
        await caller.write(
            lambda ctx, taken=taken: _backlog.delivered(ctx, buffer.stream_id, taken)
        )
        count += len(taken.records)
    return count


def _next(ctx: Context, buffer: Buffer) -> tuple[DeliveryStream, _backlog.Taken] | None:
    stream = _backlog.stream_of(ctx, buffer)
    if stream is None:
        return None
    limit = _backlog.hints_of(stream.destination).size_bytes
    taken = _backlog.take(ctx, stream, limit)
    return None if taken is None else (stream, taken)


async def _attempt(
    caller: Caller, house: House, stream: DeliveryStream, records: list[Record]
) -> bool:
    """Deliver records; False, and said in the error log, if they have to wait."""
    failures: list[Failure] = []
    errors: dict[str, str] = {}
    target = Target(caller, house, stream, stream.destination)
    try:
        failures = await _to_s3.deliver(target, records)
    except DeliveryError as error:
        errors = {error.code: error.message}
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise
    except Exception as error:
        # A worker's loop: whatever the bug, the records wait and the others are delivered.
        log.exception("the delivery of %s ended by a bug", stream.name)
        errors = {_BUG: repr(error)}
    is_done = not errors
    errors |= {failure.code: failure.message for failure in failures}
    await _error_logs.say(caller, stream, house.clock.now(), errors)
    return is_done
