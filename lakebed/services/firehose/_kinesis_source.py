"""Kinesis streams as sources: their records are taken into the backlog, shard by shard.

How far a shard was read is kept in the commit that keeps the records, so none is taken twice or
left out. A source that sleeps is looked at less and less often.
https://docs.aws.amazon.com/firehose/latest/dev/writing-with-kinesis-streams.html
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from lakebed.context import Caller, Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import DELIVERY_SOURCE_BYTES, DELIVERY_SOURCE_SECONDS_MAX
from lakebed.engines.delivery import Record
from lakebed.services.firehose import _backlog, _error_logs, _kpl
from lakebed.services.firehose._roles import check_role, role_context
from lakebed.services.firehose.model import (
    FROM_KINESIS,
    SOURCES,
    STREAMS,
    DeliveryStream,
    Source,
    invalid,
    replace,
)
from lakebed.store import Range, Scope

log = logging.getLogger("lakebed.firehose")

_PAGE_RECORDS = 10_000
_LOOK_SECONDS = 1.0


def checked_source(ctx: Context, configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return a source as it is described; refused is what cannot be read with its role."""
    arn, role = configuration["KinesisStreamARN"], configuration["RoleARN"]
    check_role(ctx, role)
    described = {"KinesisStreamARN": arn, "RoleARN": role}
    try:
        caller = _as_source(ctx, described)
        kinesis: Any = caller.aws.kinesis
        (shard, *_) = _shards(caller, arn)
        asked = {"StreamARN": arn, "ShardId": shard, "ShardIteratorType": "LATEST"}
        kinesis.get_shard_iterator(asked)
    except NotBuiltError:
        raise
    except AwsError as error:
        raise invalid(f"The Kinesis stream {arn} cannot be read: {error.message}") from error
    started = ctx.clock.now()
    return {"KinesisStreamSourceDescription": {**described, "DeliveryStartTimestamp": started}}


def _as_source(ctx: Context, described: Mapping[str, Any]) -> Context:
    region = str(described["KinesisStreamARN"]).split(":")[3]
    return msgspec.structs.replace(role_context(ctx, described["RoleARN"]), region=region)


def _shards(ctx: Context, arn: str) -> list[str]:
    found: list[str] = []
    request: Any = {"StreamARN": arn}
    while True:
        page = ctx.aws.kinesis.list_shards(request)
        found += [shard["ShardId"] for shard in page.get("Shards", [])]
        token = page.get("NextToken")
        if not token:
            return found
        request = {"NextToken": token}


async def retention_seconds(caller: Caller, stream: DeliveryStream) -> int:
    """Return how long the source keeps its records; 0 if it does not say."""
    described = stream.source["KinesisStreamSourceDescription"]

    def read(ctx: Context) -> int:
        asked: Any = {"StreamARN": described["KinesisStreamARN"]}
        found: Any = _as_source(ctx, described).aws.kinesis.describe_stream_summary(asked)
        return 3600 * int(found["StreamDescriptionSummary"]["RetentionPeriodHours"])

    try:
        return await caller.write(read)
    except AwsError:
        return 0


def begin(ctx: Context, stream: DeliveryStream) -> None:
    """Have a stream's source read from now on."""
    if stream.kind == FROM_KINESIS:
        due = ctx.clock.now()
        SOURCES.put(ctx, Source(stream.id, stream.account, stream.region, stream.name, due))
        ctx.store.after_commit(ctx.engines.alarm.ring)


def arns(ctx: Context) -> dict[str, str]:
    """Return the Kinesis streams of all sources, by the ids of those that read them."""
    found: dict[str, str] = {}
    for one in SOURCES.scan(ctx):
        stream = STREAMS.get(ctx, one.account, one.region, one.name)
        if stream is not None and stream.id == one.stream_id:
            source = stream.source["KinesisStreamSourceDescription"]
            found[stream.id] = source["KinesisStreamARN"]
    return found


def named(scope: Scope, stream_ids: Iterable[str]) -> list[Source]:
    """Return the sources of streams by their ids, as far as they are there."""
    found = [SOURCES.get(scope, one) for one in stream_ids]
    return [one for one in found if one is not None]


