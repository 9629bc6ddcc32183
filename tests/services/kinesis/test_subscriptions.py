"""SubscribeToShard, by boto3: records as they come, through splits, to one subscriber a shard."""

import threading
import time

import pytest

from lakebed.core.bodies import Event, EventStream
from tests.services.kinesis.answers import refused

SHARD = "shardId-000000000000"


@pytest.fixture
def kinesis(lakebed):
    return lakebed.client("kinesis")


@pytest.fixture
def stream(kinesis):
    name = f"pushed-{time.time_ns()}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    yield name
    kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True)


@pytest.fixture
def consumer(kinesis, stream):
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    registered = kinesis.register_stream_consumer(StreamARN=arn["StreamARN"], ConsumerName="app")
    return registered["Consumer"]["ConsumerARN"]


def put(kinesis, stream, *texts):
    for text in texts:
        kinesis.put_record(StreamName=stream, Data=text, PartitionKey="k", ExplicitHashKey="0")


def subscribe(kinesis, consumer, kind="TRIM_HORIZON", shard=SHARD, **more):
    position = {"Type": kind, **more}
    answer = kinesis.subscribe_to_shard(
        ConsumerARN=consumer, ShardId=shard, StartingPosition=position
    )
    return answer["EventStream"]


def events_of(stream):
    for event in stream:
        yield event["SubscribeToShardEvent"]


def data_of(event):
    return [record["Data"] for record in event["Records"]]


def test_records_are_pushed_as_they_come(kinesis, stream, consumer):
    put(kinesis, stream, b"0", b"1")
    pushed = subscribe(kinesis, consumer)
    events = events_of(pushed)
    first = next(events)
    assert data_of(first) == [b"0", b"1"]
    assert first["MillisBehindLatest"] == 0
    assert first["ContinuationSequenceNumber"].isdecimal()
    assert first["Records"][0]["PartitionKey"] == "k"
    threading.Timer(0.05, put, (kinesis, stream, b"2")).start()
    assert data_of(next(events)) == [b"2"]
    pushed.close()


def test_who_waits_is_told_that_there_is_nothing(kinesis, stream, consumer):
    pushed = subscribe(kinesis, consumer, "LATEST")
    assert data_of(next(events_of(pushed))) == []
    pushed.close()


def test_a_subscription_goes_on_where_the_one_before_ended(kinesis, stream, consumer):
    put(kinesis, stream, b"0")
    pushed = subscribe(kinesis, consumer)
    number = next(events_of(pushed))["ContinuationSequenceNumber"]
    pushed.close()
    put(kinesis, stream, b"1")
    again = _when_free(kinesis, consumer, "AFTER_SEQUENCE_NUMBER", SequenceNumber=number)
    assert data_of(next(events_of(again))) == [b"1"]
    again.close()


def _when_free(kinesis, consumer, *arguments, **more):
    """Subscribe once the server has heard that the reader before is gone."""
    deadline = time.monotonic() + 10
    while True:
        try:
            return subscribe(kinesis, consumer, *arguments, **more)
        except kinesis.exceptions.ResourceInUseException:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_subscription_cannot_be_taken_over_at_once(kinesis, stream, consumer):
    pushed = subscribe(kinesis, consumer)
    next(events_of(pushed))
    assert refused(subscribe, kinesis, consumer) == (
        "ResourceInUseException",
        f"Another active subscription exists for this consumer: {consumer} and shard {SHARD}.",
    )
    pushed.close()


def test_a_shard_that_was_split_ends_with_its_children(kinesis, stream, consumer):
    put(kinesis, stream, b"0")
    pushed = subscribe(kinesis, consumer)
    events = events_of(pushed)
    assert data_of(next(events)) == [b"0"]
    kinesis.split_shard(StreamName=stream, ShardToSplit=SHARD, NewStartingHashKey=str(2**127))
    last = list(events)[-1]
    assert last["Records"] == []
    assert [(one["ShardId"], one["ParentShards"]) for one in last["ChildShards"]] == [
        ("shardId-000000000001", [SHARD]),
        ("shardId-000000000002", [SHARD]),
    ]


def test_a_slow_subscriber_loses_nothing(kinesis, stream, consumer):
    count = 60
    entries = [{"Data": b"%02d" % n * 100_000, "PartitionKey": "k"} for n in range(count)]
    for at in range(0, count, 20):
        kinesis.put_records(StreamName=stream, Records=entries[at : at + 20])
    seen = []
    pushed = subscribe(kinesis, consumer)
    for event in events_of(pushed):
        time.sleep(0.01)
        seen += [data[:2] for data in data_of(event)]
        if len(seen) >= count:
            break
    pushed.close()
    assert seen == [b"%02d" % n for n in range(count)]


def test_a_subscription_needs_a_consumer_and_a_shard(kinesis, stream, consumer):
    nobody = consumer.replace("/app:", "/nobody:")
    assert refused(subscribe, kinesis, nobody) == (
        "ResourceNotFoundException",
        f"Consumer {nobody} not found.",
    )
    assert refused(subscribe, kinesis, consumer, shard="shardId-000000000007") == (
        "ResourceNotFoundException",
        f"Could not find shard shardId-000000000007 in stream {stream} under account 000000000000.",
    )


def test_who_may_lose_no_event_waits_for_room():
    events, taken = EventStream(3), []
    events.when_taken(lambda: taken.append(events.has_room))
    events.send(Event("a", {}))
    events.send(Event("b", {}))
    assert not events.has_room
    # How it ends has a place of its own: no event is dropped for it.
    end = Event("ResourceInUseException", {}, is_exception=True)
    events.send(end)
    assert [events.take() for _ in range(3)] == [Event("a", {}), Event("b", {}), end]
    assert taken == [False, True, True]
