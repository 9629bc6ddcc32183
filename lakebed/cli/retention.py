"""Drops what is older than it is kept, every minute: what that is, a subclass says."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from lakebed.cli.lifecycle import Keeper
from lakebed.context import Context
from lakebed.store import StoreError

log = logging.getLogger("lakebed")

LOOK_SECONDS = 60.0


class Retention(ABC):
    """What of one server is too old, as the clock sees it."""

    what: ClassVar[str]
    """Of what there is too much, for messages."""
    first_seconds: ClassVar[float] = 5.0
    """After its start a server has other things to do."""

    def __init__(self, keeper: Keeper, account: str) -> None:
        self._keeper = keeper
        self._account = account

    async def run(self) -> None:
        """Drop what is too old until cancelled."""
        await asyncio.sleep(self.first_seconds)
        while True:
            try:
                done = await self.carry_out(self._keeper.now())
                if done:
                    log.info("%s: %s", self.what, done)
            except (OSError, StoreError) as error:
                log.warning("%s that are too old could not be dropped: %s", self.what, error)
            await asyncio.sleep(LOOK_SECONDS)

    @abstractmethod
    async def carry_out(self, now: float) -> dict[str, int]:
        """Do what is due at a time, a few rows at once; return what was done."""

    async def _all(self, work: Callable[[Context], int]) -> int:
        """Do work until there is none left; others have their turn between its slices."""
        total = 0
        while count := await self._keeper.act(self._account, work):
            total += count
            await asyncio.sleep(0)
        return total
