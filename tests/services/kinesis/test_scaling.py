"""Where shards are cut and joined, and how many an on-demand stream has: properties."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.clock import SimulatedClock
from lakebed.core.ids import Ids
from lakebed.services.kinesis import _scaling, _shards
from lakebed.services.kinesis._streams import open_shards, shards_of
from lakebed.services.kinesis.model import HASH_KEY_MAX, Stream

COUNTS = st.integers(1, 40)


class Rows:
    """A transaction over a dictionary: rows by table and key, in order."""

    def __init__(self):
        self.rows = {}

    def put(self, layout, key, indexed, value):
        self.rows.setdefault(layout.name, {})[key] = value

    def scan(self, layout, span):
        found = sorted(self.rows.get(layout.name, {}).items())
        after = span.prefix + (span.after or ())
        mine = [
            value
            for key, value in found
            if key[: len(span.prefix)] == span.prefix and (not span.after or key > after)
        ]
        return mine[: span.limit]


def house():
    return SimpleNamespace(
        store=Rows(), account="0", region="r", clock=SimulatedClock(), ids=Ids(1)
    )


def keys(shard):
    return int(shard.starting_hash_key), int(shard.ending_hash_key)


def assert_even(ctx, stream, count):
    """The open shards have all hash keys between them, and each its share but for a few."""
    found = sorted(map(keys, open_shards(ctx, stream)))
    firsts, lasts = [first for first, _ in found], [last for _, last in found]
    assert firsts == [0, *(last + 1 for last in lasts[:-1])]
    assert lasts[-1] == HASH_KEY_MAX
    ideal = [first for first, _ in _scaling.even_ranges(count)]
    assert len(firsts) == count
    assert all(abs(one - other) <= count for one, other in zip(firsts, ideal, strict=True))


@given(st.lists(COUNTS, min_size=1, max_size=5))
def test_open_shards_always_share_all_hash_keys_evenly(counts):
    ctx = house()
    stream = Stream("0", "r", "clicks", "id", ctx.clock.now())
    for span in _scaling.even_ranges(counts[0]):
        stream, _ = _shards.opened(ctx, stream, span, stream.created)
    for count in counts[1:]:
        stream = _shards.rescaled(ctx, stream, count)
    assert_even(ctx, stream, counts[-1])
    assert stream.open_shard_count == counts[-1]
    every = shards_of(ctx, stream)
    assert [shard.number for shard in every] == list(range(stream.next_shard))
    assert len({shard.log for shard in every}) == len(every)


@given(COUNTS, st.lists(st.integers(0, HASH_KEY_MAX), max_size=8), COUNTS)
def test_children_begin_after_their_parents_end(first, places, count):
    ctx = house()
    stream = Stream("0", "r", "clicks", "id", ctx.clock.now())
    for span in _scaling.even_ranges(first):
        stream, _ = _shards.opened(ctx, stream, span, stream.created)
    for place in places:
        [shard] = [one for one in open_shards(ctx, stream) if keys(one)[0] <= place <= keys(one)[1]]
        if keys(shard)[0] < place:
            stream, _, _ = _shards.split(ctx, stream, shard, place, ctx.clock.now())
    stream = _shards.rescaled(ctx, stream, count)
    every = {shard.id: shard for shard in shards_of(ctx, stream)}
    for shard in every.values():
        for parent in filter(None, (shard.parent, shard.adjacent_parent)):
            end = int(every[parent].ending_sequence_number)
            assert int(every[parent].starting_sequence_number) < end
            assert end < int(shard.starting_sequence_number)
            assert not every[parent].is_open
    assert_even(ctx, stream, count)


@given(COUNTS)
def test_doubling_cuts_each_shard_once_and_halving_joins_pairs(count):
    ctx = house()
    stream = Stream("0", "r", "clicks", "id", ctx.clock.now())
    for span in _scaling.even_ranges(count):
        stream, _ = _shards.opened(ctx, stream, span, stream.created)
    stream = _shards.rescaled(ctx, stream, 2 * count)
    assert (stream.next_shard, stream.open_shard_count) == (3 * count, 2 * count)
    stream = _shards.rescaled(ctx, stream, count)
    assert (stream.next_shard, stream.open_shard_count) == (4 * count, count)
    same = _shards.rescaled(ctx, stream, count)
    assert same == stream


@given(
    st.integers(1, 4096),
    st.floats(0, 1e9),
    st.floats(0, 1e6),
    st.integers(0, 2048),
)
def test_an_on_demand_stream_takes_twice_its_peak(open_shards, bytes_s, records_s, warm):
    count = _scaling.wanted_shards(open_shards, bytes_s, records_s, warm)
    assert count >= max(4, warm)
    assert count * 1_048_576 >= 2 * bytes_s
    assert count * 1000 >= 2 * records_s
    assert _scaling.wanted_shards(count, bytes_s, records_s, warm) == count
    ratio = count / open_shards if count > open_shards else open_shards / count
    assert ratio in {2**power for power in range(20)}


def test_a_stream_grows_by_doubling_and_shrinks_by_halving():
    mib = 1_048_576
    assert _scaling.wanted_shards(4, 2 * mib, 2000) == 4
    assert _scaling.wanted_shards(4, 2 * mib + 1, 0) == 8
    assert _scaling.wanted_shards(4, 0, 2001) == 8
    assert _scaling.wanted_shards(4, 9 * mib, 0) == 32
    assert _scaling.wanted_shards(32, 4 * mib, 0) == 8
    assert _scaling.wanted_shards(32, 0, 0) == 4
    assert _scaling.wanted_shards(5, 0, 0) == 5
    assert _scaling.wanted_shards(2, 0, 0) == 4
    assert _scaling.wanted_shards(4, 0, 0, warm_mibps=10) == 16
