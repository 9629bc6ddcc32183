"""The run of one job: its turn, its program, its logs, its end. Not an operation.

It calls everything as the job's role (see `_job_role`); only the rows about the run itself are
written past it.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import Callable, Mapping

import msgspec

from lakebed.context import Caller, Context
from lakebed.core.clock import Clock
from lakebed.core.errors import AwsError
from lakebed.engines.jobs import Ended, EngineMissingError
from lakebed.run_log import RunLog
from lakebed.services.glue import _job_catalog, _job_rows
from lakebed.services.glue._job_bookmarks import (
    ENABLE,
    NEXT_FILE,
    Before,
    bookmark_before,
    move,
    uncommitted,
    whole_arguments,
)
from lakebed.services.glue._job_input import is_shell, worker
from lakebed.services.glue._job_metrics import JobMetrics
from lakebed.services.glue._job_program import Launch, LaunchError, program_of
from lakebed.services.glue._job_shape import log_group
from lakebed.services.glue._jobs import (
    FAILED,
    JOB_RUNS,
    RUNNING,
    STARTING,
    STOPPED,
    STOPPING,
    SUCCEEDED,
    TIMEOUT,
    WAITING,
    JobRun,
    replace,
)
from lakebed.services.glue._runs import House, to_its_end

log = logging.getLogger("lakebed.jobs")

TURN_SECONDS = 0.1
_INTERNAL = "Internal service error : please contact support."
_ENDED_EARLY = "The server stopped while the job was running. Run the job again."
_MINUTE = 60


class Work(msgspec.Struct, frozen=True):
    """A run to be run: `concurrent` is how many of its job may run at a time."""

    row: JobRun
    environment: str
    concurrent: int
    ended: Callable[[Context, JobRun], None]
    """Called in the transaction in which the run's end is put down."""
    before: Before = Before()


class Outcome(msgspec.Struct, frozen=True):
    """How a run ended."""

    state: str
    error: str = ""
    seconds: float = 0.0
    bookmark: str = ""


class Logs:
    """The logs of one run; what its process writes, line by line."""

    def __init__(self, caller: Caller, clock: Clock, row: JobRun) -> None:
        group = log_group(row.definition)
        arguments = whole_arguments(row)
        self._streams = {
            name: [RunLog(caller, clock, f"{group}/{name}", row.id)] for name in ("output", "error")
        }
        if arguments.get("--enable-continuous-cloudwatch-log") == "true":
            name = arguments.get("--continuous-log-logGroup") or f"{group}/logs-v2"
            prefix = arguments.get("--continuous-log-logStreamPrefix") or row.id
            driver = RunLog(caller, clock, name, f"{prefix}-driver")
            for logs in self._streams.values():
                logs.append(driver)

    def write(self, name: str, line: str) -> None:
        """Write a line to the output or to the error log."""
        for one in self._streams[name]:
            one.write(line)

    async def close(self) -> None:
        """Write what is left."""
        for one in {id(one): one for logs in self._streams.values() for one in logs}.values():
            await one.close()


class Progress:
    """Hears of a program; it puts down that it runs."""

    def __init__(self, caller: Caller, row: JobRun, logs: Logs, metrics: JobMetrics) -> None:
        self._caller = caller
        self._metrics = metrics
        self._row = row
        self._logs = logs
        self._noted: asyncio.Future[None] | None = None
        self.leader: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def started(self, process: int) -> None:
        """Put down that the script runs."""
        self.leader.set_result(process)
        self._noted = asyncio.ensure_future(
            self._caller.write(lambda ctx: _job_rows.change(ctx, self._row, RUNNING))
        )

    def said(self, stream: str, line: str) -> None:
        """Write a line of it to its log."""
        self._logs.write(stream, line)

    def measured(self, counts: Mapping[str, float], gauges: Mapping[str, float]) -> None:
        """Put what was measured of it into its metrics."""
        self._metrics.measured(counts, gauges)

    async def settled(self) -> None:
        """Wait until what was noted is written."""
        if self._noted is not None:
            await self._noted
        await self._metrics.settled()


async def run_job(caller: Caller, house: House, work: Work) -> None:
    """Run a job to its end and record it; whatever happens, the end is recorded."""
    logs = Logs(caller, house.clock, work.row)
    outcome = await _outcome(caller, house, work, logs)
    await to_its_end(_finish(caller, house, work, logs, outcome))


