"""The life of a run as rows: begun, waiting, running, stopped, ended, or found dead."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from lakebed.context import Context, Runs
from lakebed.core.errors import AwsError
from lakebed.core.limits import JOB_RUN_HISTORY_DAYS
from lakebed.engines.jobs import EngineMissingError
from lakebed.services.glue import _job_run
from lakebed.services.glue._job_bookmarks import bookmark_before
from lakebed.services.glue._job_delays import watch
from lakebed.services.glue._job_input import environment_of
from lakebed.services.glue._job_role import role_context
from lakebed.services.glue._job_rows import end, is_unbegun
from lakebed.services.glue._jobs import (
    BOOKMARKS,
    ERROR,
    FAILED,
    JOB_RUNS,
    JOBS,
    LIVE,
    RUN_PLACES,
    RUN_TURNS,
    STARTING,
    STOPPED,
    STOPPING,
    Job,
    JobRun,
    RunPlace,
    RunTurn,
    invalid,
    replace,
)
from lakebed.services.glue._runs import house_of
from lakebed.store import Range

log = logging.getLogger("lakebed.jobs")

_DAY_SECONDS = 86_400
_RUN_ID_BITS = 256
_DIED = "The server stopped while the job was running. Run the job again."


class Start(msgspec.Struct, frozen=True):
    """How a run is begun: by whom, with what, in the place of which run before it."""

    definition: Mapping[str, Any]
    arguments: Mapping[str, str] = {}
    attempt: int = 0
    previous: str = ""
    trigger: str = ""
    predecessors: tuple[Mapping[str, str], ...] = ()
    run_id: str = ""
    chain: str = ""


def begin(ctx: Context, job: Job, start: Start) -> JobRun:
    """Put down a run, and run it after the commit; ConcurrentRunsExceededException beyond that."""
    definition = start.definition
    environment = environment_of("StartJobRun", definition)
    _check_engine(ctx, environment)
    expire(ctx, job.name, ctx.clock.now())
    limit = definition["ExecutionProperty"].get("MaxConcurrentRuns", 1)
    if live_count(ctx, job.name) >= limit and not definition["JobRunQueuingEnabled"]:
        message = f"Concurrent runs exceeded for {job.name}"
        raise AwsError("ConcurrentRunsExceededException", message)
    row = _put(ctx, job, start)
    watch(ctx, row)
    _launch(ctx, row, environment)
    return row


def refuse(ctx: Context, job: Job, start: Start, error: str) -> JobRun:
    """Put down a run that could not be begun: it has ended in ERROR."""
    return end(ctx, replace(_put(ctx, job, start), state=ERROR, error=error))


def _put(ctx: Context, job: Job, start: Start) -> JobRun:
    """Put down a run that is about to be."""
    now = ctx.clock.now()
    last = next(JOB_RUNS.scan(ctx, Range((job.name,), limit=1, reverse=True)), None)
    row = JobRun(
        job.name,
        now,
        start.run_id or f"jr_{ctx.ids.token(_RUN_ID_BITS)}",
        start.definition,
        dict(start.arguments),
        attempt=start.attempt,
        previous=start.previous,
        trigger=start.trigger,
        predecessors=start.predecessors,
        updated=now,
        number=1 if last is None else last.number + 1,
        chain=start.chain,
    )
    JOB_RUNS.put(ctx, row)
    RUN_PLACES.put(ctx, RunPlace(row.id, row.job, row.started))
    return row


def _launch(ctx: Context, row: JobRun, environment: str) -> None:
    """Have a run that was put down take its turn after the commit."""
    RUN_TURNS.put(ctx, RunTurn(row.started, row.id, ctx.account, ctx.region, row.job))
    limit = row.definition["ExecutionProperty"].get("MaxConcurrentRuns", 1)
    bookmark_before(ctx, row)  # What it begins with is read at its turn; errors are told now.
    work = _job_run.Work(row, environment, limit, _ended)
    house = house_of(ctx)
    as_role = role_context(ctx, row.definition["Role"])
    ctx.runs.start(as_role, row.id, lambda caller: _job_run.run_job(caller, house, work))


def _ended(ctx: Context, row: JobRun) -> None:
    """Do what follows the end of a run: another attempt, or what triggers start upon it."""
    _advance(ctx, row, _tried_again(ctx, row))


def _advance(ctx: Context, row: JobRun, again: str = "") -> None:
    """Tell the chain of a run that a trigger started that it has ended."""
    if not row.chain:
        return
    # Chains begin runs: they know this module, and are imported once one is there.
    from lakebed.services.glue._trigger_chains import advance
    from lakebed.services.glue._triggers import Part

    ended = Part("JOB", row.job, row.id, row.started, row.trigger, row.state, row.error)
    advance(ctx, row.chain, ended, again)


def _tried_again(ctx: Context, row: JobRun) -> str:
    """Begin a run that FAILED again, as often as its job says; return the new run's id, if any.

    https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
    """
    job = JOBS.get(ctx, row.job)
    if job is None or row.state != FAILED or row.attempt >= row.definition["MaxRetries"]:
        return ""
    first = row.id.partition("_attempt_")[0]
    again = Start(
        row.definition,
        row.arguments,
        row.attempt + 1,
        row.id,
        row.trigger,
        row.predecessors,
        f"{first}_attempt_{row.attempt + 1}",
        row.chain,
    )
    try:
        with ctx.store.savepoint():
            return begin(ctx, job, again).id
    except AwsError as error:
        # Whatever keeps it from being tried again, this run has ended.
        log.warning("%s is not tried again: %s", row.id, error.message)
        return ""


def _check_engine(ctx: Context, environment: str) -> None:
    """Refuse a run that cannot begin: its engine is missing, or users' code is not allowed here."""
    if ctx.settings.mode == "strict" and ctx.settings.jobs_isolation == "none":
        message = (
            "mode = strict runs no code of users beside its own state: set jobs_isolation = "
            "namespace"
        )
        raise AwsError("LakebedNotIsolated", message)
    try:
        ctx.engines.jobs.check(environment)
    except EngineMissingError as error:
        raise AwsError("LakebedEngineMissing", str(error)) from error


