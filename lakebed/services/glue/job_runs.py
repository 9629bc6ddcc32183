"""Job runs: started, looked at, stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import GLUE_PAGE_MAX
from lakebed.services.glue._job_input import check_arguments, check_started, started_with
from lakebed.services.glue._job_life import Start, begin, settled, stop
from lakebed.services.glue._job_shape import run_shape
from lakebed.services.glue._jobs import JOB_RUNS, JOBS, LIVE, find_job, find_run, invalid
from lakebed.services.glue._runs import read_place, write_place
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


def start_job_run(ctx: Context, request: shapes.StartJobRunRequest) -> shapes.StartJobRunResponse:
    """Start a run of a job; it runs after the answer.

    With JobRunId, the run that is named is run again, with its arguments.
    https://docs.aws.amazon.com/glue/latest/webapi/API_StartJobRun.html
    """
    job = JOBS.get(ctx, request["JobName"])
    if job is None:
        message = "Failed to start job run due to missing metadata"
        raise AwsError("EntityNotFoundException", message)
    arguments = dict(request.get("Arguments") or {})
    check_arguments(arguments)
    check_started(ctx, request)
    again, attempt = request.get("JobRunId", ""), 0
    if again:
        before = settled(ctx, find_run(ctx, job.name, again))
        if before.state in LIVE:
            raise invalid(f"Job Run {again} is still running.")
        arguments, attempt = {**before.arguments, **arguments}, before.attempt + 1
    definition = started_with(job.definition, request)
    row = begin(ctx, job, Start(definition, arguments, attempt, again))
    return {"JobRunId": row.id}


def get_job_run(ctx: Context, request: shapes.GetJobRunRequest) -> shapes.GetJobRunResponse:
    """Return a run of a job.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetJobRun.html
    """
    job = find_job(ctx, request["JobName"])
    return {"JobRun": run_shape(settled(ctx, find_run(ctx, job.name, request["RunId"])))}


def get_job_runs(ctx: Context, request: shapes.GetJobRunsRequest) -> shapes.GetJobRunsResponse:
    """Return the runs of a job, the newest first, a page at a time.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetJobRuns.html
    """
    job = find_job(ctx, request["JobName"])
    size = min(request.get("MaxResults") or GLUE_PAGE_MAX, GLUE_PAGE_MAX)
    after = read_place(request.get("NextToken"))
    span = Range((job.name,), after=after, limit=size + 1, reverse=True)
    found = list(JOB_RUNS.scan(ctx, span))
    page: shapes.GetJobRunsResponse = {
        "JobRuns": [run_shape(settled(ctx, row)) for row in found[:size]]
    }
    if len(found) > size:
        page["NextToken"] = write_place(found[size - 1].started, found[size - 1].id)
    return page


def batch_stop_job_run(
    ctx: Context, request: shapes.BatchStopJobRunRequest
) -> shapes.BatchStopJobRunResponse:
    """Stop runs of a job; for each it says whether it is being stopped.

    https://docs.aws.amazon.com/glue/latest/webapi/API_BatchStopJobRun.html
    """
    name = request["JobName"]
    stopped: list[Any] = []
    errors: list[Any] = []
    for run_id in dict.fromkeys(request["JobRunIds"]):
        told = {"JobName": name, "JobRunId": run_id}
        try:
            stop(ctx, find_run(ctx, name, run_id))
        except AwsError as error:
            detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
            errors.append({**told, "ErrorDetail": detail})
        else:
            stopped.append(told)
    return {"SuccessfulSubmissions": stopped, "Errors": errors}
