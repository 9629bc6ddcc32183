"""Schedules of rules: `rate(5 minutes)`, or `cron(Minutes Hours Day-of-month Month Day-of-week
Year)` in UTC; and when they are due.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
A library reads `cron(...)`; it takes 50 ms to import, so call this in a thread first (`warm`).
"""

from __future__ import annotations

import importlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.event_queue import DEFAULT_BUS, Happening, accept
from lakebed.services.events.model import (
    ENABLED,
    RULES,
    RULES_DUE,
    Rule,
    RuleDue,
    invalid,
    rule_arn,
)

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\((.+)\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_YEARS_AHEAD_MAX = 12
"""The library gives up after a few months without a day that fits; so often it is asked again."""


def warm() -> None:
    """Import the library; for a thread, and before the store is held."""
    importlib.import_module("aws_croniter")


def check_schedule(expression: str) -> None:
    """Refuse what is no schedule."""
    if _rate(expression) is None and _cron(expression) is None:
        raise invalid("Parameter ScheduleExpression is not valid.")


def next_time(expression: str, after: float) -> float | None:
    """Return the first time of a schedule after a time, in seconds; None if there is none."""
    rate = _rate(expression)
    if rate is not None:
        return after + rate
    parsed = _cron(expression)
    if parsed is None:
        return None
    start = datetime.fromtimestamp(after, UTC)
    for year in range(_YEARS_AHEAD_MAX):
        if year:
            start = datetime(start.year + 1, 1, 1, tzinfo=UTC) - timedelta(minutes=1)
        found = parsed.get_next(start)[0]
        if found is not None:
            return float(found.timestamp())
        start += timedelta(minutes=1)
    return None


def plan(ctx: Context, rule: Rule) -> None:
    """Put down when a rule's schedule is due first; nothing for one that has none in force."""
    RULES_DUE.delete(ctx, ctx.account, ctx.region, rule.name)
    if rule.bus != DEFAULT_BUS or rule.state != ENABLED or not rule.schedule:
        return
    due = next_time(rule.schedule, ctx.clock.now())
    if due is not None:
        RULES_DUE.put(ctx, RuleDue(ctx.account, ctx.region, rule.name, due))


def put_event(ctx: Context, due: RuleDue, now: float) -> bool:
    """Put the event of a schedule that is due on its way; times that passed are made up for once.

    False if it is not due after all.
    """
    ctx = msgspec.structs.replace(ctx, account=due.account, region=due.region)
    if RULES_DUE.get(ctx, due.account, due.region, due.rule) != due:
        return False
    rule = RULES.get(ctx, DEFAULT_BUS, due.rule)
    RULES_DUE.delete(ctx, due.account, due.region, due.rule)
    if rule is None or rule.state != ENABLED or not rule.schedule:
        return False
    following = next_time(rule.schedule, due.due)
    if following is not None and following <= now:
        following = next_time(rule.schedule, now)
    if following is not None:
        RULES_DUE.put(ctx, RuleDue(due.account, due.region, due.rule, following))
    arn = rule_arn(ctx, DEFAULT_BUS, rule.name)
    happening = Happening("aws.events", "Scheduled Event", (arn,), {})
    accept(ctx, DEFAULT_BUS, happening, due.due, rule.name)
    return True


def _rate(expression: str) -> int | None:
    """Return the seconds of a rate, None for what is none: one minute is no `1 minutes`."""
    found = _RATE.fullmatch(expression)
    if found is None or int(found[1]) < 1 or (int(found[1]) == 1) == bool(found[3]):
        return None
    return int(found[1]) * _SECONDS[found[2]]


def _cron(expression: str) -> Any | None:
    from aws_croniter import AwsCroniter  # pyright: ignore[reportMissingTypeStubs]
    from aws_croniter.exceptions import (  # pyright: ignore[reportMissingTypeStubs]
        AwsCroniterExpressionError,
    )

    found = _CRON.fullmatch(expression)
    try:
        return None if found is None else AwsCroniter(" ".join(found[1].split()))
    except (AwsCroniterExpressionError, ValueError):
        return None
