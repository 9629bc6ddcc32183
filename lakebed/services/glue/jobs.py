"""Jobs: scripts, and what they run with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import GLUE_JOBS_MAX, GLUE_PAGE_MAX, GLUE_TAGS_MAX
from lakebed.services.glue._job_input import definition_of, environment_of
from lakebed.services.glue._job_life import forget
from lakebed.services.glue._job_shape import job_shape
from lakebed.services.glue._jobs import JOBS, Job, find_job, invalid, replace
from lakebed.services.glue._visual_job import NODES, put_script
from lakebed.services.glue.model import TAGS, arn_of, put_tags, read_token, write_token
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes

HIDDEN_MEMBERS = frozenset((NODES,))
"""Members of requests that are not written to the audit log: AWS calls nodes sensitive."""


def create_job(ctx: Context, request: shapes.CreateJobRequest) -> shapes.CreateJobResponse:
    """Create a job; nothing runs until it is started.

    A driver is started ahead where the job's engine is on this machine. Streaming, Ray, Scala,
    notebooks and source control are refused by name. Of CodeGenConfigurationNodes a script is
    made and put to Command.ScriptLocation, as the caller.
    https://docs.aws.amazon.com/glue/latest/webapi/API_CreateJob.html
    """
    name, tags, now = request["Name"], request.get("Tags"), ctx.clock.now()
    if tags and len(tags) > GLUE_TAGS_MAX:
        raise invalid(f"A resource has at most {GLUE_TAGS_MAX} tags.")
    members: dict[str, Any] = {k: v for k, v in request.items() if k not in ("Name", "Tags")}
    if not members.get(NODES):
        members.pop(NODES, None)
    row = Job(name, definition_of(ctx, "CreateJob", members), now, now)
    known = JOBS.get(ctx, name)
    if known is not None and known.definition != row.definition:
        message = f"Job with name {name} already submitted with different configuration"
        raise AwsError("IdempotentParameterMismatchException", message)
    if known is not None:
        raise AwsError("AlreadyExistsException", f"Job with name {name} already exists.")
    if JOBS.count(ctx) >= GLUE_JOBS_MAX:
        message = f"Number of jobs exceeds the limit of {GLUE_JOBS_MAX}."
        raise AwsError("ResourceNumberLimitExceededException", message)
    put_script(ctx, "CreateJob", row.definition)
    JOBS.put(ctx, row)
    put_tags(ctx, arn_of(ctx, "job", name), tags)
    jobs, environment = ctx.engines.jobs, environment_of("CreateJob", row.definition)
    ctx.store.after_commit(lambda: jobs.expect(environment))
    return {"Name": name}


def get_job(ctx: Context, request: shapes.GetJobRequest) -> shapes.GetJobResponse:
    """Return a job.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetJob.html
    """
    return {"Job": job_shape(find_job(ctx, request["JobName"]))}


def get_jobs(ctx: Context, request: shapes.GetJobsRequest) -> shapes.GetJobsResponse:
    """Return the jobs by name, a page at a time.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetJobs.html
    """
    size = min(request.get("MaxResults") or GLUE_PAGE_MAX, GLUE_PAGE_MAX)
    span = Range(after=read_token(request.get("NextToken")), limit=size + 1)
    found = list(JOBS.scan(ctx, span))
    page: shapes.GetJobsResponse = {"Jobs": [job_shape(row) for row in found[:size]]}
    if len(found) > size:
        page["NextToken"] = write_token(found[size - 1].name)
    return page


def batch_get_jobs(
    ctx: Context, request: shapes.BatchGetJobsRequest
) -> shapes.BatchGetJobsResponse:
    """Return jobs by name; those that are not there are named.

    https://docs.aws.amazon.com/glue/latest/webapi/API_BatchGetJobs.html
    """
    shown: list[Any] = []
    missing: list[str] = []
    for name in dict.fromkeys(request["JobNames"]):
        row = JOBS.get(ctx, name)
        if row is None:
            missing.append(name)
        else:
            shown.append(job_shape(row))
    return {"Jobs": shown, "JobsNotFound": missing}


def list_jobs(ctx: Context, request: shapes.ListJobsRequest) -> shapes.ListJobsResponse:
    """Return the names of the jobs, or of those with all of some tags, a page at a time.

    https://docs.aws.amazon.com/glue/latest/webapi/API_ListJobs.html
    """
    size = min(request.get("MaxResults") or GLUE_PAGE_MAX, GLUE_PAGE_MAX)
    wanted = dict(request.get("Tags") or {}).items()
    names: list[str] = []
    # Bounded: an account has at most 2,000 jobs.
    for row in JOBS.scan(ctx, Range(after=read_token(request.get("NextToken")))):
        tags = TAGS.get(ctx, arn_of(ctx, "job", row.name)) if wanted else None
        if wanted and (tags is None or not wanted <= tags.tags.items()):
            continue
        names.append(row.name)
        if len(names) > size:
            break
    page: shapes.ListJobsResponse = {"JobNames": names[:size]}
    if len(names) > size:
        page["NextToken"] = write_token(names[size - 1])
    return page


def update_job(ctx: Context, request: shapes.UpdateJobRequest) -> shapes.UpdateJobResponse:
    """Replace a job's definition: what is not given is AWS's default again.

    Only CodeGenConfigurationNodes stay if they are not given, and their script stays as it is;
    given empty, they are gone; given, they get a script as by CreateJob.
    https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateJob.html
    """
    known = find_job(ctx, request["JobName"])
    update: dict[str, Any] = dict(request["JobUpdate"])
    for member in ("Role", "Command"):
        if member not in update:
            raise invalid(f"{member} must not be null.")
    nodes = update.setdefault(NODES, known.definition.get(NODES))
    if not nodes:
        del update[NODES]
    changed = definition_of(ctx, "UpdateJob", update)
    if NODES in request["JobUpdate"]:
        put_script(ctx, "UpdateJob", changed)
    JOBS.put(ctx, replace(known, definition=changed, updated=ctx.clock.now()))
    return {"JobName": known.name}


def delete_job(ctx: Context, request: shapes.DeleteJobRequest) -> shapes.DeleteJobResponse:
    """Delete a job with its runs, bookmark and tags; one that is not there is no error.

    https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteJob.html
    """
    name = request["JobName"]
    if JOBS.get(ctx, name) is not None:
        forget(ctx, name)
        JOBS.delete(ctx, name)
        TAGS.delete(ctx, arn_of(ctx, "job", name))
    return {"JobName": name}
