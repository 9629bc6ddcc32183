"""Makes, closes, splits, merges and drops shards.

A stream that is handed in is handed back changed; the caller puts it, once, at the end.
https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-resharding.html
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence

import msgspec

from lakebed.context import Context
from lakebed.core.limits import (
    KINESIS_ON_DEMAND_STREAMS_MAX,
    KINESIS_SHARDS_CHANGED_SLICE,
    KINESIS_SHARDS_MAX,
    KINESIS_SHARDS_READ,
)
from lakebed.services.kinesis import _scaling, _sequence_numbers
from lakebed.services.kinesis.model import (
    DROPPED_LOGS,
    ON_DEMAND,
    PROVISIONED,
    SHARDS,
    STREAMS,
    DroppedLog,
    Mode,
    Shard,
    Stream,
    limit_exceeded,
    replace,
    shard_id,
)
from lakebed.store import Range


def opened(
    ctx: Context, stream: Stream, keys: tuple[int, int], now: float, parents: Sequence[Shard] = ()
) -> tuple[Stream, Shard]:
    """Make a shard of some hash keys."""
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
    stream = replace(
        stream,
        next_shard=stream.next_shard + 1,
        newest_log=shard.log,
        open_shard_count=stream.open_shard_count + 1,
    )
    return stream, shard


def closed(ctx: Context, stream: Stream, shard: Shard, now: float) -> Stream:
    """Close a shard: it takes no more records, and is read until they expire."""
    ending = _sequence_numbers.last(shard.created_s, shard.number, max(int(now), shard.created_s))
    SHARDS.put(ctx, replace(shard, ending_sequence_number=ending, closed=now))
    return replace(stream, open_shard_count=stream.open_shard_count - 1)


def split(
    ctx: Context, stream: Stream, shard: Shard, at: int, now: float
) -> tuple[Stream, Shard, Shard]:
    """Split a shard in two, the second of which begins with the hash key `at`."""
    stream = closed(ctx, stream, shard, now)
    lower, upper = (int(shard.starting_hash_key), at - 1), (at, int(shard.ending_hash_key))
    stream, first = opened(ctx, stream, lower, now, (shard,))
    stream, second = opened(ctx, stream, upper, now, (shard,))
    return stream, first, second


def merged(
    ctx: Context, stream: Stream, one: Shard, other: Shard, now: float
) -> tuple[Stream, Shard]:
    """Merge two shards whose hash keys are adjacent, in either order."""
    for shard in (one, other):
        stream = closed(ctx, stream, shard, now)
    ends = [int(key) for shard in (one, other) for key in _keys(shard)]
    return opened(ctx, stream, (min(ends), max(ends)), now, (one, other))


def rescaled(ctx: Context, stream: Stream, count: int) -> Stream:
    """Rescale a stream at once: for few shards."""
    steps = rescaling(ctx, stream, count)
    try:
        stream = next(steps)
        while True:
            stream = steps.send(stream)
    except StopIteration as end:
        return end.value


def rescaling(ctx: Context, stream: Stream, count: int) -> Generator[Stream, Stream, Stream]:
    """Make a stream's open shards `count` ones that share the hash keys evenly.

    After each slice the stream is yielded as it is so far; what is sent goes on. Shards are cut
    where the new ones begin, and what then lies within one of these is merged. Where neither count
    divides the other that makes shards which are closed at once, as AWS says of UpdateShardCount.
    """
    stream, shards = yield from _read(ctx, stream)
    now, is_long = ctx.clock.now(), len(shards) > KINESIS_SHARDS_READ
    pieces: list[Shard] = []
    changes = 0
    new = _scaling.new_starts([_keys(shard)[0] for shard in shards], count)
    if is_long:
        stream = yield stream
    cuts = _scaling.cuts([_keys(shard) for shard in shards], new)
    for shard, places in zip(shards, cuts, strict=True):
        rest = shard
        for at in places:
            stream, piece, rest = split(ctx, stream, rest, at, now)
            pieces.append(piece)
            changes += 1
            if changes % KINESIS_SHARDS_CHANGED_SLICE == 0:
                stream = yield stream
        pieces.append(rest)
    groups = _scaling.groups([int(piece.starting_hash_key) for piece in pieces], new)
    if is_long:
        stream = yield stream
    for begin, end in groups:
        whole = pieces[begin]
        for piece in pieces[begin + 1 : end]:
            stream, whole = merged(ctx, stream, whole, piece, now)
            changes += 1
            if changes % KINESIS_SHARDS_CHANGED_SLICE == 0:
                stream = yield stream
    return stream


def _read(ctx: Context, stream: Stream) -> Generator[Stream, Stream, tuple[Stream, list[Shard]]]:
    """Read a stream's open shards by their hash keys, some at a time."""
    found: list[Shard] = []
    place, after = (stream.account, stream.region, stream.name), ""
    while page := list(SHARDS.scan(ctx, Range(place, after=(after,), limit=KINESIS_SHARDS_READ))):
        after = page[-1].id
        found += [shard for shard in page if shard.is_open]
        if len(page) == KINESIS_SHARDS_READ or len(found) > KINESIS_SHARDS_READ:
            stream = yield stream
    return stream, sorted(found, key=lambda shard: int(shard.starting_hash_key))


def _keys(shard: Shard) -> tuple[int, int]:
    return int(shard.starting_hash_key), int(shard.ending_hash_key)


class Counts(msgspec.Struct, frozen=True):
    """How many open shards provisioned streams have, and how many streams are on-demand."""

    shards: int
    on_demand: int


class _Counted(msgspec.Struct, frozen=True):
    mode: Mode
    open_shard_count: int = 0


_counted = STREAMS.view(_Counted)


def counts(ctx: Context, account: str, region: str) -> Counts:
    """Return what counts for the quotas of an account in a region."""
    streams = _counted(ctx, Range((account, region)))
    shards = sum(one.open_shard_count for one in streams if one.mode == PROVISIONED)
    return Counts(shards, sum(one.mode == ON_DEMAND for one in streams))


def room_for(ctx: Context, account: str, region: str, more: int) -> None:
    """Raise LimitExceededException if an account may not have so many more open shards.

    Those of on-demand streams do not count.
    """
    count = counts(ctx, account, region).shards
    if count + more > KINESIS_SHARDS_MAX:
        message = f"This request would exceed the shard limit for the account {account} in {region}"
        raise limit_exceeded(
            f"{message}. Current shard count for the account: {count}. "
            f"Limit: {KINESIS_SHARDS_MAX}. Number of additional shards that would have resulted "
            f"from this request: {more}. Refer to the AWS Service Limits page "
            "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) "
            "for current limits and how to request higher limits."
        )


def room_for_on_demand(ctx: Context, account: str, region: str) -> None:
    """Raise LimitExceededException if an account has as many on-demand streams as it may."""
    most = KINESIS_ON_DEMAND_STREAMS_MAX
    if counts(ctx, account, region).on_demand >= most:
        message = f"Request exceeds the limit of {most} on-demand streams for the account {account}"
        raise limit_exceeded(f"{message}.")


def dropped(ctx: Context, shards: Iterable[Shard]) -> int:
    """Remove shards; the engine deletes their logs afterwards, as the rows left behind say."""
    count = 0
    for shard in list(shards):
        SHARDS.delete(ctx, shard.account, shard.region, shard.stream, shard.id)
        DROPPED_LOGS.put(ctx, DroppedLog(shard.log, ctx.clock.now()))
        count += 1
    return count
