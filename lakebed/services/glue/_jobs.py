"""The nouns of jobs and where they are kept: jobs, their runs, bookmarks, turns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.store import Table

replace = msgspec.structs.replace

STARTING = "STARTING"
RUNNING = "RUNNING"
WAITING = "WAITING"
STOPPING = "STOPPING"
STOPPED = "STOPPED"
SUCCEEDED = "SUCCEEDED"
FAILED = "FAILED"
TIMEOUT = "TIMEOUT"
ERROR = "ERROR"
LIVE = (STARTING, RUNNING, WAITING, STOPPING)


class Job(msgspec.Struct, frozen=True):
    """A job: `definition` is what CreateJob said with AWS's defaults, without name and tags."""

    name: str
    definition: Mapping[str, Any]
    created: float
    updated: float


class JobRun(msgspec.Struct, frozen=True):
    """A run of a job: `definition` is the job's as it was, with what StartJobRun said.

    `arguments` are those StartJobRun was given; `started` orders a job's runs. Times are seconds
    since the epoch, `seconds` how long the script's process was there.
    """

    job: str
    started: float
    id: str
    definition: Mapping[str, Any]
    arguments: Mapping[str, str]
    state: str = STARTING
    attempt: int = 0
    previous: str = ""
    trigger: str = ""
    predecessors: tuple[Mapping[str, str], ...] = ()
    updated: float = 0.0
    ended: float = 0.0
    error: str = ""
    detail: str = ""
    seconds: float = 0.0
    number: int = 0
    """The how manieth run of its job it is, from 1."""
    chain: str = ""
    """Of a run that a trigger started: what it is a part of (see `_triggers.Chain`)."""
    is_launched: bool = False
    """Whether its process may have been there."""
    is_committed: bool = False
    """Whether it moved its job's bookmark."""


class RunPlace(msgspec.Struct, frozen=True):
    """Where the row of a run is, by its id."""

    id: str
    job: str
    started: float


class RunTurn(msgspec.Struct, frozen=True):
    """A run of any account that runs or waits, in the order in which they were started."""

    since: float
    id: str
    account: str
    region: str
    job: str


class Bookmark(msgspec.Struct, frozen=True):
    """How far a job has come: the states of its sources after a run, as its script left them.

    One row a run that moved it: `run` counts them, `version` how often the bookmark was put,
    `state` is JSON by transformation context.
    """

    job: str
    run: int
    run_id: str
    previous: str
    version: int
    attempt: int
    state: str
    put: float


JOBS = Table("glue_job", Job, key=("name",))
JOB_RUNS = Table("glue_job_run", JobRun, key=("job", "started", "id"), numbers=("started",))
RUN_PLACES = Table("glue_job_run_place", RunPlace, key=("id",))
RUN_TURNS = Table(
    "glue_job_run_turn", RunTurn, key=("since", "id"), numbers=("since",), everywhere=True
)
BOOKMARKS = Table("glue_job_bookmark", Bookmark, key=("job", "run"), numbers=("run",))


def find_job(ctx: Context, name: str) -> Job:
    """Return the job of this name; EntityNotFoundException without it."""
    row = JOBS.get(ctx, name)
    if row is None:
        raise AwsError("EntityNotFoundException", f"Job {name} not found.")
    return row


def find_run(ctx: Context, job: str, run_id: str) -> JobRun:
    """Return a run of a job; EntityNotFoundException without it."""
    place = RUN_PLACES.get(ctx, run_id)
    row = None
    if place is not None and place.job == job:
        row = JOB_RUNS.get(ctx, place.job, place.started, place.id)
    if row is None:
        raise AwsError("EntityNotFoundException", f"Job Run {run_id} not found.")
    return row


def invalid(message: str) -> AwsError:
    """Return the error for what AWS's jobs do not accept."""
    return AwsError("InvalidInputException", message)
