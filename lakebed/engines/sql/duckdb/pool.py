"""The pool of worker processes: admission, a warm spare, cancel at once, nothing left hanging."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lakebed.core.errors import AwsError
from lakebed.engines.sql import (
    SYSTEM_ERROR,
    Column,
    EngineSettings,
    Lake,
    Outcome,
    SqlFailure,
    SqlQuery,
)
from lakebed.engines.sql.duckdb.messages import Message, packed, receive

log = logging.getLogger("lakebed.engines.sql")

QUERIES_PER_WORKER_MAX = 200
WORKER_RESIDENT_BYTES_MAX = 1 << 30
WORKER_START_SECONDS_MAX = 60.0


@dataclass(eq=False)
class Worker:
    """A worker process and the server's end of its socket."""

    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    queries: int = 0
    resident_bytes: int = 0

    @classmethod
    async def start(cls) -> Worker:
        """Start a process and wait until it holds a database open."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "lakebed.engines.sql.duckdb.worker",
                str(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                env=_environment(),
            )
        reader, writer = await asyncio.open_connection(sock=ours)
        worker = cls(process, reader, writer)
        try:
            async with asyncio.timeout(WORKER_START_SECONDS_MAX):
                await worker.ready()
        except BaseException:
            await worker.kill()
            raise
        return worker

    async def ready(self) -> None:
        """Wait until the worker holds its next database open."""
        message = await receive(self.reader)
        if message is None:
            raise ConnectionError("The SQL worker ended before it was ready")
        self.resident_bytes = message["rss"]

    async def send(self, message: Message) -> None:
        """Send a message; a worker that is gone shows at the next receive."""
        self.writer.write(packed(message))
        with contextlib.suppress(ConnectionError):
            await self.writer.drain()

    @property
    def worn(self) -> bool:
        """Tell whether the worker has served long enough."""
        return (
            self.queries >= QUERIES_PER_WORKER_MAX
            or self.resident_bytes > WORKER_RESIDENT_BYTES_MAX
        )

    async def kill(self) -> None:
        """End the process now and reap it."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        self.writer.close()
        await self.process.wait()


