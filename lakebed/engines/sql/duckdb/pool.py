"""The SQL engine over DuckDB workers: admission, limits, cancel at once, nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from lakebed.core.errors import AwsError
from lakebed.core.settings import Settings
from lakebed.engines.sql import (
    SYSTEM_ERROR,
    Column,
    EngineSettings,
    Lake,
    LakeFile,
    Limits,
    Outcome,
    SqlFailure,
    SqlQuery,
    Stage,
)
from lakebed.engines.sql.duckdb.admission import Admission
from lakebed.engines.sql.duckdb.messages import Message, receive
from lakebed.engines.sql.duckdb.workers import Worker, Workers

log = logging.getLogger("lakebed.engines.sql")

MEMORY_SHARE = 0.6
"""Of the machine's memory, what all queries at a time may take; the rest is for everybody else."""
MEMORY_BYTES_MIN = 128 << 20
_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
"""What a container may take: https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files"""
SCAN_WATCH_SECONDS = 0.05
_LISTED_TOGETHER_MAX = 32
SCAN_LIMIT = "Bytes scanned limit was exceeded"
"""Athena's reason: https://docs.aws.amazon.com/athena/latest/ug/workgroups-setting-control-limits-cloudwatch.html"""


@dataclass(eq=False)
class _Running:
    """A query the engine has: waiting (no worker yet) or running."""

    query: SqlQuery
    limits: Limits
    begun: Callable[[], None] | None
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    put: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    tables: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    kind: dict[str, Any] = field(default_factory=dict[str, Any])
    remote: str = ""
    over_bytes: int = 0

    def outcome(self, state: str, **more: Any) -> Outcome:
        """Return an outcome that is ours to say, with what the worker said of the statement."""
        values: dict[str, Any] = {**self.kind, **more}
        return Outcome(state, **values)  # pyright: ignore[reportArgumentType] (one of State)

    def failed(self, name: str, message: str, code: int, *, retryable: bool = False) -> Outcome:
        """Return the outcome of a failure that is not the statement's fault."""
        failure = SqlFailure(name, message, SYSTEM_ERROR, code, retryable)
        return self.outcome("FAILED", error=failure)


def failed(query: SqlQuery, name: str, message: str) -> Outcome:
    """Return the outcome of a query for which there is no engine."""
    return _Running(query, Limits(), None).failed(name, message, 200, retryable=True)


