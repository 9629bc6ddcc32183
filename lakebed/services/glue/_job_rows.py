"""How a run's end is put down, and its place among those that wait for their turn."""

from __future__ import annotations

from lakebed.context import Context
from lakebed.core.limits import JOB_ERROR_CHARACTERS_MAX, JOB_RUNS_AT_ONCE
from lakebed.services.glue._jobs import JOB_RUNS, LIVE, RUN_TURNS, STOPPING, JobRun, replace
from lakebed.services.glue._told_states import tell_job_end
from lakebed.store import Range


def end(ctx: Context, row: JobRun) -> JobRun:
    """Put down a run in its last state, now; its turn is given up."""
    now = ctx.clock.now()
    row = replace(row, ended=now, updated=now, error=row.error[:JOB_ERROR_CHARACTERS_MAX])
    RUN_TURNS.delete(ctx, row.started, row.id)
    if JOB_RUNS.get(ctx, row.job, row.started, row.id) is not None:
        JOB_RUNS.put(ctx, row)
        tell_job_end(ctx, row)
    return row


def change(ctx: Context, row: JobRun, state: str, detail: str = "") -> None:
    """Put down a live run's state, unless it is being stopped, or was deleted."""
    held = JOB_RUNS.get(ctx, row.job, row.started, row.id)
    if held is not None and held.state in LIVE and held.state not in ("STOPPING", state):
        now = ctx.clock.now()
        JOB_RUNS.put(ctx, replace(held, state=state, detail=detail, updated=now))


def launched(ctx: Context, row: JobRun) -> None:
    """Put down that a run's process is about to be: it may have read and written from now on.

    One that a trigger started cannot be begun again.
    """
    held = JOB_RUNS.get(ctx, row.job, row.started, row.id)
    if held is not None:
        JOB_RUNS.put(ctx, replace(held, is_launched=True))


def is_unbegun(row: JobRun) -> bool:
    """Tell whether a live run that a trigger started can be begun by another server."""
    return bool(row.chain) and not row.is_launched and row.state != STOPPING


def is_turn(ctx: Context, row: JobRun, concurrent: int) -> str:
    """Return why a run has to wait yet: for others of its job, or for the machine; else nothing."""
    before = 0
    siblings = 0
    # Bounded: as many as run or wait in all.
    for turn in RUN_TURNS.scan(ctx, Range()):
        if turn.id == row.id:
            break
        if ctx.runs.is_running(turn.id):
            before += 1
            siblings += (turn.account, turn.region, turn.job) == (ctx.account, ctx.region, row.job)
    if siblings >= concurrent:
        return f"Waiting: the job runs at most {concurrent} times at a time."
    if before >= JOB_RUNS_AT_ONCE:
        return f"Waiting: this machine runs at most {JOB_RUNS_AT_ONCE} jobs at a time."
    return ""
