"""Delivers what was asked of buckets into their access logs."""

from __future__ import annotations

import asyncio
import importlib
import logging
from pathlib import Path
from typing import Any

from lakebed.cli.lifecycle import Keeper
from lakebed.core.accesses import AccessLog
from lakebed.core.errors import AwsError
from lakebed.store import StoreError

log = logging.getLogger("lakebed")

_DELIVERY = "lakebed.services.s3._log_delivery"
LOOK_SECONDS = 1.0
"""How soon it is known that a bucket is logged."""
DELIVER_SECONDS = 60.0
"""AWS delivers within a few hours."""


class AccessLogs:
    """The access logs of one server's buckets."""

    def __init__(self, keeper: Keeper, account: str, state_dir: Path, accesses: AccessLog) -> None:
        self._keeper = keeper
        self._account = account
        self._state_dir = state_dir
        self._accesses = accesses
        self._lost = 0
        self._failed: dict[str, str] = {}

    async def run(self) -> None:
        """Deliver until cancelled."""
        waited = 0.0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            waited += LOOK_SECONDS
            try:
                await self.heed()
                if waited >= DELIVER_SECONDS or self._accesses.is_full:
                    waited = 0.0
                    await self.carry_out()
            except (OSError, StoreError) as error:
                log.warning("access logs could not be delivered: %s", error)

    async def heed(self) -> None:
        """Learn which buckets are logged."""
        # Imported in a thread: the loop has other things to do.
        delivery = await asyncio.to_thread(importlib.import_module, _DELIVERY)
        self._accesses.buckets = await self._keeper.act(self._account, delivery.logged_buckets)

    async def carry_out(self) -> dict[str, int]:
        """Deliver all there is; return the number of requests by bucket."""
        if self._accesses.lost > self._lost:
            log.warning("%s requests are not in access logs", self._accesses.lost - self._lost)
            self._lost = self._accesses.lost
        taken = self._accesses.take()
        return {bucket: await self._deliver(bucket, taken[bucket]) for bucket in sorted(taken)}

    async def _deliver(self, bucket: str, records: Any) -> int:
        """Write one bucket's log; what cannot be delivered is said once and lost."""
        from lakebed.services.s3._log_delivery import deliver, log_of, spooled

        scratch = self._state_dir / "queries" / f"access-log-{bucket}"
        scratch.parent.mkdir(exist_ok=True, mode=0o700)
        found = await self._keeper.act(self._account, lambda ctx: log_of(ctx, bucket))
        if found is None:
            return 0
        objects = spooled(found, records, scratch)
        try:
            while (made := await asyncio.to_thread(next, objects, None)) is not None:
                begin, body = made
                await self._keeper.act(
                    found.source.owner,
                    lambda ctx, begin=begin, body=body: deliver(ctx, found, begin, body),
                )
        except AwsError as error:
            scratch.unlink(missing_ok=True)
            if self._failed.get(bucket) != error.message:
                log.warning("the access log of %s is not delivered: %s", bucket, error.message)
            self._failed[bucket] = error.message
            return 0
        self._failed.pop(bucket, None)
        return len(records)
