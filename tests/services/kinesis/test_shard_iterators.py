"""Shard iterators, by boto3: every type, and what none is given for."""

import datetime
import time

import pytest

from lakebed.core.clock import SimulatedClock
from lakebed.core.errors import AwsError
from lakebed.services.kinesis._positions import Position, check_age
from tests.services.kinesis.answers import refused

SHARD = "shardId-000000000000"


@pytest.fixture
def kinesis(lakebed):
    return lakebed.client("kinesis")


@pytest.fixture
def stream(kinesis):
    name = f"iterated-{time.time_ns()}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    yield name
    kinesis.delete_stream(StreamName=name)


def put(kinesis, stream, *texts):
    return [
        kinesis.put_record(StreamName=stream, Data=text, PartitionKey="k")["SequenceNumber"]
        for text in texts
    ]


def read(kinesis, stream, kind, **more):
    at = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=SHARD, ShardIteratorType=kind, **more
    )["ShardIterator"]
    return [record["Data"] for record in kinesis.get_records(ShardIterator=at)["Records"]]


def test_the_oldest_and_the_newest(kinesis, stream):
    put(kinesis, stream, b"0", b"1")
    at = kinesis.get_shard_iterator(StreamName=stream, ShardId=SHARD, ShardIteratorType="LATEST")[
        "ShardIterator"
    ]
    put(kinesis, stream, b"2")
    assert read(kinesis, stream, "TRIM_HORIZON") == [b"0", b"1", b"2"]
    assert [one["Data"] for one in kinesis.get_records(ShardIterator=at)["Records"]] == [b"2"]


def test_sequence_numbers(kinesis, stream):
    numbers = put(kinesis, stream, b"0", b"1", b"2")
    (shard,) = kinesis.list_shards(StreamName=stream)["Shards"]
    begin = shard["SequenceNumberRange"]["StartingSequenceNumber"]
    at = [
        read(kinesis, stream, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=number)
        for number in (begin, *numbers)
    ]
    after = [
        read(kinesis, stream, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=number)
        for number in (begin, *numbers)
    ]
    assert at == [[b"0", b"1", b"2"], [b"0", b"1", b"2"], [b"1", b"2"], [b"2"]]
    assert after == [[b"0", b"1", b"2"], [b"1", b"2"], [b"2"], []]


def test_times(kinesis, stream):
    put(kinesis, stream, b"0")
    time.sleep(0.01)
    between = datetime.datetime.now(datetime.UTC)
    time.sleep(0.01)
    put(kinesis, stream, b"1")
    early = between - datetime.timedelta(days=3)
    assert read(kinesis, stream, "AT_TIMESTAMP", Timestamp=between) == [b"1"]
    assert read(kinesis, stream, "AT_TIMESTAMP", Timestamp=early) == [b"0", b"1"]
    late = between + datetime.timedelta(hours=1)
    code, said = refused(read, kinesis, stream, "AT_TIMESTAMP", Timestamp=late)
    assert (code, said.partition(".")[0]) == (
        "InvalidArgumentException",
        "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis",
    )


def test_numbers_of_other_shards_and_missing_members_are_refused(kinesis, stream):
    other = f"{stream}-other"
    kinesis.create_stream(StreamName=other, ShardCount=2)
    number = kinesis.put_record(
        StreamName=other, Data=b"", PartitionKey="k", ExplicitHashKey=str(2**127)
    )["SequenceNumber"]
    kinesis.delete_stream(StreamName=other)
    for wrong in (number, "0", "17"):
        assert refused(
            read, kinesis, stream, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=wrong
        ) == (
            "InvalidArgumentException",
            f"StartingSequenceNumber {wrong} used in GetShardIterator on shard {SHARD} in stream "
            f"{stream} under account 000000000000 is invalid because it did not come from this "
            "stream.",
        )
    assert refused(read, kinesis, stream, "AFTER_SEQUENCE_NUMBER") == (
        "InvalidArgumentException",
        "Must either specify AFTER_SEQUENCE_NUMBER along with a StartingSequenceNumber.",
    )
    assert refused(read, kinesis, stream, "AT_TIMESTAMP") == (
        "InvalidArgumentException",
        "Must specify a Timestamp with the shard iterator type AT_TIMESTAMP.",
    )
    assert refused(
        kinesis.get_shard_iterator,
        StreamName=stream,
        ShardId="shardId-000000000009",
        ShardIteratorType="LATEST",
    ) == (
        "ResourceNotFoundException",
        f"Could not find shard shardId-000000000009 in stream {stream} under account 000000000000.",
    )


def test_an_iterator_lives_for_five_minutes():
    clock = SimulatedClock()
    position = Position("0" * 12, "us-east-1", "s", SHARD, "log", 0, clock.now())
    clock.advance(300)
    check_age(position, clock.now())
    clock.advance(1)
    with pytest.raises(AwsError) as refusal:
        check_age(position, clock.now())
    assert (refusal.value.code, refusal.value.message) == (
        "ExpiredIteratorException",
        "Iterator expired. The iterator was created at time Tue Nov 14 22:13:20 UTC 2023 while "
        "right now it is Tue Nov 14 22:18:21 UTC 2023 which is further in the future than the "
        "tolerated delay of 300000 milliseconds.",
    )
