"""What EventBridge tells Glue: events that start workflows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.services.glue._jobs import invalid
from lakebed.services.glue._trigger_events import gather
from lakebed.services.glue._triggers import DEACTIVATED, EVENT
from lakebed.services.glue._workflow_life import starting_trigger, triggers_of
from lakebed.services.glue._workflows import find_workflow

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


def notify_event(ctx: Context, request: shapes.NotifyEventRequest) -> shapes.NotifyEventResponse:
    """Count an event for the trigger of the type EVENT that starts a workflow; it may fire.

    AWS documents the permission and what comes of it, not the call, which only EventBridge makes;
    CloudTrail's records of it show what it is given. A trigger fires unless it was stopped.
    https://docs.aws.amazon.com/glue/latest/dg/starting-workflow-eventbridge.html
    """
    workflow = find_workflow(ctx, request["name"])
    trigger = starting_trigger(triggers_of(ctx, workflow.name))
    if trigger is None or trigger.type != EVENT:
        raise invalid(f"Workflow {workflow.name} is not started by events.")
    if trigger.state == DEACTIVATED:
        raise invalid(f"The operation is not allowed when trigger is in state: {trigger.state}")
    gather(ctx, trigger, request["eventPayload"]["eventId"])
    return {}
