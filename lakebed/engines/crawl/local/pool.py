"""The server's end: at most two worker processes, and what happens when a file kills one.

A batch is given to a worker whole. When the worker dies or falls silent, the files it has not
answered go to a new one, which then answers each by itself; the file that is being looked into when
that one ends too is the culprit: it gets a finding that says so, and the rest goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lakebed.core.limits import CRAWL_FILE_SECONDS, CRAWL_WORKER_IDLE_SECONDS, CRAWL_WORKERS_MAX
from lakebed.engines.crawl import UNKNOWN, Classifier, Finding, Sample
from lakebed.engines.crawl.local.messages import LENGTH, Batch, findings, packed
from lakebed.engines.isolation import Grants, Isolation

BATCH_FILES = 1000
"""Files in one message; more are sent when these are answered."""
_GRACE_SECONDS = 10.0
"""On top of a file's own limit, before a worker that says nothing is ended."""


@dataclass(eq=False)
class Worker:
    """A worker process and the server's end of its socket."""

    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def start(cls, isolation: Isolation, grants: Grants) -> Worker:
        """Start a process."""
        ours, theirs = socket.socketpair()
        with theirs:
            module = "lakebed.engines.crawl.local.worker"
            worker = [sys.executable, "-m", module, str(theirs.fileno())]
            process = await asyncio.create_subprocess_exec(
                *isolation.command(worker, grants),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                env=_environment(),
            )
        reader, writer = await asyncio.open_connection(sock=ours)
        return cls(process, reader, writer)

    async def send(self, work: Batch) -> None:
        """Send a batch; a worker that is gone shows at the next receive."""
        self.writer.write(packed(work))
        with contextlib.suppress(ConnectionError):
            await self.writer.drain()

    async def receive(self) -> list[Finding]:
        """Wait for the next findings; none when the worker is gone or says nothing for too long."""
        try:
            async with asyncio.timeout(CRAWL_FILE_SECONDS + _GRACE_SECONDS):
                head = await self.reader.readexactly(LENGTH.size)
                return findings(await self.reader.readexactly(LENGTH.unpack(head)[0]))
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            return []

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


class LocalCrawlEngine:
    """Looks into files in worker processes that end when there is nothing to do."""

    def __init__(self, isolation: Isolation, grants: Grants) -> None:
        self._isolation = isolation
        self._grants = grants
        self._places = asyncio.Semaphore(CRAWL_WORKERS_MAX)
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._ending: dict[Worker, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def processes(self) -> list[int]:
        """The numbers of the processes that live."""
        return [worker.process.pid for worker in self._all]

    async def classify(
        self, files: Sequence[Sample], classifiers: Sequence[Classifier]
    ) -> list[Finding]:
        """Answer one finding for each file, in their order; never raises for what a file is."""
        found: list[Finding] = []
        async with self._places:
            wary = False
            while len(found) < len(files):
                part = files[len(found) : len(found) + BATCH_FILES]
                answered, died = await self._batch(part, classifiers, wary)
                found += answered
                if died and wary:
                    found.append(_culprit(files[len(found)]))
                wary = died
        return found

    async def close(self) -> None:
        """End every process."""
        self._closed = True
        for timer in self._ending.values():
            timer.cancel()
        self._ending.clear()
        self._idle.clear()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.kill() for worker in list(self._all)))
        self._all.clear()

    async def _batch(
        self, files: Sequence[Sample], classifiers: Sequence[Classifier], wary: bool
    ) -> tuple[list[Finding], bool]:
        """Return what a worker said of the files, and whether it ended before it was done."""
        worker = await self._obtain()
        found: list[Finding] = []
        try:
            named = [(file.key, str(file.path), file.size) for file in files]
            await worker.send(Batch(named, list(classifiers), wary))
            while len(found) < len(files) and (some := await worker.receive()):
                found += some
        except BaseException:
            self._discard(worker)
            raise
        if len(found) < len(files):
            self._discard(worker)
            return found, True
        self._give_back(worker)
        return found, False

    async def _obtain(self) -> Worker:
        if self._closed:
            raise ConnectionError("The crawl engine is closed")
        while self._idle:
            worker = self._idle.pop()
            if timer := self._ending.pop(worker, None):
                timer.cancel()
            if worker.process.returncode is None and not worker.reader.at_eof():
                return worker
            self._discard(worker)
        worker = await Worker.start(self._isolation, self._grants)
        self._all.add(worker)
        return worker

    def _give_back(self, worker: Worker) -> None:
        self._idle.append(worker)
        loop = asyncio.get_running_loop()
        self._ending[worker] = loop.call_later(CRAWL_WORKER_IDLE_SECONDS, self._end, worker)

    def _end(self, worker: Worker) -> None:
        """End a worker that has had nothing to do for a while."""
        self._ending.pop(worker, None)
        if worker in self._idle:
            self._idle.remove(worker)
            self._discard(worker)

    def _discard(self, worker: Worker) -> None:
        self._all.discard(worker)
        task = asyncio.ensure_future(worker.kill())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _culprit(file: Sample) -> Finding:
    message = "Looking into it ended the classifier's process: it took too much time or memory."
    return Finding(file.key, UNKNOWN, message=message)
