"""Streams: made, described, listed, deleted.

What AWS does in seconds is done at once here: a stream is ACTIVE when CreateStream has answered,
and gone when DeleteStream has; only while many shards are made or dropped do others see how far.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.core.limits import (
    KINESIS_DESCRIBED_SHARDS_MAX,
    KINESIS_LISTED_STREAMS_MAX,
    KINESIS_SHARDS_CHANGED_SLICE,
    KINESIS_STREAM_SHARDS_MAX,
)
from lakebed.services.kinesis import _pages, _scaling, _shards, _slices, _throughput
from lakebed.services.kinesis._described import shard_shape
from lakebed.services.kinesis._streams import active, consumers_of, shards_of, stream_of
from lakebed.services.kinesis._tags import with_tags
from lakebed.services.kinesis.model import (
    ACTIVE,
    CONSUMERS,
    DATA_KEYS,
    ON_DEMAND,
    POLICIES,
    PROVISIONED,
    STREAMS,
    Stream,
    in_use,
    invalid,
    limit_exceeded,
    replace,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import kinesis as shapes


def create_stream(
    ctx: Context, request: shapes.CreateStreamInput
) -> Generator[None, None, dict[str, Any]]:
    """Make a stream, ACTIVE when this is answered; of on-demand mode it has four shards.

    Warm throughput is for on-demand streams of accounts that have committed to it
    (UpdateAccountSettings); it is had at once, in shards. RecordDistributionStrategy AUTO is not
    built.
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html
    """
    name, mode = request["StreamName"], _mode(request)
    if STREAMS.get(ctx, ctx.account, ctx.region, name) is not None:
        raise in_use(f"Stream {name} under account {ctx.account} already exists.")
    warm = request.get("WarmThroughputMiBps", 0)
    if "WarmThroughputMiBps" in request:
        _throughput.checked(ctx, ctx.account, mode, warm)
    owner = f"stream {name} under account {ctx.account}"
    tags = with_tags(owner, {}, request.get("Tags", {}))
    stream = Stream(
        ctx.account,
        ctx.region,
        name,
        f"{ctx.ids.token(80)}-{ctx.ids.token(12)}",
        ctx.clock.now(),
        mode=mode,
        warm_mibps=warm,
        record_kib_max=request.get("MaxRecordSizeInKiB", 1024),
        tags=tags,
    )
    count = _shard_count(ctx, request, mode, warm)
    with _slices.underway(stream):
        for number, keys in enumerate(_scaling.even_ranges(count), 1):
            stream, _ = _shards.opened(ctx, stream, keys, stream.created)
            if number % KINESIS_SHARDS_CHANGED_SLICE == 0 and number < count:
                stream = yield from _slices.between(ctx, stream, "CREATING")
    STREAMS.put(ctx, replace(stream, status=ACTIVE))
    return {}


def _mode(request: shapes.CreateStreamInput) -> Any:
    mode = request.get("StreamModeDetails", {}).get("StreamMode", PROVISIONED)
    strategy = request.get("RecordDistributionStrategy")
    if strategy is not None and mode != ON_DEMAND:
        raise invalid("RecordDistributionStrategy is only supported for on-demand streams.")
    if strategy == "AUTO":
        raise NotBuiltError("kinesis", "CreateStream", "RecordDistributionStrategy AUTO")
    return mode


def _shard_count(ctx: Context, request: shapes.CreateStreamInput, mode: str, warm: int) -> int:
    """Return how many shards a new stream has; the errors of too many streams and shards."""
    if mode == ON_DEMAND:
        _shards.room_for_on_demand(ctx, ctx.account, ctx.region)
        return _scaling.wanted_shards(_scaling.ON_DEMAND_SHARDS, 0, 0, warm)
    count = request.get("ShardCount")
    if count is None:
        raise invalid("ShardCount must be specified for a stream of the PROVISIONED mode.")
    if count > KINESIS_STREAM_SHARDS_MAX:
        raise limit_exceeded(f"A stream can have at most {KINESIS_STREAM_SHARDS_MAX} shards.")
    _shards.room_for(ctx, ctx.account, ctx.region, count)
    return count


def delete_stream(
    ctx: Context, request: shapes.DeleteStreamInput
) -> Generator[None, None, dict[str, Any]]:
    """Delete a stream with its shards, their records, and its policy.

    ResourceInUseException if it has consumers, unless EnforceConsumerDeletion takes them along.
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteStream.html
    """
    stream = active(ctx, request)
    consumers = consumers_of(ctx, stream)
    if consumers and not request.get("EnforceConsumerDeletion"):
        message = f"Stream {stream.name} under account {stream.account} has registered consumers: "
        raise in_use(f"{message}deregister them, or set EnforceConsumerDeletion.")
    place = (stream.account, stream.region, stream.name)
    for consumer in consumers:
        CONSUMERS.delete(ctx, *place, consumer.name)
        POLICIES.delete(ctx, consumer.arn)
    yield from _slices.without_shards(ctx, stream)
    POLICIES.delete(ctx, stream.arn)
    DATA_KEYS.delete_range(ctx, Range((stream.id,)))
    STREAMS.delete(ctx, *place)
    return {}


def describe_stream(
    ctx: Context, request: shapes.DescribeStreamInput
) -> shapes.DescribeStreamOutput:
    """Return a stream with up to 100 of its shards, from after ExclusiveStartShardId on.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStream.html
    """
    stream = stream_of(ctx, request)
    after = request.get("ExclusiveStartShardId", "")
    limit = min(request.get("Limit", KINESIS_DESCRIBED_SHARDS_MAX), KINESIS_DESCRIBED_SHARDS_MAX)
    shards = [shard for shard in shards_of(ctx, stream) if shard.id > after]
    described: shapes.StreamDescription = {
        "StreamName": stream.name,
        "StreamARN": stream.arn,
        "StreamStatus": stream.status,
        "StreamModeDetails": {"StreamMode": stream.mode},
        "Shards": [shard_shape(shard) for shard in shards[:limit]],
        "HasMoreShards": len(shards) > limit,
        "RetentionPeriodHours": stream.retention_hours,
        "StreamCreationTimestamp": stream.created,
        "EnhancedMonitoring": [{"ShardLevelMetrics": list(stream.metrics)}],
        "EncryptionType": stream.encryption,
    }
    if stream.key_id:
        described["KeyId"] = stream.key_id
    return {"StreamDescription": described}


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
        "OpenShardCount": stream.open_shard_count,
        "ConsumerCount": CONSUMERS.count(ctx, stream.account, stream.region, stream.name),
        "MaxRecordSizeInKiB": stream.record_kib_max,
    }
    if stream.key_id:
        summary["KeyId"] = stream.key_id
    if stream.mode == ON_DEMAND:
        summary["RecordDistributionStrategy"] = "USER_PARTITION_KEY"
    if stream.warm_mibps:
        summary["WarmThroughput"] = _throughput.shape(stream)
    return {"StreamDescriptionSummary": summary}


def list_streams(ctx: Context, request: shapes.ListStreamsInput) -> shapes.ListStreamsOutput:
    """Return the streams of the account and region by their names, at most 100 at a time.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreams.html
    """
    token = request.get("NextToken")
    after = request.get("ExclusiveStartStreamName", "")
    if token is not None:
        if after:
            raise invalid("NextToken and ExclusiveStartStreamName cannot be provided together.")
        after = str(_pages.opened(ctx, "ListStreams", token)["after"])
    limit = min(request.get("Limit", KINESIS_LISTED_STREAMS_MAX), KINESIS_LISTED_STREAMS_MAX)
    place = (ctx.account, ctx.region)
    found = list(STREAMS.scan(ctx, Range(place, after=(after,), limit=limit + 1)))
    page = found[:limit]
    answer: shapes.ListStreamsOutput = {
        "StreamNames": [stream.name for stream in page],
        "HasMoreStreams": len(found) > limit,
        "StreamSummaries": [
            {
                "StreamName": stream.name,
                "StreamARN": stream.arn,
                "StreamStatus": stream.status,
                "StreamModeDetails": {"StreamMode": stream.mode},
                "StreamCreationTimestamp": stream.created,
            }
            for stream in page
        ],
    }
    if len(found) > limit:
        answer["NextToken"] = _pages.sealed(ctx, "ListStreams", {"after": page[-1].name})
    return answer


def update_max_record_size(
    ctx: Context, request: shapes.UpdateMaxRecordSizeInput
) -> dict[str, Any]:
    """Change how large a record of a stream may be: 1,024 to 10,240 KiB.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateMaxRecordSize.html
    """
    stream = active(ctx, request)
    STREAMS.put(ctx, replace(stream, record_kib_max=request["MaxRecordSizeInKiB"]))
    return {}
