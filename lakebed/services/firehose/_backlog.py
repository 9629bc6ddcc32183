"""What waits for delivery: the records of each call are a row, kept before the call is answered.

A stream's rows are one buffer: it is due when it has as many bytes as the stream's hints say, or
when its oldest record has waited as long. What was delivered is deleted after the objects are
there, so that what a crash interrupts is delivered again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.limits import DELIVERY_RETRY_SECONDS_MAX, DELIVERY_SLICE_BYTES, MIB
from lakebed.engines.delivery import Record
from lakebed.services.firehose import _encryption
from lakebed.services.firehose.model import (
    BLOCKS,
    BUFFERS,
    STREAMS,
    Block,
    Buffer,
    DeliveryStream,
    replace,
)
from lakebed.store import Range, Scope


class Hints(msgspec.Struct, frozen=True):
    """When a buffer is due."""

    size_bytes: int
    seconds: int


class Taken(msgspec.Struct, frozen=True):
    """The first blocks of a buffer: their records, and of each its number and its bytes."""

    records: list[Record]
    blocks: list[tuple[int, int]]

    @property
    def last(self) -> int:
        """The number of the last one."""
        return self.blocks[-1][0]

    def slices(self) -> Iterator[Taken]:
        """Yield what can be deleted at once: the loop has other things to do."""
        blocks: list[tuple[int, int]] = []
        for block in self.blocks:
            blocks.append(block)
            if sum(size for _, size in blocks) >= DELIVERY_SLICE_BYTES:
                yield Taken([], blocks)
                blocks = []
        if blocks:
            yield Taken([], blocks)


class _Head(msgspec.Struct, frozen=True):
    arrival: int


_heads = BLOCKS.view(_Head)


def hints_of(destination: Mapping[str, Any]) -> Hints:
    """Return when a destination's buffer is due."""
    hints = (
        destination.get("BufferingHints")
        or destination["S3DestinationDescription"]["BufferingHints"]
    )
    return Hints(hints["SizeInMBs"] * MIB, hints["IntervalInSeconds"])


def append(ctx: Context, stream: DeliveryStream, records: Sequence[Record]) -> None:
    """Keep records that came at once, in the caller's transaction."""
    arrival, size = records[0].arrival, sum(len(record.data) for record in records)
    fresh = Buffer(stream.id, stream.account, stream.region, stream.name, 1, 0, 0, arrival, 0.0)
    buffer = _held(ctx, stream.id) or fresh
    block = Block(stream.id, buffer.last + 1, arrival, size, list(records))
    BLOCKS.put(ctx, _encryption.sealed(ctx, stream, block) if stream.key_type else block)
    oldest = arrival if buffer.is_sorted else min(buffer.oldest, arrival)
    buffer = replace(
        buffer, last=buffer.last + 1, size_bytes=buffer.size_bytes + size, oldest=oldest
    )
    now_due = _with_due(buffer, stream)
    if now_due.due != buffer.due or buffer.first == buffer.last:
        _ring(ctx)
    BUFFERS.put(ctx, now_due)


def _ring(ctx: Context) -> None:
    """Wake whoever delivers, once the caller's transaction is committed."""
    ctx.store.after_commit(ctx.engines.alarm.ring)


def _with_due(buffer: Buffer, stream: DeliveryStream) -> Buffer:
    """Return a buffer with its time: of its own records, tried again or not, or of a partition."""
    hints = hints_of(stream.destination)
    times: list[float] = [] if buffer.sorted_due is None else [buffer.sorted_due]
    if buffer.attempts:
        times.append(buffer.retry)
    elif not buffer.is_sorted:
        is_full = buffer.size_bytes >= hints.size_bytes
        times.append(0.0 if is_full else buffer.oldest / 1000 + hints.seconds)
    return replace(buffer, due=min(times))


def sorted_until(ctx: Context, stream: DeliveryStream, due: float | None) -> None:
    """Note when the next partition of a stream is due; None: there is none any more."""
    buffer = _held(ctx, stream.id)
    if buffer is None:
        return
    if due is None and buffer.is_sorted:
        BUFFERS.delete(ctx, stream.id)
        return
    BUFFERS.put(ctx, _with_due(replace(buffer, sorted_due=due), stream))


def due(scope: Scope, now: float, limit: int) -> list[Buffer]:
    """Return the buffers of all accounts that are due at a time, the longest waiting first."""
    # To the millisecond, so that a time that is now is due.
    return list(BUFFERS.scan(scope, Range(end=(now + 0.001,), limit=limit, index="by_due")))


