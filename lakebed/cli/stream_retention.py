"""Removes the shards and records of streams that are past their retention."""

from __future__ import annotations

import asyncio
import importlib

from lakebed.cli.lifecycle import Keeper
from lakebed.cli.retention import Retention
from lakebed.engines.stream import StreamEngine

TRIM_SECONDS = 600.0
"""How often every log is looked at for records that are past their retention."""
_UPKEEP = "lakebed.services.kinesis._upkeep"


class StreamRetention(Retention):
    """The streams of one server, as the clock sees them."""

    what = "shards and records of streams"

    def __init__(self, keeper: Keeper, account: str, streams: StreamEngine) -> None:
        super().__init__(keeper, account)
        self._streams = streams
        self._trimmed = 0.0
        self._is_first = True

    async def carry_out(self, now: float) -> dict[str, int]:
        """Do what is due at a time, a slice of some shards at once; return what was done."""
        # In a thread: to load a service takes the loop more than a few milliseconds.
        await asyncio.to_thread(importlib.import_module, _UPKEEP)
        from lakebed.services.kinesis import _slices, _upkeep

        while self._is_first and await self._keeper.act(self._account, _slices.finished):
            await asyncio.sleep(0)
        self._is_first = False
        total = await self._all(lambda ctx: _upkeep.expired(ctx, now))
        deleted = await self._delete()
        # A clock that was set back must not put it off.
        if not 0 <= now - self._trimmed < TRIM_SECONDS:
            self._trimmed = now
            await self._trim(now)
        done = {"expired": total, "deleted": deleted}
        return {what: count for what, count in done.items() if count}

    async def _delete(self) -> int:
        """Delete logs that no shard has any more, and only then forget their names."""
        from lakebed.services.kinesis import _upkeep

        total = 0
        while logs := await self._keeper.act(self._account, _upkeep.dropped_logs):
            for log in logs:
                await asyncio.to_thread(self._streams.delete, log)
            await self._keeper.act(self._account, lambda ctx, logs=logs: _upkeep.deleted(ctx, logs))
            total += len(logs)
        return total

    async def _trim(self, now: float) -> None:
        """Give the room of old records back."""
        from lakebed.services.kinesis import _upkeep

        found = await self._keeper.look(self._account, lambda ctx: _upkeep.horizons(ctx, now))
        for log, since in found:
            await asyncio.to_thread(self._streams.trim, log, since)
