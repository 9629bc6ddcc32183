"""A server killed under load: no acknowledged record of a stream is lost, torn, or out of order."""

from __future__ import annotations

import os
import random
import threading

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lakebed import testing
from tests.crash.load import let_work

ROUNDS = 100 if os.environ.get("LAKEBED_SLOW") else 2
SHARDS = 3
WRITERS = 3
NAME = "crash"


def test_acknowledged_records_survive_kills(tmp_path):
    acknowledged: list[list[str]] = [[] for _ in range(WRITERS)]
    chance = random.Random(9)
    for number in range(ROUNDS):
        server = testing.start(tmp_path / "data")
        try:
            kinesis = client_of(server)
            if number == 0:
                kinesis.create_stream(StreamName=NAME, ShardCount=SHARDS)
            under_load(server, acknowledged, number, chance)
        finally:
            server.kill()
    server = testing.start(tmp_path / "data")
    try:
        check(everything(client_of(server)), acknowledged)
    finally:
        server.stop()
    assert sum(map(len, acknowledged)) >= 20 * ROUNDS


def client_of(server):
    return server.client("kinesis", config=Config(retries={"total_max_attempts": 1}))


def under_load(server, acknowledged, number, chance):
    """Have every writer put batches until the server is killed under it; reshard now and then."""
    threads = [
        threading.Thread(target=write, args=(client_of(server), acknowledged[at], at, number))
        for at in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    before = sum(map(len, acknowledged))
    let_work(lambda: sum(map(len, acknowledged)) - before, 20, chance.uniform(0, 0.3))
    if number % 4 == 1:
        reshard(client_of(server), chance)
    server.kill()
    for thread in threads:
        thread.join(30)


def reshard(kinesis, chance):
    shards = kinesis.list_shards(StreamName=NAME, ShardFilter={"Type": "AT_LATEST"})["Shards"]
    shard = chance.choice(shards)
    first, last = (int(shard["HashKeyRange"][f"{end}HashKey"]) for end in ("Starting", "Ending"))
    kinesis.split_shard(
        StreamName=NAME,
        ShardToSplit=shard["ShardId"],
        NewStartingHashKey=str((first + last) // 2 + 1),
    )


def write(kinesis, acknowledged, writer, number):
    """Put batches under one key, so that their order shows; note what was acknowledged."""
    turn = 0
    while True:
        texts = [f"{writer}-{number}-{turn}-{at}" for at in range(4)]
        entries = [{"Data": text.encode(), "PartitionKey": f"key {writer}"} for text in texts]
        try:
            answer = kinesis.put_records(StreamName=NAME, Records=entries)
        except (BotoCoreError, ClientError):
            return
        assert answer["FailedRecordCount"] == 0
        acknowledged += texts
        turn += 1


def everything(kinesis):
    """Return the texts of every shard, by shard, in their order."""
    found, sequence = [], []
    for shard in kinesis.list_shards(StreamName=NAME)["Shards"]:
        at = kinesis.get_shard_iterator(
            StreamName=NAME, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while at:
            answer = kinesis.get_records(ShardIterator=at)
            at = answer.get("NextShardIterator") if answer["Records"] else None
            found += [(int(one["SequenceNumber"]), one) for one in answer["Records"]]
            sequence += [int(one["SequenceNumber"]) for one in answer["Records"]]
    assert len(set(sequence)) == len(sequence)
    return [record for _, record in sorted(found, key=lambda pair: pair[0])]


def check(records, acknowledged):
    for writer in range(WRITERS):
        mine = [one for one in records if one["PartitionKey"] == f"key {writer}"]
        texts = [one["Data"].decode() for one in mine]
        assert len(set(texts)) == len(texts)
        # By sequence number is by time: also across the shards of a split.
        known = set(acknowledged[writer])
        assert [text for text in texts if text in known] == acknowledged[writer]
