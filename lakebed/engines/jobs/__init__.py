"""Runs users' programs: Glue's jobs now, EMR's steps and SageMaker's processing later.

A job engine takes a `Program` (a script, the environment it needs, what it may see and take) and
runs it to its end in a process of its own. It knows nothing of Glue: what a job is, when it is
retried and what its end means is the service's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from lakebed.engines.isolation import Grants


class EngineMissingError(Exception):
    """The environment is not on this machine; the message says with which command it comes."""


class Program(msgspec.Struct, frozen=True):
    """What is to be run.

    `environment` is `spark-3.5` or `python-shell`; `folder` is where the script lies and works,
    `variables` are of its environment, `path` precedes Python's own, `jars` are put before Spark's
    own classes, `properties` are Spark's (`spark.x.y`), `memory_bytes` is what the driver's heap
    may take. `is_measured` programs tell now and then what Spark counts. `grants` say which folders
    it sees where jobs are isolated.
    """

    id: str
    environment: str
    script: Path
    folder: Path
    arguments: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}
    path: tuple[str, ...] = ()
    jars: tuple[str, ...] = ()
    properties: Mapping[str, str] = {}
    memory_bytes: int = 0
    is_measured: bool = False
    grants: Grants = Grants()


class Ended(msgspec.Struct, frozen=True):
    """How a program ended: exit code (negative: the signal that killed it), and its error."""

    code: int
    error: str = ""


class Listener(Protocol):
    """Hears what a program says while it runs; on the event loop."""

    def started(self, process: int) -> None:
        """The script's first line is next; `process` leads the program's processes."""
        ...

    def said(self, stream: str, line: str) -> None:
        """It wrote a line to its `output` or `error`."""
        ...

    def measured(self, counts: Mapping[str, float], gauges: Mapping[str, float]) -> None:
        """It did so much since it was last measured (`counts`), and is so now (`gauges`)."""
        ...


class JobEngine(Protocol):
    """Runs programs."""

    def check(self, environment: str) -> None:
        """Raise EngineMissingError if programs of an environment cannot run here."""
        ...

    def expect(self, environment: str) -> None:
        """Have a process of an environment ready soon, if that makes a start quicker."""
        ...

    async def run(self, program: Program, listener: Listener) -> Ended:
        """Run a program to its end; cancelling the task kills it and all it started.

        Raises EngineMissingError.
        """
        ...

    def facts(self) -> Mapping[str, str | int]:
        """Return what a person may want to know: processes that run, those that wait ready."""
        ...

    async def close(self) -> None:
        """End every process."""
        ...
