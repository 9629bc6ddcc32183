"""Enhanced fan-out: records pushed to a registered consumer as they come, in an event stream."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Caller, Context
from lakebed.core.bodies import Event, EventStream
from lakebed.core.errors import AwsError
from lakebed.core.limits import (
    KINESIS_EVENT_BYTES_MAX,
    KINESIS_EVENTS_WAITING_MAX,
    KINESIS_SUBSCRIPTION_SECONDS_MAX,
    KINESIS_SUBSCRIPTIONS_MAX,
)
from lakebed.services.kinesis import _data_keys, _sequence_numbers
from lakebed.services.kinesis._consumers import consumer_of
from lakebed.services.kinesis._lines import opened, records_in
from lakebed.services.kinesis._positions import Position, position_at
from lakebed.services.kinesis._reading import children_of, read_on, shard_at
from lakebed.services.kinesis._streams import check_dry_run, shard_of
from lakebed.services.kinesis.model import STREAMS, Shard, in_use, limit_exceeded

if TYPE_CHECKING:
    from lakebed.shapes import kinesis as shapes

DATA_EVENTS = True
"""Audited only by setting."""

TAKE_OVER_SECONDS = 5.0
"""So long a new subscription cannot be taken over."""
QUIET_SECONDS = 5.0
"""After so long without records an event says that there are none."""
LOOK_SECONDS = 1.0
"""How often it is looked whether a shard, into which nothing is put, was closed or is gone."""


class _Subscription(msgspec.Struct):
    """What is sent to whom; `began` is when, `index` what of the shard comes next."""

    consumer: str
    position: Position
    began: float
    index: int
    stream: EventStream
    run_id: str = ""
    is_taken_over: bool = False


_live: dict[tuple[Path, str, str], _Subscription] = {}


def subscribe_to_shard(
    ctx: Context, request: shapes.SubscribeToShardInput
) -> shapes.SubscribeToShardOutput:
    """Push records of a shard to a consumer for up to five minutes.

    ResourceInUseException if the consumer subscribed to the shard in the last five seconds; after
    that the new subscription takes over.
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html
    """
    consumer = consumer_of(ctx, request)
    stream = STREAMS.get(ctx, consumer.account, consumer.region, consumer.stream)
    if stream is None:
        raise AwsError("ResourceNotFoundException", f"Stream {consumer.stream} not found.")
    shard = shard_of(ctx, stream, request["ShardId"])
    check_dry_run(request)
    position = position_at(ctx, stream, shard, request["StartingPosition"])
    events = EventStream(KINESIS_EVENTS_WAITING_MAX + 1)
    began = ctx.clock.now()
    place = (ctx.settings.data_dir, consumer.arn, shard.id)
    subscription = _Subscription(consumer.arn, position, began, position.index, events)
    subscription.run_id = f"subscription {ctx.ids.token()}"
    _take_over(ctx, place, began)
    _live[place] = subscription
    runs = ctx.runs

    def abandoned() -> None:
        runs.cancel(subscription.run_id)

    events.when_abandoned(abandoned)
    ctx.runs.start(ctx, subscription.run_id, lambda caller: _push(caller, ctx, subscription, place))
    answer: Any = {"EventStream": events}
    return answer


def _take_over(ctx: Context, place: tuple[Path, str, str], now: float) -> None:
    """End the subscription that a new one replaces, unless it is too young for that."""
    before = _live.get(place)
    if before is None:
        if len(_live) >= KINESIS_SUBSCRIPTIONS_MAX:
            raise limit_exceeded(
                f"{KINESIS_SUBSCRIPTIONS_MAX} subscriptions are open already, and no more can be."
            )
        return
    if now - before.began < TAKE_OVER_SECONDS:
        raise in_use(
            f"Another active subscription exists for this consumer: {before.consumer} "
            f"and shard {place[2]}."
        )
    before.is_taken_over = True
    ctx.runs.cancel(before.run_id)


async def _push(
    caller: Caller, ctx: Context, subscription: _Subscription, place: tuple[Path, str, str]
) -> None:
    """Send events until the time is over, the shard has ended, or nobody reads any more."""
    loop, wake, events = asyncio.get_running_loop(), asyncio.Event(), subscription.stream
    events.when_taken(wake.set)

    def visible() -> None:
        loop.call_soon_threadsafe(wake.set)

    stop = ctx.engines.stream.listen(subscription.position.log, visible)
    deadline = loop.time() + KINESIS_SUBSCRIPTION_SECONDS_MAX
    quiet_since = loop.time() - QUIET_SECONDS
    try:
        while (now := loop.time()) < deadline:
            wake.clear()
            event = None
            if events.has_room:
                is_quiet = now - quiet_since >= QUIET_SECONDS
                event = await caller.write(
                    lambda ctx, said=is_quiet: _next(ctx, subscription, said)
                )
            if event is not None:
                quiet_since = now
                events.send(event)
                if "ChildShards" in event.members:
                    return
                continue
            try:
                await asyncio.wait_for(wake.wait(), LOOK_SECONDS)
            except TimeoutError:
                continue
    except AwsError as error:
        events.send(Event(error.code, {"message": error.message}, is_exception=True))
    finally:
        stop()
        if _live.get(place) is subscription:
            del _live[place]
        if subscription.is_taken_over:
            said = "Another subscription of this consumer to this shard took over."
            events.send(Event("ResourceInUseException", {"message": said}, is_exception=True))
        events.close()


def _next(ctx: Context, subscription: _Subscription, is_quiet: bool) -> Event | None:
    """Return the next event, None if there is nothing to be told; go on behind it."""
    stream, shard = shard_at(ctx, subscription.position)
    limits = (10_000, KINESIS_EVENT_BYTES_MAX)
    found = read_on(ctx, stream, shard, subscription.index, limits)
    if not found.count and not found.is_end and not is_quiet:
        return None
    subscription.index = found.next
    data = opened(found.data, lambda name: _data_keys.named(ctx, stream, name))
    members: dict[str, Any] = {
        "Records": records_in(data),
        "ContinuationSequenceNumber": _continuation(shard, found.next),
        "MillisBehindLatest": found.millis_behind,
    }
    if found.is_end:
        members["ChildShards"] = children_of(ctx, stream, shard)
        del members["ContinuationSequenceNumber"]
    return Event("SubscribeToShardEvent", members)


def _continuation(shard: Shard, index: int) -> str:
    """Return the number after which a subscription goes on that has been sent so many lines."""
    return str(_sequence_numbers.number(shard.created_s, shard.number, index, shard.created_s))
