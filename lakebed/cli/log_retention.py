"""Carries out the retention policies of log groups, and sweeps up what deleted groups left."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from lakebed.cli.lifecycle import Keeper
from lakebed.context import Context
from lakebed.store import StoreError

log = logging.getLogger("lakebed")

FIRST_SECONDS = 5.0
"""After its start a server has other things to do."""
LOOK_SECONDS = 60.0


class LogRetention:
    """The log groups of one server, as the clock sees them."""

    def __init__(self, keeper: Keeper, account: str) -> None:
        self._keeper = keeper
        self._account = account

    async def run(self) -> None:
        """Carry out policies until cancelled."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            try:
                done = await self.carry_out(self._keeper.now())
                if done:
                    log.info("log groups: %s", done)
            except (OSError, StoreError) as error:
                log.warning("retention policies could not be carried out: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def carry_out(self, now: float) -> dict[str, int]:
        """Do what is due at a time, a slice of a few blocks at once; return what was done."""
        from lakebed.services.logs import _upkeep

        done: Counter[str] = Counter()
        for group in await self._keeper.look(self._account, _upkeep.groups_with_retention):
            done["expired"] += await self._all(
                lambda ctx, group=group: _upkeep.expire(ctx, group, now)
            )
        done["swept"] += await self._all(_upkeep.sweep)
        while await self._keeper.act(self._account, lambda ctx: _upkeep.trim(ctx)):
            done["trimmed"] += 1
        if done["trimmed"]:
            log.warning("log groups hold more than they may: the oldest events were deleted")
        return {kind: count for kind, count in done.items() if count}

    async def _all(self, work: Callable[[Context], int]) -> int:
        total = 0
        while count := await self._keeper.act(self._account, work):
            total += count
            await asyncio.sleep(0)
        return total
