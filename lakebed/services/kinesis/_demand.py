"""How much is put into on-demand streams, and the shards that they are given for it.

What is counted is kept in memory, by stream, over ten seconds; after a restart it begins anew, and
a stream keeps the shards it has. (AWS counts by the minute, and takes shards back when there has
been less for 30 days: ours stay.)
https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import msgspec

from lakebed.context import Context
from lakebed.core.limits import KINESIS_ON_DEMAND_SHARDS_MAX, KINESIS_ROUTES_REMEMBERED_MAX
from lakebed.services.kinesis import _scaling, _shards
from lakebed.services.kinesis.model import STREAMS, Stream

WINDOW_SECONDS = 10


class _Window(msgspec.Struct):
    number: int = 0
    size: int = 0
    records: int = 0


_windows: OrderedDict[tuple[Path, str], _Window] = OrderedDict()


def counted(ctx: Context, stream: Stream, size: int, records: int) -> Stream:
    """Count what is put into an on-demand stream; return the stream, which may have grown."""
    key, number = (ctx.settings.data_dir, stream.id), int(ctx.clock.now()) // WINDOW_SECONDS
    window = _windows.get(key)
    if window is None:
        window = _windows[key] = _Window(number)
        if len(_windows) > KINESIS_ROUTES_REMEMBERED_MAX:
            _windows.popitem(last=False)
    if window.number != number:
        stream = _grown(ctx, stream, window)
        window.number, window.size, window.records = number, 0, 0
    window.size += size
    window.records += records
    return stream


def _grown(ctx: Context, stream: Stream, window: _Window) -> Stream:
    """Give a stream the shards that what was put in a window asks for, if they are more."""
    wanted = _scaling.wanted_shards(
        stream.open_shard_count,
        window.size / WINDOW_SECONDS,
        window.records / WINDOW_SECONDS,
        stream.warm_mibps,
    )
    wanted = min(wanted, KINESIS_ON_DEMAND_SHARDS_MAX)
    if wanted <= stream.open_shard_count:
        return stream
    stream = _shards.rescaled(ctx, stream, wanted)
    STREAMS.put(ctx, stream)
    return stream
