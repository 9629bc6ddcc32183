"""Workflows: triggers, jobs and crawlers that are run and watched together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import GLUE_TAGS_MAX, GLUE_WORKFLOW_PAGE_MAX, GLUE_WORKFLOWS_MAX
from lakebed.services.glue._jobs import invalid
from lakebed.services.glue._triggers import TRIGGERS
from lakebed.services.glue._workflow_life import forget, triggers_of
from lakebed.services.glue._workflow_shape import workflow_shape
from lakebed.services.glue._workflows import WORKFLOWS, Workflow, find_workflow, replace
from lakebed.services.glue.model import TAGS, arn_of, put_tags, read_token, write_token
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes

_MEMBERS = ("Description", "DefaultRunProperties", "MaxConcurrentRuns")


def create_workflow(
    ctx: Context, request: shapes.CreateWorkflowRequest
) -> shapes.CreateWorkflowResponse:
    """Create a workflow; triggers join it when they are created.

    https://docs.aws.amazon.com/glue/latest/webapi/API_CreateWorkflow.html
    """
    name, tags, now = request["Name"], request.get("Tags"), ctx.clock.now()
    if tags and len(tags) > GLUE_TAGS_MAX:
        raise invalid(f"A resource has at most {GLUE_TAGS_MAX} tags.")
    row = Workflow(name, _definition(request), now, now)
    if not WORKFLOWS.insert(ctx, row):
        raise AwsError("AlreadyExistsException", f"Workflow with name {name} already exists.")
    if WORKFLOWS.count(ctx) > GLUE_WORKFLOWS_MAX:
        message = f"Number of workflows exceeds the limit of {GLUE_WORKFLOWS_MAX}."
        raise AwsError("ResourceNumberLimitExceededException", message)
    put_tags(ctx, arn_of(ctx, "workflow", name), tags)
    return {"Name": name}


def get_workflow(ctx: Context, request: shapes.GetWorkflowRequest) -> shapes.GetWorkflowResponse:
    """Return a workflow and its last run; with IncludeGraph the graphs of both.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetWorkflow.html
    """
    row = find_workflow(ctx, request["Name"])
    return {"Workflow": workflow_shape(ctx, row, is_graph=bool(request.get("IncludeGraph")))}


def list_workflows(
    ctx: Context, request: shapes.ListWorkflowsRequest
) -> shapes.ListWorkflowsResponse:
    """Return the names of the workflows, a page at a time.

    https://docs.aws.amazon.com/glue/latest/webapi/API_ListWorkflows.html
    """
    size = min(request.get("MaxResults") or GLUE_WORKFLOW_PAGE_MAX, GLUE_WORKFLOW_PAGE_MAX)
    span = Range(after=read_token(request.get("NextToken")), limit=size + 1)
    names = [row.name for row in WORKFLOWS.scan(ctx, span)]
    page: shapes.ListWorkflowsResponse = {"Workflows": names[:size]}
    if len(names) > size:
        page["NextToken"] = write_token(names[size - 1])
    return page


def batch_get_workflows(
    ctx: Context, request: shapes.BatchGetWorkflowsRequest
) -> shapes.BatchGetWorkflowsResponse:
    """Return up to 25 workflows by name; those that are not there are named.

    https://docs.aws.amazon.com/glue/latest/webapi/API_BatchGetWorkflows.html
    """
    shown: list[Any] = []
    missing: list[str] = []
    is_graph = bool(request.get("IncludeGraph"))
    for name in dict.fromkeys(request["Names"]):
        row = WORKFLOWS.get(ctx, name)
        if row is None:
            missing.append(name)
        else:
            shown.append(workflow_shape(ctx, row, is_graph=is_graph))
    return {"Workflows": shown, "MissingWorkflows": missing}


def update_workflow(
    ctx: Context, request: shapes.UpdateWorkflowRequest
) -> shapes.UpdateWorkflowResponse:
    """Replace the members that are given.

    https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateWorkflow.html
    """
    row = find_workflow(ctx, request["Name"])
    changed = {**row.definition, **_definition(request)}
    WORKFLOWS.put(ctx, replace(row, definition=changed, updated=ctx.clock.now()))
    return {"Name": row.name}


def delete_workflow(
    ctx: Context, request: shapes.DeleteWorkflowRequest
) -> shapes.DeleteWorkflowResponse:
    """Delete a workflow with its runs and tags; one that is not there is no error.

    Its triggers, jobs and crawlers stay, the triggers in no workflow; what runs goes on.
    https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteWorkflow.html
    """
    name = request["Name"]
    if WORKFLOWS.get(ctx, name) is not None:
        for trigger in triggers_of(ctx, name):
            TRIGGERS.put(ctx, replace(trigger, workflow=""))
        forget(ctx, name)
        WORKFLOWS.delete(ctx, name)
        TAGS.delete(ctx, arn_of(ctx, "workflow", name))
    return {"Name": name}


def _definition(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: request[name] for name in _MEMBERS if name in request}
