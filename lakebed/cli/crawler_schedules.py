"""Starts crawlers when their schedules say so."""

from __future__ import annotations

import asyncio
import importlib
import logging
from typing import Any

from lakebed.cli.lifecycle import Keeper
from lakebed.store import Range, StoreError, Table

log = logging.getLogger("lakebed")

LOOK_SECONDS = 1.0
"""Schedules are exact to the minute; to look is to ask an index."""
RETRY_SECONDS = 60.0
DUE_AT_ONCE = 100


class CrawlerSchedules:
    """The schedules of one server's crawlers, of all accounts and regions."""

    noun = "crawler"
    module = "_crawler_due"
    """What has `start_due` and `put_off`; imported once something is due."""

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
                log.warning("%ss could not be started by their schedules: %s", self.noun, error)

    async def carry_out(self, now: float) -> dict[str, int]:
        """Start what is due at a time; return how many were, and how many passed over."""
        # To the minute, so that a time that is now is due.
        span = Range(end=(now + 0.001,), limit=DUE_AT_ONCE, index="by_due")
        table = self.table()
        found = await self._keeper.act(self._account, lambda ctx: list(table.scan(ctx, span)))
        done = await self._start(found, now) if found else []
        return {"started": done.count(True), "passed over": done.count(False)}

    def table(self) -> Table[Any]:
        """Return where it stands what is due when."""
        from lakebed.services.glue._crawlers import CRAWLS_DUE

        return CRAWLS_DUE

    async def _start(self, found: list[Any], now: float) -> list[bool | None]:
        glue = "lakebed.services.glue"
        due = await asyncio.to_thread(importlib.import_module, f"{glue}.{self.module}")
        cron = await asyncio.to_thread(importlib.import_module, f"{glue}._crawler_cron")
        await asyncio.to_thread(cron.warm)
        done: list[bool | None] = []
        for one in found:
            try:
                done.append(
                    await self._keeper.act(
                        one.account, lambda ctx, one=one: due.start_due(ctx, one, now)
                    )
                )
            except Exception:
                # A loop over many: what is wrong with one must not keep the others from starting.
                name = getattr(one, self.noun)
                log.exception("%s %s could not be started by its schedule", self.noun, name)
                done.append(False)
                await self._keeper.act(
                    one.account, lambda ctx, one=one: due.put_off(ctx, one, now + RETRY_SECONDS)
                )
        return done
