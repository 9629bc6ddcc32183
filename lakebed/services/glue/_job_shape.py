"""Jobs, runs and bookmarks as answers show them."""

from __future__ import annotations

from typing import Any

from lakebed.services.glue._jobs import LIVE, Bookmark, Job, JobRun

LOG_GROUP = "/aws-glue/jobs"
SHELL_LOG_GROUP = "/aws-glue/python-jobs"
_SHOWN = (
    "JobMode", "JobRunQueuingEnabled", "Timeout", "MaxCapacity", "AllocatedCapacity",
    "WorkerType", "NumberOfWorkers", "SecurityConfiguration", "NotificationProperty",
    "GlueVersion", "ExecutionClass", "ExecutionRoleSessionPolicy",
)  # fmt: skip
"""What of a job's definition a run shows."""


def log_group(definition: Any) -> str:
    """Return where a job's runs write: groups below it are `/output` and `/error`."""
    return SHELL_LOG_GROUP if definition["Command"]["Name"] == "pythonshell" else LOG_GROUP


def job_shape(row: Job) -> Any:
    """Return a job as GetJob shows it."""
    times = {"CreatedOn": row.created, "LastModifiedOn": row.updated}
    return {"Name": row.name, **times, **row.definition}


def run_shape(row: JobRun) -> Any:
    """Return a run as GetJobRun shows it."""
    shown: dict[str, Any] = {
        "Id": row.id,
        "Attempt": row.attempt,
        "JobName": row.job,
        "StartedOn": row.started,
        "LastModifiedOn": row.updated,
        "JobRunState": row.state,
        "PredecessorRuns": [dict(one) for one in row.predecessors],
        "ExecutionTime": round(row.seconds),
        "LogGroupName": log_group(row.definition),
        **{name: row.definition[name] for name in _SHOWN if name in row.definition},
    }
    optional = {
        "PreviousRunId": row.previous,
        "TriggerName": row.trigger,
        "Arguments": dict(row.arguments),
        "ErrorMessage": row.error,
        "StateDetail": row.detail,
    }
    shown |= {name: value for name, value in optional.items() if value}
    if row.state not in LIVE:
        shown["CompletedOn"] = row.ended
    return shown


def bookmark_shape(row: Bookmark) -> Any:
    """Return a bookmark as GetJobBookmark shows it."""
    shown: dict[str, Any] = {
        "JobName": row.job,
        "Version": row.version,
        "Run": row.run,
        "Attempt": row.attempt,
        "RunId": row.run_id,
        "JobBookmark": row.state,
    }
    if row.previous:
        shown["PreviousRunId"] = row.previous
    return shown
