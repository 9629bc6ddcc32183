"""Blocks and the sweep over them: whatever came when, every event is read once and in order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.services.logs import _events
from lakebed.services.logs._event_pages import page_of, place_of
from lakebed.services.logs._events import Batch, append, delete_blocks
from lakebed.services.logs._reading import FIRST, LAST, Search
from lakebed.services.logs.model import BLOCKS, DAY_MS, LOG_STREAMS, LogStream
from lakebed.store import Range
from lakebed.store.sqlite import SqliteStore

BATCHES = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.lists(st.integers(0, 30), min_size=1, max_size=8).map(sorted),
        st.sampled_from([1, 100, 40_000]),
    ),
    max_size=25,
)
TIMES = st.integers(-2, 32)


class Place:
    account = region = ""

    def __init__(self, store):
        self.store = store


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    store = SqliteStore(tmp_path_factory.mktemp("logs") / "store.sqlite")
    yield Place(store.main)
    store.close()


def write(place, batches):
    """Write batches into an empty group; return every event as (time, number, stream, message)."""
    for table in (_events.BLOCKS, _events.BLOCK_EVENTS, _events.LOG_STREAMS, _events.GROUP_SIZES):
        table.delete_range(place, Range(("g",)))
    for name in "abc":
        LOG_STREAMS.put(place, LogStream("g", name, f"id-{name}", 0))
    written, number = [], 0
    for name, times, size in batches:
        messages = [f"{number + at + 1} ".ljust(size, "x") for at in range(len(times))]
        sizes = [_events.size_of(message) for message in messages]
        append(place, LOG_STREAMS.get(place, "g", name), Batch(times, messages, sizes), number)
        for time, message in zip(times, messages, strict=True):
            number += 1
            written.append((time, number, name, message))
    return sorted(written)


def read(place, **search):
    found = Search("g", **search).events(place)
    return [(time, number, name, message) for time, number, name, _, message in found]


@given(BATCHES, TIMES, TIMES)
def test_a_range_is_read_from_both_ends(place, batches, begin, end):
    written = write(place, batches)
    wanted = [event for event in written if (begin, 0) < event[:2] < (end, 0)]
    span = {"start": (begin, 0), "end": (end, 0)}
    assert read(place, **span) == wanted
    assert read(place, **span, is_reverse=True) == wanted[::-1]
    of_b = [event for event in wanted if event[2] == "b"]
    assert read(place, **span, stream_id="id-b") == of_b
    assert read(place, **span, stream_id="id-b", is_reverse=True) == of_b[::-1]
    others = [event for event in wanted if event[2] != "b"]
    assert read(place, **span, is_wanted=lambda name: name != "b") == others


@given(BATCHES, st.integers(1, 9), st.booleans(), st.integers(0, 9))
def test_pages_hold_every_event_once(place, batches, limit, is_reverse, digit):
    written = write(place, batches)
    keep = lambda message: str(digit) in message.split()[0]  # noqa: E731 (a line is what it is)
    wanted = [event for event in written if keep(event[3])]
    start, end, found = FIRST, LAST, []
    while True:
        search = Search("g", start, end, keep=keep, is_reverse=is_reverse)
        page, reached = page_of(place, search, limit)
        assert len(page) <= limit
        found += [event[1] for event in page]
        if reached is None:
            break
        start, end = (start, reached) if is_reverse else (reached, end)
    expected = [event[1] for event in (wanted[::-1] if is_reverse else wanted)]
    assert found == expected


@given(BATCHES)
def test_blocks_say_what_is_in_them_and_short_ones_are_few(place, batches):
    written = write(place, batches)
    blocks = list(BLOCKS.scan(place, Range(("g",))))
    assert sum(block.count for block in blocks) == len(written)
    assert sum(block.size_bytes for block in blocks) == sum(
        _events.size_of(event[3]) for event in written
    )
    for block in blocks:
        inside = [
            event[0] for event in written if event[2] == block.stream
        ]  # fmt: skip
        assert min(inside) <= block.first <= block.last <= max(inside)
        assert block.last - block.first <= DAY_MS
    for name in "abc":
        tails = LOG_STREAMS.get(place, "g", name).tails
        numbers = {block.number for block in blocks}
        assert {tail.block for tail in tails} <= numbers


@given(BATCHES, BATCHES)
def test_what_comes_after_a_deletion_is_all_there_is(place, before, after):
    write(place, before)
    delete_blocks(place, "g", list(BLOCKS.scan(place, Range(("g",)))))
    assert read(place) == []
    for name, times, _ in after:
        stream = LOG_STREAMS.get(place, "g", name)
        append(place, stream, Batch(times, ["m"] * len(times), [27] * len(times)), 0)
    assert len(read(place)) == sum(len(times) for _, times, _ in after)


def test_a_token_says_where_it_stands():
    assert place_of("b/" + f"{5:016d}{7:040d}" + "/s").position == (5, 7)
