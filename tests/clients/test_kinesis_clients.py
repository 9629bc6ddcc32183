"""Clients of streams besides boto3: the AWS CLI, aiobotocore; whole stories, whole answers."""

from __future__ import annotations

import base64
import json

import pytest

from tests.clients.clients import client, run, run_script

pytestmark = pytest.mark.slow

AIOBOTOCORE = """
import asyncio
from aiobotocore.session import get_session

async def story():
    async with get_session().create_client("kinesis") as kinesis:
        await kinesis.create_stream(StreamName="clicks", ShardCount=2)
        summary = await kinesis.describe_stream_summary(StreamName="clicks")
        arn = summary["StreamDescriptionSummary"]["StreamARN"]
        entries = [{"Data": f"{n}".encode(), "PartitionKey": f"{n}"} for n in range(100)]
        answer = await kinesis.put_records(StreamName="clicks", Records=entries)
        assert answer["FailedRecordCount"] == 0, answer
        consumer = await kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="app")
        await kinesis.update_shard_count(
            StreamName="clicks", TargetShardCount=4, ScalingType="UNIFORM_SCALING"
        )
        await kinesis.put_records(StreamName="clicks", Records=entries)
        shards = (await kinesis.list_shards(StreamName="clicks"))["Shards"]
        assert len(shards) == 6, shards
        polled = []
        for shard in shards:
            at = (await kinesis.get_shard_iterator(
                StreamName="clicks", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            ))["ShardIterator"]
            polled += (await kinesis.get_records(ShardIterator=at))["Records"]
        assert sorted(int(one["Data"]) for one in polled) == sorted([*range(100)] * 2)
        pushed = []
        for shard in shards[:2]:
            answer = await kinesis.subscribe_to_shard(
                ConsumerARN=consumer["Consumer"]["ConsumerARN"], ShardId=shard["ShardId"],
                StartingPosition={"Type": "TRIM_HORIZON"},
            )
            async for event in answer["EventStream"]:
                pushed += event["SubscribeToShardEvent"]["Records"]
                if event["SubscribeToShardEvent"].get("ChildShards"):
                    break
        assert sorted(int(one["Data"]) for one in pushed) == list(range(100))
        await kinesis.delete_stream(StreamName="clicks", EnforceConsumerDeletion=True)
        assert (await kinesis.list_streams())["StreamNames"] == []

asyncio.run(story())
print("ok")
"""


def test_a_story_by_aiobotocore(lakebed, tmp_path):
    assert run_script(lakebed, AIOBOTOCORE, folder=tmp_path) == "ok\n"


def test_a_story_by_the_aws_cli(lakebed, tmp_path):
    program = client("aws")

    def aws(*words):
        text = run(lakebed, program, "kinesis", *words, "--output", "json", folder=tmp_path)
        return json.loads(text) if text.strip() else {}

    which = ("--stream-name", "clicks")
    aws("create-stream", *which, "--shard-count", "1", "--tags", "team=data")
    aws("wait", "stream-exists", *which)
    scaled = aws("update-shard-count", *which, "--target-shard-count", "2",
                 "--scaling-type", "UNIFORM_SCALING")  # fmt: skip
    assert scaled == {
        "StreamName": "clicks",
        "CurrentShardCount": 1,
        "TargetShardCount": 2,
        "StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/clicks",
    }
    listed = aws("list-shards", *which, "--shard-filter", "Type=AT_LATEST")["Shards"]
    assert [one["ShardId"][-1] for one in listed] == ["1", "2"]
    # A file is taken as it is by both versions of the CLI, a text is not.
    (tmp_path / "record").write_bytes(b"hello")
    put = aws("put-record", *which, "--partition-key", "k", "--data", "fileb://record")
    assert sorted(put) == ["SequenceNumber", "ShardId"]
    at = aws("get-shard-iterator", *which, "--shard-id", put["ShardId"],
             "--shard-iterator-type", "TRIM_HORIZON")["ShardIterator"]  # fmt: skip
    [record] = aws("get-records", "--shard-iterator", at)["Records"]
    assert base64.b64decode(record["Data"]) == b"hello"
    assert record["SequenceNumber"] == put["SequenceNumber"]
    tags = aws("list-tags-for-stream", *which)["Tags"]
    assert tags == [{"Key": "team", "Value": "data"}]
    aws("delete-stream", *which)
    aws("wait", "stream-not-exists", *which)
    assert aws("list-streams")["StreamNames"] == []
