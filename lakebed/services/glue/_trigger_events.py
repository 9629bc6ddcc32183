"""Events gathered for triggers of the type EVENT, until there are enough, or time is up.

A batch that is not full is a row of `EVENT_BATCHES`, which says when its window ends; the server's
clock (`cli/trigger_events.py`) then begins the run.
https://docs.aws.amazon.com/glue/latest/webapi/API_EventBatchingCondition.html
"""

from __future__ import annotations

import msgspec

from lakebed.context import Context
from lakebed.core.event_limits import GLUE_EVENT_BATCH_SECONDS
from lakebed.services.glue._triggers import DEACTIVATED, EVENT, TRIGGERS, Trigger
from lakebed.services.glue._workflow_life import begin_unasked
from lakebed.store import Table

_IDS = "aws:eventIds"
"""The run property that names the events.
https://docs.aws.amazon.com/glue/latest/dg/starting-workflow-eventbridge.html"""


class EventBatch(msgspec.Struct, frozen=True):
    """The events that a trigger of any account has been told of since it last fired."""

    account: str
    region: str
    trigger: str
    due: float
    ids: tuple[str, ...]


EVENT_BATCHES = Table(
    "glue_event_batch",
    EventBatch,
    key=("account", "region", "trigger"),
    indexes={"by_due": ("due",)},
    numbers=("due",),
    everywhere=True,
)


def gather(ctx: Context, trigger: Trigger, event: str) -> None:
    """Count an event, and begin a run of the trigger's workflow once there are enough.

    An event that was counted already is told again after a crash, and does not count twice.
    """
    size, seconds = _condition(trigger)
    batch = EVENT_BATCHES.get(ctx, ctx.account, ctx.region, trigger.name)
    if batch is None:
        due = ctx.clock.now() + seconds
        batch = EventBatch(ctx.account, ctx.region, trigger.name, due, ())
    if event not in batch.ids:
        batch = msgspec.structs.replace(batch, ids=(*batch.ids, event))
    if len(batch.ids) < size:
        EVENT_BATCHES.put(ctx, batch)
    else:
        _begin(ctx, trigger, batch, (len(batch.ids), 0))


def forget(ctx: Context, trigger: str) -> None:
    """Forget the events of a trigger that is changed or deleted."""
    EVENT_BATCHES.delete(ctx, ctx.account, ctx.region, trigger)


def start_due(ctx: Context, due: EventBatch, now: float) -> bool | None:
    """Begin the run of a batch whose window has ended; None if there is nothing to begin."""
    del now
    ctx = msgspec.structs.replace(ctx, account=due.account, region=due.region)
    if EVENT_BATCHES.get(ctx, due.account, due.region, due.trigger) != due:
        return None
    trigger = TRIGGERS.get(ctx, due.trigger)
    is_on = trigger is not None and trigger.type == EVENT and trigger.state != DEACTIVATED
    if trigger is None or not is_on or not trigger.workflow:
        # The workflow was deleted, or the trigger became another: nobody waits for these events.
        forget(ctx, due.trigger)
        return None
    _begin(ctx, trigger, due, (0, _condition(trigger)[1]))
    return True


def put_off(ctx: Context, due: EventBatch, until: float) -> None:
    """Try a batch later that could not be begun, unless it has changed."""
    if EVENT_BATCHES.get(ctx, due.account, due.region, due.trigger) == due:
        EVENT_BATCHES.put(ctx, msgspec.structs.replace(due, due=until))


def _begin(ctx: Context, trigger: Trigger, batch: EventBatch, met: tuple[int, int]) -> None:
    forget(ctx, trigger.name)
    # Jobs take the brackets off: it is a list of Java's as a text.
    begin_unasked(ctx, trigger, {_IDS: f"[{', '.join(batch.ids)}]"}, met)


def _condition(trigger: Trigger) -> tuple[int, int]:
    """Return how many events a trigger waits for, and for how long."""
    given = trigger.definition.get("EventBatchingCondition", {})
    return given.get("BatchSize", 1), given.get("BatchWindow", GLUE_EVENT_BATCH_SECONDS)
