"""Runs a module of ours over a request in a child process: rubbish in a file may only end that.

The child reads one request from its standard input and writes one answer to its standard output.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

import msgspec

from lakebed.core.limits import MIB

_MODULES = "lakebed.engines."
_ANSWER_BYTES_MAX = 256 * MIB


class ChildError(Exception):
    """The child ended without an answer: it took too long, too much memory, or broke."""


class Bounds(msgspec.Struct, frozen=True):
    """What a child may take: seconds of time, bytes of memory."""

    seconds: float
    memory_bytes: int


async def ask(module: str, request: bytes, bounds: Bounds) -> bytes:
    """Run `lakebed.engines.MODULE` over a request and return its answer.

    Cancelling the task ends the child.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PROGRAM, _MODULES + module, str(bounds.memory_bytes),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        answer, said = await asyncio.wait_for(process.communicate(request), bounds.seconds)
    except TimeoutError as error:
        raise ChildError(f"It took longer than {bounds.seconds:g} seconds.") from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode or len(answer) > _ANSWER_BYTES_MAX:
        lines = said.decode(errors="replace").strip().splitlines()
        raise ChildError(lines[-1] if lines else f"It ended with {process.returncode}.")
    return answer


_PROGRAM = """
import importlib, os, resource, sys
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
class WithoutPandas:
    def find_spec(name, *_):
        if name == "pandas":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, WithoutPandas)
with os.fdopen(os.dup(1), "wb") as answered:
    os.dup2(2, 1)
    answered.write(importlib.import_module(sys.argv[1]).answer(sys.stdin.buffer.read()))
"""
"""The child: its memory is bounded before anything is imported.

What a library prints goes to standard error: DuckDB draws a bar when a query takes two seconds.
Arrow looks for pandas when it makes its first array, and loads it where it is installed, which
takes longer than most children live.
"""
