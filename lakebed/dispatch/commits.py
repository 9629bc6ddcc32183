"""Group commit: many calls a turn of the event loop, one commit, answers after it.

A unit of work runs at once, in a savepoint of the loop's transaction. If it only read and nothing
is waiting, its answer leaves at once. Otherwise one commit at the end of the turn holds the writes
of all, and their answers leave after it; if a durable table was written, or what is kept beside
the rows is to be flushed, after one sync in a thread. A failed commit fails every answer that
waited on it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from lakebed.store import Store, StoreError, Transaction

log = logging.getLogger("lakebed.dispatch")

COMMITS_UNCHECKED_MAX = 500
"""After so many commits without a sync, a thread looks at the size of the store's log."""

Work = Callable[[Transaction], Any]
Answer = Callable[[Any, BaseException | None], None]


def settling(done: asyncio.Future[Any]) -> Answer:
    """Return an answer that settles a future."""

    def answer(result: Any, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)

    return answer


class _Unit(msgspec.Struct):
    answer: Answer
    result: Any = None
    error: BaseException | None = None
    callbacks: list[Callable[[], None]] = msgspec.field(default_factory=list[Callable[[], None]])
    callbacks_count: int = 0

    def run_callbacks(self) -> None:
        for callback in self.callbacks:
            try:
                callback()
            except Exception as error:  # noqa: BLE001 (the unit's own failure: its answer says so)
                self.error = error

    def finish(self) -> None:
        self.answer(self.result, self.error)


class _Unsynced(msgspec.Struct):
    """What the next sync is for: units, whether rows are among it, what is kept beside them."""

    units: list[_Unit] = msgspec.field(default_factory=list[_Unit])
    has_rows: bool = False
    flushes: set[Callable[[], None]] = msgspec.field(default_factory=set[Callable[[], None]])


class GroupCommit:
    """Runs units of work against one store, on the loop or, the long ones, in threads.

    With `syncs_first` what is to be done after a commit is done after its sync: then no file can
    reach its place on the disk before the row that says so.
    """

    def __init__(
        self, store: Store, threads: ThreadPoolExecutor, *, syncs_first: bool = False
    ) -> None:
        self._store = store
        self._main = store.main
        self._threads = threads
        self._syncs_first = syncs_first
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._waiting: list[_Unit] = []
        self._unsynced = _Unsynced()
        self._is_scheduled = False
        self._is_syncing = False
        self._commits_unchecked = 0

    def submit(self, work: Work, answer: Answer) -> None:
        """Run `work` now, on the loop; call `answer(result, error)` once its writes are kept."""
        main = self._main
        known = main.callbacks_count()
        result, failure = None, None
        try:
            with main.savepoint():
                result = work(main)
        except Exception as error:  # noqa: BLE001 (the gateway's edge turns it into an answer)
            failure = error
        if not main.is_open:
            answer(result, failure)
            return
        count = main.callbacks_count() - known
        self._waiting.append(_Unit(answer, result, failure, callbacks_count=count))
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._commit)

    def look(self, work: Work, answer: Answer) -> None:
        """Run `work`, which writes nothing, and answer without waiting for any commit.

        It may see writes of this turn that a failing disk still undoes: good enough for a first
        look that a unit of work repeats.
        """
        result, failure = None, None
        try:
            result = work(self._main)
        except Exception as error:  # noqa: BLE001 (the gateway's edge turns it into an answer)
            failure = error
        answer(result, failure)

    def _commit(self) -> None:
        self._is_scheduled = False
        units, self._waiting = self._waiting, []
        has_rows, self._main.needs_sync = self._main.needs_sync, False
        flushes = self._main.take_flushes()
        needs_sync = has_rows or bool(flushes)
        try:
            callbacks = self._main.commit()
        except StoreError as error:
            for unit in units:
                unit.error = unit.error or error
                unit.finish()
            return
        position = 0
        for unit in units:
            unit.callbacks = callbacks[position : position + unit.callbacks_count]
            position += unit.callbacks_count
            if not (needs_sync and self._syncs_first):
                unit.run_callbacks()
        if needs_sync:
            later = self._unsynced
            later.units.extend(units)
            later.has_rows |= has_rows
            later.flushes |= flushes
            self._sync_next()
            return
        for unit in units:
            unit.finish()
        # Where nothing is synced, nobody else looks after the log.
        self._commits_unchecked += 1
        if self._commits_unchecked >= COMMITS_UNCHECKED_MAX:
            self._commits_unchecked = 0
            self._threads.submit(self._check)

    def _check(self) -> None:
        try:
            self._store.checkpoint_if_due()
        except StoreError as error:
            log.warning("the store's log could not be checkpointed: %s", error)

    def _sync_next(self) -> None:
        if not self._is_syncing:
            self._is_syncing = True
            unsynced, self._unsynced = self._unsynced, _Unsynced()
            self._threads.submit(self._sync, unsynced)

    def _sync(self, unsynced: _Unsynced) -> None:
        failure: BaseException | None = None
        try:
            if unsynced.has_rows:
                self._store.sync()
                self._store.checkpoint_if_due()
            for flush in unsynced.flushes:
                flush()
        except (OSError, StoreError) as error:
            failure = error
        self._loop.call_soon_threadsafe(self._synced, unsynced.units, failure)

    def _synced(self, units: list[_Unit], failure: BaseException | None) -> None:
        self._is_syncing = False
        if self._unsynced.units:
            self._sync_next()
        for unit in units:
            if self._syncs_first:
                unit.run_callbacks()
            unit.error = unit.error or failure
            unit.finish()

    def soon(self, callback: Callable[[], None]) -> None:
        """Call back on the loop in this turn or the next; from any thread."""
        if threading.get_ident() == self._loop_thread:
            self._loop.call_soon(callback)
        else:
            self._loop.call_soon_threadsafe(callback)

    def submit_aside(self, work: Callable[[], Any], answer: Answer) -> None:
        """Run `work`, which has nothing to do with the store, in a thread; answer on the loop."""
        self._threads.submit(self._run_aside, work, answer)

    def _run_aside(self, work: Callable[[], Any], answer: Answer) -> None:
        result, failure = None, None
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 (the gateway's edge turns it into an answer)
            failure = error
        self._loop.call_soon_threadsafe(answer, result, failure)

    def submit_long(self, work: Work, answer: Answer) -> None:
        """Run `work` in a thread with a transaction of its own; `answer` is called on the loop."""
        self._threads.submit(self._run_long, work, _Unit(answer))

    def _run_long(self, work: Work, unit: _Unit) -> None:
        try:
            with self._store.transaction(unit.callbacks.extend) as transaction:
                unit.result = work(transaction)
                flushes = transaction.take_flushes()
            self._store.sync()
            for flush in flushes:
                flush()
        except Exception as error:  # noqa: BLE001 (the gateway's edge turns it into an answer)
            unit.error = error
        self._loop.call_soon_threadsafe(self._finish_long, unit)

    @staticmethod
    def _finish_long(unit: _Unit) -> None:
        unit.run_callbacks()
        unit.finish()
