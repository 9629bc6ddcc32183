"""Streams, by boto3."""

import datetime

import pytest

from lakebed import testing
from tests.services.kinesis.answers import ARN, HASH_KEYS, asking_once, body, lineage, refused


@pytest.fixture
def kinesis(lakebed):
    return asking_once(lakebed)


def is_now(time):
    age = datetime.datetime.now(datetime.UTC) - time
    return datetime.timedelta() <= age < datetime.timedelta(seconds=30)


def summary_of(kinesis, **which):
    summary = kinesis.describe_stream_summary(**which)["StreamDescriptionSummary"]
    assert is_now(summary.pop("StreamCreationTimestamp"))
    return summary


def test_a_stream_is_there_at_once(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=2)
    summary = summary_of(kinesis, StreamName="clicks")
    stream_id = summary.pop("StreamId")
    assert (len(stream_id), stream_id[20]) == (24, "-")
    assert summary == {
        "StreamName": "clicks",
        "StreamARN": f"{ARN}clicks",
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "RetentionPeriodHours": 24,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
        "OpenShardCount": 2,
        "ConsumerCount": 0,
        "MaxRecordSizeInKiB": 1024,
    }


def test_a_stream_is_found_by_name_arn_and_id(lakebed):
    kinesis = lakebed.client("kinesis", region_name="us-east-1")
    # botocore has a host of its own for StreamId, whatever the endpoint: this brings it back.
    kinesis.meta.events.register(
        "before-sign.kinesis", lambda request, **_: setattr(request, "url", lakebed.url + "/")
    )
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    by_name = summary_of(kinesis, StreamName="clicks")
    assert summary_of(kinesis, StreamARN=f"{ARN}clicks") == by_name
    assert summary_of(kinesis, StreamId=by_name["StreamId"]) == by_name
    assert summary_of(kinesis, StreamName="clicks", StreamARN=f"{ARN}clicks") == by_name
    describe = kinesis.describe_stream_summary
    assert refused(describe, StreamName="other", StreamARN=f"{ARN}clicks") == (
        "InvalidArgumentException",
        "StreamName and StreamARN name different streams.",
    )
    assert refused(describe) == (
        "InvalidArgumentException",
        "Either StreamName or StreamARN must be provided.",
    )
    missing = "Stream gone under account 000000000000 not found."
    assert refused(describe, StreamName="gone") == ("ResourceNotFoundException", missing)
    assert refused(describe, StreamARN=f"{ARN}gone") == ("ResourceNotFoundException", missing)
    elsewhere = f"{ARN}clicks".replace("us-east-1", "eu-west-1")
    assert refused(describe, StreamARN=elsewhere)[0] == "ResourceNotFoundException"
    assert refused(describe, StreamId="0" * 20 + "-abc")[0] == "ResourceNotFoundException"


def test_shards_share_the_hash_keys_evenly(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=3)
    described = kinesis.describe_stream(StreamName="clicks")["StreamDescription"]
    assert is_now(described.pop("StreamCreationTimestamp"))
    shards = described.pop("Shards")
    assert described == {
        "StreamName": "clicks",
        "StreamARN": f"{ARN}clicks",
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "HasMoreShards": False,
        "RetentionPeriodHours": 24,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
    }
    third = HASH_KEYS // 3
    assert lineage(shards) == [
        (0, None, None, 0, third - 1, True),
        (1, None, None, third, 2 * third - 1, True),
        (2, None, None, 2 * third, HASH_KEYS - 1, True),
    ]
    numbers = [one["SequenceNumberRange"]["StartingSequenceNumber"] for one in shards]
    assert [len(number) for number in numbers] == [56, 56, 56]
    assert sorted(numbers, key=int) == numbers


