"""Days of a stream on a simulated clock: nothing grows with time, and a slow reader costs nothing.

Puts every minute, a reader behind, a reshard every six hours and the upkeep of `cli`: after the
first day, when what is too old begins to go, files, descriptors and memory stay where they are.
"""

from __future__ import annotations

import gc
import json
import os
import socket
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from bench import kinesis as wire
from bench import load
from lakebed import testing
from lakebed.engines.stream.segments.store import SegmentStore
from lakebed.services.kinesis import _upkeep
from lakebed.services.kinesis._streams import shards_of
from lakebed.services.kinesis.model import STREAMS
from lakebed.services.kinesis.records import get_records, put_records
from lakebed.services.kinesis.shard_iterators import get_shard_iterator
from lakebed.services.kinesis.shards import update_shard_count
from lakebed.services.kinesis.streams import create_stream
from lakebed.store.sqlite import SqliteStore
from tests.services.kinesis.answers import at_a_time, at_once

IS_SLOW = bool(os.environ.get("LAKEBED_SLOW"))
NAME = {"StreamName": "clicks"}
MINUTE, HOUR = 60.0, 3600.0
DAYS = 6 if IS_SLOW else 3
RECORDS = 20
GROWTH_BYTES_MAX = 4 * 2**20


class Days:
    """A stream whose clock is moved, with what a server does for it beside its requests."""

    def __init__(self, folder: Path):
        (folder / "keys").mkdir(parents=True)
        self.folder = folder
        self.store = SqliteStore(folder / "store.sqlite")
        settings = SimpleNamespace(
            data_dir=folder, state_dir=folder, kinesis_throughput="unlimited"
        )
        self.ctx = at_a_time(self.store.main, settings)
        self.engine = SegmentStore(folder / "streams", is_synced=True)
        self.ctx.engines = SimpleNamespace(stream=self.engine)
        at_once(create_stream(self.ctx, {**NAME, "ShardCount": 2}))
        self.shards = 2
        self.put_count = 0

    def put(self):
        entries = [
            {"PartitionKey": f"{self.put_count}-{at}", "Data": b"x" * 500} for at in range(RECORDS)
        ]
        answer = put_records(self.ctx, {**NAME, "Records": entries})
        assert answer["FailedRecordCount"] == 0
        self.put_count += RECORDS
        self.commit()

    def commit(self):
        self.store.main.commit()
        for flush in self.store.main.take_flushes():
            flush()

    def upkeep(self):
        now = self.ctx.clock.now()
        while _upkeep.expired(self.ctx, now):
            self.commit()
        while logs := _upkeep.dropped_logs(self.ctx):
            for log in logs:
                self.engine.delete(log)
            _upkeep.deleted(self.ctx, logs)
        for log, since in _upkeep.horizons(self.ctx, now):
            self.engine.trim(log, since)
        self.commit()
        self.store.checkpoint_if_due()

    def reshard(self):
        self.shards = 6 - self.shards
        # UpdateShardCount may be used ten times in 24 hours: four times here.
        request = {**NAME, "TargetShardCount": self.shards, "ScalingType": "UNIFORM_SCALING"}
        at_once(update_shard_count(self.ctx, request))
        self.commit()

    def hour(self, number):
        for _ in range(60):
            self.ctx.clock.advance(MINUTE)
            self.put()
        if number % 6 == 5:
            self.reshard()
        self.upkeep()

    def readable(self):
        """Return how many records all shards that are kept have."""
        total, stream = 0, STREAMS.get(self.ctx, self.ctx.account, self.ctx.region, "clicks")
        assert stream is not None
        kept = {shard.id for shard in shards_of(self.ctx, stream)}
        for shard in kept:
            wanted = {"ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
            at = get_shard_iterator(self.ctx, {**NAME, **wanted})["ShardIterator"]
            while at:
                answer = get_records(self.ctx, {"ShardIterator": at})
                total += len(answer["Records"].items)
                at = answer.get("NextShardIterator") if answer["Records"].items else None
        return total

    def sizes(self):
        """Return files, bytes on the disk, descriptors and resident bytes."""
        gc.collect()
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return (
            len(files),
            sum(path.stat().st_size for path in files),
            len(os.listdir("/proc/self/fd")),
            load.resident_bytes(os.getpid()),
        )


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's /proc")
def test_days_of_puts_leave_files_descriptors_and_memory_flat(tmp_path):
    days = Days(tmp_path / "data")
    for number in range(26):
        days.hour(number)
    before = days.sizes()
    for number in range(26, 24 * DAYS + 2):
        days.hour(number)
    after = days.sizes()
    # All of the last day, and no more than is kept with what is not yet an hour old.
    assert 24 * 60 * RECORDS <= days.readable() <= 25 * 60 * RECORDS
    assert after[0] <= before[0] + 12
    assert after[1] <= before[1] * 1.2
    assert after[2] <= before[2] + 8
    assert after[3] <= before[3] + GROWTH_BYTES_MAX
    days.engine.close()
    days.store.close()


SLOW_BYTES = 1024 * 2**20 if IS_SLOW else 96 * 2**20
SLOW_GROWTH_BYTES_MAX = 64 * 2**20


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's /proc")
def test_a_subscriber_that_reads_nothing_costs_no_memory(tmp_path):
    server = testing.start(tmp_path / "data")
    try:
        kinesis = server.client("kinesis")
        kinesis.create_stream(StreamName="bench", ShardCount=1)
        arn = kinesis.describe_stream_summary(StreamName="bench")["StreamDescriptionSummary"][
            "StreamARN"
        ]
        consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="slow")["Consumer"]
        subscriber = subscribed(server, consumer["ConsumerARN"])
        fill(server, 48 * 2**20)
        before = load.resident_bytes(server.process.pid)
        fill(server, SLOW_BYTES)
        grown = load.resident_bytes(server.process.pid) - before
        assert grown < SLOW_GROWTH_BYTES_MAX
        # It was slow, not gone: what waits for it comes once it reads.
        data = b""
        while data.count(b"PartitionKey") < 1000:
            data += subscriber.recv(1 << 20)
        subscriber.close()
    finally:
        server.stop()


def subscribed(server, consumer):
    place = urlsplit(server.url)
    one = socket.create_connection((place.hostname, place.port), timeout=30)
    value = {
        "ConsumerARN": consumer,
        "ShardId": "shardId-000000000000",
        "StartingPosition": {"Type": "LATEST"},
    }
    one.sendall(wire.request(server, "SubscribeToShard", value))
    data = b""
    while b"MillisBehindLatest" not in data:
        data += one.recv(1 << 16)
    return one


def fill(server, size):
    bodies = [
        wire.request(
            server,
            "PutRecords",
            {
                "StreamName": "bench",
                "Records": [wire.record(f"{turn}-{at}") for at in range(wire.BATCH)],
            },
        )
        for turn in range(2)
    ]
    count = size // len(json.dumps(wire.record("0-000"))) // wire.BATCH
    load.run(server.url, [bodies[at % 2] for at in range(max(count, 2))], 2)