def _environment() -> dict[str, str]:
    """Return the environment of a worker: what Python needs, no secrets."""
    kept = ("PATH", "PYTHONPATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "COVERAGE_PROCESS_START")
    found = {key: value for key, value in os.environ.items() if key in kept}
    root = str(Path(__file__).resolve().parents[4])
    found["PYTHONPATH"] = os.pathsep.join(
        part for part in (root, os.environ.get("PYTHONPATH", "")) if part
    )
    return found | {"TZ": "UTC"}


@dataclass(eq=False)
class _Running:
    """A query the engine has: waiting (no worker yet) or running."""

    query: SqlQuery
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    put: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


class DuckDbEngine:
    """The SQL engine over DuckDB workers."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._slots = asyncio.Semaphore(settings.concurrent_queries)
        self._idle: list[Worker] = []
        self._workers: set[Worker] = set()
        self._running: dict[str, _Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._returning = 0
        self._sparing = False
        self._waiters: list[asyncio.Future[None]] = []
        self._closed = False

    async def run(self, query: SqlQuery, lake: Lake) -> Outcome:
        """Run a statement to its end."""
        if self._closed or len(self._running) >= (
            self._settings.concurrent_queries + self._settings.waiting_queries
        ):
            reason = "The engine is closed" if self._closed else "Too many queries are waiting"
            return _failed("EXCEEDED_QUEUED_QUERIES", reason, retryable=True)
        running = _Running(query)
        self._running[query.id] = running
        work = asyncio.ensure_future(self._admitted(running, lake))
        stop = asyncio.ensure_future(running.stopped.wait())
        try:
            timeout = query.limits.seconds_max
            await asyncio.wait({work, stop}, timeout=timeout, return_when="FIRST_COMPLETED")
            if work.done():
                return work.result()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await _undo(running, lake)
            if running.stopped.is_set():
                return Outcome("CANCELLED")
            message = f"Query exceeded the maximum run time of {timeout:.0f} s"
            return _failed("EXCEEDED_TIME_LIMIT", message)
        finally:
            stop.cancel()
            if not work.done():
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
            self._running.pop(query.id, None)

    async def stop(self, query_id: str) -> bool:
        """Cancel a query: its worker is killed."""
        running = self._running.get(query_id)
        if running is None:
            return False
        running.stopped.set()
        return True

    async def warm(self) -> None:
        """Start one worker if none is idle."""
        if not self._idle and not self._closed:
            self._idle.append(await self._start())

    async def close(self) -> None:
        """End all queries and processes."""
        self._closed = True
        for running in self._running.values():
            running.stopped.set()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.kill() for worker in list(self._workers)))
        self._workers.clear()
        self._idle.clear()

    async def _start(self) -> Worker:
        worker = await Worker.start()
        self._workers.add(worker)
        return worker

    def _take(self) -> Worker | None:
        """Take an idle worker that still lives."""
        while self._idle:
            worker = self._idle.pop()
            if worker.process.returncode is None and not worker.reader.at_eof():
                return worker
            self._discard(worker)
        return None

    async def _obtain(self) -> Worker:
        """Take an idle worker, wait for one that opens its next database, or start one."""
        while (worker := self._take()) is None:
            if not self._returning:
                worker = await self._start()
                break
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        if not self._idle and len(self._workers) <= self._settings.concurrent_queries:
            self._later(self._spare())
        return worker

    async def _admitted(self, running: _Running, lake: Lake) -> Outcome:
        async with self._slots:
            try:
                worker = await self._begun(running.query)
            except (OSError, TimeoutError) as error:
                return _failed("GENERIC_INTERNAL_ERROR", f"No SQL worker could start: {error}")
            try:
                outcome = await self._converse(worker, running, lake)
            except BaseException:
                self._discard(worker)
                raise
            if outcome is None:
                self._discard(worker)
                await _undo(running, lake)
                return _failed(
                    "GENERIC_INTERNAL_ERROR",
                    "The process that ran the query ended, probably for lack of memory",
                    retryable=True,
                )
            self._later(self._return(worker))
            return outcome

    async def _begun(self, query: SqlQuery) -> Worker:
        """Hand a query to a worker; one that died while it was idle costs nothing but a retry."""
        while True:
            worker = await self._obtain()
            try:
                await worker.send(_order(query))
                if await receive(worker.reader) is not None:
                    worker.queries += 1
                    return worker
            except BaseException:
                self._discard(worker)
                raise
            self._discard(worker)

    async def _converse(self, worker: Worker, running: _Running, lake: Lake) -> Outcome | None:
        """Serve what the worker asks until it is done; None if it died."""
        while True:
            message = await receive(worker.reader)
            if message is None:
                return None
            if message["kind"] == "done":
                return _outcome(message["outcome"])
            await worker.send(await _answer(message, running, lake))

    def _discard(self, worker: Worker) -> None:
        self._workers.discard(worker)
        with contextlib.suppress(ProcessLookupError):
            worker.process.send_signal(signal.SIGKILL)
        self._later(worker.kill())
        self._later(self._spare())

    async def _return(self, worker: Worker) -> None:
        """Take a worker back when its next database is open, or replace it."""
        self._returning += 1
        try:
            await worker.ready()
            if worker.worn or len(self._idle) > self._settings.concurrent_queries:
                self._discard(worker)
            else:
                self._idle.insert(0, worker)
        except ConnectionError:
            self._discard(worker)
        finally:
            self._returning -= 1
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._waiters.clear()

    async def _spare(self) -> None:
        """Keep one worker warm for the next query; one start at a time."""
        if self._sparing:
            return
        self._sparing = True
        try:
            with contextlib.suppress(OSError, TimeoutError):
                await self.warm()
        finally:
            self._sparing = False

    def _later(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _order(query: SqlQuery) -> Message:
    """Write a query as the worker gets it."""
    return {
        "kind": "run",
        "id": query.id,
        "text": query.text,
        "database": query.database,
        "parameters": list(query.parameters),
        "work_group": query.work_group,
        "scratch": str(query.scratch),
        "output_location": query.output_location,
        "memory_bytes": query.limits.memory_bytes,
        "threads": query.limits.threads,
    }


async def _answer(message: Message, running: _Running, lake: Lake) -> Message:
    """Do what the worker asks; an AWS error is an answer, too."""
    try:
        if message["kind"] == "ask":
            found = await lake.call(message["service"], message["operation"], message["request"])
            return {"kind": "answer", "response": found}
        if message["kind"] == "files":
            places = message["places"]
            listed = [await lake.files(bucket, prefix) for bucket, prefix in places]
            return {
                "kind": "answer",
                "files": [[(one.key, str(one.path), one.size) for one in of] for of in listed],
            }
        if message["kind"] == "put":
            path = Path(message["path"])
            if not path.resolve().is_relative_to(running.query.scratch.resolve()):
                return {"code": "InternalError", "message": "put from outside of the scratch"}
            running.put.append((message["bucket"], message["key"]))
            await lake.put(message["bucket"], message["key"], path)
            return {"kind": "answer"}
        await lake.delete(message["bucket"], message["key"])
        return {"kind": "answer"}
    except AwsError as error:
        return {"kind": "answer", "code": error.code, "message": error.message}
    except Exception as error:
        log.exception("query %s: %s failed", running.query.id, message["kind"])
        return {"kind": "answer", "code": "InternalError", "message": repr(error)}


async def _undo(running: _Running, lake: Lake) -> None:
    """Delete what a query that did not finish has put into the lake."""
    for bucket, key in running.put:
        with contextlib.suppress(AwsError):
            await lake.delete(bucket, key)


def _failed(name: str, message: str, retryable: bool = False) -> Outcome:
    return Outcome("FAILED", error=SqlFailure(name, message, SYSTEM_ERROR, 1006, retryable))


def _outcome(found: Mapping[str, Any]) -> Outcome:
    values = dict(found)
    values["columns"] = tuple(Column(**one) for one in values.get("columns", ()))
    values["output_objects"] = tuple(values.get("output_objects", ()))
    for key in ("result", "manifest"):
        values[key] = Path(values[key]) if values.get(key) else None
    error = values.get("error")
    values["error"] = SqlFailure(**error) if error else None
    return Outcome(**values)
