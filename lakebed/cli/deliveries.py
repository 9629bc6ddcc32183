"""Delivers what waits in streams of Firehose when it is due, and reads their sources."""

from __future__ import annotations

import asyncio
import importlib
import logging
from typing import Any

from lakebed.cli.lifecycle import Keeper
from lakebed.core.limits import DELIVERIES_AT_ONCE, DELIVERY_SOURCES_AT_ONCE
from lakebed.store import StoreError

log = logging.getLogger("lakebed")

LOOK_SECONDS = 1.0
"""Buffers are due to the second; to look is to ask an index."""
_SERVICE = "lakebed.services.firehose"
_SOURCE = f"{_SERVICE}._kinesis_source"
Ends = dict[str, "asyncio.Future[int]"]
"""When what is under way ends, by the stream's id: with a number of records."""


class Deliveries:
    """The buffers and sources of one server's streams, of all accounts and regions."""

    def __init__(self, keeper: Keeper, account: str) -> None:
        self._keeper = keeper
        self._account = account
        self._reading: Ends = {}
        self._delivering: Ends = {}
        self._look = asyncio.Lock()

    async def run(self) -> None:
        """Start what is due until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                async with self._look:
                    now = self._keeper.now()
                    await self._read(now)
                    await self._deliver(now)
            except (OSError, StoreError) as error:
                log.warning("records could not be delivered: %s", error)

    async def carry_out(self, now: float) -> dict[str, int]:
        """Read sources, deliver what is due at a time; return how many records went, by stream."""
        async with self._look:
            await asyncio.gather(*self._reading.values(), *self._delivering.values())
            await self._read(now)
            await asyncio.gather(*self._reading.values())
            delivered: dict[str, int] = {}
            while started := await self._deliver(now):
                counts = await asyncio.gather(*(end for _, end in started))
                for (name, _), count in zip(started, counts, strict=True):
                    delivered[name] = delivered.get(name, 0) + count
                if not any(counts):
                    break
            return delivered

    async def _read(self, now: float) -> None:
        """Start reading the Kinesis streams that are to be looked at."""
        # Imported in a thread: the loop has other things to do.
        source: Any = await asyncio.to_thread(
            importlib.import_module, f"{_SERVICE}._kinesis_source"
        )
        due = await self._keeper.act(
            self._account, lambda ctx: source.due(ctx, now, DELIVERY_SOURCES_AT_ONCE)
        )
        for one in due:
            await self._start(self._reading, source, one, now)

    async def _deliver(self, now: float) -> list[tuple[str, asyncio.Future[int]]]:
        """Start deliveries that are due, as many as may be under way; return each with its name."""
        backlog: Any = await asyncio.to_thread(importlib.import_module, f"{_SERVICE}._backlog")
        limit = DELIVERIES_AT_ONCE + len(self._delivering)
        due = await self._keeper.act(self._account, lambda ctx: backlog.due(ctx, now, limit))
        if not due:
            return []
        delivery: Any = await asyncio.to_thread(importlib.import_module, f"{_SERVICE}._delivery")
        started: list[tuple[str, asyncio.Future[int]]] = []
        for one in due:
            if len(self._delivering) >= DELIVERIES_AT_ONCE:
                break
            end = await self._start(self._delivering, delivery, one, now)
            if end is not None:
                started.append((one.name, end))
        return started

    async def _start(
        self, ends: Ends, module: Any, row: Any, now: float
    ) -> asyncio.Future[int] | None:
        """Start what a row says, unless that is under way; return when it ends."""
        if row.stream_id in ends:
            return None
        end: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        # Noted first: what is started may have ended when the loop comes back here.
        ends[row.stream_id] = end
        end.add_done_callback(lambda _: ends.pop(row.stream_id, None))
        is_started = False
        try:
            is_started = await self._keeper.act(
                row.account, lambda ctx: module.start(ctx, row, now, end.set_result)
            )
        finally:
            if not is_started:
                end.cancel()
        return end if is_started else None