class DuckDbEngine:
    """The SQL engine over DuckDB workers.

    An engine whose queries run elsewhere names the module of its `STATEMENTS` and says where.
    """

    statements = ""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._limits = _with_memory(settings)
        places = _places(settings, self._limits.memory_bytes)
        self._admission = Admission(places, settings.concurrent_in_group)
        self._workers = Workers(settings.concurrent_queries)
        self._running: dict[str, _Running] = {}
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many queries wait for a place to run."""
        return self._admission.waiting

    async def run(
        self, query: SqlQuery, lake: Lake, begun: Callable[[], None] | None = None
    ) -> Outcome:
        """Run a statement to its end."""
        limits = query.limits or self._limits
        if not limits.memory_bytes:
            limits = msgspec.structs.replace(limits, memory_bytes=self._limits.memory_bytes)
        running = _Running(query, limits, begun)
        if self._closed:
            return running.failed("SERVER_STOPPED", "The engine is closed", 100, retryable=True)
        if self.waiting >= self._settings.waiting_queries:
            message = "Too many queries are waiting"
            return running.failed("EXCEEDED_QUEUED_QUERIES", message, 1404, retryable=True)
        self._running[query.id] = running
        work = asyncio.ensure_future(self._admitted(running, lake))
        stop = asyncio.ensure_future(running.stopped.wait())
        try:
            await asyncio.wait({work, stop}, return_when="FIRST_COMPLETED")
            if work.done():
                return work.result()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            if running.remote:
                await self.cancel_remote(running.remote)
            await _undo(running, lake)
            if running.over_bytes:
                return _over_limit(running)
            return running.outcome("CANCELLED")
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
        await self._workers.warm()

    async def close(self) -> None:
        """End all queries and processes."""
        self._closed = True
        for running in self._running.values():
            running.stopped.set()
        await self._workers.close()

    @property
    def remote_url(self) -> str:
        """Where the workers send queries that do not run in them."""
        return ""

    async def cancel_remote(self, query: str) -> None:
        """End what a killed worker has left running elsewhere."""

    async def _admitted(self, running: _Running, lake: Lake) -> Outcome:
        group = running.query.work_group
        await self._admission.enter(group)
        try:
            return await self._timed(running, lake)
        finally:
            self._admission.leave(group)

    async def _timed(self, running: _Running, lake: Lake) -> Outcome:
        """Run a query that has its place; its time begins now."""
        seconds = running.limits.seconds_max
        clock = asyncio.timeout(seconds)
        try:
            async with clock:
                return await self._worked(running, lake)
        except TimeoutError:
            if not clock.expired():
                raise
            await _undo(running, lake)
            message = f"Query exceeded the maximum run time of {seconds:.0f} s"
            return running.failed("EXCEEDED_TIME_LIMIT", message, 206)

    async def _worked(self, running: _Running, lake: Lake) -> Outcome:
        try:
            worker = await self._begun(running)
        except OSError as error:  # TimeoutError, too: a start that took too long
            message = f"No SQL worker could start: {error}"
            return running.failed("GENERIC_INTERNAL_ERROR", message, 200, retryable=True)
        if running.begun is not None:
            running.begun()
        watch = asyncio.ensure_future(_watch_scan(worker, running))
        try:
            outcome = await self._converse(worker, running, lake)
        except BaseException:
            self._workers.discard(worker)
            raise
        finally:
            watch.cancel()
        if outcome is None:
            self._workers.discard(worker)
            await _undo(running, lake)
            message = "The process that ran the query was ended by the system, probably for memory"
            return running.failed("GENERIC_INTERNAL_ERROR", message, 200, retryable=True)
        self._workers.give_back(worker)
        return outcome

    async def _begun(self, running: _Running) -> Worker:
        """Hand a query to a worker; one that died while it was idle costs nothing but a retry."""
        while True:
            worker = await self._workers.obtain()
            try:
                order = {**_order(running), "statements": self.statements, "url": self.remote_url}
                await worker.send(order)
                if await receive(worker.reader) is not None:
                    worker.queries += 1
                    return worker
            except BaseException:
                self._workers.discard(worker)
                raise
            self._workers.discard(worker)

    async def _converse(self, worker: Worker, running: _Running, lake: Lake) -> Outcome | None:
        """Serve what the worker asks until it is done; None if it died."""
        while True:
            message = await receive(worker.reader)
            if message is None:
                return None
            if message["kind"] == "done":
                return _outcome(message["outcome"], self._settings.server)
            if message["kind"] == "remote":
                running.remote = message["query"]
                continue
            if message["kind"] == "parsed":
                running.kind = message["statement"]
                continue
            await worker.send(await _answer(message, running, lake))


def _with_memory(settings: EngineSettings) -> Limits:
    """Return the limits of a query; memory that is not said is a share of the machine's."""
    limits = settings.limits
    if limits.memory_bytes:
        return limits
    share = _memory_total(settings) // settings.concurrent_queries
    return msgspec.structs.replace(limits, memory_bytes=max(share, MEMORY_BYTES_MIN))


