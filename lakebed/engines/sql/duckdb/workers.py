"""Worker processes: started, kept warm, replaced; the server's end of their sockets."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakebed.engines.sql.duckdb.messages import Message, packed, receive

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

    def read_bytes(self) -> int:
        """Return the bytes the process has read so far, 0 where the system does not say (macOS)."""
        try:
            text = Path(f"/proc/{self.process.pid}/io").read_text("ascii")
        except OSError:
            return 0
        return int(text.split("\n", 1)[0].removeprefix("rchar:"))

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


class Workers:
    """The processes of an engine: a warm spare, at most one a place, none left hanging."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._returning = 0
        self._sparing = False
        self._waiters: list[asyncio.Future[None]] = []
        self._closed = False

    def __iter__(self) -> Iterator[Worker]:
        """Go through the processes there are."""
        return iter(self._all)

    async def obtain(self) -> Worker:
        """Take an idle worker, wait for one that opens its next database, or start one."""
        while (worker := self._take()) is None:
            if not self._returning:
                worker = await self._start()
                break
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        if not self._idle and len(self._all) <= self._places:
            self._later(self._spare())
        return worker

    def give_back(self, worker: Worker) -> None:
        """Take a worker back once its next database is open, or replace it."""
        self._later(self._return(worker))

    def discard(self, worker: Worker) -> None:
        """End a worker now, and see to a spare."""
        self._all.discard(worker)
        with contextlib.suppress(ProcessLookupError):
            worker.process.send_signal(signal.SIGKILL)
        self._later(worker.kill())
        self._later(self._spare())

    async def warm(self) -> None:
        """Start one worker if none is idle."""
        if not self._idle and not self._closed:
            self._idle.append(await self._start())

    async def close(self) -> None:
        """End all processes."""
        self._closed = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.kill() for worker in list(self._all)))
        self._all.clear()
        self._idle.clear()

    async def _start(self) -> Worker:
        worker = await Worker.start()
        self._all.add(worker)
        return worker

    def _take(self) -> Worker | None:
        """Take an idle worker that still lives."""
        while self._idle:
            worker = self._idle.pop()
            if worker.process.returncode is None and not worker.reader.at_eof():
                return worker
            self.discard(worker)
        return None

    async def _return(self, worker: Worker) -> None:
        self._returning += 1
        try:
            await worker.ready()
            if worker.worn or len(self._idle) > self._places:
                self.discard(worker)
            else:
                self._idle.insert(0, worker)
        except ConnectionError:
            self.discard(worker)
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

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
