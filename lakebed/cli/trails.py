"""Delivers the events of trails to their buckets."""

from __future__ import annotations

import asyncio
import importlib
import logging
from pathlib import Path
from typing import Any, Protocol

from lakebed.cli.lifecycle import Keeper
from lakebed.store import StoreError

log = logging.getLogger("lakebed")

_DELIVERY = "lakebed.services.cloudtrail._delivery"
LOOK_SECONDS = 1.0
"""How soon it is known that a trail wants data events."""
DELIVER_SECONDS = 60.0
"""AWS delivers within about five minutes."""


class Audit(Protocol):
    """What of the audit log trails change: whether data events are written down."""

    wants_data_events: bool


class Trails:
    """The trails of one server."""

    def __init__(self, keeper: Keeper, account: str, state_dir: Path, audit: Audit) -> None:
        self._keeper = keeper
        self._account = account
        self._state_dir = state_dir
        self._audit = audit

    async def run(self) -> None:
        """Deliver until cancelled."""
        waited = 0.0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            waited += LOOK_SECONDS
            try:
                await self.heed()
                if waited >= DELIVER_SECONDS:
                    waited = 0.0
                    await self.carry_out()
            except (OSError, StoreError) as error:
                log.warning("trails could not be delivered: %s", error)

    async def heed(self) -> None:
        """Have data events written down if a trail wants them."""
        # Imported in a thread: the loop has other things to do.
        delivery = await asyncio.to_thread(importlib.import_module, _DELIVERY)
        self._audit.wants_data_events = await self._keeper.act(
            self._account, delivery.data_events_wanted
        )

    async def carry_out(self) -> dict[str, int]:
        """Deliver all there is; return the number of events by trail."""
        from lakebed.services.cloudtrail._delivery import logging_trails

        found = await self._keeper.act(self._account, logging_trails)
        return {f"{one.home}/{one.name}": await self._deliver(one) for one in found}

    async def _deliver(self, trail: Any) -> int:
        from lakebed.services.cloudtrail._delivery import Part, deliver, now_of

        total = 0
        scratch = self._state_dir / "queries" / f"trail-{trail.home}-{trail.name}"
        scratch.parent.mkdir(exist_ok=True, mode=0o700)
        folder = self._state_dir / "audit"
        while True:
            now = await self._keeper.act(trail.account, lambda ctx: now_of(ctx, trail))
            if now is None:
                return total
            part = await asyncio.to_thread(Part, now, folder)
            if part.is_lossy:
                log.warning("trail %s: events were rotated away before delivery", trail.name)
            done = await self._keeper.act(
                trail.account, lambda ctx, part=part: deliver(ctx, trail, part, scratch)
            )
            total += part.count if done else 0
            if not done or not part.count:
                return total
