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
        scheduled = await self._act_on(self._schedules_due, "_schedules", "put_event", now)
        matched = await self._act_on(self._waiting, "_delivery", "match", None)
        return scheduled + matched + await self._act_on(
            self._deliveries_due, "_delivery", "deliver", now
        )  # fmt: skip

    def _waiting(self, ctx: Context, now: float | None) -> list[Any]:
        del now
        return list(EVENTS_WAITING.scan(ctx, Range(limit=EVENTS_AT_ONCE)))

    def _schedules_due(self, ctx: Context, now: float | None) -> list[Any]:
        from lakebed.services.events.model import RULES_DUE

        return list(RULES_DUE.scan(ctx, _until(now)))

    def _deliveries_due(self, ctx: Context, now: float | None) -> list[Any]:
        from lakebed.services.events.model import DELIVERIES

        return list(DELIVERIES.scan(ctx, _until(now)))

    async def _act_on(self, find: Any, module: str, function: str, now: float | None) -> int:
        """Have a function of the service act on each row that is found; return how many it were."""
        found = await self._keeper.act(self._account, lambda ctx: find(ctx, now))
        if not found:
            return 0
        work = getattr(await self._module(module), function)
        given = () if now is None else (now,)
        for row in found:
            try:
                await self._keeper.act(row.account, lambda ctx, row=row: work(ctx, row, *given))
            except Exception:
                # A loop over many: what is wrong with one must not keep the others waiting.
                log.exception("%s of EventBridge failed for %s", function, row)
                await self._pass_over(row)
        return len(found)

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


def _until(now: float | None) -> Range:
    assert now is not None
    return Range(end=(now + 0.001,), limit=EVENTS_AT_ONCE, index="by_due")
