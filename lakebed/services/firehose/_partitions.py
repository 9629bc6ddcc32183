"""Buffers of partitions: a stream with dynamic partitioning has one for each that is active.

Records wait in the stream's own buffer until they are sorted: when it is full, or when the first of
them, or a partition, has waited as long as the hints say. What was sorted is as it will be
delivered; a partition is due when its own oldest record is, or its own bytes are enough.
https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from lakebed.context import Context
from lakebed.core.limits import DELIVERY_SLICE_BYTES
from lakebed.engines.delivery import Part, Record
from lakebed.services.firehose import _backlog, _encryption
from lakebed.services.firehose.model import (
    BLOCKS,
    PARTITIONS,
    Block,
    DeliveryStream,
    Partition,
    replace,
)
from lakebed.store import Range, Scope

_ID_CHARACTERS = 32


class Taken(msgspec.Struct, frozen=True):
    """The first blocks of a partition: their records, the last one's number, their bytes."""

    records: list[Record]
    last: int
    size_bytes: int


def slices(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Yield sorted records, a commit each time: the loop has other things to do."""
    found: list[Part] = []
    size = 0
    for part in parts:
        kept: list[Record] = []
        for record in part.records:
            kept.append(record)
            size += len(record.data)
            if size >= DELIVERY_SLICE_BYTES:
                yield [*found, replace(part, records=kept)]
                found, kept, size = [], [], 0
        if kept:
            found.append(replace(part, records=kept))
    if found:
        yield found


def keep(ctx: Context, stream: DeliveryStream, parts: Sequence[Part]) -> None:
    """Keep records in the buffers of their partitions, in the caller's transaction."""
    for part in parts:
        place = _place(part.keys)
        size = sum(len(record.data) for record in part.records)
        fresh = Partition(stream.id, place, part.keys, 0, 0, part.oldest, 0.0)
        known = PARTITIONS.get(ctx, stream.id, place) or fresh
        block = Block(f"{stream.id}/{place}", known.last + 1, part.oldest, size, part.records)
        BLOCKS.put(ctx, _encryption.sealed(ctx, stream, block) if stream.key_type else block)
        oldest = min(known.oldest, *(record.arrival for record in part.records))
        known = replace(known, last=block.number, size_bytes=known.size_bytes + size, oldest=oldest)
        _put(ctx, stream, known)
    _backlog.sorted_until(ctx, stream, earliest(ctx, stream.id))


def _place(keys: Mapping[str, str]) -> str:
    text = json.dumps(sorted(keys.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_CHARACTERS]


def _put(ctx: Context, stream: DeliveryStream, partition: Partition) -> None:
    if partition.attempts:
        PARTITIONS.put(ctx, partition)
        return
    hints = _backlog.hints_of(stream.destination)
    is_full = partition.size_bytes >= hints.size_bytes
    due = 0.0 if is_full else partition.oldest / 1000 + hints.seconds
    PARTITIONS.put(ctx, replace(partition, due=due))


def active(scope: Scope, stream_id: str) -> list[Mapping[str, str]]:
    """Return the keys of the partitions that have a buffer."""
    return [one.keys for one in PARTITIONS.scan(scope, Range((stream_id,)))]


def earliest(scope: Scope, stream_id: str) -> float | None:
    """Return when the next partition of a stream is due; None without any."""
    span = Range((stream_id,), limit=1, index="by_due")
    found = next(iter(PARTITIONS.scan(scope, span)), None)
    return None if found is None else found.due


def due(scope: Scope, stream_id: str, now: float) -> Partition | None:
    """Return the partition of a stream that has been due the longest."""
    # To the millisecond, so that a time that is now is due.
    span = Range((stream_id,), end=(now + 0.001,), limit=1, index="by_due")
    return next(iter(PARTITIONS.scan(scope, span)), None)


def take(ctx: Context, stream: DeliveryStream, partition: Partition, limit: int) -> Taken:
    """Return the first records of a partition, up to a number of bytes."""
    records: list[Record] = []
    size = last = 0
    name = f"{stream.id}/{partition.place}"
    while size < limit and last < partition.last:
        span = Range((name,), after=(last,), limit=1)
        block = next(iter(BLOCKS.scan(ctx, span)), None)
        if block is None:
            break
        records += _encryption.records_of(ctx, stream, block)
        size, last = size + block.size_bytes, block.number
    return Taken(records, last, size)


def delivered(
    ctx: Context, stream: DeliveryStream, place: str, taken: Taken, *, is_failing: bool = False
) -> None:
    """Delete what was delivered of a partition; one without records is not active any more."""
    name = f"{stream.id}/{place}"
    BLOCKS.delete_range(ctx, Range((name,), end=(taken.last + 1,)))
    head = next(iter(BLOCKS.scan(ctx, Range((name,), limit=1))), None)
    known = PARTITIONS.get(ctx, stream.id, place)
    if known is None:
        return
    if head is None:
        PARTITIONS.delete(ctx, stream.id, place)
    else:
        left = known.size_bytes - taken.size_bytes
        known = replace(known, size_bytes=left, oldest=head.arrival)
        _put(ctx, stream, known if is_failing else replace(known, failed=0.0, attempts=0))
    _backlog.sorted_until(ctx, stream, earliest(ctx, stream.id))


def put_off(ctx: Context, stream: DeliveryStream, place: str, now: float) -> None:
    """Have a partition that could not be delivered tried again; it holds up no other."""
    known = PARTITIONS.get(ctx, stream.id, place)
    if known is None:
        return
    due, failed = now + _backlog.wait_after(known.attempts), known.failed or now
    _put(ctx, stream, replace(known, due=due, failed=failed, attempts=known.attempts + 1))
    _backlog.sorted_until(ctx, stream, earliest(ctx, stream.id))


def reschedule(ctx: Context, stream: DeliveryStream) -> None:
    """Give what waits the time that a changed stream's hints say."""
    for one in list(PARTITIONS.scan(ctx, Range((stream.id,)))):
        _put(ctx, stream, replace(one, failed=0.0, attempts=0))
    if earliest(ctx, stream.id) is not None:
        _backlog.sorted_until(ctx, stream, earliest(ctx, stream.id))


def discard(ctx: Context, stream_id: str) -> None:
    """Delete all partitions of a stream with their records."""
    for one in list(PARTITIONS.scan(ctx, Range((stream_id,)))):
        BLOCKS.delete_range(ctx, Range((f"{stream_id}/{one.place}",)))
    PARTITIONS.delete_range(ctx, Range((stream_id,)))