def take(ctx: Context, stream: DeliveryStream, buffer: Buffer, limit: int) -> Taken | None:
    """Return the first blocks of a stream, up to the one that reaches a number of bytes.

    What could not be delivered is the same again, whatever came after it.
    """
    records: list[Record] = []
    blocks: list[tuple[int, int]] = []
    size = 0
    after: int | None = None
    while True:
        span = Range((stream.id,), after=None if after is None else (after,), limit=1)
        block = next(iter(BLOCKS.scan(ctx, span)), None)
        if block is None:
            break
        records += _encryption.records_of(ctx, stream, block)
        size += block.size_bytes
        blocks.append((block.number, block.size_bytes))
        after = block.number
        if after == buffer.held or (size >= limit and not buffer.held):
            break
    return Taken(records, blocks) if blocks else None


def _held(ctx: Context, stream_id: str) -> Buffer | None:
    """Return a stream's buffer, which nobody else changes before this transaction's end.

    Large requests are handled in threads beside the loop: whoever changes a buffer makes itself the
    store's only writer before it reads it. To insert a row that is there changes nothing, but it is
    a write.
    """
    if BUFFERS.insert(ctx, Buffer(stream_id, "", "", "", 1, 0, 0, 0, 0.0)):
        BUFFERS.delete(ctx, stream_id)
        return None
    return BUFFERS.get(ctx, stream_id)


def delivered(ctx: Context, stream_id: str, taken: Taken, *, is_failing: bool = False) -> None:
    """Delete what was delivered; nothing where the stream is gone meanwhile.

    What is lost has not been put anywhere: what is left is failing still (`is_failing`).
    """
    buffer = _held(ctx, stream_id)
    if buffer is None:
        return
    BLOCKS.delete_range(ctx, Range((stream_id,), end=(taken.last + 1,)))
    head = next(iter(_heads(ctx, Range((stream_id,), limit=1))), None)
    if head is None and buffer.sorted_due is None:
        BUFFERS.delete(ctx, stream_id)
        return
    left = replace(
        buffer,
        first=taken.last + 1,
        size_bytes=buffer.size_bytes - sum(size for _, size in taken.blocks),
        oldest=0 if head is None else head.arrival,
        failed=buffer.failed if is_failing else 0.0,
        attempts=buffer.attempts if is_failing else 0,
        held=0,
        done=(),
    )
    stream = stream_of(ctx, buffer)
    BUFFERS.put(ctx, left if stream is None else _with_due(left, stream))


def stream_of(scope: Scope, buffer: Buffer) -> DeliveryStream | None:
    """Return the stream of a buffer; None if it is gone."""
    stream = STREAMS.get(scope, buffer.account, buffer.region, buffer.name)
    return stream if stream is not None and stream.id == buffer.stream_id else None


def put_off(
    ctx: Context, stream_id: str, taken: Taken | None, now: float, done: tuple[str, ...] = ()
) -> None:
    """Have a buffer that could not be delivered tried again, each time after twice as long.

    `done` are the tables that took what is theirs, and have it only once.
    """
    buffer = _held(ctx, stream_id)
    if buffer is None:
        return
    retry = now + wait_after(buffer.attempts)
    times = [retry] if buffer.sorted_due is None else [retry, buffer.sorted_due]
    buffer = replace(buffer, due=min(times), retry=retry, attempts=buffer.attempts + 1)
    held = buffer.held if taken is None else taken.last
    BUFFERS.put(ctx, replace(buffer, failed=buffer.failed or now, held=held, done=done))


def wait_after(attempts: int) -> float:
    """Return how long to wait after so many attempts before the next one."""
    return min(DELIVERY_RETRY_SECONDS_MAX, 2.0 ** min(attempts, 20))


def reschedule(ctx: Context, stream: DeliveryStream) -> None:
    """Give what waits the time that a changed stream's hints say; at once what could not go."""
    buffer = _held(ctx, stream.id)
    if buffer is not None:
        # What a part of the destination has already stays together until the others have theirs.
        held = buffer.held if buffer.done else 0
        BUFFERS.put(ctx, _with_due(replace(buffer, attempts=0, failed=0.0, held=held), stream))
        _ring(ctx)


def discard(ctx: Context, stream_id: str) -> None:
    """Delete all that waits."""
    BUFFERS.delete(ctx, stream_id)
    BLOCKS.delete_range(ctx, Range((stream_id,)))
