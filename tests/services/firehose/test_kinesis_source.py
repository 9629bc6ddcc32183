"""Kinesis streams as sources, by boto3."""

from __future__ import annotations

import json

from tests.services.firehose.delivering import ROLE, bucket, deliver, objects
from tests.services.firehose.test_delivery import processors
from tests.services.firehose.test_delivery_streams import described, refusal
from tests.services.firehose.test_kpl import aggregated

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/events"
SOURCE = {
    "DeliveryStreamType": "KinesisStreamAsSource",
    "KinesisStreamSourceConfiguration": {"KinesisStreamARN": ARN, "RoleARN": ROLE},
}


def make(lakebed, shards=2, **members):
    """Make a stream of Kinesis and one that reads it; return both clients."""
    kinesis, firehose = lakebed.client("kinesis"), lakebed.client("firehose")
    kinesis.create_stream(StreamName="events", ShardCount=shards)
    firehose.create_delivery_stream(
        DeliveryStreamName="flights",
        ExtendedS3DestinationConfiguration={**bucket(lakebed), **members},
        **SOURCE,
    )
    return kinesis, firehose


def feed(kinesis, *data):
    records = [{"Data": one, "PartitionKey": str(at)} for at, one in enumerate(data)]
    answer = kinesis.put_records(StreamName="events", Records=records)
    assert answer["FailedRecordCount"] == 0


def test_records_of_all_shards_are_delivered_once(lakebed):
    kinesis, _ = make(lakebed, ProcessingConfiguration=processors(AppendDelimiterToRecord={}))
    sent = [b"%d" % at for at in range(100)]
    feed(kinesis, *sent)
    assert deliver(lakebed, after=400) == {"flights": 100}
    feed(kinesis, b"more")
    assert deliver(lakebed, after=800) == {"flights": 1}
    assert deliver(lakebed, after=1200) == {}
    lines = b"".join(objects(lakebed).values()).splitlines()
    assert sorted(lines) == sorted([*sent, b"more"])


def test_what_a_source_had_before_is_not_delivered(lakebed):
    kinesis, firehose = lakebed.client("kinesis"), lakebed.client("firehose")
    kinesis.create_stream(StreamName="events", ShardCount=1)
    feed(kinesis, b"before")
    destination = bucket(lakebed)
    firehose.create_delivery_stream(
        DeliveryStreamName="flights", ExtendedS3DestinationConfiguration=destination, **SOURCE
    )
    feed(kinesis, b"after")
    assert deliver(lakebed) == {"flights": 1}
    assert list(objects(lakebed).values()) == [b"after"]


def test_records_of_shards_that_were_split_are_delivered(lakebed):
    kinesis, _ = make(lakebed, shards=1)
    feed(kinesis, b"one,")
    kinesis.update_shard_count(
        StreamName="events", TargetShardCount=2, ScalingType="UNIFORM_SCALING"
    )
    feed(kinesis, b"two,", b"three,", b"four,")
    assert deliver(lakebed, after=400) == {"flights": 4}
    found = b"".join(objects(lakebed).values()).split(b",")
    assert sorted(found) == [b"", b"four", b"one", b"three", b"two"]


def test_records_of_the_producer_library_are_taken_apart(lakebed):
    kinesis, _ = make(lakebed, shards=1)
    feed(kinesis, aggregated([b"a,", b"b,"]))
    assert deliver(lakebed) == {"flights": 2}
    assert list(objects(lakebed).values()) == [b"a,b,"]


def test_errors_have_the_numbers_of_the_source(lakebed):
    kinesis, _ = make(
        lakebed,
        shards=1,
        ProcessingConfiguration=processors(Decompression={"CompressionFormat": "GZIP"}),
    )
    number = kinesis.put_record(StreamName="events", Data=b"plain", PartitionKey="k")[
        "SequenceNumber"
    ]
    assert deliver(lakebed) == {"flights": 1}
    ((_, data),) = objects(lakebed).items()
    line = json.loads(data)
    assert (line["sequenceNumber"], line["subSequenceNumber"]) == (number, 0)


def test_a_source_is_described_and_takes_no_other_records(lakebed):
    _, firehose = make(lakebed)
    stream = described(firehose)
    source = stream["Source"]["KinesisStreamSourceDescription"]
    assert source.pop("DeliveryStartTimestamp")
    assert source == {"KinesisStreamARN": ARN, "RoleARN": ROLE}
    assert stream["DeliveryStreamType"] == "KinesisStreamAsSource"
    record = {"DeliveryStreamName": "flights", "Record": {"Data": b"x"}}
    assert refusal(firehose.put_record, **record) == (
        "InvalidArgumentException",
        "This operation is not permitted on KinesisStreamAsSource delivery stream type.",
    )


def test_a_source_that_is_not_there_is_refused(lakebed):
    firehose = lakebed.client("firehose")
    request = {
        "DeliveryStreamName": "flights",
        "ExtendedS3DestinationConfiguration": bucket(lakebed),
    }
    code, message = refusal(firehose.create_delivery_stream, **request, **SOURCE)
    assert code == "InvalidArgumentException"
    assert message.startswith(f"The Kinesis stream {ARN} cannot be read: ")
    kind = {"DeliveryStreamType": "KinesisStreamAsSource"}
    assert refusal(firehose.create_delivery_stream, **request, **kind) == (
        "InvalidArgumentException",
        "The source configuration does not match the delivery stream type KinesisStreamAsSource",
    )


def test_what_no_bucket_takes_is_kept_as_long_as_the_source_keeps_it(lakebed):
    kinesis, _ = make(lakebed, shards=1)
    kinesis.increase_stream_retention_period(StreamName="events", RetentionPeriodHours=48)
    lakebed.client("s3").delete_bucket(Bucket="lake")
    feed(kinesis, b"kept")
    assert deliver(lakebed, after=400) == {"flights": 0}
    assert deliver(lakebed, after=400 + 47 * 3600) == {"flights": 0}
    assert deliver(lakebed, after=400 + 48 * 3600 + 600) == {"flights": 1}
    bucket(lakebed)
    assert objects(lakebed) == {}
