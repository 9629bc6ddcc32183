"""Schedules of triggers as rows: what is due when, and what happens when it is.

A row of `TRIGGERS_DUE` says when a trigger fires next. It is advanced in the same transaction in
which the trigger fires: no time is carried out twice. Times that passed while no server ran are
made up for by one firing.
"""

from __future__ import annotations

import logging

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.glue._crawler_cron import next_time
from lakebed.services.glue._trigger_chains import fire_alone
from lakebed.services.glue._triggers import (
    ACTIVATED,
    SCHEDULED,
    TRIGGERS,
    TRIGGERS_DUE,
    Trigger,
    TriggerDue,
)
from lakebed.services.glue._workflow_life import begin_unasked

log = logging.getLogger("lakebed.triggers")


def plan(ctx: Context, row: Trigger) -> None:
    """Put down that a schedule is in force from now on, or that it is not.

    When it is due is worked out when the server's clock strikes next: a library does, which takes
    50 ms to import, and whoever starts a trigger should not wait for it.
    """
    if row.type == SCHEDULED and row.state == ACTIVATED:
        now = ctx.clock.now()
        TRIGGERS_DUE.put(ctx, TriggerDue(ctx.account, ctx.region, row.name, now, now))
    else:
        TRIGGERS_DUE.delete(ctx, ctx.account, ctx.region, row.name)


def _plan_next(ctx: Context, row: Trigger, after: float) -> None:
    """Put down when a trigger fires first after a time; nothing if that is never."""
    due = next_time(row.definition["Schedule"], after)
    if due is None:
        TRIGGERS_DUE.delete(ctx, ctx.account, ctx.region, row.name)
    else:
        TRIGGERS_DUE.put(ctx, TriggerDue(ctx.account, ctx.region, row.name, due))


def put_off(ctx: Context, due: TriggerDue, until: float) -> None:
    """Try a trigger that could not be fired again later, unless another time was set."""
    if TRIGGERS_DUE.get(ctx, due.account, due.region, due.trigger) == due:
        TRIGGERS_DUE.put(ctx, msgspec.structs.replace(due, due=until))


def start_due(ctx: Context, due: TriggerDue, now: float) -> bool | None:
    """Fire a trigger that is due, and put down its next time, both or neither.

    False if what it starts could not be started: then this time is passed over. None if it is not
    due after all.
    """
    ctx = msgspec.structs.replace(ctx, account=due.account, region=due.region)
    if TRIGGERS_DUE.get(ctx, due.account, due.region, due.trigger) != due:
        return None  # Another time was set meanwhile.
    row = TRIGGERS.get(ctx, due.trigger)
    if row is None or row.state != ACTIVATED:
        TRIGGERS_DUE.delete(ctx, due.account, due.region, due.trigger)
        return None
    if due.since:
        _plan_next(ctx, row, due.since)
        planned = TRIGGERS_DUE.get(ctx, due.account, due.region, due.trigger)
        if planned is None or planned.due > now:
            return None
    _plan_next(ctx, row, now)
    try:
        with ctx.store.savepoint():
            begin_unasked(ctx, row, {}) if row.workflow else fire_alone(ctx, row)
    except AwsError as error:
        log.warning("trigger %s passes over this time: %s", row.name, error.message)
        return False
    return True
