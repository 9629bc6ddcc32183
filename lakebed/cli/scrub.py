"""The background scrub: reads objects again, slowly, when the machine has nothing better to do."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from lakebed.core.limits import SCRUB_BYTES_PER_SECOND, SCRUB_DAYS, SCRUB_FILES_PER_SECOND
from lakebed.dispatch.metrics import Sample
from lakebed.engines.objects.upkeep import (
    Damage,
    Read,
    Scrubbing,
    ScrubState,
    StopReadingError,
    Upkeep,
)
from lakebed.store import Scope, StoreError

log = logging.getLogger("lakebed")

FIRST_SECONDS = 60.0
"""After its start a server has other things to do."""
LOOK_SECONDS = 10.0
STEP_SECONDS = 5.0
"""How much a restart reads again, at most."""
BUSY_SHARE = 0.3
"""Of a core: while the server uses more, the scrub rests."""
BUSY_SECONDS = 1.0
DAY_SECONDS = 86_400.0

Result = TypeVar("Result")


class Keeper(Protocol):
    """What the scrub needs of the server: transactions on the loop and in threads."""

    async def write(self, work: Callable[[Scope], Result]) -> Result:
        """Run a short piece of work on the loop; return once its writes are kept."""
        ...

    def transaction(self) -> AbstractContextManager[Any]:
        """A transaction of the calling thread, for reading."""
        ...


class Scrub:
    """The scrub of one server."""

    def __init__(self, keeper: Keeper, upkeep: Upkeep) -> None:
        self._keeper = keeper
        self._upkeep = upkeep
        self._is_stopped = False
        self._is_wanted = asyncio.Event()
        self._is_hurried = False
        self._step_ends = 0.0
        self.state = ScrubState("scrub")
        self.damages: list[Damage] = []

    def stop(self) -> None:
        """End the step under way."""
        self._is_stopped = True

    def hurry(self) -> None:
        """Begin a pass now, whatever else there is to do."""
        self._is_hurried = True
        self._is_wanted.set()

    def samples(self) -> Iterator[Sample]:
        """Yield what the metrics page shows."""
        state = self.state
        yield "lakebed_scrub_files_total", "Objects read again in this pass.", state.files
        yield "lakebed_scrub_bytes_total", "Bytes read again in this pass.", state.bytes
        yield "lakebed_scrub_ended_seconds", "When the last pass ended.", state.ended
        yield "lakebed_damaged_objects", "Objects whose bytes are not theirs.", len(self.damages)

    async def run(self) -> None:
        """Scrub until cancelled."""
        from lakebed.cli.claims import claims

        scrubbing = self._upkeep.scrub(claims())
        self.state = await self._keeper.write(scrubbing.state)
        self.damages = await self._keeper.write(scrubbing.damages)
        await self._wait(FIRST_SECONDS)
        while True:
            try:
                if await self._is_due(scrubbing):
                    await self._step(scrubbing)
                    continue
            except (OSError, StoreError) as error:
                log.warning("the scrub could not go on: %s", error)
            await self._wait(LOOK_SECONDS)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._is_wanted.wait(), seconds)
        except TimeoutError:
            return

    async def _is_due(self, scrubbing: Scrubbing) -> bool:
        """Say whether there is something to read; begins a pass if it is time."""
        now = time.time()
        is_old = now - self.state.begun > SCRUB_DAYS * DAY_SECONDS
        if not self.state.is_running and (is_old or self._is_wanted.is_set()):
            self.state = await self._keeper.write(lambda scope: scrubbing.begin(scope, now))
        self._is_wanted.clear()
        return self.state.is_running

    async def _step(self, scrubbing: Scrubbing) -> None:
        while not self._is_hurried and await _is_busy():
            pass
        self._step_ends = time.monotonic() + STEP_SECONDS
        state, reads = await asyncio.to_thread(
            scrubbing.step, self._keeper.transaction, self.state, self._pace
        )
        if self._is_stopped:
            # No reads are not the end of the pass then.
            return
        now = time.time()
        await self._keeper.write(lambda scope: scrubbing.keep(scope, state, reads, now))
        self.state = await self._keeper.write(scrubbing.state)
        self._say(reads)
        await self._keeper.write(scrubbing.forget_mended)
        self.damages = await self._keeper.write(scrubbing.damages)
        if not self.state.is_running:
            self._is_hurried = False
            log.info(
                "scrubbed: %s objects, %s bytes, %s damaged",
                state.files,
                state.bytes,
                len(self.damages),
            )

    def _say(self, reads: list[Read]) -> None:
        known = {damage.path for damage in self.damages}
        for read in reads:
            if read.damage is not None and read.damage.path not in known:
                log.error(
                    "damaged: %s: found %s, expected %s; `lakebed fsck --deep` finds all such, "
                    "`lakebed restore` brings them back",
                    read.damage.path,
                    read.damage.found,
                    read.damage.expected,
                )

    def _pace(self, count: int) -> bool:
        """Rest as the limits ask for; for the reading thread. False ends the step."""
        if self._is_stopped:
            raise StopReadingError
        time.sleep(count / SCRUB_BYTES_PER_SECOND if count else 1 / SCRUB_FILES_PER_SECOND)
        return time.monotonic() < self._step_ends


async def _is_busy() -> bool:
    """Say whether this process is busy; takes a second to see."""
    used = time.process_time()
    await asyncio.sleep(BUSY_SECONDS)
    return time.process_time() - used > BUSY_SHARE * BUSY_SECONDS