def live_count(ctx: Context, job: str) -> int:
    """Return how many runs of a job run or wait; those that died are swept up."""
    count = 0
    # Bounded: as many as run or wait in all.
    for turn in list(RUN_TURNS.scan(ctx, Range())):
        if (turn.account, turn.region, turn.job) == (ctx.account, ctx.region, job):
            if ctx.runs.is_running(turn.id):
                count += 1
            else:
                RUN_TURNS.delete(ctx, turn.since, turn.id)
    return count


def stop(ctx: Context, row: JobRun) -> None:
    """Stop a run: it is STOPPING until its process is gone."""
    row = settled(ctx, row)
    if row.state not in LIVE:
        raise invalid(f"Job Run {row.id} is not in a state that can be stopped: {row.state}")
    now = ctx.clock.now()
    JOB_RUNS.put(ctx, replace(row, state=STOPPING, updated=now))
    ctx.store.after_commit(_cancelling(ctx.runs, row.id))


def settled(ctx: Context, row: JobRun) -> JobRun:
    """Return a run as it is; one that died with its server has ended."""
    if row.state not in LIVE or ctx.runs.is_running(row.id):
        return row
    now = JOB_RUNS.get(ctx, row.job, row.started, row.id)
    if now is None or now.state not in LIVE:
        return now or row
    if is_unbegun(now):
        return _relaunched(ctx, now)
    return _died(ctx, now, _DIED)


def _relaunched(ctx: Context, row: JobRun) -> JobRun:
    """Begin a run that a trigger started, but whose server died before its process was there."""
    environment = environment_of("StartJobRun", row.definition)
    begun = replace(row, state=STARTING, updated=ctx.clock.now())
    try:
        with ctx.store.savepoint():
            _check_engine(ctx, environment)
            JOB_RUNS.put(ctx, begun)
            _launch(ctx, begun, environment)
    except AwsError as error:
        return _died(ctx, row, error.message)
    return begun


def _died(ctx: Context, row: JobRun, error: str) -> JobRun:
    """Put down the end of a run whose server died."""
    is_stopped = row.state == STOPPING
    row = end(ctx, replace(row, state=STOPPED) if is_stopped
              else replace(row, state=FAILED, error=error))  # fmt: skip
    _advance(ctx, row)
    return row


def forget(ctx: Context, name: str) -> None:
    """Delete the runs and the bookmark of a job; those that run are stopped."""
    for row in list(JOB_RUNS.scan(ctx, Range((name,)))):
        _drop(ctx, row)
    BOOKMARKS.delete_range(ctx, Range((name,)))


def expire(ctx: Context, name: str, now: float) -> None:
    """Delete the runs that are older than is kept, a few at a time."""
    over = Range((name,), end=(now - JOB_RUN_HISTORY_DAYS * _DAY_SECONDS,), limit=100)
    for row in list(JOB_RUNS.scan(ctx, over)):
        _drop(ctx, row)


def _drop(ctx: Context, row: JobRun) -> None:
    if row.state in LIVE and ctx.runs.is_running(row.id):
        ctx.store.after_commit(_cancelling(ctx.runs, row.id))
    RUN_TURNS.delete(ctx, row.started, row.id)
    RUN_PLACES.delete(ctx, row.id)
    JOB_RUNS.delete(ctx, row.job, row.started, row.id)
    if row.state in LIVE:
        _advance(ctx, replace(row, state=STOPPED))


def _cancelling(runs: Runs, run_id: str) -> Callable[[], None]:
    def cancel() -> None:
        runs.cancel(run_id)

    return cancel
