"""Runs each program in a process of its own; see `lakebed.engines.jobs`."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from lakebed.core.limits import (
    JOB_HEAP_BYTES_MAX,
    JOB_HEAP_BYTES_MIN,
    JOB_MEMORY_PARTS,
    JOB_SPARE_SECONDS,
)
from lakebed.core.settings import Settings
from lakebed.engines.isolation import Grants, Isolation
from lakebed.engines.jobs import Ended, EngineMissingError, Listener, Program
from lakebed.engines.jobs.environments import Environment, find
from lakebed.engines.jobs.process.child import Child
from lakebed.engines.jobs.process.java import command
from lakebed.engines.jobs.process.spares import Spares

_PROGRAMS = Path(__file__).parents[1] / "programs"
LIBRARIES = Path(__file__).parents[1] / "spark" / "libraries"
"""What is imported in a Spark job besides its environment's packages: `awsglue`."""


class ProcessJobs:
    """The job engine of one machine."""

    def __init__(self, settings: Settings, isolation: Isolation) -> None:
        self._settings = settings
        self._isolation = isolation
        self._numbers = itertools.count()
        self._running = 0
        self._spares = Spares(self._start_spare, JOB_SPARE_SECONDS)

    def check(self, environment: str) -> None:
        """Raise EngineMissingError if programs of an environment cannot run here."""
        find(environment, self._settings.engines_folder)

    def expect(self, environment: str) -> None:
        """Start a Spark driver ahead, where one may be handed to any job."""
        if self._has_spares and _is_spark(environment):
            try:
                self.check(environment)
            except EngineMissingError:
                return
            self._spares.expect(environment)

    @property
    def _has_spares(self) -> bool:
        # What an isolated process may see is said when it is started.
        return self._settings.jobs_isolation == "none"

    async def run(self, program: Program, listener: Listener) -> Ended:
        """Run a program; cancelling the task kills it and all it started."""
        environment = find(program.environment, self._settings.engines_folder)
        child = None if program.jars or program.memory_bytes else self._spares.take(program)
        self._running += 1
        try:
            if child is None:
                child = await self._start(environment, program)
            said = await child.ready()
            if said:
                return Ended(1, f"The driver did not start: {said}")
            return await child.run(_with_worker_path(program), listener)
        finally:
            self._running -= 1
            if child is not None:
                await asyncio.shield(asyncio.ensure_future(child.close()))
            self.expect(program.environment)

    def facts(self) -> Mapping[str, str | int]:
        """Return how many programs run and how many processes wait ready."""
        return {"running": self._running, "spare": self._spares.count}

    async def close(self) -> None:
        """End every process that waits; those that run end with their runs."""
        await self._spares.close()

    async def _start_spare(self, name: str) -> Child:
        environment = find(name, self._settings.engines_folder)
        idle = Program(f"spare-{next(self._numbers)}", name, Path(), Path())
        return await self._start(environment, idle, is_spare=True)

    async def _start(
        self, environment: Environment, program: Program, *, is_spare: bool = False
    ) -> Child:
        scratch = self._settings.state_dir / "jobs" / f"scratch-{program.id}"
        await asyncio.to_thread(scratch.mkdir, 0o700, True, True)
        arguments = ["--warm"] if is_spare else []
        name = "plain.py"
        if _is_spark(program.environment):
            name = "spark.py"
            heap = program.memory_bytes or heap_bytes()
            is_clustered = bool(self._settings.jobs_spark_master)
            java = command(environment, heap, scratch, program.jars, is_clustered=is_clustered)
            arguments += ["--", *java]
        given = program.grants
        grants = Grants(
            (environment.folder, _PROGRAMS, LIBRARIES, *given.reads),
            (scratch, *given.writes),
            network=True,
        )

        def whole(descriptor: int) -> list[str]:
            script = str(_PROGRAMS / name)
            line = [str(environment.python), "-u", script, str(descriptor), *arguments]
            return self._isolation.command(line, grants)

        variables = _variables(environment, scratch)
        if not self._settings.jobs_spark_master:
            variables["SPARK_LOCAL_IP"] = "127.0.0.1"
        return await Child.start(whole, variables, scratch)


def _with_worker_path(program: Program) -> Program:
    """Return a program whose functions in Spark's Python workers import what its script does."""
    if not _is_spark(program.environment):
        return program
    path = ":".join([*program.path, str(LIBRARIES)])
    properties = {**program.properties, "spark.executorEnv.PYTHONPATH": path}
    return msgspec.structs.replace(program, properties=properties)


def _is_spark(environment: str) -> bool:
    return environment.startswith("spark-")


def _variables(environment: Environment, scratch: Path) -> dict[str, str]:
    """Return the whole environment of a process: nothing of the server's own gets into it."""
    variables = {
        "PATH": f"{environment.python.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if _is_spark(environment.name):
        variables |= {
            "JAVA_HOME": str(environment.java.parents[1]),
            "SPARK_HOME": str(environment.spark_home),
            "SPARK_LOCAL_DIRS": str(scratch),
            "PYSPARK_PYTHON": str(environment.python),
            "PYSPARK_DRIVER_PYTHON": str(environment.python),
            "PYTHONPATH": str(LIBRARIES),
        }
    return variables


def heap_bytes() -> int:
    """Return how much heap a driver may take on this machine, if its job does not say."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(JOB_HEAP_BYTES_MIN, min(JOB_HEAP_BYTES_MAX, memory // JOB_MEMORY_PARTS))
