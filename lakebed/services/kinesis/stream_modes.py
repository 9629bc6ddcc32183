"""The capacity modes of streams, and the throughput that on-demand ones have at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.limits import KINESIS_MODE_CHANGES_MAX
from lakebed.services.kinesis import _scaling, _shards, _throughput
from lakebed.services.kinesis._streams import active, within_a_day
from lakebed.services.kinesis.model import (
    ON_DEMAND,
    PROVISIONED,
    STREAMS,
    Stream,
    invalid,
    limit_exceeded,
    replace,
)

if TYPE_CHECKING:
    from lakebed.shapes import kinesis as shapes


def update_stream_mode(ctx: Context, request: shapes.UpdateStreamModeInput) -> dict[str, Any]:
    """Change the capacity mode of a stream, twice in 24 hours at most; its shards stay.

    An on-demand stream has four shards at least, so that one with fewer is scaled.
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateStreamMode.html
    """
    stream, mode = active(ctx, request), request["StreamModeDetails"]["StreamMode"]
    warm = request.get("WarmThroughputMiBps", 0)
    if "WarmThroughputMiBps" in request:
        _throughput.checked(ctx, stream.account, mode, warm)
    if mode == stream.mode:
        message = f"Stream {stream.name} under account {stream.account} is already in {mode} mode."
        raise invalid(message)
    now = ctx.clock.now()
    changes = within_a_day(stream.mode_changes, now)
    if len(changes) >= KINESIS_MODE_CHANGES_MAX:
        message = f"Stream {stream.name} under account {stream.account} has changed its mode"
        raise limit_exceeded(f"{message} {KINESIS_MODE_CHANGES_MAX} times in 24 hours.")
    stream = replace(stream, mode=mode, mode_changes=(*changes, now), warm_mibps=0)
    if mode == PROVISIONED:
        _shards.room_for(ctx, stream.account, stream.region, stream.open_shard_count)
        STREAMS.put(ctx, stream)
        return {}
    _shards.room_for_on_demand(ctx, stream.account, stream.region)
    if stream.open_shard_count < max(warm, _scaling.ON_DEMAND_SHARDS):
        stream = _warmed(ctx, stream, warm)
    STREAMS.put(ctx, replace(stream, warm_mibps=warm))
    return {}


def update_stream_warm_throughput(
    ctx: Context, request: shapes.UpdateStreamWarmThroughputInput
) -> shapes.UpdateStreamWarmThroughputOutput:
    """Scale an on-demand stream to a throughput, at once: a shard takes 1 MiB a second.

    For accounts that have committed to a minimum of throughput. A value that is lower, or the same,
    releases shards above it, down to four.
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateStreamWarmThroughput.html
    """
    stream, mibps = active(ctx, request), request["WarmThroughputMiBps"]
    _throughput.checked(ctx, stream.account, stream.mode, mibps)
    stream = replace(_warmed(ctx, stream, mibps), warm_mibps=mibps)
    STREAMS.put(ctx, stream)
    return {
        "StreamARN": stream.arn,
        "StreamName": stream.name,
        "WarmThroughput": _throughput.shape(stream),
    }


def _warmed(ctx: Context, stream: Stream, mibps: int) -> Stream:
    count = _scaling.wanted_shards(_scaling.ON_DEMAND_SHARDS, 0, 0, mibps)
    if stream.mode != ON_DEMAND or count == stream.open_shard_count:
        return stream
    return _shards.rescaled(ctx, stream, count)
