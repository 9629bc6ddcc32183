"""Changes of many shards, a slice of them at a time: other requests have their turn in between.

A stream says so meanwhile, by its status. What a server that was killed left behind half done is
finished by the next one: a stream that was being made, or deleted, is deleted.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from lakebed.context import Context
from lakebed.core.limits import KINESIS_SHARDS_CHANGED_SLICE, KINESIS_SHARDS_SLICE
from lakebed.services.kinesis import _shards
from lakebed.services.kinesis.model import (
    ACTIVE,
    DATA_KEYS,
    SHARDS,
    STREAMS,
    Status,
    Stream,
    replace,
)
from lakebed.store import Range

_underway: set[str] = set()


@contextmanager
def underway(stream: Stream) -> Generator[None]:
    """Say that a call of this process changes a stream, for as long as the block takes."""
    _underway.add(stream.id)
    try:
        yield
    finally:
        _underway.discard(stream.id)


def between(ctx: Context, stream: Stream, status: Status) -> Generator[None, None, Stream]:
    """Keep what was done to a stream, let others have their turn, and return it as it is then."""
    STREAMS.put(ctx, replace(stream, status=status))
    yield
    # Its tags, say, may be others by now.
    return STREAMS.get(ctx, stream.account, stream.region, stream.name) or stream


def rescaled(ctx: Context, stream: Stream, count: int) -> Generator[None, None, Stream]:
    """Rescale a stream, slice by slice; it is UPDATING meanwhile."""
    steps = _shards.rescaling(ctx, stream, count)
    with underway(stream):
        try:
            stream = next(steps)
            while True:
                stream = yield from between(ctx, stream, "UPDATING")
                stream = steps.send(stream)
        except StopIteration as end:
            done: Stream = end.value
            return replace(done, status=ACTIVE)


def without_shards(ctx: Context, stream: Stream) -> Generator[None, None, None]:
    """Drop the shards of a stream; it is DELETING meanwhile."""
    place = (stream.account, stream.region, stream.name)
    with underway(stream):
        while True:
            span = Range(place, limit=KINESIS_SHARDS_CHANGED_SLICE)
            if _shards.dropped(ctx, SHARDS.scan(ctx, span)) < KINESIS_SHARDS_CHANGED_SLICE:
                return
            stream = yield from between(ctx, stream, "DELETING")


def finished(ctx: Context) -> int:
    """Do a slice of what killed servers left half done; return how much is known to be left."""
    for stream in STREAMS.scan(ctx):
        if stream.status == ACTIVE or stream.id in _underway:
            continue
        if stream.status == "UPDATING":
            STREAMS.put(ctx, replace(stream, status=ACTIVE))
            return 1
        place = (stream.account, stream.region, stream.name)
        if not _shards.dropped(ctx, SHARDS.scan(ctx, Range(place, limit=KINESIS_SHARDS_SLICE))):
            DATA_KEYS.delete_range(ctx, Range((stream.id,)))
            STREAMS.delete(ctx, *place)
        return 1
    return 0
