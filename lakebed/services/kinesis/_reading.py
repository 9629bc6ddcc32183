"""Reads on in a shard: what GetRecords and SubscribeToShard have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from lakebed.context import Context
from lakebed.engines.stream import LINE_START
from lakebed.services.kinesis._positions import Position
from lakebed.services.kinesis._streams import shards_of
from lakebed.services.kinesis.model import SHARDS, STREAMS, Shard, Stream, not_found

if TYPE_CHECKING:
    from lakebed.shapes import kinesis as shapes


class Read(msgspec.Struct, frozen=True):
    """What a read found: lines, how many, the index behind them, milliseconds to the shard's tip.

    `is_end` says that the shard is closed, and that nothing of it is left to be read.
    """

    data: bytes
    count: int
    next: int
    millis_behind: int
    is_end: bool


def shard_at(ctx: Context, position: Position) -> tuple[Stream, Shard]:
    """Return the stream and the shard of a place; ResourceNotFoundException once they are gone."""
    place = (position.account, position.region, position.stream)
    stream = STREAMS.get(ctx, *place)
    shard = SHARDS.get(ctx, *place, position.shard)
    is_there = (
        stream is not None
        and shard is not None
        and shard.log == position.log
        and shard.is_kept(stream.trimmed_at(ctx.clock.now()))
    )
    if stream is None or shard is None or not is_there:
        raise not_found(
            f"Shard {position.shard} in stream {position.stream} under account "
            f"{position.account} does not exist"
        )
    return stream, shard


def read_on(
    ctx: Context, stream: Stream, shard: Shard, index: int, limits: tuple[int, int]
) -> Read:
    """Read a shard from an index on, up to (records, bytes), leaving out what is too old."""
    now, engine = ctx.clock.now(), ctx.engines.stream
    records, size = limits
    found = engine.read(
        shard.log, index, count_max=records, bytes_max=size, since=stream.horizon(now)
    )
    data, count = found.data, found.count
    # What is returned at once is of one file; a reader need not see where the next begins.
    while found.count and count < records and len(data) < size // 2:
        found = engine.read(
            shard.log,
            found.first + found.count,
            count_max=records - count,
            bytes_max=size - len(data),
        )
        data, count = data + found.data, count + found.count
    ends = engine.ends(shard.log)
    following = found.first + found.count
    is_behind = count > 0 and following < ends.visible
    millis = int(max(now - _last_time(data), 0.0) * 1000) if is_behind else 0
    is_end = not shard.is_open and following >= ends.next
    return Read(data, count, following, millis, is_end)


def _last_time(data: bytes) -> float:
    """Return the time of the last of some lines, in seconds since the epoch."""
    start = data.rfind(b"\n", 0, len(data) - 1) + 1 + len(LINE_START)
    return float(data[start : data.index(b",", start)])


def children_of(ctx: Context, stream: Stream, shard: Shard) -> list[shapes.ChildShard]:
    """Return the shards that go on where a closed shard ended."""
    children = [
        child
        for child in shards_of(ctx, stream)
        if shard.id in (child.parent, child.adjacent_parent)
    ]
    return [
        {
            "ShardId": child.id,
            "ParentShards": [parent for parent in (child.parent, child.adjacent_parent) if parent],
            "HashKeyRange": {
                "StartingHashKey": child.starting_hash_key,
                "EndingHashKey": child.ending_hash_key,
            },
        }
        for child in children
    ]