def due(scope: Scope, now: float, limit: int) -> list[Source]:
    """Return the sources that are to be looked at."""
    return list(SOURCES.scan(scope, Range(end=(now + 0.001,), limit=limit, index="by_due")))


def start(ctx: Context, source: Source, now: float, done: Callable[[int], None]) -> bool:
    """Start the reading of a source, unless it is under way; `done` hears of how many records."""
    stream = STREAMS.get(ctx, source.account, source.region, source.name)
    if stream is None or stream.id != source.stream_id:
        SOURCES.delete(ctx, source.stream_id)
        return False
    run = f"firehose-source-{source.stream_id}"
    if ctx.runs.is_running(run):
        return False
    described = stream.source["KinesisStreamSourceDescription"]
    as_role = _as_source(ctx, described)

    async def work(caller: Caller) -> None:
        count = 0
        try:
            count = await _read(caller, stream, source)
        except AwsError as error:
            await _error_logs.say(caller, stream, now, {f"Kinesis.{error.code}": error.message})
        finally:
            await caller.write(lambda ctx: _again(ctx, source.stream_id, now, count))
            done(count)

    as_role.runs.start(as_role, run, work)
    return True


def _again(ctx: Context, stream_id: str, now: float, count: int) -> None:
    """Have a source looked at again: soon if it had records, else after twice as long."""
    source = SOURCES.get(ctx, stream_id)
    if source is None:
        return
    wait = _LOOK_SECONDS if count else min(source.wait * 2, DELIVERY_SOURCE_SECONDS_MAX)
    SOURCES.put(ctx, replace(source, due=now + wait, wait=wait))


async def _read(caller: Caller, stream: DeliveryStream, source: Source) -> int:
    """Take in what the shards have, and return how many records that was."""
    described = stream.source["KinesisStreamSourceDescription"]
    arn = described["KinesisStreamARN"]
    shards: list[str] = await caller.look(lambda ctx: _shards(ctx, arn))
    count = 0
    for shard in shards:
        place = source.places.get(shard, "")
        if place != _CLOSED:
            count += await _read_shard(caller, stream, shard, place)
    return count


_CLOSED = "closed"
"""The place of a shard whose end was read."""


async def _read_shard(caller: Caller, stream: DeliveryStream, shard: str, place: str) -> int:
    """Take in what a shard has from a place on, some MiB at most; others have their turn."""
    described = stream.source["KinesisStreamSourceDescription"]
    request: dict[str, Any] = {"StreamARN": described["KinesisStreamARN"], "ShardId": shard}
    if place:
        request |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": place}
    else:
        at = described["DeliveryStartTimestamp"]
        request |= {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": at}
    iterator = (await caller.call("kinesis", "get_shard_iterator", request))["ShardIterator"]
    count = size = 0
    while iterator and size < DELIVERY_SOURCE_BYTES:
        asked = {"ShardIterator": iterator, "Limit": _PAGE_RECORDS}
        page = await caller.call("kinesis", "get_records", asked)
        iterator = page.get("NextShardIterator")
        found = list(page["Records"])
        if not found and iterator:
            break
        records = [record for one in found for record in _taken(one)]
        place = found[-1]["SequenceNumber"] if found else place
        held = place if iterator else _CLOSED
        await caller.write(
            lambda ctx, records=records, held=held: _keep(ctx, stream, shard, held, records)
        )
        count += len(records)
        size += sum(len(record.data) for record in records)
    return count


def _taken(record: Mapping[str, Any]) -> list[Record]:
    arrival = int(float(record["ApproximateArrivalTimestamp"]) * 1000)
    number = record["SequenceNumber"]
    return [
        Record(arrival, data, number, at) for at, data in enumerate(_kpl.records(record["Data"]))
    ]


def _keep(
    ctx: Context, stream: DeliveryStream, shard: str, place: str, records: list[Record]
) -> None:
    """Keep records and how far the shard was read: one commit."""
    source = SOURCES.get(ctx, stream.id)
    now = STREAMS.get(ctx, stream.account, stream.region, stream.name)
    if source is None or now is None or now.id != stream.id:
        return
    if records:
        _backlog.append(ctx, now, records)
    SOURCES.put(ctx, replace(source, places={**source.places, shard: place}))
