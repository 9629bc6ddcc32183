"""Triggers: what starts jobs and crawlers, on demand, by a schedule, or when others have ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.errors import AwsError
from lakebed.core.limits import GLUE_TAGS_MAX, GLUE_TRIGGER_PAGE_MAX, GLUE_TRIGGERS_MAX
from lakebed.services.glue._crawler_cron import warm
from lakebed.services.glue._jobs import invalid
from lakebed.services.glue._trigger_chains import fire_alone
from lakebed.services.glue._trigger_events import forget
from lakebed.services.glue._trigger_input import definition_of, updated
from lakebed.services.glue._trigger_schedules import plan
from lakebed.services.glue._triggers import (
    ACTIVATED,
    CONDITIONAL,
    CREATED,
    DEACTIVATED,
    EVENT,
    JOB,
    ON_DEMAND,
    TRIGGERS,
    Trigger,
    find_trigger,
    hold_trigger,
    replace,
    starts,
    trigger_shape,
)
from lakebed.services.glue._workflow_life import begin, starting_trigger, triggers_of
from lakebed.services.glue._workflows import find_workflow
from lakebed.services.glue.model import TAGS, arn_of, put_tags, read_token, write_token
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


@long
def create_trigger(
    ctx: Context, request: shapes.CreateTriggerRequest
) -> shapes.CreateTriggerResponse:
    """Create a trigger; it is CREATED, or ACTIVATED with StartOnCreation.

    A trigger of the type EVENT starts a workflow, which is the target of a rule of EventBridge; it
    need not be activated. In a thread, because of the library that reads schedules.
    https://docs.aws.amazon.com/glue/latest/webapi/API_CreateTrigger.html
    """
    name, kind, tags = request["Name"], request["Type"], request.get("Tags")
    if tags and len(tags) > GLUE_TAGS_MAX:
        raise invalid(f"A resource has at most {GLUE_TAGS_MAX} tags.")
    is_active = bool(request.get("StartOnCreation"))
    if is_active and kind == ON_DEMAND:
        raise invalid("StartOnCreation is not supported for ON_DEMAND triggers.")
    if "Schedule" in request:
        warm()
    if kind == EVENT and not request.get("WorkflowName"):
        raise invalid("An EVENT trigger has to be in a workflow.")
    definition = definition_of(ctx, kind, request)
    state = ACTIVATED if is_active else CREATED
    row = Trigger(name, kind, definition, request.get("WorkflowName", ""), state)
    _insert(ctx, row)
    if row.workflow:
        _check_workflow(ctx, row)
    plan(ctx, row)
    put_tags(ctx, arn_of(ctx, "trigger", name), tags)
    return {"Name": name}


def get_trigger(ctx: Context, request: shapes.GetTriggerRequest) -> shapes.GetTriggerResponse:
    """Return a trigger.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetTrigger.html
    """
    return {"Trigger": trigger_shape(find_trigger(ctx, request["Name"]))}


def get_triggers(ctx: Context, request: shapes.GetTriggersRequest) -> shapes.GetTriggersResponse:
    """Return the triggers by name, a page at a time; with DependentJobName those that start it.

    If no trigger starts that job, all are returned, as the page says.
    https://docs.aws.amazon.com/glue/latest/webapi/API_GetTriggers.html
    """
    rows, token = _page(ctx, request)
    page: shapes.GetTriggersResponse = {"Triggers": [trigger_shape(row) for row in rows]}
    if token:
        page["NextToken"] = token
    return page


def list_triggers(ctx: Context, request: shapes.ListTriggersRequest) -> shapes.ListTriggersResponse:
    """Return the names of the triggers, of those with all of some tags, or that start a job.

    https://docs.aws.amazon.com/glue/latest/webapi/API_ListTriggers.html
    """
    rows, token = _page(ctx, request)
    page: shapes.ListTriggersResponse = {"TriggerNames": [row.name for row in rows]}
    if token:
        page["NextToken"] = token
    return page


def batch_get_triggers(
    ctx: Context, request: shapes.BatchGetTriggersRequest
) -> shapes.BatchGetTriggersResponse:
    """Return triggers by name; those that are not there are named.

    https://docs.aws.amazon.com/glue/latest/webapi/API_BatchGetTriggers.html
    """
    shown: list[Any] = []
    missing: list[str] = []
    for name in dict.fromkeys(request["TriggerNames"]):
        row = TRIGGERS.get(ctx, name)
        if row is None:
            missing.append(name)
        else:
            shown.append(trigger_shape(row))
    return {"Triggers": shown, "TriggersNotFound": missing}


@long
def update_trigger(
    ctx: Context, request: shapes.UpdateTriggerRequest
) -> shapes.UpdateTriggerResponse:
    """Replace a trigger's definition; its state, type and workflow stay.

    The page says that the definition is overwritten completely: a Description that is not given is
    taken away; Actions, Schedule and Predicate, without which no trigger of its type can be, stay.
    Runs of its workflow that go on keep the trigger as it was when they began.
    https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateTrigger.html
    """
    row = find_trigger(ctx, request["Name"])
    if "Schedule" in row.definition or "Schedule" in request["TriggerUpdate"]:
        warm()
    row = hold_trigger(ctx, row.name)
    row = replace(row, definition=updated(ctx, row, request["TriggerUpdate"]))
    TRIGGERS.put(ctx, row)
    plan(ctx, row)
    return {"Trigger": trigger_shape(row)}


def delete_trigger(
    ctx: Context, request: shapes.DeleteTriggerRequest
) -> shapes.DeleteTriggerResponse:
    """Delete a trigger with its tags; one that is not there is no error. What it started goes on.

    https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteTrigger.html
    """
    if TRIGGERS.get(ctx, request["Name"]) is not None:
        row = hold_trigger(ctx, request["Name"])
        plan(ctx, replace(row, state=DEACTIVATED))
        TRIGGERS.delete(ctx, row.name)
        forget(ctx, row.name)
        TAGS.delete(ctx, arn_of(ctx, "trigger", row.name))
    return {"Name": request["Name"]}


def start_trigger(ctx: Context, request: shapes.StartTriggerRequest) -> shapes.StartTriggerResponse:
    """Activate a trigger; one that is ON_DEMAND fires at once and stays CREATED.

    In a workflow it begins a run of it. What cannot be started is the error of this call.
    https://docs.aws.amazon.com/glue/latest/webapi/API_StartTrigger.html
    """
    row = hold_trigger(ctx, request["Name"])
    if row.type == ON_DEMAND and row.workflow:
        begin(ctx, find_workflow(ctx, row.workflow), {})
    elif row.type == ON_DEMAND:
        fire_alone(ctx, row)
    elif row.state == ACTIVATED:
        raise _not_allowed(row)
    else:
        row = replace(row, state=ACTIVATED)
        TRIGGERS.put(ctx, row)
        plan(ctx, row)
    return {"Name": row.name}


def stop_trigger(ctx: Context, request: shapes.StopTriggerRequest) -> shapes.StopTriggerResponse:
    """Deactivate a trigger that is ACTIVATED; what it started goes on.

    https://docs.aws.amazon.com/glue/latest/webapi/API_StopTrigger.html
    """
    row = hold_trigger(ctx, request["Name"])
    if row.state != ACTIVATED:
        raise _not_allowed(row)
    row = replace(row, state=DEACTIVATED)
    TRIGGERS.put(ctx, row)
    forget(ctx, row.name)
    plan(ctx, row)
    return {"Name": row.name}


def _not_allowed(row: Trigger) -> AwsError:
    return invalid(f"The operation is not allowed when trigger is in state: {row.state}")


def _insert(ctx: Context, row: Trigger) -> None:
    """Put down a new trigger; from this write on nobody else writes, so what is read is so."""
    if not TRIGGERS.insert(ctx, row):
        known = find_trigger(ctx, row.name)
        if (known.type, known.definition) == (row.type, row.definition):
            message = f"Trigger with name {row.name} already exists."
            raise AwsError("AlreadyExistsException", message)
        message = f"Trigger with name {row.name} already submitted with different configuration"
        raise AwsError("IdempotentParameterMismatchException", message)
    if TRIGGERS.count(ctx) > GLUE_TRIGGERS_MAX:
        message = f"Number of triggers exceeds the limit of {GLUE_TRIGGERS_MAX}."
        raise AwsError("ResourceNumberLimitExceededException", message)


def _check_workflow(ctx: Context, row: Trigger) -> None:
    """Refuse a workflow that is not there, and a second trigger that starts it.

    https://docs.aws.amazon.com/glue/latest/dg/workflows_overview.html
    """
    find_workflow(ctx, row.workflow)
    others = [one for one in triggers_of(ctx, row.workflow) if one.name != row.name]
    first = starting_trigger(others)
    if row.type != CONDITIONAL and first is not None:
        message = f"Workflow {row.workflow} already has a starting trigger: {first.name}"
        raise invalid(message)


def _page(ctx: Context, request: Mapping[str, Any]) -> tuple[list[Trigger], str]:
    """Return the triggers that a listing asks for, and where it goes on."""
    size = min(request.get("MaxResults") or GLUE_TRIGGER_PAGE_MAX, GLUE_TRIGGER_PAGE_MAX)
    found: list[Trigger] = []
    for row in _asked_for(ctx, request):
        found.append(row)
        if len(found) > size:
            break
    return found[:size], write_token(found[size - 1].name) if len(found) > size else ""


def _asked_for(ctx: Context, request: Mapping[str, Any]) -> Iterator[Trigger]:
    job = (JOB, request.get("DependentJobName", ""))
    # Bounded: an account has at most 1,000 triggers.
    is_by_job = bool(job[1]) and any(job in starts(row) for row in TRIGGERS.scan(ctx))
    wanted = dict(request.get("Tags") or {}).items()
    for row in TRIGGERS.scan(ctx, Range(after=read_token(request.get("NextToken")))):
        if is_by_job and job not in starts(row):
            continue
        if wanted:
            tags = TAGS.get(ctx, arn_of(ctx, "trigger", row.name))
            if tags is None or not wanted <= tags.tags.items():
                continue
        yield row
