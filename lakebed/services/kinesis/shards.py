"""Shards: listed, split, merged, and a stream's number of them."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.limits import (
    KINESIS_LISTED_SHARDS_MAX,
    KINESIS_RESHARDS_MAX,
    KINESIS_STREAM_SHARDS_MAX,
)
from lakebed.services.kinesis import _pages, _shard_filter, _shards, _slices
from lakebed.services.kinesis._described import shard_shape
from lakebed.services.kinesis._streams import (
    created_then,
    provisioned,
    shard_of,
    shards_of,
    stream_of,
    within_a_day,
)
from lakebed.services.kinesis.model import (
    STREAMS,
    Shard,
    Stream,
    invalid,
    limit_exceeded,
    replace,
)

if TYPE_CHECKING:
    from lakebed.shapes import kinesis as shapes


def list_shards(ctx: Context, request: shapes.ListShardsInput) -> shapes.ListShardsOutput:
    """Return the shards of a stream that a filter asks for, at most 1,000 at a time.

    A NextToken says of which stream and by which filter; it can be used for 300 seconds.
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html
    """
    where = _where(ctx, request)
    stream = stream_of(ctx, {"StreamARN": where["stream"]})
    if "id" in where and where["id"] != stream.id:
        raise invalid("NextToken is of a stream that was deleted.")
    shards = _shard_filter.chosen(stream, shards_of(ctx, stream), where, ctx.clock.now())
    most = KINESIS_LISTED_SHARDS_MAX
    limit = min(request.get("MaxResults", most), most)
    page = shards[:limit]
    answer: shapes.ListShardsOutput = {"Shards": [shard_shape(shard) for shard in page]}
    if len(shards) > limit:
        where |= {"id": stream.id, "after": page[-1].id}
        answer["NextToken"] = _pages.sealed(ctx, "ListShards", where)
    return answer


def _where(ctx: Context, request: shapes.ListShardsInput) -> dict[str, Any]:
    """Return the stream, filter and first shard that are asked for, by request or by token."""
    token = request.get("NextToken")
    if token is None:
        stream = stream_of(ctx, request)
        created_then(stream, request)
        given: Any = request.get("ShardFilter", {})
        _shard_filter.checked(given)
        after = max(request.get("ExclusiveStartShardId", ""), given.get("ShardId", ""))
        return {"stream": stream.arn, "filter": given, "after": after}
    for member in ("StreamName", "ExclusiveStartShardId", "StreamCreationTimestamp", "ShardFilter"):
        if member in request:
            raise invalid(f"NextToken and {member} cannot be provided together.")
    return _pages.opened(ctx, "ListShards", token)


def split_shard(ctx: Context, request: shapes.SplitShardInput) -> dict[str, Any]:
    """Close a shard and open two in its place; the second begins with NewStartingHashKey.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SplitShard.html
    """
    stream = provisioned(ctx, request)
    shard = _eligible(ctx, stream, request["ShardToSplit"])
    at = int(request["NewStartingHashKey"])
    if not int(shard.starting_hash_key) + 1 < at < int(shard.ending_hash_key):
        raise invalid(
            f"NewStartingHashKey {at} used in SplitShard() on shard {shard.id} in stream "
            f"{stream.name} under account {stream.account} is not both greater than one plus the "
            f"shard's StartingHashKey {shard.starting_hash_key} and less than the shard's "
            f"EndingHashKey {shard.ending_hash_key}."
        )
    _shards.room_for(ctx, stream.account, stream.region, 1)
    stream, _, _ = _shards.split(ctx, stream, shard, at, ctx.clock.now())
    STREAMS.put(ctx, stream)
    return {}


def merge_shards(ctx: Context, request: shapes.MergeShardsInput) -> dict[str, Any]:
    """Close two shards whose hash keys are adjacent and open one in their place.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_MergeShards.html
    """
    stream = provisioned(ctx, request)
    one = _eligible(ctx, stream, request["ShardToMerge"])
    other = _eligible(ctx, stream, request["AdjacentShardToMerge"])
    low, high = sorted((one, other), key=lambda shard: int(shard.starting_hash_key))
    if int(low.ending_hash_key) + 1 != int(high.starting_hash_key):
        raise invalid(
            f"Shards {one.id} and {other.id} in stream {stream.name} under account "
            f"{stream.account} are not an adjacent pair of shards eligible for merging"
        )
    stream, _ = _shards.merged(ctx, stream, one, other, ctx.clock.now())
    STREAMS.put(ctx, stream)
    return {}


def _eligible(ctx: Context, stream: Stream, shard_id: str) -> Shard:
    shard = shard_of(ctx, stream, shard_id)
    if not shard.is_open:
        raise invalid(
            f"Shard {shard.id} in stream {stream.name} under account {stream.account} has already "
            "been merged or split, and thus is not eligible for merging or splitting."
        )
    return shard


def update_shard_count(
    ctx: Context, request: shapes.UpdateShardCountInput
) -> Generator[None, None, shapes.UpdateShardCountOutput]:
    """Give a stream another number of shards, which share the hash keys evenly.

    At most double, at least half, and ten times in 24 hours.
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
    """
    stream = provisioned(ctx, request)
    count, target = stream.open_shard_count, request["TargetShardCount"]
    now = ctx.clock.now()
    reshards = within_a_day(stream.reshards, now)
    _may_have(count, target)
    if len(reshards) >= KINESIS_RESHARDS_MAX:
        message = f"UpdateShardCount can be called {KINESIS_RESHARDS_MAX} times in 24 hours"
        raise limit_exceeded(f"{message} for stream {stream.name} under account {stream.account}.")
    if target > count:
        _shards.room_for(ctx, stream.account, stream.region, target - count)
    stream = yield from _slices.rescaled(ctx, stream, target)
    STREAMS.put(ctx, replace(stream, reshards=(*reshards, now)))
    return {
        "StreamName": stream.name,
        "CurrentShardCount": count,
        "TargetShardCount": target,
        "StreamARN": stream.arn,
    }


def _may_have(count: int, target: int) -> None:
    counts = f"Current open shard count: {count} Target shard count: {target}"
    if target > KINESIS_STREAM_SHARDS_MAX:
        most = f"cannot be greater than {KINESIS_STREAM_SHARDS_MAX}"
        raise limit_exceeded(f"Target shard count or number of open shards {most}. {counts}")
    if target > 2 * count:
        wrong = "scale up over double your current open shard count"
    elif 2 * target < count:
        wrong = "scale down below half your current open shard count"
    else:
        return
    raise limit_exceeded(f"UpdateShardCount cannot {wrong}. {counts}")
