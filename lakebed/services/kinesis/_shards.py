"""Makes, closes and drops shards; what is expired is dropped when somebody looks.

https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-resharding.html
"""

from __future__ import annotations

from collections.abc import Sequence

from lakebed.context import Context
from lakebed.services.kinesis import _sequence_numbers
from lakebed.services.kinesis.model import (
    DROPPED_LOGS,
    HASH_KEY_MAX,
    HOUR_SECONDS,
    SHARDS,
    DroppedLog,
    Shard,
    Stream,
    replace,
    shard_id,
)


def even_ranges(count: int) -> list[tuple[int, int]]:
    """Return the ranges of hash keys of shards that share them evenly, first and last key.

    As AWS divides them: all are as wide as whole numbers allow, the last takes what is left.
    """
    width = (HASH_KEY_MAX + 1) // count
    ends = [width * at - 1 for at in range(1, count)] + [HASH_KEY_MAX]
    return [(width * at, end) for at, end in enumerate(ends)]


def opened(
    ctx: Context, stream: Stream, keys: tuple[int, int], parents: Sequence[Shard] = ()
) -> tuple[Stream, Shard]:
    """Make a shard of some hash keys; return the stream, which the caller puts, and the shard."""
    now = ctx.clock.now()
    created_s = max([int(now), *(parent.created_s + 1 for parent in parents)])
    ids = [parent.id for parent in parents] + ["", ""]
    shard = Shard(
        stream.account,
        stream.region,
        stream.name,
        shard_id(stream.next_shard),
        ctx.ids.token(),
        str(keys[0]),
        str(keys[1]),
        _sequence_numbers.first(created_s, stream.next_shard),
        created_s,
        now,
        ids[0],
        ids[1],
    )
    SHARDS.put(ctx, shard)
    return replace(stream, next_shard=stream.next_shard + 1), shard


def closed(ctx: Context, shard: Shard) -> Shard:
    """Close a shard: it takes no more records, and is read until they expire."""
    now = ctx.clock.now()
    ending = _sequence_numbers.last(shard.created_s, shard.number, max(int(now), shard.created_s))
    shard = replace(shard, ending_sequence_number=ending, closed=now)
    SHARDS.put(ctx, shard)
    return shard


def dropped(ctx: Context, shards: Sequence[Shard]) -> None:
    """Remove shards; the engine deletes their logs afterwards, as the rows left behind say."""
    for shard in shards:
        SHARDS.delete(ctx, shard.account, shard.region, shard.stream, shard.id)
        DROPPED_LOGS.put(ctx, DroppedLog(shard.log, ctx.clock.now()))


def is_expired(stream: Stream, shard: Shard, now: float) -> bool:
    """Tell whether a closed shard's last record, whenever it came, is past the retention."""
    return not shard.is_open and shard.closed + stream.retention_hours * HOUR_SECONDS <= now
