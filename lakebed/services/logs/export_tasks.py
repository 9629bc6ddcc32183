"""Export tasks: a group's events into a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import EXPORT_TASK_DAYS, LOGS_LIST_MAX
from lakebed.services.logs._export_run import ExportJob, run_export
from lakebed.services.logs._pages import after, page, token
from lakebed.services.logs.model import (
    DAY_MS,
    EXPORT_TASKS,
    ExportTask,
    find_group,
    invalid,
    limit_exceeded,
    not_found,
    now_ms,
    replace,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import logs as shapes

_EXPIRED_PER_CREATION = 20


def create_export_task(
    ctx: Context, request: shapes.CreateExportTaskRequest
) -> shapes.CreateExportTaskResponse:
    """Start to export the events of a group, or of its streams with a prefix, into a bucket.

    One task at a time. The bucket's policy is not asked: there are no service principals yet.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateExportTask.html
    """
    group = find_group(ctx, request["logGroupName"])
    if request["from"] > request["to"]:
        # The code is documented, the sentence is ours.
        raise invalid("The start of the export is after its end.")
    try:
        ctx.aws.s3.head_bucket({"Bucket": request["destination"]})
    except AwsError:
        raise invalid(
            "The given bucket does not exist. Please make sure the bucket is valid."
        ) from None
    rows = EXPORT_TASKS.scan(ctx, Range(index="by_created", reverse=True, limit=1))
    if any(_now(ctx, task).status == "RUNNING" for task in rows):
        raise limit_exceeded()
    task = ExportTask(
        id=ctx.ids.uuid(),
        name=request.get("taskName", ""),
        group=group.name,
        stream_prefix=request.get("logStreamNamePrefix", ""),
        begin=request["from"],
        end=request["to"],
        bucket=request["destination"],
        prefix=request.get("destinationPrefix") or "exportedlogs",
        created=now_ms(ctx),
    )
    EXPORT_TASKS.put(ctx, task)
    oldest = Range(
        end=(now_ms(ctx) - EXPORT_TASK_DAYS * DAY_MS,),
        index="by_created",
        limit=_EXPIRED_PER_CREATION,
    )
    for old in list(EXPORT_TASKS.scan(ctx, oldest)):
        EXPORT_TASKS.delete(ctx, old.id)
    start = task.begin
    if group.retention_days:
        start = max(start, now_ms(ctx) - group.retention_days * DAY_MS)
    job, settings = ExportJob(task, group.id, start), ctx.settings
    ctx.runs.start(ctx, task.id, lambda caller: run_export(caller, settings, job))
    return {"taskId": task.id}


def describe_export_tasks(
    ctx: Context, request: shapes.DescribeExportTasksRequest
) -> shapes.DescribeExportTasksResponse:
    """Return the tasks of the last days, the newest first, by id or by status.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeExportTasks.html
    """
    if task_id := request.get("taskId"):
        return {"exportTasks": [_described(_find(ctx, task_id))]}
    status, last = request.get("statusCode"), after(request.get("nextToken"))
    reached = (int(last[0]), last[1]) if last else None
    span = Range(after=reached, index="by_created", reverse=True)
    fitting = (
        task
        for task in (_now(ctx, row) for row in EXPORT_TASKS.scan(ctx, span))
        if status in (None, task.status)
    )
    found, has_more = page(fitting, request.get("limit") or LOGS_LIST_MAX)
    answer: shapes.DescribeExportTasksResponse = {"exportTasks": [_described(one) for one in found]}
    if has_more:
        answer["nextToken"] = token(str(found[-1].created), found[-1].id)
    return answer


def cancel_export_task(ctx: Context, request: shapes.CancelExportTaskRequest) -> None:
    """Stop a task that runs; what it has put stays.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CancelExportTask.html
    """
    task = _find(ctx, request["taskId"])
    if task.status != "RUNNING":
        message = "The specified export task has already finished"
        raise AwsError("InvalidOperationException", message)
    ended = replace(task, status="CANCELLED", message="Cancelled", completed=now_ms(ctx))
    EXPORT_TASKS.put(ctx, ended)
    runs, task_id = ctx.runs, task.id

    def cancel() -> None:
        runs.cancel(task_id)

    ctx.store.after_commit(cancel)


def _find(ctx: Context, task_id: str) -> ExportTask:
    task = EXPORT_TASKS.get(ctx, task_id)
    if task is None:
        raise not_found("The specified export task does not exist.")
    return _now(ctx, task)


def _now(ctx: Context, task: ExportTask) -> ExportTask:
    """Return a task as it is: one that nobody runs any more died with its process."""
    if task.status == "RUNNING" and not ctx.runs.is_running(task.id):
        return replace(task, status="FAILED", message="The server stopped.")
    return task


def _described(task: ExportTask) -> Any:
    execution = {"creationTime": task.created}
    if task.completed:
        execution["completionTime"] = task.completed
    shape: dict[str, Any] = {
        "taskId": task.id,
        "logGroupName": task.group,
        "from": task.begin,
        "to": task.end,
        "destination": task.bucket,
        "destinationPrefix": task.prefix,
        "status": {"code": task.status, "message": task.message},
        "executionInfo": execution,
    }
    if task.name:
        shape["taskName"] = task.name
    return shape
