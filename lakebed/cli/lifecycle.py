"""Carries out the buckets' lifecycle rules: each day after midnight UTC, and when rules change."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.store import StoreError
from lakebed.store.leases import acquire, release

log = logging.getLogger("lakebed")

FIRST_SECONDS = 30.0
"""After its start a server has other things to do."""
LOOK_SECONDS = 60.0
DEEDS_AT_ONCE = 10
"""So many deletions are one commit; then others have their turn."""
DAY_SECONDS = 86_400
LEASE = "s3-lifecycle"

Result = TypeVar("Result")


class Keeper(Protocol):
    """What carrying out rules needs of the server: contexts on the loop and in threads."""

    def now(self) -> float:
        """Return the time."""
        ...

    async def act(self, account: str, work: Callable[[Context], Result]) -> Result:
        """Run a short piece of work on the loop, as an account's root."""
        ...

    async def look(self, account: str, work: Callable[[Context], Result]) -> Result:
        """Run a longer piece of work in a thread, in a transaction of its own."""
        ...


class Lifecycle:
    """The lifecycle rules of one server's buckets."""

    def __init__(self, keeper: Keeper, account: str, owner: str) -> None:
        self._keeper = keeper
        self._account = account
        self._owner = owner

    async def run(self) -> None:
        """Carry out rules until cancelled."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            try:
                await self.carry_out(self._keeper.now(), is_daily=True)
            except (OSError, StoreError) as error:
                log.warning("lifecycle rules could not be carried out: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def carry_out(self, now: float, *, is_daily: bool) -> dict[str, dict[str, int]]:
        """Do what is due at a time in every bucket; return what was done.

        With `is_daily` buckets that had their turn since midnight are left out.
        """
        from lakebed.services.s3._lifecycle_run import LIFECYCLE_RUNS, rules_document
        from lakebed.services.s3.model import BUCKETS

        if not await self._hold():
            return {}
        midnight = now // DAY_SECONDS * DAY_SECONDS

        def due(ctx: Context) -> list[Any]:
            found: list[Any] = []
            for bucket in BUCKETS.scan(ctx):
                rules = rules_document(ctx, bucket.name)
                last = LIFECYCLE_RUNS.get(ctx, bucket.name)
                is_over = last is not None and last.rules == rules and last.ended >= midnight
                if rules and not (is_daily and is_over):
                    found.append(bucket)
            return found

        buckets = await self._keeper.act(self._account, due)
        done = {bucket.name: await self._carry_out_in(bucket, now) for bucket in buckets}
        await self._keeper.act(self._account, lambda ctx: release(ctx, LEASE, self._owner))
        return done

    async def _hold(self) -> bool:
        now = self._keeper.now()
        return await self._keeper.act(
            self._account, lambda ctx: acquire(ctx, LEASE, self._owner, now)
        )

    async def _carry_out_in(self, bucket: Any, now: float) -> dict[str, int]:
        from lakebed.services.s3._lifecycle_run import LifecycleRun, Plan, keep_run, rules_document

        rules = await self._keeper.act(bucket.account, lambda ctx: rules_document(ctx, bucket.name))
        plan = Plan(bucket.name, now)
        done: Counter[str] = Counter()
        while not plan.is_done and await self._hold():
            deeds = await self._keeper.look(bucket.account, plan.page)
            for begin in range(0, len(deeds), DEEDS_AT_ONCE):
                done += await self._do(bucket, deeds[begin : begin + DEEDS_AT_ONCE])
        if plan.is_done:
            run = LifecycleRun(bucket.name, now, rules, dict(done))
            await self._keeper.act(bucket.account, lambda ctx: keep_run(ctx, run))
        if done:
            said = ", ".join(f"{count} {kind}" for kind, count in sorted(done.items()))
            log.info("lifecycle rules of %s carried out: %s", bucket.name, said)
        return dict(done)

    async def _do(self, bucket: Any, deeds: list[Any]) -> Counter[str]:
        from lakebed.services.s3._lifecycle_run import carry_out

        def work(ctx: Context) -> Counter[str]:
            return Counter(deed.kind for deed in deeds if carry_out(ctx, bucket, deed))

        try:
            return await self._keeper.act(bucket.account, work)
        except AwsError as error:
            log.warning("a lifecycle rule of %s could not be carried out: %s", bucket.name, error)
            return Counter()
