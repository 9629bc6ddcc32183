"""Drops points of metrics that are older than AWS keeps them, and keeps a bound on all."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from lakebed.cli.lifecycle import Keeper
from lakebed.context import Context
from lakebed.store import StoreError

log = logging.getLogger("lakebed")

FIRST_SECONDS = 20.0
"""After its start a server has other things to do."""
LOOK_SECONDS = 60.0


class MetricRetention:
    """The metrics of one server, as the clock sees them."""

    def __init__(self, keeper: Keeper, account: str) -> None:
        self._keeper = keeper
        self._account = account

    async def run(self) -> None:
        """Drop what is too old until cancelled."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            try:
                done = await self.carry_out(self._keeper.now())
                if done:
                    log.info("metrics: %s", done)
            except (OSError, StoreError) as error:
                log.warning("old metrics could not be dropped: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def carry_out(self, now: float) -> dict[str, int]:
        """Do what is due at a time, a slice of a few rows at once; return what was done."""
        from lakebed.services.cloudwatch import _upkeep

        done: Counter[str] = Counter()
        done["expired"] += await self._all(lambda ctx: _upkeep.expire(ctx, now))
        while True:
            metrics, blocks = await self._keeper.look(self._account, _upkeep.is_too_much)
            if not metrics and not blocks:
                break
            done["trimmed"] += await self._keeper.act(
                self._account,
                lambda ctx, metrics=metrics, blocks=blocks: _upkeep.trim(
                    ctx, metrics=metrics, blocks=blocks
                ),
            )
        if done["trimmed"]:
            log.warning("there are more metrics than may be kept: the oldest were dropped")
        return {kind: count for kind, count in done.items() if count}

    async def _all(self, work: Callable[[Context], int]) -> int:
        total = 0
        while count := await self._keeper.act(self._account, work):
            total += count
            await asyncio.sleep(0)
        return total
