"""What a running server does for its lake besides answering requests."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec

from lakebed.cli.access_logs import AccessLogs
from lakebed.cli.crawler_schedules import CrawlerSchedules
from lakebed.cli.deliveries import Deliveries
from lakebed.cli.event_deliveries import EventDeliveries
from lakebed.cli.job_delays import JobDelays
from lakebed.cli.lifecycle import Lifecycle
from lakebed.cli.log_retention import LogRetention
from lakebed.cli.metric_retention import MetricRetention
from lakebed.cli.scrub import Scrub
from lakebed.cli.stream_retention import StreamRetention
from lakebed.cli.trails import Trails
from lakebed.cli.trigger_events import TriggerEvents
from lakebed.cli.trigger_schedules import TriggerSchedules
from lakebed.context import Context
from lakebed.core.accesses import AccessLog
from lakebed.core.limits import BACKUP_LEASE_SECONDS
from lakebed.core.principal import Principal
from lakebed.dispatch.commits import GroupCommit
from lakebed.dispatch.dispatcher import Dispatcher, House
from lakebed.engines.objects import StoredObject
from lakebed.engines.objects.upkeep import Finding
from lakebed.store import Scope, Store, StoreError, Transaction

log = logging.getLogger("lakebed")

HASH_SECONDS = 0.5
"""How often files put into the lake by hand are looked for, to be hashed."""
SWEEP_SECONDS = 3.0
"""After its start a server has other things to do."""
HANDS_SECONDS = 0.1
"""How often the kernel is asked what hands changed; a listing asks as well."""
SETTLE_SECONDS = 10.0
RETRY_SECONDS = 10.0
SLICE_SECONDS = 0.002
"""How long the loop takes in changes before it looks after requests again."""

Result = TypeVar("Result")


class Place(msgspec.Struct, frozen=True):
    """Where rows are looked at outside of a request."""

    store: Transaction
    account: str
    region: str


class Care:
    """The background tasks of one server."""

    def __init__(
        self, house: House, dispatcher: Dispatcher, store: Store, commits: GroupCommit
    ) -> None:
        self._house = house
        self._dispatcher = dispatcher
        self._settings = settings = house.settings
        self._store = store
        self._commits = commits
        self._objects = house.engines.objects
        self._tasks: list[asyncio.Task[None]] = []
        self.scrub = Scrub(self, self._objects.upkeep)
        self.lifecycle = Lifecycle(self, settings.account, f"server {os.getpid()}")
        self.log_retention = LogRetention(self, settings.account)
        self.metric_retention = MetricRetention(self, settings.account)
        self.stream_retention = StreamRetention(self, settings.account, house.engines.stream)
        self.crawler_schedules = CrawlerSchedules(self, settings.account)
        self.trigger_schedules = TriggerSchedules(self, settings.account)
        self.trigger_events = TriggerEvents(self, settings.account)
        self.deliveries = Deliveries(self, settings.account)
        self.event_deliveries = EventDeliveries(self, settings.account)
        self.job_delays = JobDelays(self, settings.account)
        self.trails = Trails(self, settings.account, settings.state_dir, house.audit)
        self.accesses = AccessLog()
        self.access_logs = AccessLogs(self, settings.account, settings.state_dir, self.accesses)
        self._survey_due = 0.0
        self._backup = ""
        self._backup_end: asyncio.TimerHandle | None = None

    # -- transactions ---------------------------------------------------------------------------

    def place(self, store: Transaction) -> Place:
        """Return the scope of the account's own rows in a transaction."""
        return Place(store, self._settings.account, self._settings.region)

    async def write(self, work: Callable[[Scope], Result]) -> Result:
        """Run a short piece of work on the loop; return once its writes are kept."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

        def answer(result: Any, error: BaseException | None) -> None:
            if done.done():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)

        self._commits.submit(lambda store: work(self.place(store)), answer)
        return await done

    @contextmanager
    def transaction(self) -> Generator[Place]:
        """A transaction of the calling thread, for reading."""
        with self._store.transaction() as transaction:
            yield self.place(transaction)

    def now(self) -> float:
        """Return the time."""
        return self._house.clock.now()

    def _context(self, account: str, store: Transaction) -> Context:
        house = self._house
        root = Principal(account, f"arn:aws:iam::{account}:root", account, is_root=True)
        return Context(
            account, house.settings.region, root, house.ids.request_id(), house.clock, house.ids,
            house.settings, store, house.engines, self._dispatcher, self._dispatcher,
        )  # fmt: skip

    async def act(self, account: str, work: Callable[[Context], Result]) -> Result:
        """Run a short piece of work on the loop, as an account's root."""
        return await self.write(lambda scope: work(self._context(account, scope.store)))

    async def look(self, account: str, work: Callable[[Context], Result]) -> Result:
        """Run a longer piece of work in a thread, in a transaction of its own."""

        def run() -> Result:
            with self._store.transaction() as transaction:
                return work(self._context(account, transaction))

        return await asyncio.to_thread(run)

    # -- the tasks ------------------------------------------------------------------------------

    def start(self) -> None:
        """Start every task."""
        works: dict[str, Coroutine[Any, Any, None]] = {
            "hashing": self._hash_by_hand(),
            "hands": self._heed_hands(),
            "lifecycle": self.lifecycle.run(),
            "log retention": self.log_retention.run(),
            "metric retention": self.metric_retention.run(),
            "stream retention": self.stream_retention.run(),
            "crawler schedules": self.crawler_schedules.run(),
            "trigger schedules": self.trigger_schedules.run(),
            "trigger events": self.trigger_events.run(),
            "deliveries": self.deliveries.run(),
            "event deliveries": self.event_deliveries.run(),
            "job delays": self.job_delays.run(),
            "trails": self.trails.run(),
            "access logs": self.access_logs.run(),
            "sweep": self._sweep(),
        }
        if self._settings.scrub == "on":
            works["scrub"] = self.scrub.run()
        for name, work in works.items():
            self._tasks.append(asyncio.ensure_future(_guarded(name, work)))

    async def stop(self) -> None:
        """End every task."""
        self.scrub.stop()
        self._objects.upkeep.close()
        self._objects.upkeep.hands.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _hash_by_hand(self) -> None:
        """Give objects that were put into the folder by hand the ETag of their bytes."""
        objects = self._objects
        while True:
            await asyncio.sleep(HASH_SECONDS)
            while (found := objects.next_unhashed()) is not None:
                try:
                    etag = await asyncio.to_thread(objects.digest, found)
                    if etag is not None:
                        await self.write(_keep_etag(objects.set_etag, found, etag))
                except (OSError, StoreError) as error:
                    log.warning("%s/%s could not be hashed: %s", found.bucket, found.key, error)

    async def _heed_hands(self) -> None:
        """Take in what hands change in the lake's folder, within a second."""
        from lakebed.cli.claims import claims

        hands = self._objects.upkeep.hands
        if not hands.listen():
            log.info("this system does not tell what changes in folders: see `lakebed sync`")
            return
        for bucket in sorted(await self.write(claims().buckets)):
            hands.adopt(bucket)
        survey: asyncio.Task[None] | None = None
        warned: set[str] = set()
        try:
            while True:
                is_due = hands.has_work and asyncio.get_running_loop().time() >= self._survey_due
                if is_due and (survey is None or survey.done()):
                    survey = asyncio.ensure_future(self._survey())
                await self.take_in()
                self._warn(warned)
                await asyncio.sleep(HANDS_SECONDS)
        finally:
            if survey is not None:
                await asyncio.wait({survey})

    async def _survey(self) -> None:
        loop = asyncio.get_running_loop()

        def settle() -> None:
            asyncio.run_coroutine_threadsafe(self.write(_nothing), loop).result(SETTLE_SECONDS)

        try:
            await asyncio.to_thread(self._objects.upkeep.hands.survey, self.transaction, settle)
        except (OSError, StoreError) as error:
            log.warning("the lake's folder could not be surveyed yet: %s", error)
            self._survey_due = loop.time() + RETRY_SECONDS

    async def take_in(self) -> None:
        """Take in every change that was heard of, in slices."""
        hands = self._objects.upkeep.hands
        try:
            while await self.write(lambda scope: hands.take_in(scope, SLICE_SECONDS)):
                await asyncio.sleep(SLICE_SECONDS)
        except (OSError, StoreError) as error:
            log.warning("changes made by hand could not be taken in yet: %s", error)

    def _warn(self, warned: set[str]) -> None:
        for bucket in self._objects.upkeep.hands.uncovered:
            if bucket not in warned:
                warned.add(bucket)
                log.warning(
                    "bucket %s has more directories than may be watched "
                    "(fs.inotify.max_user_watches): listings see what hands change there late, "
                    "or after `lakebed sync %s`",
                    bucket,
                    bucket,
                )

    async def _sweep(self) -> None:
        """Remove, once, what a crash before this start left beside the lake."""
        from lakebed.cli.claims import claims

        started = time.time()
        await asyncio.sleep(SWEEP_SECONDS)
        try:
            count = await asyncio.to_thread(
                self._objects.upkeep.sweep, self.transaction, claims(), started
            )
        except (OSError, StoreError) as error:
            log.warning("what crashes left could not be removed: %s", error)
            return
        if count:
            log.info("removed %s files that a crash had left beside the lake", count)

    # -- what is asked for ----------------------------------------------------------------------

    async def sync(self, bucket: str | None) -> dict[str, int]:
        """Take in all that hands changed in a bucket, or in all; return how much that was."""
        from lakebed.cli.claims import claims

        hands = self._objects.upkeep.hands
        known = sorted(await self.write(claims().buckets))
        changed: dict[str, int] = {}
        for name in known if bucket is None else [bucket]:
            if name not in known:
                raise LookupError(f"there is no bucket {name!r}")
            work = asyncio.ensure_future(asyncio.to_thread(hands.sync, self.transaction, name))
            while not work.done():
                await self.take_in()
                await asyncio.wait({work}, timeout=HANDS_SECONDS)
            changed[name] = work.result()
            await self.take_in()
        return changed

    async def mend(self, finding: Finding) -> str:
        """Mend one finding of a check and return what was done."""
        from lakebed.cli.claims import claims

        upkeep, known = self._objects.upkeep, claims()
        return await self.write(lambda scope: upkeep.mend(scope, known, finding))

    def begin_backup(self) -> str:
        """Keep, for a backup, what goes from now on; return its id."""
        if self._backup:
            raise LookupError("another backup is under way: wait until it has ended")
        self._backup = os.urandom(8).hex()
        self._objects.upkeep.pins.begin()
        self.renew_backup(self._backup)
        return self._backup

    def renew_backup(self, lease: str) -> None:
        """Keep what goes for some time more."""
        if not self._backup or lease != self._backup:
            raise LookupError("this backup has ended: begin another one")
        if self._backup_end is not None:
            self._backup_end.cancel()
        self._backup_end = asyncio.get_running_loop().call_later(
            BACKUP_LEASE_SECONDS, self._lose_backup
        )

    def _lose_backup(self) -> None:
        log.warning("a backup was not heard of for %s s: it is over", BACKUP_LEASE_SECONDS)
        self._tasks.append(asyncio.ensure_future(self.end_backup(self._backup)))

    async def end_backup(self, lease: str) -> None:
        """Keep nothing any more."""
        if lease != self._backup:
            return
        if self._backup_end is not None:
            self._backup_end.cancel()
        self._backup = ""
        await asyncio.to_thread(self._objects.upkeep.pins.end)


def _nothing(scope: Scope) -> None:
    """Write nothing: what was written before is committed when this is."""


def _keep_etag(
    set_etag: Callable[[Scope, StoredObject, str], None], found: StoredObject, etag: str
) -> Callable[[Scope], None]:
    return lambda scope: set_etag(scope, found, etag)


async def _guarded(name: str, work: Coroutine[Any, Any, None]) -> None:
    """Run a task; a bug in it is said at once, not at the end of the process."""
    try:
        await work
    except Exception:  # a bug must look like one
        log.exception("the server's %s ended by a bug (process %s)", name, os.getpid())
        raise