def _memory_total(settings: EngineSettings) -> int:
    """Return what all queries at a time may take."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # none, or `max`
        machine = min(machine, int(_CONTAINER_LIMIT.read_text("ascii")))
    return settings.memory_bytes_max or int(machine * MEMORY_SHARE)


def _places(settings: EngineSettings, query_bytes: int) -> int:
    """Return how many queries run at a time: no more than fit into the memory of all of them."""
    fitting = _memory_total(settings) // query_bytes
    return min(settings.concurrent_queries, max(1, fitting))


async def _watch_scan(worker: Worker, running: _Running) -> None:
    """Stop a query that has read more than it may.

    The process's own count is all that can be seen from outside. It counts reads of what the query
    spilled, too: a query that spills is left to the worker, which counts what it scanned before it
    publishes anything.
    """
    limit = running.query.bytes_scanned_max
    if not limit:
        return
    first = worker.read_bytes()
    while True:
        await asyncio.sleep(SCAN_WATCH_SECONDS)
        read = worker.read_bytes() - first
        if read > limit and not any(running.query.scratch.glob("duckdb_temp*")):
            running.over_bytes = read
            running.stopped.set()
            return


def _over_limit(running: _Running) -> Outcome:
    failure = SqlFailure("EXCEEDED_SCAN_LIMIT", SCAN_LIMIT)
    return running.outcome("CANCELLED", error=failure, data_scanned_bytes=running.over_bytes)


def _order(running: _Running) -> Message:
    """Write a query as the worker gets it."""
    query = running.query
    return {
        "kind": "run",
        "id": query.id,
        "text": query.text,
        "database": query.database,
        "parameters": list(query.parameters),
        "work_group": query.work_group,
        "scratch": str(query.scratch),
        "output_location": query.output_location,
        "memory_bytes": running.limits.memory_bytes,
        "threads": running.limits.threads,
        "bytes_scanned_max": query.bytes_scanned_max,
    }


async def _answer(message: Message, running: _Running, lake: Lake) -> Message:
    """Do what the worker asks; an AWS error is an answer, too."""
    try:
        if message["kind"] == "together":
            work = (_answer(one, running, lake) for one in message["messages"])
            return {"kind": "answer", "answers": await asyncio.gather(*work)}
        if message["kind"] == "ask":
            asked: Mapping[str, Any] = message["request"]
            if message["operation"] == "update_table":
                return await _updated(message, running, lake)
            found = await lake.call(message["service"], message["operation"], asked)
            if message["operation"] == "create_table":
                table = {"DatabaseName": asked["DatabaseName"], "Name": asked["TableInput"]["Name"]}
                running.tables.append(table)
            return {"kind": "answer", "response": found}
        if message["kind"] == "files":
            listed = await _listed(message["places"], lake)
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


async def _listed(places: Sequence[tuple[str, str]], lake: Lake) -> list[Sequence[LakeFile]]:
    """List the objects under prefixes, some at a time: they share turns of the loop."""
    found: list[Sequence[LakeFile]] = []
    for first in range(0, len(places), _LISTED_TOGETHER_MAX):
        some = places[first : first + _LISTED_TOGETHER_MAX]
        found += await asyncio.gather(*(lake.files(bucket, prefix) for bucket, prefix in some))
    return found


async def _updated(message: Message, running: _Running, lake: Lake) -> Message:
    """Update a table, which is what commits to an Iceberg table.

    What was put may be the table's from the moment on that it is asked for: only a refusal says
    that it is not, and may be taken back.
    """
    put, running.put = running.put, []
    try:
        found = await lake.call("glue", "update_table", message["request"])
    except AwsError:
        running.put = put
        raise
    return {"kind": "answer", "response": found}


async def _undo(running: _Running, lake: Lake) -> None:
    """Delete what a query that did not finish has put into the catalog and the lake."""
    for table in running.tables:
        with contextlib.suppress(AwsError):
            await lake.call("glue", "delete_table", table)
    for bucket, key in running.put:
        with contextlib.suppress(AwsError):
            await lake.delete(bucket, key)


def _outcome(found: Mapping[str, Any], server: Settings | None) -> Outcome:
    values = dict(found)
    values["columns"] = tuple(Column(**one) for one in values.get("columns", ()))
    values["output_objects"] = tuple(values.get("output_objects", ()))
    for key in ("result", "manifest"):
        values[key] = Path(values[key]) if values.get(key) else None
    error, stage = values.get("error"), values.get("stage")
    if error and server is not None:
        # What a library says of a file names it by its place on this machine.
        error = {**error, "message": error["message"].replace(f"{server.lake_dir}/", "s3://")}
    values["error"] = SqlFailure(**error) if error else None
    values["stage"] = Stage(**stage) if stage else None
    return Outcome(**values)
