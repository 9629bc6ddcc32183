"""Which shard takes a record, as it is remembered: never one of a reshard that was rolled back."""

from __future__ import annotations

import pytest

from lakebed.core.settings import Settings
from lakebed.services.kinesis import _shards
from lakebed.services.kinesis._routes import routes_of
from lakebed.services.kinesis._streams import open_shards
from lakebed.services.kinesis.model import HASH_KEY_MAX, STREAMS, Stream
from lakebed.store.sqlite import SqliteStore
from tests.services.kinesis.answers import at_a_time


def rescaled(ctx, count):
    stream = STREAMS.get(ctx, ctx.account, ctx.region, "clicks")
    stream = _shards.rescaled(ctx, stream, count)
    STREAMS.put(ctx, stream)
    return routes_of(ctx, stream)


def undo(transaction, work):
    with transaction.savepoint():
        work()
        raise ZeroDivisionError


def test_a_reshard_that_was_rolled_back_is_forgotten(tmp_path):
    store = SqliteStore(tmp_path / "store.sqlite")
    with store.transaction() as transaction:
        ctx = at_a_time(transaction, Settings(data_dir=tmp_path))
        stream = Stream(ctx.account, ctx.region, "clicks", "id", ctx.clock.now())
        stream, _ = _shards.opened(ctx, stream, (0, HASH_KEY_MAX), stream.created)
        STREAMS.put(ctx, stream)
        undone = []
        with pytest.raises(ZeroDivisionError):
            undo(transaction, lambda: undone.extend(rescaled(ctx, 2).shards))
        done = rescaled(ctx, 2)
        stream = STREAMS.get(ctx, ctx.account, ctx.region, "clicks")
        assert done.shards == open_shards(ctx, stream)
        assert not {one.log for one in done.shards} & {one.log for one in undone}
        assert routes_of(ctx, stream) is done
    store.close()
