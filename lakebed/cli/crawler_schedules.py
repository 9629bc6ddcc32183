"""Starts crawlers when their schedules say so."""

from __future__ import annotations

import asyncio
import importlib
import logging
from typing import Any

from lakebed.cli.lifecycle import Keeper
from lakebed.context import Context
from lakebed.store import StoreError

log = logging.getLogger("lakebed")

LOOK_SECONDS = 1.0
"""Schedules are exact to the minute; to look is to ask an index."""
RETRY_SECONDS = 60.0
DUE_AT_ONCE = 100


class CrawlerSchedules:
    """The schedules of one server's crawlers, of all accounts and regions."""

    def __init__(self, keeper: Keeper, account: str) -> None:
        self._keeper = keeper
        self._account = account

    async def run(self) -> None:
        """Start what is due until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.carry_out(self._keeper.now())
            except (OSError, StoreError) as error:
                log.warning("crawlers could not be started by their schedules: %s", error)

    async def carry_out(self, now: float) -> dict[str, int]:
        """Start what is due at a time; return how many crawls were, and how many passed over."""
        from lakebed.services.glue._crawlers import CRAWLS_DUE, CrawlDue
        from lakebed.store import Range

        def look(ctx: Context) -> list[CrawlDue]:
            # To the minute, so that a time that is now is due.
            span = Range(end=(now + 0.001,), limit=DUE_AT_ONCE, index="by_due")
            return list(CRAWLS_DUE.scan(ctx, span))

        found = await self._keeper.act(self._account, look)
        if not found:
            return {"started": 0, "passed over": 0}
        started = await self._start(found, now)
        return {"started": started, "passed over": len(found) - started}

    async def _start(self, found: list[Any], now: float) -> int:
        glue = "lakebed.services.glue"
        due = await asyncio.to_thread(importlib.import_module, f"{glue}._crawler_due")
        cron = await asyncio.to_thread(importlib.import_module, f"{glue}._crawler_cron")
        await asyncio.to_thread(cron.warm)
        started = 0
        for one in found:
            try:
                started += await self._keeper.act(
                    one.account, lambda ctx, one=one: due.start_due(ctx, one, now)
                )
            except Exception:
                # A loop over many: what is wrong with one must not keep the others from starting.
                log.exception("crawler %s could not be started by its schedule", one.crawler)
                await self._keeper.act(
                    one.account, lambda ctx, one=one: due.put_off(ctx, one, now + RETRY_SECONDS)
                )
        return started
