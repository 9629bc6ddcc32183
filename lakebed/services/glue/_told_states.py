"""What EventBridge is told of jobs and crawlers, in the transactions in which they change.

https://docs.aws.amazon.com/glue/latest/dg/automating-awsglue-with-cloudwatch-events.html says which
states; the details are those of AWS's examples, without the link into a console.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.event_queue import Happening, publish
from lakebed.services.glue._crawlers import Crawl
from lakebed.services.glue._jobs import JobRun

_JOB_ENDS = {
    "SUCCEEDED": ("INFO", "Job run succeeded"),
    "STOPPED": ("INFO", "Job run stopped"),
    "TIMEOUT": ("WARN", "Job run timed out"),
    "FAILED": ("ERROR", ""),
}


def tell_job_end(ctx: Context, row: JobRun) -> None:
    """Tell that a run has ended; of one that could not be begun nothing is told."""
    if row.state not in _JOB_ENDS:
        return
    severity, message = _JOB_ENDS[row.state]
    detail = {
        "jobName": row.job,
        "severity": severity,
        "state": row.state,
        "jobRunId": row.id,
        "message": message or row.error,
    }
    _tell(ctx, "Glue Job State Change", detail)


def tell_job_delay(ctx: Context, row: JobRun) -> None:
    """Tell that a run takes longer than its NotificationProperty says."""
    detail = {
        "jobName": row.job,
        "severity": "INFO",
        "notificationCondition": dict(row.definition["NotificationProperty"]),
        "state": row.state,
        "jobRunId": row.id,
        "message": f"Job is in {row.state} state",
        "startedOn": _time(row.started),
    }
    _tell(ctx, "Glue Job Run Status", detail)


def tell_crawl_start(ctx: Context, crawl: Crawl) -> None:
    """Tell that a crawler was started."""
    detail = {"startTime": _time(crawl.started), "state": "Started", "message": "Crawler Started"}
    _tell_crawl(ctx, crawl, detail)


def tell_crawl_end(ctx: Context, crawl: Crawl) -> None:
    """Tell that a crawl succeeded or failed; of one that was stopped nothing is told."""
    if crawl.state == "FAILED":
        detail = {"errorMessage": crawl.error, "state": "Failed", "message": "Crawler Failed"}
        _tell_crawl(ctx, crawl, detail)
    if crawl.state != "COMPLETED":
        return
    partitions: Mapping[str, Any] = crawl.summary.get("PARTITION", {})
    counts = {
        "tablesCreated": crawl.tables_created,
        "tablesUpdated": crawl.tables_updated,
        "tablesDeleted": crawl.tables_deleted,
        "partitionsCreated": partitions.get("ADD", {}).get("Count", 0),
        "partitionsUpdated": partitions.get("UPDATE", {}).get("Count", 0),
        "partitionsDeleted": partitions.get("DELETE", {}).get("Count", 0),
        "runningTime (sec)": int(crawl.seconds),
    }
    detail = {name: str(count) for name, count in counts.items()} | {
        "warningMessage": "N/A",
        "completionDate": _time(crawl.ended),
        "state": "Succeeded",
        "message": "Crawler Succeeded",
    }
    _tell_crawl(ctx, crawl, detail)


def _tell_crawl(ctx: Context, crawl: Crawl, detail: Mapping[str, str]) -> None:
    whole = {"accountId": ctx.account, "crawlerName": crawl.crawler, **detail}
    _tell(ctx, "Glue Crawler State Change", whole)


def _tell(ctx: Context, kind: str, detail: Mapping[str, Any]) -> None:
    publish(ctx, Happening("aws.glue", kind, (), detail))


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
