"""What CreateTrigger and UpdateTrigger are given, checked.

The sentences are AWS's where clients have shown them ("... cannot be null or empty", "Job cannot be
a Predicate and Action for Conditional Trigger."), else ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import GLUE_TRIGGER_CRAWLERS_MAX
from lakebed.services.glue._crawler_cron import check_schedule
from lakebed.services.glue._crawlers import find_crawler
from lakebed.services.glue._job_input import check_arguments
from lakebed.services.glue._jobs import find_job, invalid
from lakebed.services.glue._trigger_predicate import watches
from lakebed.services.glue._triggers import (
    CONDITIONAL,
    CRAWLER,
    EVENT,
    SCHEDULED,
    Trigger,
    action_of,
)
from lakebed.services.glue.model import SECURITY_CONFIGURATIONS

_JOB_STATES = ("SUCCEEDED", "STOPPED", "FAILED", "TIMEOUT")
_CRAWL_STATES = ("SUCCEEDED", "FAILED", "CANCELLED")
"""What a condition may wait for: https://docs.aws.amazon.com/glue/latest/dg/about-triggers.html"""
_MEMBERS = ("Description", "Schedule", "Actions", "Predicate", "EventBatchingCondition")


def definition_of(ctx: Context, kind: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trigger's definition: what was given, checked. A schedule's library must be warm."""
    definition = {name: members[name] for name in _MEMBERS if members.get(name)}
    if not definition.get("Actions"):
        raise invalid("Actions cannot be null or empty")
    for action in definition["Actions"]:
        _check_action(ctx, action)
    crawlers = sum(action_of(action)[0] == CRAWLER for action in definition["Actions"])
    if crawlers > GLUE_TRIGGER_CRAWLERS_MAX:
        raise invalid(f"A trigger can start at most {GLUE_TRIGGER_CRAWLERS_MAX} crawlers.")
    if kind == SCHEDULED:
        if "Schedule" not in definition:
            raise invalid("Schedule cannot be null or empty")
        check_schedule(definition["Schedule"])
    if kind == CONDITIONAL and not definition.get("Predicate", {}).get("Conditions"):
        raise invalid("Predicate cannot be null or empty")
    if "EventBatchingCondition" in definition and kind != EVENT:
        raise invalid("EventBatchingCondition is supported only for EVENT triggers.")
    if "Predicate" in definition:
        _check_predicate(definition["Predicate"], definition["Actions"])
    return definition


def updated(ctx: Context, row: Trigger, update: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trigger's definition after an update: the members that are given replace its own.

    The page says that an update overwrites the definition completely; what a trigger of its type
    cannot be without is kept where an update leaves it out, as it has to be.
    """
    kept = {name: row.definition[name] for name in ("Actions", "Schedule", "Predicate")
            if name in row.definition}  # fmt: skip
    return definition_of(ctx, row.type, {**kept, **update})


def _check_action(ctx: Context, action: Mapping[str, Any]) -> None:
    if ("JobName" in action) == ("CrawlerName" in action):
        raise invalid("An action must have either a JobName or a CrawlerName.")
    kind, name = action_of(action)
    if kind == CRAWLER:
        find_crawler(ctx, name)
    else:
        find_job(ctx, name)
    check_arguments(action.get("Arguments", {}))
    configuration = action.get("SecurityConfiguration")
    if configuration and SECURITY_CONFIGURATIONS.get(ctx, configuration) is None:
        message = f"Security configuration {configuration} not found."
        raise AwsError("EntityNotFoundException", message)


def _check_predicate(predicate: Mapping[str, Any], actions: list[Mapping[str, Any]]) -> None:
    conditions = predicate.get("Conditions", ())
    if len(conditions) > 1 and not predicate.get("Logical"):
        raise invalid("Logical cannot be null or empty")
    for condition in conditions:
        _check_condition(condition)
    both = watches(predicate) & {action_of(action) for action in actions}
    for kind, _ in sorted(both):
        noun = "Crawler" if kind == CRAWLER else "Job"
        raise invalid(f"{noun} cannot be a Predicate and Action for Conditional Trigger.")


def _check_condition(condition: Mapping[str, Any]) -> None:
    if not condition.get("LogicalOperator"):
        raise invalid("Logical operator cannot be null or empty")
    if ("JobName" in condition) == ("CrawlerName" in condition):
        raise invalid("A condition must have either a JobName or a CrawlerName.")
    member, states = ("State", _JOB_STATES)
    if "CrawlerName" in condition:
        member, states = ("CrawlState", _CRAWL_STATES)
    if not condition.get(member):
        raise invalid("State cannot be null or empty")
    if condition[member] not in states:
        raise invalid(f"A trigger can only listen for the states {', '.join(states)}.")
