"""Drivers started ahead: one for each Spark environment that was used lately."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from lakebed.engines.jobs import Program
from lakebed.engines.jobs.process.child import Child

log = logging.getLogger("lakebed.jobs")

Start = Callable[[str], Awaitable[Child]]


class Spares:
    """At most one process an environment, gone after some time without use."""

    def __init__(self, start: Start, seconds: float) -> None:
        self._start = start
        self._seconds = seconds
        self._known: dict[str, Child] = {}
        self._starting: dict[str, asyncio.Task[None]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._known)

    def expect(self, environment: str) -> None:
        """Have one, and have it for some time from now on."""
        timer = self._timers.pop(environment, None)
        if timer is not None:
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._timers[environment] = loop.call_later(self._seconds, self._let_go, environment)
        known = self._known.get(environment)
        if known is not None and known.is_running:
            return
        self._known.pop(environment, None)
        if environment not in self._starting:
            self._starting[environment] = asyncio.ensure_future(self._begin(environment))

    def take(self, program: Program) -> Child | None:
        """Return the spare of a program's environment, which may not be ready yet."""
        child = self._known.pop(program.environment, None)
        return child if child is not None and child.is_running else None

    async def close(self) -> None:
        """End all."""
        for timer in self._timers.values():
            timer.cancel()
        await asyncio.gather(*self._starting.values(), return_exceptions=True)
        await asyncio.gather(*(child.close() for child in self._known.values()))
        self._known.clear()

    async def _begin(self, environment: str) -> None:
        try:
            self._known[environment] = await self._start(environment)
        except OSError as error:
            # A job then starts a driver of its own, and says what is wrong.
            log.warning("no driver of %s could be started ahead: %s", environment, error)
        finally:
            self._starting.pop(environment, None)

    def _let_go(self, environment: str) -> None:
        self._timers.pop(environment, None)
        child = self._known.pop(environment, None)
        if child is not None:
            task = asyncio.ensure_future(child.close())
            self._starting[environment] = task
            task.add_done_callback(lambda _: self._starting.pop(environment, None))
