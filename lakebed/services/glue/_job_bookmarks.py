"""How a job's bookmark moves: what a run begins with, and what it leaves.

A run reads the states of its sources from `bookmark.json` in its folder and writes what they are
after it to `bookmark.next.json` when its script commits; that counts once the run has SUCCEEDED. A
run that failed, was stopped or was killed leaves nothing.
https://docs.aws.amazon.com/glue/latest/dg/monitor-continuations.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import JOB_BOOKMARK_BYTES_MAX
from lakebed.services.glue._jobs import (
    BOOKMARKS,
    FAILED,
    JOB_RUNS,
    LIVE,
    SUCCEEDED,
    Bookmark,
    JobRun,
    invalid,
)
from lakebed.store import Range

OPTION = "--job-bookmark-option"
ENABLE = "job-bookmark-enable"
DISABLE = "job-bookmark-disable"
PAUSE = "job-bookmark-pause"
_FROM, _TO = "--job-bookmark-from", "--job-bookmark-to"
_BOOKMARKS_KEPT = 100
_LOOKED_BACK = 100
_NAMED = 10
NEXT_FILE = "bookmark.next.json"
FILE = "bookmark.json"


class Before(msgspec.Struct, frozen=True):
    """What a run's sources begin with (JSON); `upto` bounds a paused run (JSON, or empty)."""

    option: str = ""
    state: str = ""
    upto: str = ""


def newest(ctx: Context, job: str) -> Bookmark | None:
    """Return a job's bookmark as the last run that moved it left it."""
    return next(BOOKMARKS.scan(ctx, Range((job,), limit=1, reverse=True)), None)


def of_run(ctx: Context, job: str, run_id: str) -> Bookmark | None:
    """Return the bookmark as one run left it. (At most a hundred of a job are kept.)"""
    for row in BOOKMARKS.scan(ctx, Range((job,), reverse=True)):
        if row.run_id == run_id:
            return row
    return None


def bookmark_before(ctx: Context, row: JobRun) -> Before:
    """Return what a run begins with, by its arguments."""
    arguments = whole_arguments(row)
    option = arguments.get(OPTION, DISABLE)
    if option not in (ENABLE, DISABLE, PAUSE):
        raise invalid(f"Invalid value of {OPTION}: {option}")
    if option == ENABLE:
        held = newest(ctx, row.job)
        return Before(option, "" if held is None else held.state)
    if option != PAUSE:
        return Before()
    begin, end = arguments.get(_FROM), arguments.get(_TO)
    if (begin is None) != (end is None):
        raise invalid(f"{_FROM} and {_TO} must be given together.")
    if begin is None or end is None:
        held = newest(ctx, row.job)
        return Before(option, "" if held is None else held.state)
    states = [of_run(ctx, row.job, run_id) for run_id in (begin, end)]
    for run_id, state in zip((begin, end), states, strict=True):
        if state is None and run_id != "0":
            raise AwsError("EntityNotFoundException", f"No bookmark of the run {run_id} was found.")
    first, last = (state.state if state else "" for state in states)
    return Before(option, first, last)


def uncommitted(ctx: Context, row: JobRun) -> str:
    """Say which runs since the bookmark's last move read sources and did not commit; else nothing.

    Their files are read again: what they wrote before they ended may be there twice.
    """
    if whole_arguments(row).get(OPTION) != ENABLE:
        return ""
    held = newest(ctx, row.job)
    found: list[str] = []
    for run in JOB_RUNS.scan(ctx, Range((row.job,), limit=_LOOKED_BACK, reverse=True)):
        if held is not None and (run.id == held.run_id or run.started < _reset_at(held)):
            break
        is_bookmarked = whole_arguments(run).get(OPTION) == ENABLE
        if run.id != row.id and run.is_launched and not run.is_committed and is_bookmarked:
            found.append(f"{run.id} ({_ended_as(ctx, run)})")
    if not found:
        return ""
    names = ", ".join(found[:_NAMED])
    names += f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return (
        f"lakebed: the bookmark was not moved by {names}: what was read then is read again, and "
        "what was appended then may be there twice"
    )


def _reset_at(held: Bookmark) -> float:
    """Return when a bookmark was set back to the beginning, if it stands there."""
    return 0.0 if held.run_id else held.put


def _ended_as(ctx: Context, run: JobRun) -> str:
    """Return how a run ended that did not move the bookmark."""
    if run.state in LIVE and not ctx.runs.is_running(run.id):
        return FAILED  # It died with its server.
    return "SUCCEEDED, without Job.commit" if run.state == SUCCEEDED else run.state


def whole_arguments(row: JobRun) -> Mapping[str, str]:
    """Return the arguments a run's script gets: the job's own, the run's over them."""
    definition = row.definition
    return {
        **definition.get("DefaultArguments", {}),
        **row.arguments,
        **definition.get("NonOverridableArguments", {}),
    }


def move(ctx: Context, row: JobRun, state: str) -> None:
    """Put down where the sources of a run that SUCCEEDED are."""
    if len(state) > JOB_BOOKMARK_BYTES_MAX:
        raise AwsError("InvalidInputException", "The job's bookmark is too large to be kept.")
    held = newest(ctx, row.job)
    moved = Bookmark(
        row.job,
        row.number if held is None else max(row.number, held.run + 1),
        row.id,
        "" if held is None else held.run_id,
        1 if held is None else held.version + 1,
        row.attempt,
        state,
        ctx.clock.now(),
    )
    BOOKMARKS.put(ctx, moved)
    excess = BOOKMARKS.count(ctx, row.job) - _BOOKMARKS_KEPT
    if excess > 0:
        for old in list(BOOKMARKS.scan(ctx, Range((row.job,), limit=excess))):
            BOOKMARKS.delete(ctx, old.job, old.run)
