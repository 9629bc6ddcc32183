"""Removes the shards of streams that are past their retention."""

from __future__ import annotations

import asyncio
import logging

from lakebed.cli.lifecycle import Keeper
from lakebed.store import StoreError

log = logging.getLogger("lakebed")

FIRST_SECONDS = 5.0
"""After its start a server has other things to do."""
LOOK_SECONDS = 60.0


class StreamRetention:
    """The streams of one server, as the clock sees them."""

    def __init__(self, keeper: Keeper, account: str) -> None:
        self._keeper = keeper
        self._account = account

    async def run(self) -> None:
        """Remove what is due until cancelled."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            try:
                done = await self.carry_out(self._keeper.now())
                if done:
                    log.info("streams: %s", done)
            except (OSError, StoreError) as error:
                log.warning("shards past their retention could not be removed: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def carry_out(self, now: float) -> dict[str, int]:
        """Do what is due at a time, a slice of some shards at once; return what was done."""
        from lakebed.services.kinesis import _upkeep

        total = 0
        while count := await self._keeper.act(self._account, lambda ctx: _upkeep.expired(ctx, now)):
            total += count
            await asyncio.sleep(0)
        return {"expired": total} if total else {}
