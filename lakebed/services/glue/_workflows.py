"""The nouns of workflows and where they are kept: workflows, and their runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.store import Range, Table

replace = msgspec.structs.replace

RUNNING = "RUNNING"
COMPLETED = "COMPLETED"
STOPPING = "STOPPING"
STOPPED = "STOPPED"
ERROR = "ERROR"
LIVE = (RUNNING, STOPPING)


class Workflow(msgspec.Struct, frozen=True):
    """A workflow: its Description, DefaultRunProperties and MaxConcurrentRuns as given."""

    name: str
    definition: Mapping[str, Any]
    created: float
    updated: float


class WorkflowRun(msgspec.Struct, frozen=True):
    """A run of a workflow; what it began, and the triggers as they were, is the chain of its id."""

    workflow: str
    started: float
    id: str
    properties: Mapping[str, str]
    previous: str = ""
    status: str = RUNNING
    ended: float = 0.0
    error: str = ""
    batch: tuple[int, int] = (0, 0)
    """Of a run that events started: how many there were, or how long it waited for more."""


WORKFLOWS = Table("glue_workflow", Workflow, key=("name",))
WORKFLOW_RUNS = Table(
    "glue_workflow_run",
    WorkflowRun,
    key=("workflow", "started", "id"),
    indexes={"by_id": ("workflow", "id"), "by_status": ("workflow", "status")},
    numbers=("started",),
)


def find_workflow(ctx: Context, name: str) -> Workflow:
    """Return the workflow of this name; EntityNotFoundException without it."""
    row = WORKFLOWS.get(ctx, name)
    if row is None:
        raise AwsError("EntityNotFoundException", f"Workflow {name} not found.")
    return row


def find_workflow_run(ctx: Context, workflow: str, run_id: str) -> WorkflowRun:
    """Return a run of a workflow; EntityNotFoundException without it."""
    find_workflow(ctx, workflow)
    row = next(WORKFLOW_RUNS.scan(ctx, Range((workflow, run_id), index="by_id")), None)
    if row is None:
        raise AwsError("EntityNotFoundException", f"Workflow run {run_id} not found.")
    return row


def live_runs(ctx: Context, workflow: str) -> int:
    """Return how many runs of a workflow have not ended."""
    return sum(
        1
        for status in LIVE
        for _ in WORKFLOW_RUNS.scan(ctx, Range((workflow, status), index="by_status"))
    )