async def _finish(caller: Caller, house: House, work: Work, logs: Logs, outcome: Outcome) -> None:
    await logs.close()
    await caller.write(lambda ctx: _record(ctx, work, outcome))
    folder = house.settings.state_dir / "jobs" / work.row.id
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _outcome(caller: Caller, house: House, work: Work, logs: Logs) -> Outcome:
    began = 0.0
    limit = asyncio.timeout(None)
    state, error, bookmark = SUCCEEDED, "", ""
    try:
        await _turn(caller, work)
        work = await _bookmarked(caller, work, logs)
        began = time.perf_counter()
        async with limit:
            loop = asyncio.get_running_loop()
            limit.reschedule(loop.time() + work.row.definition["Timeout"] * _MINUTE)
            ended = await _run(caller, house, work, logs)
            if ended.code:
                state, error = FAILED, _error_of(ended)
            await _settle(house)
        bookmark = "" if ended.code else await _bookmark(house, work)
    except asyncio.CancelledError:
        is_stopped = await caller.write(lambda ctx: _is_stopping(ctx, work.row))
        state, error = (STOPPED, "") if is_stopped else (FAILED, _ENDED_EARLY)
    except (LaunchError, EngineMissingError) as failure:
        state, error = FAILED, str(failure)
        logs.write("error", error)
    except AwsError as failure:
        state, error = FAILED, f"{failure.code}: {failure.message}"
        logs.write("error", error)
    except Exception:
        # A worker's loop: whatever the bug, the run must not stay RUNNING.
        if limit.expired():
            state, error = TIMEOUT, "Job run exceeded its timeout."
        else:
            log.exception("run %s of %s ended by a bug", work.row.id, work.row.job)
            state, error = FAILED, _INTERNAL
    seconds = time.perf_counter() - began if began else 0.0
    return Outcome(state, error, seconds, bookmark)


async def _turn(caller: Caller, work: Work) -> None:
    """Wait until the run may begin: it is WAITING as long as it may not."""
    said = ""
    while why := await caller.write(lambda ctx: _job_rows.is_turn(ctx, work.row, work.concurrent)):
        if why != said:
            said = why
            await caller.write(lambda ctx, why=why: _job_rows.change(ctx, work.row, WAITING, why))
        await asyncio.sleep(TURN_SECONDS)
    if said:
        await caller.write(lambda ctx: _job_rows.change(ctx, work.row, STARTING))


async def _bookmarked(caller: Caller, work: Work, logs: Logs) -> Work:
    """Return the work with what its sources begin with, now that the runs before it have ended."""
    row = work.row
    before = await caller.write(lambda ctx: bookmark_before(ctx, row))
    if said := await caller.write(lambda ctx: uncommitted(ctx, row)):
        logs.write("error", said)
    return msgspec.structs.replace(work, before=before)


async def _run(caller: Caller, house: House, work: Work, logs: Logs) -> Ended:
    launch = Launch(caller, house.settings, work.row, work.environment, work.before)
    program = await program_of(launch)
    definition = work.row.definition
    if not is_shell(definition):
        kind, count = definition["WorkerType"], definition["NumberOfWorkers"]
        _, cores, memory = worker(kind)
        logs.write(
            "error",
            f"lakebed: {count} workers {kind} ({cores * count} vCPU, {memory * count} GiB) are "
            f"{program.properties['spark.master']} here",
        )
    metrics = JobMetrics(caller, house.clock, work.row, lambda line: logs.write("error", line))
    progress = Progress(caller, work.row, logs, metrics)
    run = _job_catalog.Run(launch, progress.leader, lambda: _settle(house))
    await caller.write(lambda ctx: _job_rows.launched(ctx, work.row))
    try:
        async with _job_catalog.with_catalog(run, program) as program:
            return await house.engines.jobs.run(program, progress)
    finally:
        await progress.settled()


async def _settle(house: House) -> None:
    """Wait, as long as the run may take, until the index has what it wrote into folders."""
    hands = house.engines.objects.upkeep.hands
    while not hands.is_settled:
        await asyncio.sleep(0.02)


async def _bookmark(house: House, work: Work) -> str:
    """Return the bookmark that a script committed, nothing where it did not."""
    path = house.settings.state_dir / "jobs" / work.row.id / NEXT_FILE
    if work.before.option != ENABLE or not path.is_file():
        return ""
    return await asyncio.to_thread(path.read_text, "utf-8")


def _error_of(ended: Ended) -> str:
    """Return a run's ErrorMessage: the script's own, or how its process ended."""
    if ended.error:
        return ended.error
    code = ended.code if ended.code > 0 else 128 - ended.code
    return f"Command failed with exit code {code}"


def _is_stopping(ctx: Context, row: JobRun) -> bool:
    held = JOB_RUNS.get(ctx, row.job, row.started, row.id)
    return held is None or held.state == STOPPING


def _record(ctx: Context, work: Work, outcome: Outcome) -> None:
    """Put down the end of a run, with the bookmark it moved."""
    held = JOB_RUNS.get(ctx, work.row.job, work.row.started, work.row.id)
    if held is None:
        return  # Its job was deleted meanwhile.
    is_early = outcome.error == _ENDED_EARLY
    if is_early and _job_rows.is_unbegun(held):
        return  # The next server begins it.
    if outcome.bookmark:
        move(ctx, held, outcome.bookmark)
    ended = replace(
        held,
        state=outcome.state,
        error=outcome.error,
        seconds=outcome.seconds,
        detail="",
        is_committed=bool(outcome.bookmark),
    )
    ended = _job_rows.end(ctx, ended)
    if not is_early:  # What follows it is for the next server to do.
        work.ended(ctx, ended)
