"""Fires triggers when their schedules say so, and goes on with what a server that died left."""

from __future__ import annotations

import asyncio
import importlib
import logging
from typing import Any

from lakebed.cli.crawler_schedules import CrawlerSchedules
from lakebed.store import Range, StoreError, Table

log = logging.getLogger("lakebed")


class TriggerSchedules(CrawlerSchedules):
    """The schedules of one server's triggers, of all accounts and regions."""

    noun = "trigger"
    module = "_trigger_schedules"

    async def run(self) -> None:
        """Go on with what the server before left, then fire what is due until cancelled."""
        try:
            await self.recover()
        except (OSError, StoreError) as error:
            log.warning("chains of runs could not be gone on with: %s", error)
        await super().run()

    def table(self) -> Table[Any]:
        """Return where it stands what is due when."""
        from lakebed.services.glue._triggers import TRIGGERS_DUE

        return TRIGGERS_DUE

    async def recover(self) -> None:
        """Go on with the chains whose server died: end what died with it, begin what did not."""
        from lakebed.services.glue._triggers import LIVE_CHAINS

        found = await self._keeper.act(
            self._account, lambda ctx: list(LIVE_CHAINS.scan(ctx, Range()))
        )
        if not found:
            return
        name = "lakebed.services.glue._trigger_chains"
        chains = await asyncio.to_thread(importlib.import_module, name)
        for live in found:
            try:
                await self._keeper.act(
                    live.account, lambda ctx, live=live: chains.recover(ctx, live)
                )
            except Exception:
                # A loop over many: what is wrong with one must not keep the others from going on.
                log.exception("the chain %s could not be gone on with", live.id)
