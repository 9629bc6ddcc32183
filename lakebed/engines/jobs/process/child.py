"""A process that waits for one program, runs it and tells how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from lakebed.core.limits import JOB_LINE_BYTES_MAX, KIB
from lakebed.engines.jobs import Ended, Listener, Program

_READ_BYTES = 64 * KIB
_LAST_LINES = 20
_REST_SECONDS_MAX = 5.0
"""How long what a script started may go on writing after its end."""

Said = Callable[[str, str], None]


class Child:
    """One process: ready, then running its program, then over."""

    def __init__(self, process: asyncio.subprocess.Process, scratch: Path) -> None:
        self.scratch = scratch
        self._process = process
        self._last: dict[str, list[str]] = {"output": [], "error": []}
        self._said: Said | None = None
        self._pumps: list[asyncio.Task[None]] = []
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    @classmethod
    async def start(
        cls, command: Callable[[int], Sequence[str]], variables: Mapping[str, str], scratch: Path
    ) -> Child:
        """Start a process; `command(descriptor)` is told which socket is its own."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            process = await asyncio.create_subprocess_exec(
                *command(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=dict(variables),
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        child = cls(process, scratch)
        child._reader, child._writer = await asyncio.open_connection(sock=ours)
        for name, stream in (("output", process.stdout), ("error", process.stderr)):
            assert stream is not None
            child._pumps.append(asyncio.ensure_future(child._pump(name, stream)))
        return child

    async def ready(self) -> str:
        """Wait until it can take a program; return its last words if it ended instead."""
        return "" if await self._hear() is not None else await self._last_words()

    async def run(self, program: Program, listener: Listener) -> Ended:
        """Run a program to its end."""
        self._said = listener.said
        for name, lines in self._last.items():
            for line in lines:
                listener.said(name, line)
        job = {
            "script": str(program.script),
            "arguments": program.arguments,
            "folder": str(program.folder),
            "variables": program.variables,
            "path": program.path,
            "properties": program.properties,
            "is_measured": program.is_measured,
        }
        self._writer.write(msgspec.json.encode(job) + b"\n")
        ended: dict[str, Any] | None = None
        while (told := await self._hear()) is not None:
            if told["told"] == "started":
                listener.started(self._process.pid)
            elif told["told"] == "measured":
                listener.measured(told["counts"], told["gauges"])
            else:
                ended = told
                break
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._rest(), _REST_SECONDS_MAX)
        self._kill()
        await asyncio.gather(*self._pumps)
        code = await self._process.wait()
        if ended is None:
            return Ended(code)
        return Ended(ended["code"], ended["error"])

    async def close(self) -> None:
        """Kill the process and all it started; delete its scratch folder."""
        self._kill()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        await self._process.wait()
        self._writer.close()
        await asyncio.to_thread(shutil.rmtree, self.scratch, ignore_errors=True)

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process.returncode is None

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _rest(self) -> None:
        await asyncio.gather(*(asyncio.shield(pump) for pump in self._pumps))

    async def _hear(self) -> dict[str, Any] | None:
        line = await self._reader.readline()
        return msgspec.json.decode(line) if line else None

    async def _last_words(self) -> str:
        await self._process.wait()
        await asyncio.gather(*self._pumps)
        lines = self._last["error"] or self._last["output"]
        return lines[-1] if lines else f"it ended with {self._process.returncode}"

    async def _pump(self, name: str, stream: asyncio.StreamReader) -> None:
        """Hand on what the process writes, a line at a time; very long lines in pieces."""
        rest = b""
        while piece := await stream.read(_READ_BYTES):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self._hand_on(name, line)
            while len(rest) > JOB_LINE_BYTES_MAX:
                self._hand_on(name, rest[:JOB_LINE_BYTES_MAX])
                rest = rest[JOB_LINE_BYTES_MAX:]
        if rest:
            self._hand_on(name, rest)

    def _hand_on(self, name: str, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip("\r")
        if self._said is not None:
            self._said(name, text)
            return
        kept = self._last[name]
        kept.append(text)
        del kept[:-_LAST_LINES]
