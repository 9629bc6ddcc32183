"""Rules: which events of a bus go to targets, or at what times an event does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.event_limits import EVENT_PATTERN_CHARACTERS_MAX, EVENT_RULES_MAX
from lakebed.event_queue import DEFAULT_BUS, LISTENING_BUSES, ListeningBus
from lakebed.services.events._pages import after, page
from lakebed.services.events._pattern_filters import PatternError
from lakebed.services.events._patterns import parse_pattern
from lakebed.services.events._schedules import check_schedule, plan, warm
from lakebed.services.events._tags import tags_of
from lakebed.services.events.model import (
    DISABLED,
    ENABLED,
    RULES,
    TARGETS,
    Rule,
    find_bus,
    find_rule,
    invalid,
    replace,
    rule_arn,
    targets_of,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import events as shapes

_STATES = (ENABLED, DISABLED)


@long
def put_rule(ctx: Context, request: shapes.PutRuleRequest) -> shapes.PutRuleResponse:
    """Create a rule, or replace what one says: what is not given is taken away; tags stay.

    In a thread, because of the library that reads schedules. Events of CloudTrail are not built, so
    neither is the state that asks for all of them.
    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
    """
    state = request.get("State", ENABLED)
    if state not in _STATES:
        raise NotBuiltError(
            "events", "PutRule", "State ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
        )
    bus = find_bus(ctx, request.get("EventBusName"), "PutRule")
    pattern, schedule = request.get("EventPattern", ""), request.get("ScheduleExpression", "")
    _check(bus, pattern, schedule)
    row = Rule(
        bus, request["Name"], pattern, schedule, state, request.get("Description", ""),
        request.get("RoleArn", ""), tags_of(request.get("Tags", ())),
    )  # fmt: skip
    if not RULES.insert(ctx, row):
        known = find_rule(ctx, bus, row.name, "PutRule")
        row = replace(row, tags=known.tags)
    elif RULES.count(ctx, bus) > EVENT_RULES_MAX:
        raise AwsError(
            "LimitExceededException", "The requested resource exceeds the maximum number allowed."
        )
    _keep(ctx, row)
    return {"RuleArn": rule_arn(ctx, bus, row.name)}


def describe_rule(ctx: Context, request: shapes.DescribeRuleRequest) -> shapes.DescribeRuleResponse:
    """Return a rule; its targets are what ListTargetsByRule returns.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeRule.html
    """
    row = find_rule(ctx, request.get("EventBusName"), request["Name"], "DescribeRule")
    shown: Any = {**_shape(ctx, row), "CreatedBy": ctx.account}
    return shown


def list_rules(ctx: Context, request: shapes.ListRulesRequest) -> shapes.ListRulesResponse:
    """Return the rules of a bus by name, a page at a time.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListRules.html
    """
    bus = find_bus(ctx, request.get("EventBusName"), "ListRules")
    prefix, last = request.get("NamePrefix", ""), after(request)
    # Bounded: a bus has at most 300 rules.
    rows = (
        row for row in RULES.scan(ctx, Range((bus,), after=(last,) if last else None))
        if row.name.startswith(prefix)
    )  # fmt: skip
    found, token = page(rows, request, lambda row: row.name)
    answer: Any = {"Rules": [_shape(ctx, row) for row in found], **token}
    return answer


def enable_rule(ctx: Context, request: shapes.EnableRuleRequest) -> None:
    """Have a rule look at events, or keep to its schedule, from now on.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_EnableRule.html
    """
    row = find_rule(ctx, request.get("EventBusName"), request["Name"], "EnableRule")
    _keep(ctx, replace(row, state=ENABLED))


def disable_rule(ctx: Context, request: shapes.DisableRuleRequest) -> None:
    """Have a rule do nothing from now on; what it has sent on its way is delivered.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DisableRule.html
    """
    row = find_rule(ctx, request.get("EventBusName"), request["Name"], "DisableRule")
    _keep(ctx, replace(row, state=DISABLED))


def delete_rule(ctx: Context, request: shapes.DeleteRuleRequest) -> None:
    """Delete a rule that has no targets; one that is not there is no error.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteRule.html
    """
    bus = find_bus(ctx, request.get("EventBusName"), "DeleteRule")
    row = RULES.get(ctx, bus, request["Name"])
    if row is None:
        return
    if targets_of(ctx, row):
        raise invalid("Rule can't be deleted since it has targets.")
    _keep(ctx, replace(row, state=DISABLED))
    RULES.delete(ctx, bus, row.name)


def list_rule_names_by_target(
    ctx: Context, request: shapes.ListRuleNamesByTargetRequest
) -> shapes.ListRuleNamesByTargetResponse:
    """Return the names of the rules of a bus that have a target, a page at a time.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListRuleNamesByTarget.html
    """
    bus = find_bus(ctx, request.get("EventBusName"), "ListRuleNamesByTarget")
    found, token = page(_names(ctx, bus, request), request, str)
    answer: Any = {"RuleNames": found, **token}
    return answer


def _names(ctx: Context, bus: str, request: Mapping[str, Any]) -> Iterator[str]:
    # Bounded: a bus has at most 300 rules, of five targets each.
    rows = TARGETS.scan(ctx, Range((request["TargetArn"],), index="by_arn"))
    last = after(request)
    yield from sorted({row.rule for row in rows if row.bus == bus and row.rule > last})


def _check(bus: str, pattern: str, schedule: str) -> None:
    """Refuse a rule of neither events nor times, and what is no pattern or schedule."""
    if not pattern and not schedule:
        raise invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if schedule and bus != DEFAULT_BUS:
        raise invalid("ScheduleExpression is supported only on the default event bus.")
    if schedule:
        warm()
        check_schedule(schedule)
    if not pattern:
        return
    if len(pattern) > EVENT_PATTERN_CHARACTERS_MAX:
        raise AwsError(
            "InvalidEventPatternException",
            f"Event pattern is not valid. Reason: it is longer than {EVENT_PATTERN_CHARACTERS_MAX}"
            " characters",
        )
    try:
        parse_pattern(pattern)
    except PatternError as error:
        message = f"Event pattern is not valid. Reason: {error}"
        raise AwsError("InvalidEventPatternException", message) from None


def _keep(ctx: Context, row: Rule) -> None:
    """Put down a rule, whether its bus has one that listens, and when its schedule is due."""
    RULES.put(ctx, row)
    # Bounded: a bus has at most 300 rules.
    if any(one.pattern and one.state == ENABLED for one in RULES.scan(ctx, Range((row.bus,)))):
        LISTENING_BUSES.put(ctx, ListeningBus(row.bus))
    else:
        LISTENING_BUSES.delete(ctx, row.bus)
    if row.bus == DEFAULT_BUS:
        plan(ctx, row)


def _shape(ctx: Context, row: Rule) -> Any:
    shown = {"EventPattern": row.pattern, "ScheduleExpression": row.schedule,
             "Description": row.description, "RoleArn": row.role}  # fmt: skip
    return {
        "Name": row.name,
        "Arn": rule_arn(ctx, row.bus, row.name),
        "State": row.state,
        "EventBusName": row.bus,
        **{name: text for name, text in shown.items() if text},
    }
