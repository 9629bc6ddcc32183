"""Lives of a stream: whatever is done to its shards, in whatever order, what must hold holds."""

from __future__ import annotations

from bisect import bisect_right

from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.errors import AwsError
from lakebed.services.kinesis import _upkeep, retention_periods, shards
from lakebed.services.kinesis._streams import open_shards, shards_of
from lakebed.services.kinesis.model import DROPPED_LOGS, HASH_KEY_MAX, SHARDS, STREAMS
from lakebed.services.kinesis.streams import create_stream, delete_stream
from lakebed.store.sqlite import SqliteStore
from tests.services.kinesis.answers import at_a_time, at_once

HOUR = 3600.0
CLICKS = {"StreamName": "clicks"}
KEYS = st.integers(0, HASH_KEY_MAX)
STEPS = st.one_of(
    st.tuples(st.just("split"), KEYS),
    st.tuples(st.just("merge"), KEYS),
    st.tuples(st.just("scale"), st.integers(1, 12)),
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.4, 1.0, HOUR, 23 * HOUR, 30 * HOUR])),
    st.tuples(st.just("retain"), st.sampled_from([24, 36, 72])),
    st.tuples(st.just("sweep"), st.none()),
    st.tuples(st.just("again"), st.integers(1, 3)),
)


class Life:
    """A stream, and what was ever made of it."""

    def __init__(self, ctx):
        self.ctx = ctx
        self.logs = {}
        self.make(1)

    def make(self, count):
        at_once(create_stream(self.ctx, {**CLICKS, "ShardCount": count}))

    def stream(self):
        return STREAMS.get(self.ctx, self.ctx.account, self.ctx.region, "clicks")

    def open(self):
        found = open_shards(self.ctx, self.stream())
        return sorted(found, key=lambda shard: int(shard.starting_hash_key))

    def at(self, key):
        """Return the place of the open shard that has a key."""
        return bisect_right([int(one.starting_hash_key) for one in self.open()], key) - 1

    def step(self, what, value):
        refusal = None
        try:
            getattr(self, f"do_{what}")(value)
        except AwsError as error:
            refusal = error
        # What is refused changes nothing, as the check afterwards shows.
        known = (None, "InvalidArgumentException", "LimitExceededException")
        assert getattr(refusal, "code", None) in known

    def do_split(self, key):
        shard = self.open()[self.at(key)]
        request = {**CLICKS, "ShardToSplit": shard.id, "NewStartingHashKey": str(key)}
        shards.split_shard(self.ctx, request)

    def do_merge(self, key):
        found = self.open()
        one, other = found[self.at(key)], found[(self.at(key) + 1) % len(found)]
        request = {**CLICKS, "ShardToMerge": one.id, "AdjacentShardToMerge": other.id}
        shards.merge_shards(self.ctx, request)

    def do_scale(self, count):
        request = {**CLICKS, "TargetShardCount": count, "ScalingType": "UNIFORM_SCALING"}
        at_once(shards.update_shard_count(self.ctx, request))

    def do_wait(self, seconds):
        self.ctx.clock.advance(seconds)

    def do_retain(self, hours):
        more = hours > self.stream().retention_hours
        change = "increase" if more else "decrease"
        operation = getattr(retention_periods, f"{change}_stream_retention_period")
        operation(self.ctx, {**CLICKS, "RetentionPeriodHours": hours})

    def do_sweep(self, _):
        shown = shards_of(self.ctx, self.stream())
        _upkeep.expired(self.ctx, self.ctx.clock.now())
        assert list(SHARDS.scan(self.ctx)) == shown

    def do_again(self, count):
        at_once(delete_stream(self.ctx, CLICKS))
        assert SHARDS.count(self.ctx) == 0
        self.logs = dict.fromkeys(self.logs)
        self.make(count)

    def check(self):
        """The open shards have all keys, numbers grow from parents to children, no log is lost."""
        stream, found = self.stream(), self.open()
        assert found[0].starting_hash_key == "0"
        assert found[-1].ending_hash_key == str(HASH_KEY_MAX)
        for one, after in zip(found, found[1:], strict=False):
            assert int(one.ending_hash_key) + 1 == int(after.starting_hash_key)
        assert stream.open_shard_count == len(found)
        kept = {shard.id: shard for shard in SHARDS.scan(self.ctx)}
        for shard in kept.values():
            self.logs[shard.log] = shard.id
            assert len(shard.starting_sequence_number) == 56
            for name in (shard.parent, shard.adjacent_parent):
                if name in kept:
                    end = int(kept[name].ending_sequence_number)
                    assert end < int(shard.starting_sequence_number)
        dropped = {one.log for one in DROPPED_LOGS.scan(self.ctx)}
        assert dropped | {shard.log for shard in kept.values()} == set(self.logs)
        assert dropped.isdisjoint(shard.log for shard in kept.values())
        closed = [shard for shard in shards_of(self.ctx, stream) if not shard.is_open]
        assert all(one.closed > stream.trimmed_at(self.ctx.clock.now()) for one in closed)
        return len(kept) >= len(found)


@given(st.lists(STEPS, max_size=25))
def test_whatever_is_done_to_shards(tmp_path_factory, steps):
    store = SqliteStore(tmp_path_factory.mktemp("store") / "store.sqlite")
    with store.transaction() as transaction:
        life = Life(at_a_time(transaction))
        assert life.check()
        for what, value in steps:
            life.step(what, value)
            assert life.check()
    store.close()
