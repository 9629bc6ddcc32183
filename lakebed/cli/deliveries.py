"""Delivers what waits in streams of Firehose when it is due, and reads their sources."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
from typing import Any

from lakebed.cli.lifecycle import Keeper
from lakebed.cli.source_bells import SourceBells
from lakebed.context import Context
from lakebed.core.limits import DELIVERIES_AT_ONCE, DELIVERY_SOURCES_AT_ONCE
from lakebed.store import StoreError

log = logging.getLogger("lakebed")

LOOK_SECONDS = 2.0
"""What nothing rings for (a stream that is resharded, a clock that is set) is seen so soon."""
FIRST_SECONDS = 1.0
"""After its start a server has other things to do."""
PAUSE_SECONDS = 0.05
"""Between two looks, however often it rings."""
_SERVICE = "lakebed.services.firehose"
_NEVER = float("inf")
Ends = dict[str, "asyncio.Future[int]"]
"""When what is under way ends, by the stream's id: with a number of records."""


class Deliveries:
    """The buffers and sources of one server's streams, of all accounts and regions.

    It sleeps until the next one is due, or until it rings: what is put, and what a Kinesis stream
    that is read has new, rings.
    """

    def __init__(self, keeper: Keeper, account: str) -> None:
        self._keeper = keeper
        self._account = account
        self._reading: Ends = {}
        self._delivering: Ends = {}
        self._look = asyncio.Lock()
        self._wake = asyncio.Event()
        self._bells = SourceBells(self._heard_aside)
        self._renewed = -_NEVER
        self._loop: asyncio.AbstractEventLoop | None = None
        self._modules: dict[str, Any] = {}

    async def run(self) -> None:
        """Start what is due until cancelled."""
        self._loop = asyncio.get_running_loop()
        await self._keeper.act(self._account, lambda ctx: ctx.engines.alarm.listen(self._ring))
        await asyncio.sleep(FIRST_SECONDS)
        try:
            while True:
                self._wake.clear()
                seconds = await self._looked()
                await asyncio.sleep(PAUSE_SECONDS)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), seconds)
        finally:
            self._bells.close()

    async def _looked(self) -> float:
        """Start what is due, and return how long there is nothing else to do."""
        try:
            async with self._look:
                now = self._keeper.now()
                await self._renew()
                await self._read(now)
                await self._deliver(now)
                due = await self._next_due()
        except (OSError, StoreError) as error:
            log.warning("records could not be delivered: %s", error)
            return LOOK_SECONDS
        return max(0.0, min(LOOK_SECONDS, due - self._keeper.now()) - PAUSE_SECONDS)

    def _ring(self) -> None:
        """Look again. From whatever thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake.set)

    def _heard_aside(self, source: str) -> None:
        """Note that a source has something new. From whatever thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._heard, source)

    def _heard(self, source: str) -> None:
        self._bells.rung.add(source)
        self._wake.set()

    async def _renew(self) -> None:
        """Listen to the shards that sources have now, every few seconds."""
        at = asyncio.get_running_loop().time()
        if at - self._renewed < LOOK_SECONDS:
            return
        self._renewed = at
        source = await self._module("_kinesis_source")
        await self._keeper.act(self._account, lambda ctx: self._bells.renew(ctx, source.arns(ctx)))

    async def _next_due(self) -> float:
        """Return when the next buffer or source is due that is not under way."""
        source, backlog = await self._module("_kinesis_source"), await self._module("_backlog")
        sources = 1 + len(self._reading)
        buffers = 1 + len(self._delivering)

        def find(ctx: Context) -> float:
            times = [
                one.due
                for one in source.due(ctx, _NEVER, sources)
                if one.stream_id not in self._reading
            ]
            if len(self._delivering) < DELIVERIES_AT_ONCE:
                times += [
                    one.due
                    for one in backlog.due(ctx, _NEVER, buffers)
                    if one.stream_id not in self._delivering
                ]
            return min(times, default=_NEVER)

        return await self._keeper.act(self._account, find)

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
        """Start reading the Kinesis streams that are to be looked at, or have something new."""
        source = await self._module("_kinesis_source")
        rung = self._bells.rung - self._reading.keys()
        self._bells.rung -= rung

        def find(ctx: Context) -> list[Any]:
            return [*source.due(ctx, now, DELIVERY_SOURCES_AT_ONCE), *source.named(ctx, rung)]

        for one in await self._keeper.act(self._account, find):
            await self._start(self._reading, source, one, now)

    async def _deliver(self, now: float) -> list[tuple[str, asyncio.Future[int]]]:
        """Start deliveries that are due, as many as may be under way; return each with its name."""
        backlog = await self._module("_backlog")
        limit = DELIVERIES_AT_ONCE + len(self._delivering)
        due = await self._keeper.act(self._account, lambda ctx: backlog.due(ctx, now, limit))
        if not due:
            return []
        delivery = await self._module("_delivery")
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

        def ended(_: object) -> None:
            ends.pop(row.stream_id, None)
            self._wake.set()

        end.add_done_callback(ended)
        is_started = False
        try:
            is_started = await self._keeper.act(
                row.account, lambda ctx: module.start(ctx, row, now, end.set_result)
            )
        finally:
            if not is_started:
                end.cancel()
        return end if is_started else None

    async def _module(self, name: str) -> Any:
        """Return a module of the service, imported in a thread: the loop has other things to do."""
        if name not in self._modules:
            full = f"{_SERVICE}.{name}"
            self._modules[name] = await asyncio.to_thread(importlib.import_module, full)
        return self._modules[name]
