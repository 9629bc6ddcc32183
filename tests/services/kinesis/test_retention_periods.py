"""How long records stay, by boto3, and what a clock makes of it."""

import pytest

from lakebed.services.kinesis import _shards, _upkeep, retention_periods
from lakebed.services.kinesis._streams import shards_of
from lakebed.services.kinesis.model import DROPPED_LOGS, HASH_KEY_MAX, SHARDS, STREAMS, Stream
from lakebed.store.sqlite import SqliteStore
from tests.services.kinesis.answers import at_a_time, refused

HOUR = 3600.0


@pytest.fixture
def kinesis(lakebed):
    return lakebed.client("kinesis")


def hours(kinesis):
    stream = kinesis.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]
    return stream["RetentionPeriodHours"]


def test_a_retention_period_is_changed(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    kinesis.increase_stream_retention_period(StreamName="clicks", RetentionPeriodHours=8760)
    assert hours(kinesis) == 8760
    kinesis.decrease_stream_retention_period(StreamName="clicks", RetentionPeriodHours=48)
    assert hours(kinesis) == 48
    kinesis.increase_stream_retention_period(StreamName="clicks", RetentionPeriodHours=48)
    kinesis.decrease_stream_retention_period(StreamName="clicks", RetentionPeriodHours=48)
    assert hours(kinesis) == 48


@pytest.mark.parametrize(
    ("way", "asked", "sentence"),
    [
        ("increase", 23, "Minimum allowed retention period is 24 hours. Requested retention "
         "period (23 hours) is too short."),
        ("decrease", 23, "Minimum allowed retention period is 24 hours. Requested retention "
         "period (23 hours) is too short."),
        ("increase", 8761, "Maximum allowed retention period is 8760 hours. Requested retention "
         "period (8761 hours) is too long."),
        ("increase", 47, "Requested retention period (47 hours) for stream clicks can not be "
         "shorter than existing retention period (48 hours). Use DecreaseRetentionPeriod API."),
        ("decrease", 49, "Requested retention period (49 hours) for stream clicks can not be "
         "longer than existing retention period (48 hours). Use IncreaseRetentionPeriod API."),
    ],
)  # fmt: skip
def test_what_a_retention_period_cannot_be(kinesis, way, asked, sentence):
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    kinesis.increase_stream_retention_period(StreamName="clicks", RetentionPeriodHours=48)
    change = getattr(kinesis, f"{way}_stream_retention_period")
    answer = refused(change, StreamName="clicks", RetentionPeriodHours=asked)
    assert answer == ("InvalidArgumentException", sentence)
    assert hours(kinesis) == 48


@pytest.fixture
def ctx(tmp_path):
    store = SqliteStore(tmp_path / "store.sqlite")
    with store.transaction() as transaction:
        yield at_a_time(transaction)
    store.close()


def split_stream(ctx):
    """Return a stream whose first shard was split an hour after it was made."""
    stream = Stream(ctx.account, ctx.region, "clicks", "id", ctx.clock.now())
    stream, shard = _shards.opened(ctx, stream, (0, HASH_KEY_MAX), stream.created)
    ctx.clock.advance(HOUR)
    stream, _, _ = _shards.split(ctx, stream, shard, 1000, ctx.clock.now())
    STREAMS.put(ctx, stream)
    return stream, shard


def numbers(ctx, stream):
    return [shard.number for shard in shards_of(ctx, stream)]


def test_a_closed_shard_stays_until_its_last_record_has_expired(ctx):
    stream, shard = split_stream(ctx)
    ctx.clock.advance(24 * HOUR - 1)
    assert numbers(ctx, stream) == [0, 1, 2]
    assert _upkeep.expired(ctx, ctx.clock.now()) == 0
    ctx.clock.advance(1)
    assert numbers(ctx, stream) == [1, 2]
    assert SHARDS.count(ctx) == 3
    assert _upkeep.expired(ctx, ctx.clock.now()) == 1
    assert [one.log for one in DROPPED_LOGS.scan(ctx)] == [shard.log]
    assert SHARDS.count(ctx) == 2
    assert _upkeep.expired(ctx, ctx.clock.now()) == 0


def test_a_longer_period_brings_nothing_back(ctx):
    stream, _ = split_stream(ctx)
    ctx.clock.advance(25 * HOUR)
    request = {"StreamName": "clicks", "RetentionPeriodHours": 48}
    retention_periods.increase_stream_retention_period(ctx, request)
    stream = STREAMS.get(ctx, ctx.account, ctx.region, "clicks")
    assert stream.horizon(ctx.clock.now()) == ctx.clock.now() - 24 * HOUR
    assert numbers(ctx, stream) == [1, 2]
    ctx.clock.advance(30 * HOUR)
    assert stream.horizon(ctx.clock.now()) == ctx.clock.now() - 48 * HOUR


def test_shards_are_kept_as_long_as_a_longer_period_says(ctx):
    stream, _ = split_stream(ctx)
    request = {"StreamName": "clicks", "RetentionPeriodHours": 72}
    retention_periods.increase_stream_retention_period(ctx, request)
    stream = STREAMS.get(ctx, ctx.account, ctx.region, "clicks")
    ctx.clock.advance(71 * HOUR)
    assert _upkeep.expired(ctx, ctx.clock.now()) == 0
    assert numbers(ctx, stream) == [0, 1, 2]
    ctx.clock.advance(HOUR)
    assert _upkeep.expired(ctx, ctx.clock.now()) == 1


def test_young_shards_have_nothing_to_trim(ctx):
    stream, shard = split_stream(ctx)
    assert _upkeep.horizons(ctx, ctx.clock.now()) == []
    ctx.clock.advance(23.5 * HOUR)
    since = ctx.clock.now() - 24 * HOUR
    assert _upkeep.horizons(ctx, ctx.clock.now()) == [(shard.log, since)]
    ctx.clock.advance(HOUR)
    logs = [one.log for one in SHARDS.scan(ctx)]
    assert [log for log, _ in _upkeep.horizons(ctx, ctx.clock.now())] == logs
