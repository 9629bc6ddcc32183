"""Runs that take longer than their NotificationProperty says: EventBridge is told, once.

https://docs.aws.amazon.com/glue/latest/webapi/API_NotificationProperty.html
"""

from __future__ import annotations

import msgspec

from lakebed.context import Context
from lakebed.services.glue._jobs import JOB_RUNS, WAITING, JobRun
from lakebed.services.glue._told_states import tell_job_delay
from lakebed.store import Table

_MINUTE = 60.0
_TELLING = ("STARTING", "RUNNING", "STOPPING")
"""States in which a run is late: https://docs.aws.amazon.com/glue/latest/dg/automating-awsglue-with-cloudwatch-events.html"""


class JobDelay(msgspec.Struct, frozen=True):
    """When a run of a job of any account has taken as long as it is to without being told."""

    account: str
    region: str
    run: str
    job: str
    started: float
    due: float


JOB_DELAYS = Table(
    "glue_job_delay",
    JobDelay,
    key=("account", "region", "run"),
    indexes={"by_due": ("due",)},
    numbers=("due",),
    everywhere=True,
)


def watch(ctx: Context, row: JobRun) -> None:
    """Put down when a run that was begun is late, if its job or StartJobRun says so."""
    minutes = row.definition.get("NotificationProperty", {}).get("NotifyDelayAfter")
    if minutes:
        due = row.started + minutes * _MINUTE
        JOB_DELAYS.put(ctx, JobDelay(ctx.account, ctx.region, row.id, row.job, row.started, due))


def start_due(ctx: Context, due: JobDelay, now: float) -> bool | None:
    """Tell that a run is late; None if it has ended meanwhile, or waits for its turn."""
    ctx = msgspec.structs.replace(ctx, account=due.account, region=due.region)
    row = JOB_RUNS.get(ctx, due.job, due.started, due.run)
    if row is not None and row.state == WAITING:
        put_off(ctx, due, now + _MINUTE)
        return None
    JOB_DELAYS.delete(ctx, due.account, due.region, due.run)
    if row is None or row.state not in _TELLING:
        return None
    tell_job_delay(ctx, row)
    return True


def put_off(ctx: Context, due: JobDelay, until: float) -> None:
    """Look at a run again later."""
    JOB_DELAYS.put(ctx, msgspec.structs.replace(due, due=until))
