"""Puts, reads, reshards and expiry against a model: lists of records, shard by shard."""

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lakebed.core.errors import AwsError
from lakebed.engines.stream.segments.store import SegmentStore
from lakebed.services.kinesis._streams import open_shards, shards_of
from lakebed.services.kinesis.model import STREAMS
from lakebed.services.kinesis.records import get_records, put_records
from lakebed.services.kinesis.shard_iterators import get_shard_iterator
from lakebed.services.kinesis.shards import merge_shards, split_shard
from lakebed.services.kinesis.streams import create_stream
from lakebed.store.sqlite import SqliteStore
from tests.services.kinesis.answers import at_a_time, at_once

NAME = {"StreamName": "clicks"}
HOUR = 3600.0
RETENTION_HOURS = 24


class Streams(RuleBasedStateMachine):
    """A stream beside lists of (time, number, key, data), one for each shard."""

    def __init__(self):
        super().__init__()
        self.folder = TemporaryDirectory()
        place = Path(self.folder.name)
        self.store = SqliteStore(place / "store.sqlite")
        self.main = self.store.main
        self.engine = SegmentStore(place / "streams", is_synced=False)
        (place / "keys").mkdir()
        limits = SimpleNamespace(data_dir=place, state_dir=place, kinesis_throughput="unlimited")
        self.ctx = at_a_time(self.main, limits)
        self.ctx.engines = SimpleNamespace(stream=self.engine)
        at_once(create_stream(self.ctx, {**NAME, "ShardCount": 2}))
        self.records = {}
        self.iterators = {}
        self.last_number = {}

    def teardown(self):
        self.store.close()
        self.folder.cleanup()

    def stream(self):
        return STREAMS.get(self.ctx, self.ctx.account, self.ctx.region, "clicks")

    def expected(self, shard):
        horizon = self.ctx.clock.now() - RETENTION_HOURS * HOUR
        return [one for one in self.records.get(shard, []) if one[0] >= horizon]

    @rule(keys=st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=6))
    def put(self, keys):
        entries = [{"PartitionKey": key, "Data": key.encode() * 3} for key in keys]
        ranges = {shard.id: shard for shard in open_shards(self.ctx, self.stream())}
        answer = put_records(self.ctx, {**NAME, "Records": entries})
        for flush in self.main.take_flushes():
            flush()
        assert answer["FailedRecordCount"] == 0
        for key, entry, said in zip(keys, entries, answer["Records"], strict=True):
            shard = ranges[said["ShardId"]]
            at = int.from_bytes(hashlib.md5(key.encode()).digest())
            assert int(shard.starting_hash_key) <= at <= int(shard.ending_hash_key)
            number = int(said["SequenceNumber"])
            assert number > self.last_number.get(key, 0)
            self.last_number[key] = number
            kept = self.records.setdefault(shard.id, [])
            kept.append((self.ctx.clock.now(), number, key, entry["Data"]))

    @rule(seconds=st.sampled_from([0.001, 1.0, 250.0, 7 * HOUR]))
    def wait(self, seconds):
        self.ctx.clock.advance(seconds)

    @precondition(lambda self: self.stream().next_shard < 12)
    @rule(which=st.integers(0, 99))
    def split(self, which):
        shards = open_shards(self.ctx, self.stream())
        shard = shards[which % len(shards)]
        middle = (int(shard.starting_hash_key) + int(shard.ending_hash_key) + 1) // 2
        split_shard(self.ctx, {**NAME, "ShardToSplit": shard.id, "NewStartingHashKey": str(middle)})

    @precondition(lambda self: len(open_shards(self.ctx, self.stream())) > 1)
    @rule()
    def merge(self):
        shards = sorted(
            open_shards(self.ctx, self.stream()), key=lambda one: int(one.starting_hash_key)
        )
        names = {"ShardToMerge": shards[0].id, "AdjacentShardToMerge": shards[1].id}
        merge_shards(self.ctx, {**NAME, **names})

    @rule(which=st.integers(0, 99), back=st.integers(0, 5))
    def position(self, which, back):
        """Take an iterator, by number or by time, at one of the last records of a shard."""
        shards = shards_of(self.ctx, self.stream())
        shard = shards[which % len(shards)].id
        wanted = {**NAME, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        records, index = self.records.get(shard, []), 0
        if back and len(records) >= back:
            index = len(records) - back
            time, number, *_ = records[index]
            if back % 2:
                wanted["ShardIteratorType"] = "AT_SEQUENCE_NUMBER"
                wanted["StartingSequenceNumber"] = str(number)
            else:
                wanted["ShardIteratorType"] = "AT_TIMESTAMP"
                wanted["Timestamp"] = time
                index = next(at for at, one in enumerate(records) if one[0] >= time)
        answer = get_shard_iterator(self.ctx, wanted)
        self.iterators[shard] = (answer["ShardIterator"], index, self.ctx.clock.now())

    @precondition(lambda self: self.iterators)
    @rule(which=st.integers(0, 99), limit=st.integers(1, 7))
    def read(self, which, limit):
        shards = sorted(self.iterators)
        shard = shards[which % len(shards)]
        iterator, index, issued = self.iterators[shard]
        is_old = self.ctx.clock.now() - issued > 300
        gone = shard not in {one.id for one in shards_of(self.ctx, self.stream())}
        if is_old or gone:
            # A closed shard is forgotten with its last record.
            with pytest.raises(AwsError) as refusal:
                get_records(self.ctx, {"ShardIterator": iterator, "Limit": limit})
            code = "ResourceNotFoundException" if gone else "ExpiredIteratorException"
            assert refusal.value.code == code
            del self.iterators[shard]
            return
        answer = get_records(self.ctx, {"ShardIterator": iterator, "Limit": limit})
        records = self.records.get(shard, [])
        first = max(index, len(records) - len(self.expected(shard)))
        got = [
            (int(one["SequenceNumber"]), one["PartitionKey"], one["Data"])
            for one in answer["Records"]
        ]
        assert got == [one[1:] for one in records[first : first + limit]]
        index = first + len(got)
        is_open = shard in {one.id for one in open_shards(self.ctx, self.stream())}
        assert ("NextShardIterator" in answer) == (is_open or index < len(records))
        if "NextShardIterator" not in answer:
            del self.iterators[shard]
            return
        self.iterators[shard] = (answer["NextShardIterator"], index, self.ctx.clock.now())

    @invariant()
    def numbers_grow_in_every_shard(self):
        for records in self.records.values():
            numbers = [one[1] for one in records]
            assert numbers == sorted(set(numbers))


class TestStreams(Streams.TestCase):
    """Enough steps that shards are split, merged, read to their ends and forgotten."""

    settings = hypothesis_settings(max_examples=40, stateful_step_count=40, deadline=None)
