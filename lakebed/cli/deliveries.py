"""Delivers what waits in Firehose's streams when it is due."""

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


class Deliveries:
    """The buffers of one server's streams, of all accounts and regions."""

    def __init__(self, keeper: Keeper, account: str) -> None:
        self._keeper = keeper
        self._account = account
        self._under_way = 0

    async def run(self) -> None:
        """Start what is due until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                now = self._keeper.now()
                await self._read_sources(now)
                await self._start(now)
            except (OSError, StoreError) as error:
                log.warning("records could not be delivered: %s", error)

    async def carry_out(self, now: float) -> dict[str, int]:
        """Read sources, deliver what is due at a time; return how many records went, by stream."""
        await asyncio.gather(*(await self._read_sources(now)))
        delivered: dict[str, int] = {}
        while started := await self._start(now):
            for name, count in zip(started, await asyncio.gather(*started.values()), strict=True):
                delivered[name] = delivered.get(name, 0) + count
        return delivered

    async def _read_sources(self, now: float) -> list[asyncio.Future[int]]:
        """Start reading the Kinesis streams that are to be looked at; return when each ends."""
        source: Any = await asyncio.to_thread(
            importlib.import_module, f"{_SERVICE}._kinesis_source"
        )
        due = await self._keeper.act(
            self._account, lambda ctx: source.due(ctx, now, DELIVERY_SOURCES_AT_ONCE)
        )
        started: list[asyncio.Future[int]] = []
        for one in due:
            ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            if await self._keeper.act(
                one.account,
                lambda ctx, one=one, ended=ended: source.start(ctx, one, now, ended.set_result),
            ):
                started.append(ended)
        return started

    async def _start(self, now: float) -> dict[str, asyncio.Future[int]]:
        """Start deliveries that are due, as many as may be under way; return when each ends."""
        # Imported in a thread: the loop has other things to do.
        backlog: Any = await asyncio.to_thread(importlib.import_module, f"{_SERVICE}._backlog")
        limit = DELIVERIES_AT_ONCE + self._under_way
        due = await self._keeper.act(self._account, lambda ctx: backlog.due(ctx, now, limit))
        if not due:
            return {}
        delivery: Any = await asyncio.to_thread(importlib.import_module, f"{_SERVICE}._delivery")
        started: dict[str, asyncio.Future[int]] = {}
        for buffer in due:
            if self._under_way >= DELIVERIES_AT_ONCE:
                break
            ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            if await self._keeper.act(
                buffer.account,
                lambda ctx, buffer=buffer, ended=ended: delivery.start(
                    ctx, buffer, now, ended.set_result
                ),
            ):
                self._under_way += 1
                ended.add_done_callback(self._ended)
                started[buffer.name] = ended
        return started

    def _ended(self, ended: asyncio.Future[int]) -> None:
        self._under_way -= 1
