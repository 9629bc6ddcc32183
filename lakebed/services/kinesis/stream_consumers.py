"""Registered consumers of streams, which read with a throughput of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.limits import (
    KINESIS_ADVANTAGE_CONSUMERS_MAX,
    KINESIS_CONSUMERS_MAX,
    KINESIS_LISTED_CONSUMERS_MAX,
)
from lakebed.services.kinesis import _pages, _throughput
from lakebed.services.kinesis._consumers import consumer_of
from lakebed.services.kinesis._described import consumer_shape
from lakebed.services.kinesis._streams import active, consumers_of, created_then, stream_of
from lakebed.services.kinesis._tags import with_tags
from lakebed.services.kinesis.model import (
    CONSUMERS,
    ON_DEMAND,
    POLICIES,
    Consumer,
    Stream,
    in_use,
    invalid,
    limit_exceeded,
)

if TYPE_CHECKING:
    from lakebed.shapes import kinesis as shapes


def register_stream_consumer(
    ctx: Context, request: shapes.RegisterStreamConsumerInput
) -> shapes.RegisterStreamConsumerOutput:
    """Register a consumer of a stream, which is ACTIVE at once.

    At most 20 of one stream; 50 of an on-demand stream whose account has On-demand Advantage.
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html
    """
    stream, name = active(ctx, request), request["ConsumerName"]
    place = (stream.account, stream.region, stream.name)
    if CONSUMERS.get(ctx, *place, name) is not None:
        message = f"Consumer {name} of stream {stream.name} under account {stream.account}"
        raise in_use(f"{message} already exists.")
    most = _most(ctx, stream)
    if CONSUMERS.count(ctx, *place) >= most:
        message = f"Stream {stream.name} under account {stream.account} has {most} consumers"
        raise limit_exceeded(f"{message}, as many as a stream can have.")
    tags = with_tags(f"consumer {name} of stream {stream.name}", {}, request.get("Tags", {}))
    # AWS tells the time of a registration in whole seconds, as its ARN has it.
    consumer = Consumer(*place, name, float(int(ctx.clock.now())), tags=tags)
    CONSUMERS.put(ctx, consumer)
    return {"Consumer": consumer_shape(consumer)}


def _most(ctx: Context, stream: Stream) -> int:
    if stream.mode == ON_DEMAND and _throughput.is_committed(ctx, stream.account):
        return KINESIS_ADVANTAGE_CONSUMERS_MAX
    return KINESIS_CONSUMERS_MAX


def deregister_stream_consumer(
    ctx: Context, request: shapes.DeregisterStreamConsumerInput
) -> dict[str, Any]:
    """Remove a consumer, with its policy; it is gone at once.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeregisterStreamConsumer.html
    """
    consumer = consumer_of(ctx, request)
    CONSUMERS.delete(ctx, consumer.account, consumer.region, consumer.stream, consumer.name)
    POLICIES.delete(ctx, consumer.arn)
    return {}


def describe_stream_consumer(
    ctx: Context, request: shapes.DescribeStreamConsumerInput
) -> shapes.DescribeStreamConsumerOutput:
    """Return a consumer with the stream it reads.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamConsumer.html
    """
    consumer = consumer_of(ctx, request)
    described: Any = {**consumer_shape(consumer), "StreamARN": consumer.stream_arn}
    return {"ConsumerDescription": described}


def list_stream_consumers(
    ctx: Context, request: shapes.ListStreamConsumersInput
) -> shapes.ListStreamConsumersOutput:
    """Return the consumers of a stream by their names, at most 100 at a time.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreamConsumers.html
    """
    stream, token, after = stream_of(ctx, request), request.get("NextToken"), ""
    if token is not None:
        if "StreamCreationTimestamp" in request:
            raise invalid("NextToken and StreamCreationTimestamp cannot be provided together.")
        where = _pages.opened(ctx, "ListStreamConsumers", token)
        if where["id"] != stream.id:
            raise invalid("NextToken is of another stream.")
        after = where["after"]
    created_then(stream, request)
    most = KINESIS_LISTED_CONSUMERS_MAX
    limit = min(request.get("MaxResults", most), most)
    found = [consumer for consumer in consumers_of(ctx, stream) if consumer.name > after]
    page = found[:limit]
    answer: shapes.ListStreamConsumersOutput = {"Consumers": [consumer_shape(one) for one in page]}
    if len(found) > limit:
        where = {"id": stream.id, "after": page[-1].name}
        answer["NextToken"] = _pages.sealed(ctx, "ListStreamConsumers", where)
    return answer
