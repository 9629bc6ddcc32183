"""Brings events to the targets of the rules they fit, and makes those of schedules."""

from __future__ import annotations

import asyncio
import importlib
import logging
from typing import Any

from lakebed.cli.lifecycle import Keeper
from lakebed.context import Context
from lakebed.core.event_limits import EVENTS_AT_ONCE
from lakebed.event_queue import EVENTS_WAITING
from lakebed.store import Range, StoreError

log = logging.getLogger("lakebed")

LOOK_SECONDS = 0.25
"""To look is to ask three indexes."""
RETRY_SECONDS = 60.0
_SERVICE = "lakebed.services.events"


class EventDeliveries:
    """The events of one server, of all accounts and regions."""

    def __init__(self, keeper: Keeper, account: str) -> None:
        self._keeper = keeper
        self._account = account
        self._modules: dict[str, Any] = {}

    async def run(self) -> None:
        """Bring what there is until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                while await self.carry_out(self._keeper.now()):
                    await asyncio.sleep(0)
            except (OSError, StoreError) as error:
                log.warning("events could not be delivered: %s", error)

    async def carry_out(self, now: float) -> int:
        """Do what is due at a time, some of it; return how much that was."""
        model = await self._module("model")
        due = Range(end=(now + 0.001,), limit=EVENTS_AT_ONCE, index="by_due")

        def look(ctx: Context) -> tuple[list[Any], list[Any], list[Any]]:
            waiting = EVENTS_WAITING.scan(ctx, Range(limit=EVENTS_AT_ONCE))
            return (
                list(model.RULES_DUE.scan(ctx, due)),
                list(waiting),
                list(model.DELIVERIES.scan(ctx, due)),
            )

        scheduled, waiting, deliveries = await self._keeper.act(self._account, look)
        await self._act_on(scheduled, "_schedules", "put_event", now)
        await self._act_on(waiting, "_delivery", "match")
        await self._act_on(deliveries, "_delivery", "deliver", now)
        return len(scheduled) + len(waiting) + len(deliveries)

    async def _act_on(self, found: list[Any], module: str, function: str, *given: float) -> None:
        """Have a function of the service act on each row that was found."""
        if not found:
            return
        work = getattr(await self._module(module), function)
        for row in found:
            try:
                await self._keeper.act(row.account, lambda ctx, row=row: work(ctx, row, *given))
            except Exception:
                # A loop over many: what is wrong with one must not keep the others waiting.
                log.exception("%s of EventBridge failed for %s", function, row)
                await self._pass_over(row)

    async def _pass_over(self, row: Any) -> None:
        """Leave an event that nothing can be done with; what was on its way is tried later."""
        delivery, model = await self._module("_delivery"), await self._module("model")
        until = self._keeper.now() + RETRY_SECONDS

        def work(ctx: Context) -> None:
            if isinstance(row, model.Delivery):
                delivery.put_off(ctx, row, until)
            elif isinstance(row, model.RuleDue):
                model.RULES_DUE.put(ctx, model.replace(row, due=until))
            else:
                EVENTS_WAITING.delete(ctx, row.accepted, row.id)

        await self._keeper.act(row.account, work)

    async def _module(self, name: str) -> Any:
        """Return a module of the service, imported in a thread: the loop has other things to do."""
        if name not in self._modules:
            full = f"{_SERVICE}.{name}"
            self._modules[name] = await asyncio.to_thread(importlib.import_module, full)
            if name == "_schedules":
                await asyncio.to_thread(self._modules[name].warm)
        return self._modules[name]
