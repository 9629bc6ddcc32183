"""Events on their way: matched with rules, and brought to targets until they take them.

An event's row goes in the transaction that writes what follows from it: the rows of deliveries, or
what the target does with it. So none is lost by a crash, and none of what stands in the store is
done twice.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.event_limits import (
    EVENT_AGE_SECONDS_MAX,
    EVENT_ATTEMPTS_MAX,
    EVENT_DELIVERIES_MAX,
)
from lakebed.event_queue import EVENTS_WAITING, WaitingEvent
from lakebed.services.events._inputs import Facts, input_of
from lakebed.services.events._patterns import event_fields, matches, parse_pattern
from lakebed.services.events._target_kinds import send
from lakebed.services.events.model import (
    DELIVERIES,
    ENABLED,
    RULES,
    TARGETS,
    Delivery,
    Rule,
    Target,
    replace,
    rule_arn,
    targets_of,
)
from lakebed.store import Range

log = logging.getLogger("lakebed.events")

_AGAIN = frozenset(
    {
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "LimitExceededException",
        "ServiceUnavailableException",
        "InternalFailure",
        "OperationTimeoutException",
        "ConcurrentModificationException",
    }
)
"""What a target says that may take an event later; what it refuses otherwise it will go on to."""
_PAUSE_SECONDS_MAX = 600.0


def match(ctx: Context, event: WaitingEvent) -> int:
    """Send an event on its way to the targets of all rules it fits; return how many those are."""
    ctx = msgspec.structs.replace(ctx, account=event.account, region=event.region)
    if not EVENTS_WAITING.delete(ctx, event.accepted, event.id):
        return 0
    count = 0
    for rule in _rules(ctx, event):
        for target in targets_of(ctx, rule):
            count += _sent(ctx, event, target)
    return count


def deliver(ctx: Context, row: Delivery, now: float) -> bool:
    """Bring an event to a target, or put it off; False if the target has not taken it."""
    ctx = msgspec.structs.replace(ctx, account=row.account, region=row.region)
    key = (row.account, row.region, row.bus, row.rule, row.target, row.event_id)
    if DELIVERIES.get(ctx, *key) != row:
        return False
    DELIVERIES.delete(ctx, *key)
    target = TARGETS.get(ctx, row.bus, row.rule, row.target)
    rule = RULES.get(ctx, row.bus, row.rule)
    if target is None or rule is None:
        return False
    accepted = datetime.fromtimestamp(row.accepted, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    facts = Facts(rule_arn(ctx, row.bus, row.rule), row.rule, accepted)
    try:
        with ctx.store.savepoint():
            send(ctx, target, rule, row, input_of(target.definition, row.body, facts))
    except AwsError as error:
        _failed(ctx, row, target, error, now)
        return False
    return True


def put_off(ctx: Context, row: Delivery, until: float) -> None:
    """Try again later what could not be tried."""
    DELIVERIES.put(ctx, replace(row, due=until, attempts=row.attempts + 1))


def _rules(ctx: Context, event: WaitingEvent) -> Iterator[Rule]:
    """Yield the rules that an event fits; that of a schedule is for its own rule alone."""
    if event.rule:
        rule = RULES.get(ctx, event.bus, event.rule)
        if rule is not None and rule.state == ENABLED:
            yield rule
        return
    body: Mapping[str, Any] = event_fields(event.body)
    # Bounded: a bus has at most 300 rules.
    for rule in RULES.scan(ctx, Range((event.bus,))):
        is_on = rule.state == ENABLED and rule.pattern
        if is_on and matches(parse_pattern(rule.pattern), body):
            yield rule


def _sent(ctx: Context, event: WaitingEvent, target: Target) -> bool:
    place = (event.account, event.region, target.bus, target.rule, target.id)
    if DELIVERIES.count(ctx, *place) >= EVENT_DELIVERIES_MAX:
        what = f"event {event.id} for the target {target.id} of rule {target.rule}"
        log.warning("%s is dropped: %s wait for it already", what, EVENT_DELIVERIES_MAX)
        return False
    DELIVERIES.put(ctx, Delivery(*place, event.id, event.body, event.accepted, event.accepted))
    return True


def _failed(ctx: Context, row: Delivery, target: Target, error: AwsError, now: float) -> None:
    """Try again later if that can help, and the target's policy says so; else say it is lost."""
    policy: Mapping[str, int] = target.definition.get("RetryPolicy", {})
    attempts = policy.get("MaximumRetryAttempts", EVENT_ATTEMPTS_MAX)
    age = policy.get("MaximumEventAgeInSeconds", EVENT_AGE_SECONDS_MAX)
    pause = min(2.0 ** min(row.attempts, 20), _PAUSE_SECONDS_MAX)
    may_help = error.code in _AGAIN or error.status >= 500
    if may_help and row.attempts < attempts and now + pause <= row.accepted + age:
        put_off(ctx, row, now + pause)
        return
    what = f"event {row.event_id} for the target {row.target} of rule {row.rule}"
    log.warning("%s is dropped after %s attempts: %s", what, row.attempts + 1, error)