def test_a_name_is_taken_until_its_stream_is_deleted(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    assert refused(kinesis.create_stream, StreamName="clicks", ShardCount=1) == (
        "ResourceInUseException",
        "Stream clicks under account 000000000000 already exists.",
    )
    kinesis.delete_stream(StreamName="clicks")
    assert kinesis.list_streams()["StreamNames"] == []
    assert refused(kinesis.delete_stream, StreamName="clicks")[0] == "ResourceNotFoundException"
    kinesis.create_stream(StreamName="clicks", ShardCount=2)
    assert len(kinesis.list_shards(StreamName="clicks")["Shards"]) == 2


def test_a_stream_is_made_with_all_its_settings(kinesis):
    kinesis.create_stream(
        StreamName="clicks",
        StreamModeDetails={"StreamMode": "ON_DEMAND"},
        Tags={"team": "data"},
        MaxRecordSizeInKiB=2048,
        RecordDistributionStrategy="USER_PARTITION_KEY",
    )
    summary = summary_of(kinesis, StreamName="clicks")
    assert summary["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert summary["OpenShardCount"] == 4
    assert summary["MaxRecordSizeInKiB"] == 2048
    assert summary["RecordDistributionStrategy"] == "USER_PARTITION_KEY"
    tags = kinesis.list_tags_for_stream(StreamName="clicks")["Tags"]
    assert tags == [{"Key": "team", "Value": "data"}]
    kinesis.update_max_record_size(StreamARN=f"{ARN}clicks", MaxRecordSizeInKiB=10240)
    assert summary_of(kinesis, StreamName="clicks")["MaxRecordSizeInKiB"] == 10240


def test_what_a_new_stream_cannot_be(kinesis):
    create = kinesis.create_stream
    assert refused(create, StreamName="clicks") == (
        "InvalidArgumentException",
        "ShardCount must be specified for a stream of the PROVISIONED mode.",
    )
    assert refused(create, StreamName="a b", ShardCount=1) == (
        "ValidationException",
        "1 validation error detected: Value 'a b' at 'streamName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
    )
    assert refused(create, StreamName="clicks", ShardCount=10_001)[0] == "LimitExceededException"
    auto = {"RecordDistributionStrategy": "AUTO"}
    assert refused(create, StreamName="c", ShardCount=1, **auto)[0] == "InvalidArgumentException"
    on_demand = {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}
    assert refused(create, StreamName="c", **on_demand, **auto)[0] == "LakebedNotBuilt"
    assert kinesis.list_streams()["StreamNames"] == []


def test_shards_are_described_in_pages(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=101)
    first = kinesis.describe_stream(StreamName="clicks", Limit=1000)["StreamDescription"]
    assert (len(first["Shards"]), first["HasMoreShards"]) == (100, True)
    last = kinesis.describe_stream(
        StreamName="clicks", ExclusiveStartShardId=first["Shards"][-1]["ShardId"]
    )["StreamDescription"]
    assert [one["ShardId"] for one in last["Shards"]] == ["shardId-000000000100"]
    assert last["HasMoreShards"] is False
    pages = kinesis.get_paginator("describe_stream").paginate(
        StreamName="clicks", PaginationConfig={"PageSize": 30}
    )
    ids = [one["ShardId"] for page in pages for one in page["StreamDescription"]["Shards"]]
    assert ids == [f"shardId-{number:012}" for number in range(101)]


def test_streams_are_listed_in_pages(kinesis):
    for name in ("c", "a", "b"):
        kinesis.create_stream(StreamName=name, ShardCount=1)
    page = body(kinesis.list_streams(Limit=2))
    token = page.pop("NextToken")
    assert all(is_now(one.pop("StreamCreationTimestamp")) for one in page["StreamSummaries"])
    assert page == {
        "StreamNames": ["a", "b"],
        "HasMoreStreams": True,
        "StreamSummaries": [
            {
                "StreamName": name,
                "StreamARN": f"{ARN}{name}",
                "StreamStatus": "ACTIVE",
                "StreamModeDetails": {"StreamMode": "PROVISIONED"},
            }
            for name in ("a", "b")
        ],
    }
    for which in ({"NextToken": token}, {"ExclusiveStartStreamName": "b"}):
        rest = kinesis.list_streams(**which)
        assert (rest["StreamNames"], rest["HasMoreStreams"]) == (["c"], False)
    assert refused(kinesis.list_streams, NextToken="x") == (
        "InvalidArgumentException",
        "NextToken is invalid.",
    )
    both = {"NextToken": token, "ExclusiveStartStreamName": "a"}
    assert refused(kinesis.list_streams, **both)[0] == "InvalidArgumentException"


def test_consumers_keep_a_stream_unless_they_are_to_go_too(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    kinesis.register_stream_consumer(StreamARN=f"{ARN}clicks", ConsumerName="app")
    assert summary_of(kinesis, StreamName="clicks")["ConsumerCount"] == 1
    code, message = refused(kinesis.delete_stream, StreamName="clicks")
    assert code == "ResourceInUseException"
    assert message.startswith("Stream clicks under account 000000000000 has registered consumers")
    kinesis.delete_stream(StreamName="clicks", EnforceConsumerDeletion=True)
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    assert kinesis.list_stream_consumers(StreamARN=f"{ARN}clicks")["Consumers"] == []


def test_streams_of_regions_are_apart(lakebed):
    lakebed.client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    west = lakebed.client("kinesis", region_name="eu-west-1")
    assert west.list_streams()["StreamNames"] == []
    west.create_stream(StreamName="clicks", ShardCount=2)
    arn = west.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]["StreamARN"]
    assert arn == "arn:aws:kinesis:eu-west-1:000000000000:stream/clicks"


def test_who_waits_for_a_stream_waits_no_longer(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    once = {"Delay": 1, "MaxAttempts": 1}
    kinesis.get_waiter("stream_exists").wait(StreamName="clicks", WaiterConfig=once)
    kinesis.delete_stream(StreamName="clicks")
    kinesis.get_waiter("stream_not_exists").wait(StreamName="clicks", WaiterConfig=once)
    assert kinesis.list_streams()["StreamNames"] == []


def test_streams_outlive_their_server(tmp_path):
    running = testing.start(tmp_path / "data")
    client = running.client("kinesis")
    client.create_stream(StreamName="clicks", ShardCount=1, Tags={"team": "data"})
    split = {"ShardToSplit": "shardId-000000000000", "NewStartingHashKey": "1000"}
    client.split_shard(StreamName="clicks", **split)
    shards = client.list_shards(StreamName="clicks")["Shards"]
    token = client.list_shards(StreamName="clicks", MaxResults=2)["NextToken"]
    running.kill()
    again = testing.start(tmp_path / "data")
    client = again.client("kinesis")
    assert client.list_shards(StreamName="clicks")["Shards"] == shards
    assert client.list_shards(NextToken=token)["Shards"] == shards[2:]
    tags = client.list_tags_for_stream(StreamName="clicks")["Tags"]
    assert tags == [{"Key": "team", "Value": "data"}]
    again.stop()
