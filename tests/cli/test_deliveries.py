"""Deliveries wake when something is due: no sooner, and not a look later."""

from __future__ import annotations

import time

import pytest

from lakebed import testing
from tests.services.firehose.delivering import bucket, make, objects, put
from tests.services.firehose.test_delivery import soon
from tests.services.firehose.test_kinesis_source import SOURCE, feed

HINTS = {"BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 1}}
LATE_SECONDS = 0.8


def taken(lakebed, start):
    """Wait for the first object; return how long after a time it was there."""
    assert soon(lambda: lakebed.client("s3").list_objects_v2(Bucket="lake").get("Contents"))
    return time.time() - start


def test_a_buffer_is_delivered_when_its_first_record_is_due(lakebed):
    firehose = make(lakebed, **HINTS)
    start = time.time()
    put(firehose, b"a")
    assert 1.0 <= taken(lakebed, start) < 1.0 + LATE_SECONDS


@pytest.mark.slow
def test_a_source_is_read_when_it_has_records_however_long_it_slept(lakebed):
    kinesis, firehose = lakebed.client("kinesis"), lakebed.client("firehose")
    kinesis.create_stream(StreamName="events", ShardCount=1)
    firehose.create_delivery_stream(
        DeliveryStreamName="flights",
        ExtendedS3DestinationConfiguration={**bucket(lakebed), **HINTS},
        **SOURCE,
    )
    time.sleep(6)
    start = time.time()
    feed(kinesis, b"a")
    assert 1.0 <= taken(lakebed, start) < 1.0 + LATE_SECONDS


def test_shards_of_a_sleeping_source_that_were_split_are_read(lakebed):
    kinesis, firehose = lakebed.client("kinesis"), lakebed.client("firehose")
    kinesis.create_stream(StreamName="events", ShardCount=1)
    firehose.create_delivery_stream(
        DeliveryStreamName="flights",
        ExtendedS3DestinationConfiguration={**bucket(lakebed), **HINTS},
        **SOURCE,
    )
    time.sleep(6)
    kinesis.update_shard_count(
        StreamName="events", TargetShardCount=2, ScalingType="UNIFORM_SCALING"
    )
    feed(kinesis, b"a,", b"b,", b"c,", b"d,")
    start = time.time()
    assert taken(lakebed, start) < 5
    found = b"".join(objects(lakebed).values()).split(b",")
    assert sorted(found) == [b"", b"a", b"b", b"c", b"d"]


def test_what_waited_while_the_server_was_down_is_delivered_at_its_start(tmp_path):
    running = testing.start(tmp_path / "data")
    put(make(running, **HINTS), b"a")
    running.kill()
    running = testing.start(tmp_path / "data")
    try:
        assert list(soon(lambda: objects(running)).values()) == [b"a"]
    finally:
        running.stop()
