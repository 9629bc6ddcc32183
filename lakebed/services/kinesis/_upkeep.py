"""What time asks for: closed shards go once all of their records have expired, and old records."""

from __future__ import annotations

import math

from lakebed.context import Context
from lakebed.core.limits import KINESIS_RETENTION_HOURS_MIN, KINESIS_SHARDS_SLICE
from lakebed.services.kinesis import _shards
from lakebed.services.kinesis.model import DROPPED_LOGS, HOUR_SECONDS, SHARDS, STREAMS, Shard
from lakebed.store import Range


def expired(ctx: Context, now: float) -> int:
    """Remove closed shards, of all accounts, that are past their retention; return how many.

    At most a slice of them: whoever calls goes on while there are any. Requests do not wait for it,
    since an expired shard is left out wherever shards are read.
    """
    # The end of a range is left out; who was closed at that very time is meant, too.
    end = math.nextafter(now - KINESIS_RETENTION_HOURS_MIN * HOUR_SECONDS, math.inf)
    due: list[Shard] = []
    for shard in SHARDS.scan(ctx, Range(after=(0.0,), end=(end,), index="by_closed")):
        stream = STREAMS.get(ctx, shard.account, shard.region, shard.stream)
        if stream is None or shard.closed <= stream.trimmed_at(now):
            due.append(shard)
        if len(due) == KINESIS_SHARDS_SLICE:
            break
    return _shards.dropped(ctx, due)


def dropped_logs(ctx: Context) -> list[str]:
    """Return the names of logs that no shard has any more, at most a slice of them."""
    rows = DROPPED_LOGS.scan(ctx, Range(limit=KINESIS_SHARDS_SLICE))
    return [row.log for row in rows]


def deleted(ctx: Context, logs: list[str]) -> None:
    """Forget logs that the engine has deleted."""
    for log in logs:
        DROPPED_LOGS.delete(ctx, log)


def horizons(ctx: Context, now: float) -> list[tuple[str, float]]:
    """Return logs of shards with the time before which their records are past their retention.

    A shard that was opened after it has none of these: the logs of young shards are left alone.
    """
    found: list[tuple[str, float]] = []
    for stream in STREAMS.scan(ctx):
        since = stream.horizon(now)
        shards = SHARDS.scan(ctx, Range((stream.account, stream.region, stream.name)))
        found += [(shard.log, since) for shard in shards if shard.opened < since]
    return found
