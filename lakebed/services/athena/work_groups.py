"""Workgroups: the settings that queries run under, and who may change them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.limits import ATHENA_LIST_MAX, WORK_GROUPS_MAX
from lakebed.services.athena import _configuration
from lakebed.services.athena._expiry import forget
from lakebed.services.athena._pages import after, page, token
from lakebed.services.athena._tags import read_tags
from lakebed.services.athena.model import (
    ENABLED,
    ENGINE_VERSION,
    NAMED_QUERIES,
    PREPARED_STATEMENTS,
    PRIMARY,
    QUERIES,
    REUSABLE_RESULTS,
    WORK_GROUPS,
    WorkGroup,
    find_work_group,
    invalid,
    replace,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import athena as shapes


def create_work_group(
    ctx: Context, request: shapes.CreateWorkGroupInput
) -> shapes.CreateWorkGroupOutput:
    """Create a workgroup.

    What is not given is off: AWS does not document the defaults of the API itself.
    https://docs.aws.amazon.com/athena/latest/APIReference/API_CreateWorkGroup.html
    """
    find_work_group(ctx, PRIMARY)
    name = request["Name"]
    if WORK_GROUPS.get(ctx, name) is not None:
        raise invalid("WorkGroup is already created")
    if WORK_GROUPS.count(ctx) >= WORK_GROUPS_MAX:
        raise invalid(f"The limit of {WORK_GROUPS_MAX} workgroups is reached.")
    given: Any = request.get("Configuration") or {}
    group = WorkGroup(
        name,
        ctx.clock.now(),
        description=request.get("Description"),
        configuration=_configuration.created(ctx, given),
        tags=read_tags(request.get("Tags") or ()),
    )
    WORK_GROUPS.put(ctx, group)
    return {}


def get_work_group(ctx: Context, request: shapes.GetWorkGroupInput) -> shapes.GetWorkGroupOutput:
    """Return a workgroup with its whole configuration.

    Clients read it before their first query (awswrangler: EnforceWorkGroupConfiguration).
    https://docs.aws.amazon.com/athena/latest/APIReference/API_GetWorkGroup.html
    """
    group = find_work_group(ctx, request["WorkGroup"])
    shape: Any = {
        "Name": group.name,
        "State": group.state,
        "Configuration": _configuration.shown(group.configuration),
        "CreationTime": group.created,
    }
    if group.description is not None:
        shape["Description"] = group.description
    return {"WorkGroup": shape}


def list_work_groups(
    ctx: Context, request: shapes.ListWorkGroupsInput
) -> shapes.ListWorkGroupsOutput:
    """Return the workgroups of the account by name, a page at a time.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_ListWorkGroups.html
    """
    find_work_group(ctx, PRIMARY)
    size = request.get("MaxResults") or ATHENA_LIST_MAX
    span = Range(after=after(request.get("NextToken")), limit=size + 1)
    found, has_more = page(WORK_GROUPS.scan(ctx, span), size)
    answer: Any = {
        "WorkGroups": [
            {
                "Name": group.name,
                "State": group.state,
                "Description": group.description or "",
                "CreationTime": group.created,
                "EngineVersion": group.configuration.get("EngineVersion") or dict(ENGINE_VERSION),
            }
            for group in found
        ]
    }
    if has_more:
        answer["NextToken"] = token(found[-1].name)
    return answer


def update_work_group(
    ctx: Context, request: shapes.UpdateWorkGroupInput
) -> shapes.UpdateWorkGroupOutput:
    """Change a workgroup: its state, description and settings.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_UpdateWorkGroup.html
    """
    group = find_work_group(ctx, request["WorkGroup"])
    updates: Any = request.get("ConfigurationUpdates") or {}
    changed = replace(
        group,
        state=request.get("State") or group.state or ENABLED,
        description=request.get("Description", group.description),
        configuration=_configuration.updated(ctx, group.configuration, updates),
    )
    WORK_GROUPS.put(ctx, changed)
    return {}


@long
def delete_work_group(
    ctx: Context, request: shapes.DeleteWorkGroupInput
) -> shapes.DeleteWorkGroupOutput:
    """Delete a workgroup; with RecursiveDeleteOption with all it contains, the history too.

    Queries that still run are stopped.
    https://docs.aws.amazon.com/athena/latest/APIReference/API_DeleteWorkGroup.html
    """
    name = request["WorkGroup"]
    if name == PRIMARY:
        # That it cannot be deleted is documented; the sentence is remembered.
        raise invalid("The primary workgroup cannot be deleted.")
    find_work_group(ctx, name)
    by_time = Range((name,), index="by_time")
    if not request.get("RecursiveDeleteOption"):
        first = Range((name,), index="by_time", limit=1)
        if (
            list(QUERIES.scan(ctx, first))
            or list(NAMED_QUERIES.scan(ctx, first))
            or PREPARED_STATEMENTS.count(ctx, name)
        ):
            raise invalid(f"WorkGroup {name} is not empty")
    for query in list(QUERIES.scan(ctx, by_time)):
        forget(ctx, query)
    for named in list(NAMED_QUERIES.scan(ctx, by_time)):
        NAMED_QUERIES.delete(ctx, named.id)
    PREPARED_STATEMENTS.delete_range(ctx, Range((name,)))
    REUSABLE_RESULTS.delete_range(ctx, Range((name,)))
    WORK_GROUPS.delete(ctx, name)
    return {}
