"""Streams, by boto3."""

import datetime

import pytest


@pytest.fixture
def kinesis(lakebed):
    return lakebed.client("kinesis")


def test_a_stream_is_there_at_once(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=2)
    summary = kinesis.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]
    age = datetime.datetime.now(datetime.UTC) - summary.pop("StreamCreationTimestamp")
    assert datetime.timedelta() <= age < datetime.timedelta(seconds=30)
    stream_id = summary.pop("StreamId")
    assert (len(stream_id), stream_id[20]) == (24, "-")
    assert summary == {
        "StreamName": "clicks",
        "StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/clicks",
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "RetentionPeriodHours": 24,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
        "OpenShardCount": 2,
        "ConsumerCount": 0,
        "MaxRecordSizeInKiB": 1024,
    }
