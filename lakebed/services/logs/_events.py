"""Writing events: batches to blocks.

A stream's events are kept in blocks of up to 256 KiB, each a row of the store, with a small row
beside it that says which times it spans. A batch becomes a block of its own; short blocks at the
end of a stream are written again together with what follows them, as long as each is not more than
twice as long: so a stream fed line by line costs a line about ten writes, and a reader few blocks.
https://github.com/lakebed/lakebed/blob/main/docs/decisions/0010-where-log-events-live.md
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from lakebed.context import Context
from lakebed.core.limits import (
    LOG_BLOCK_BYTES_MAX,
    LOG_EVENT_OVERHEAD_BYTES,
    LOG_TAILS_MAX,
)
from lakebed.services.logs.model import (
    BLOCK_EVENTS,
    BLOCKS,
    DAY_MS,
    GROUP_SIZES,
    LOG_STREAMS,
    Block,
    BlockEvents,
    GroupSize,
    LogStream,
    Tail,
    replace,
)
from lakebed.store import Scope


class Batch(msgspec.Struct):
    """Events of one stream on their way to a block, in the order of time."""

    times: list[int]
    messages: list[str]
    sizes: list[int]


def size_of(message: str) -> int:
    """Return what CloudWatch Logs counts for an event."""
    length = len(message) if message.isascii() else len(message.encode("utf-8", "surrogatepass"))
    return length + LOG_EVENT_OVERHEAD_BYTES


def append(ctx: Context, stream: LogStream, batch: Batch, now: int) -> LogStream:
    """Keep a batch of events, and return the stream as it is now."""
    size = GROUP_SIZES.get(ctx, stream.group_id) or GroupSize(stream.group_id)
    number = size.last_number
    for begin, end in _pieces(batch.sizes):
        count = end - begin
        events = BlockEvents(
            stream.group_id,
            number + count,
            batch.times[begin:end],
            [number + 1],
            [now],
            batch.messages[begin:end],
        )
        stream = _keep(ctx, stream, events, sum(batch.sizes[begin:end]))
        number += count
    added = sum(batch.sizes)
    first, last = batch.times[0], batch.times[-1]
    stream = replace(
        stream,
        first_event=first if stream.first_event < 0 else min(first, stream.first_event),
        last_event=max(last, stream.last_event),
        last_ingestion=now,
        stored_bytes=stream.stored_bytes + added,
    )
    LOG_STREAMS.put(ctx, stream)
    GROUP_SIZES.put(ctx, GroupSize(stream.group_id, size.stored_bytes + added, number))
    return stream


def _pieces(sizes: Sequence[int]) -> Iterable[tuple[int, int]]:
    """Yield where a batch is cut into blocks."""
    begin, total = 0, 0
    for index, size in enumerate(sizes):
        if total and total + size > LOG_BLOCK_BYTES_MAX:
            yield begin, index
            begin, total = index, 0
        total += size
    yield begin, len(sizes)


def _keep(ctx: Context, stream: LogStream, events: BlockEvents, size: int) -> LogStream:
    """Write a block, together with the tails before it that are short enough."""
    tails = list(stream.tails)
    first, last = events.times[0], events.times[-1]
    merged: list[Tail] = []
    while tails and tails[-1].size_bytes <= 2 * size:
        tail = tails[-1]
        span = max(last, tail.last) - min(first, tail.first)
        if size + tail.size_bytes > LOG_BLOCK_BYTES_MAX or span > DAY_MS:
            break
        first, last, size = min(first, tail.first), max(last, tail.last), size + tail.size_bytes
        merged.append(tails.pop())
    if merged:
        older = [_take(ctx, events.group_id, tail.block) for tail in reversed(merged)]
        events = joined([*older, events])
    BLOCK_EVENTS.put(ctx, events)
    count = len(events.times)
    BLOCKS.put(
        ctx,
        Block(
            events.group_id, events.number, stream.id, stream.name, first, last, count, size
        ),
    )  # fmt: skip
    if size < LOG_BLOCK_BYTES_MAX // 2:
        tails.append(Tail(events.number, first, last, size))
    else:
        # What is shorter and older can only wait for what will never be joined to it.
        tails.clear()
    return replace(stream, tails=tuple(tails[-LOG_TAILS_MAX:]))


def _take(ctx: Context, group_id: str, number: int) -> BlockEvents:
    events = BLOCK_EVENTS.get(ctx, group_id, number)
    assert events is not None
    BLOCK_EVENTS.delete(ctx, group_id, number)
    BLOCKS.delete(ctx, group_id, number)
    return events


def columns(events: BlockEvents) -> tuple[list[int], list[int]]:
    """Return number and time of ingestion of each event of a block."""
    count = len(events.times)
    numbers, ingested = events.numbers, events.ingested
    if len(numbers) != count:
        numbers = list(range(numbers[0], numbers[0] + count))
    if len(ingested) != count:
        ingested = ingested * count
    return numbers, ingested


def joined(parts: Sequence[BlockEvents]) -> BlockEvents:
    """Return the events of several blocks as one, in the order of time and number."""
    times: list[int] = []
    numbers: list[int] = []
    ingested: list[int] = []
    messages: list[str] = []
    for part in parts:
        its_numbers, its_ingested = columns(part)
        times += part.times
        numbers += its_numbers
        ingested += its_ingested
        messages += part.messages
    if any(times[index] < times[index - 1] for index in range(1, len(times))):
        order = sorted(range(len(times)), key=lambda index: (times[index], numbers[index]))
        times = [times[index] for index in order]
        numbers = [numbers[index] for index in order]
        ingested = [ingested[index] for index in order]
        messages = [messages[index] for index in order]
    last = parts[-1]
    if numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        numbers = numbers[:1]
    if ingested.count(ingested[0]) == len(ingested):
        ingested = ingested[:1]
    return BlockEvents(last.group_id, last.number, times, numbers, ingested, messages)


def delete_blocks(scope: Scope, group_id: str, blocks: Iterable[Block]) -> int:
    """Delete blocks with their events and return how many bytes that were.

    A stream that still names one of them among its tails forgets it.
    """
    freed = 0
    streams: dict[str, set[int]] = {}
    for block in blocks:
        BLOCK_EVENTS.delete(scope, group_id, block.number)
        BLOCKS.delete(scope, group_id, block.number)
        streams.setdefault(block.stream, set()).add(block.number)
        freed += block.size_bytes
    for name, numbers in streams.items():
        stream = LOG_STREAMS.get(scope, group_id, name)
        if stream is not None:
            tails = tuple(tail for tail in stream.tails if tail.block not in numbers)
            LOG_STREAMS.put(scope, replace(stream, tails=tails))
    size = GROUP_SIZES.get(scope, group_id)
    if size is not None and freed:
        left = max(0, size.stored_bytes - freed)
        GROUP_SIZES.put(scope, replace(size, stored_bytes=left))
    return freed
