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
    """What a read found: lines, the index behind them, milliseconds to the tip of the shard.

    `is_end` says that the shard is closed, and that nothing of it is left to be read.
    """

    data: bytes
    first: int
    count: int
    millis_behind: int
    is_end: bool

    @property
    def next(self) -> int:
        """The index of the line to be read next."""
        return self.first + self.count


def shard_at(ctx: Context, position: Position) -> tuple[Stream, Shard]:
    """Return the stream and the shard of a place; ResourceNotFoundException once they are gone."""
    place = (position.account, position.region, position.stream)
    stream = STREAMS.get(ctx, *place)
    shard = SHARDS.get(ctx, *place, position.shard)
    if stream is None or shard is None or shard.log != position.log:
        raise not_found(
            f"Shard {position.shard} in stream {position.stream} under account "
            f"{position.account} does not exist"
        )
    return stream, shard


def read_on(
    ctx: Context, stream: Stream, shard: Shard, index: int, limits: tuple[int, int]
) -> Read:
    """Read a shard from an index on, up to (records, bytes), leaving out what is too old."""
    now = ctx.clock.now()
    found = ctx.engines.stream.read(
        shard.log, index, count_max=limits[0], bytes_max=limits[1], since=stream.horizon(now)
    )
    ends = ctx.engines.stream.ends(shard.log)
    following = found.first + found.count
    is_behind = found.count > 0 and following < ends.visible
    millis = int(max(now - _last_time(found.data), 0.0) * 1000) if is_behind else 0
    is_end = not shard.is_open and following >= ends.next
    return Read(found.data, found.first, found.count, millis, is_end)


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
