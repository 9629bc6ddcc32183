"""Runs of workflows: begun, looked at, stopped, resumed; and the properties their jobs share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.limits import GLUE_WORKFLOW_PAGE_MAX
from lakebed.services.glue._runs import read_place, write_place
from lakebed.services.glue._workflow_life import begin, resume, stop
from lakebed.services.glue._workflow_shape import run_of
from lakebed.services.glue._workflows import (
    WORKFLOW_RUNS,
    find_workflow,
    find_workflow_run,
    replace,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


def start_workflow_run(
    ctx: Context, request: shapes.StartWorkflowRunRequest
) -> shapes.StartWorkflowRunResponse:
    """Begin a run of a workflow: its starting trigger fires.

    https://docs.aws.amazon.com/glue/latest/webapi/API_StartWorkflowRun.html
    """
    workflow = find_workflow(ctx, request["Name"])
    return {"RunId": begin(ctx, workflow, request.get("RunProperties", {})).id}


def get_workflow_run(
    ctx: Context, request: shapes.GetWorkflowRunRequest
) -> shapes.GetWorkflowRunResponse:
    """Return a run of a workflow with its counts; with IncludeGraph its graph, too.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetWorkflowRun.html
    """
    row = find_workflow_run(ctx, request["Name"], request["RunId"])
    return {"Run": run_of(ctx, row, is_graph=bool(request.get("IncludeGraph")))}


def get_workflow_runs(
    ctx: Context, request: shapes.GetWorkflowRunsRequest
) -> shapes.GetWorkflowRunsResponse:
    """Return the runs of a workflow, the newest first, a page of at most 25 at a time.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetWorkflowRuns.html
    """
    workflow, is_graph = find_workflow(ctx, request["Name"]), bool(request.get("IncludeGraph"))
    size = min(request.get("MaxResults") or GLUE_WORKFLOW_PAGE_MAX, GLUE_WORKFLOW_PAGE_MAX)
    after = read_place(request.get("NextToken"))
    span = Range((workflow.name,), after=after, limit=size + 1, reverse=True)
    found = list(WORKFLOW_RUNS.scan(ctx, span))
    page: shapes.GetWorkflowRunsResponse = {
        "Runs": [run_of(ctx, row, is_graph=is_graph) for row in found[:size]]
    }
    if len(found) > size:
        page["NextToken"] = write_place(found[size - 1].started, found[size - 1].id)
    return page


def stop_workflow_run(
    ctx: Context, request: shapes.StopWorkflowRunRequest
) -> shapes.StopWorkflowRunResponse:
    """Stop a run: it is STOPPING until what runs of it has stopped, and nothing follows that.

    https://docs.aws.amazon.com/glue/latest/webapi/API_StopWorkflowRun.html
    """
    stop(ctx, find_workflow_run(ctx, request["Name"], request["RunId"]))
    return {}


def resume_workflow_run(
    ctx: Context, request: shapes.ResumeWorkflowRunRequest
) -> shapes.ResumeWorkflowRunResponse:
    """Begin a run that runs some nodes of another again, and all that follows them.

    https://docs.aws.amazon.com/glue/latest/webapi/API_ResumeWorkflowRun.html
    """
    workflow = find_workflow(ctx, request["Name"])
    row = find_workflow_run(ctx, workflow.name, request["RunId"])
    row, begun = resume(ctx, workflow, row, request["NodeIds"])
    return {"RunId": row.id, "NodeIds": begun}


def get_workflow_run_properties(
    ctx: Context, request: shapes.GetWorkflowRunPropertiesRequest
) -> shapes.GetWorkflowRunPropertiesResponse:
    """Return the properties of a run, as its jobs have left them so far.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetWorkflowRunProperties.html
    """
    row = find_workflow_run(ctx, request["Name"], request["RunId"])
    return {"RunProperties": dict(row.properties)}


def put_workflow_run_properties(
    ctx: Context, request: shapes.PutWorkflowRunPropertiesRequest
) -> shapes.PutWorkflowRunPropertiesResponse:
    """Add properties to a run, or replace their values.

    https://docs.aws.amazon.com/glue/latest/webapi/API_PutWorkflowRunProperties.html
    """
    row = find_workflow_run(ctx, request["Name"], request["RunId"])
    properties = {**row.properties, **request["RunProperties"]}
    WORKFLOW_RUNS.put(ctx, replace(row, properties=properties))
    return {}
