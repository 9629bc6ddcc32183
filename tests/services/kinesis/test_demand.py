"""On-demand streams grow by what is put into them."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from lakebed.services.kinesis import _demand
from lakebed.services.kinesis._streams import open_shards
from lakebed.services.kinesis.model import STREAMS
from lakebed.services.kinesis.streams import create_stream
from lakebed.store.sqlite import SqliteStore
from tests.services.kinesis.answers import at_a_time, at_once

MIB = 1 << 20


@pytest.fixture
def ctx(tmp_path):
    store = SqliteStore(tmp_path / "store.sqlite")
    with store.transaction() as transaction:
        yield at_a_time(transaction, SimpleNamespace(data_dir=Path(tmp_path)))
    store.close()


@pytest.fixture
def stream(ctx):
    at_once(
        create_stream(
            ctx, {"StreamName": "clicks", "StreamModeDetails": {"StreamMode": "ON_DEMAND"}}
        )
    )
    return STREAMS.get(ctx, ctx.account, ctx.region, "clicks")


def put_for_a_window(ctx, stream, mibps, records=10):
    """Put so much a second for ten seconds; return the stream as the next put finds it."""
    for _ in range(_demand.WINDOW_SECONDS):
        stream = _demand.counted(ctx, stream, int(mibps * MIB), records)
        ctx.clock.advance(1)
    return _demand.counted(ctx, stream, 0, 0)


def test_a_stream_grows_once_twice_its_traffic_does_not_fit(ctx, stream):
    assert put_for_a_window(ctx, stream, 2).open_shard_count == 4
    grown = put_for_a_window(ctx, stream, 2.5)
    assert grown.open_shard_count == 8
    assert len(open_shards(ctx, grown)) == 8
    assert STREAMS.get(ctx, ctx.account, ctx.region, "clicks") == grown


def test_many_small_records_count(ctx, stream):
    assert put_for_a_window(ctx, stream, 0.1, records=5000).open_shard_count == 16


def test_a_stream_has_two_hundred_shards_at_most_and_keeps_what_it_has(ctx, stream):
    grown = put_for_a_window(ctx, stream, 1000)
    assert grown.open_shard_count == 200
    assert put_for_a_window(ctx, grown, 0.1).open_shard_count == 200
