"""Streams: made, described, listed, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.services.kinesis import _shards
from lakebed.services.kinesis._streams import open_shards, stream_of
from lakebed.services.kinesis.model import (
    CONSUMERS,
    ON_DEMAND,
    PROVISIONED,
    STREAMS,
    Stream,
    in_use,
    invalid,
)

if TYPE_CHECKING:
    from lakebed.shapes import kinesis as shapes

_ON_DEMAND_SHARDS = 4


def create_stream(ctx: Context, request: shapes.CreateStreamInput) -> dict[str, Any]:
    """Make a stream, which is ACTIVE at once.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html
    """
    for member in (
        "Tags",
        "WarmThroughputMiBps",
        "MaxRecordSizeInKiB",
        "RecordDistributionStrategy",
    ):
        if member in request:
            raise NotBuiltError("kinesis", "CreateStream", member)
    name = request["StreamName"]
    if STREAMS.get(ctx, ctx.account, ctx.region, name) is not None:
        raise in_use(f"Stream {name} under account {ctx.account} already exists.")
    mode = request.get("StreamModeDetails", {}).get("StreamMode", PROVISIONED)
    count = request.get("ShardCount", _ON_DEMAND_SHARDS if mode == ON_DEMAND else 0)
    if not count:
        raise invalid("ShardCount must be specified for a stream in PROVISIONED mode.")
    stream_id = f"{ctx.ids.token(80)}-{ctx.ids.token(12)}"
    stream = Stream(ctx.account, ctx.region, name, stream_id, ctx.clock.now(), mode=mode)
    for keys in _shards.even_ranges(count):
        stream, _ = _shards.opened(ctx, stream, keys)
    STREAMS.put(ctx, stream)
    return {}


def describe_stream_summary(
    ctx: Context, request: shapes.DescribeStreamSummaryInput
) -> shapes.DescribeStreamSummaryOutput:
    """Return what a stream is, without its shards.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamSummary.html
    """
    stream = stream_of(ctx, request)
    summary: shapes.StreamDescriptionSummary = {
        "StreamName": stream.name,
        "StreamARN": stream.arn,
        "StreamId": stream.id,
        "StreamStatus": stream.status,
        "StreamModeDetails": {"StreamMode": stream.mode},
        "RetentionPeriodHours": stream.retention_hours,
        "StreamCreationTimestamp": stream.created,
        "EnhancedMonitoring": [{"ShardLevelMetrics": list(stream.metrics)}],
        "EncryptionType": stream.encryption,
        "OpenShardCount": len(open_shards(ctx, stream)),
        "ConsumerCount": CONSUMERS.count(ctx, stream.account, stream.region, stream.name),
        "MaxRecordSizeInKiB": stream.record_kib_max,
    }
    if stream.key_id:
        summary["KeyId"] = stream.key_id
    return {"StreamDescriptionSummary": summary}
