"""The nouns of EventBridge and where they are kept: buses, rules, targets, what waits for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.event_queue import DEFAULT_BUS
from lakebed.store import Range, Table

replace = msgspec.structs.replace

SERVICE = "events.amazonaws.com"
ENABLED = "ENABLED"
DISABLED = "DISABLED"


class Bus(msgspec.Struct, frozen=True):
    """An event bus of a user's own; the default one has a row once it has tags."""

    name: str
    created: float
    description: str = ""
    tags: Mapping[str, str] = {}


class Rule(msgspec.Struct, frozen=True):
    """A rule: the events it is about, by their pattern, or the times of its schedule."""

    bus: str
    name: str
    pattern: str = ""
    schedule: str = ""
    state: str = ENABLED
    description: str = ""
    role: str = ""
    tags: Mapping[str, str] = {}


class Target(msgspec.Struct, frozen=True):
    """Where a rule's events are brought: `definition` is what PutTargets was given."""

    bus: str
    rule: str
    id: str
    arn: str
    definition: Mapping[str, Any]


class Delivery(msgspec.Struct, frozen=True):
    """An event on its way to a target of a rule; `due` is when it is tried next."""

    account: str
    region: str
    bus: str
    rule: str
    target: str
    event_id: str
    body: str
    accepted: float
    due: float
    attempts: int = 0


class RuleDue(msgspec.Struct, frozen=True):
    """When the schedule of a rule of any account makes its next event."""

    account: str
    region: str
    rule: str
    due: float


BUSES = Table("events_bus", Bus, key=("name",))
RULES = Table("events_rule", Rule, key=("bus", "name"))
TARGETS = Table("events_target", Target, key=("bus", "rule", "id"), indexes={"by_arn": ("arn",)})
DELIVERIES = Table(
    "events_delivery",
    Delivery,
    key=("account", "region", "bus", "rule", "target", "event_id"),
    indexes={"by_due": ("due",)},
    numbers=("due",),
    everywhere=True,
)
RULES_DUE = Table(
    "events_rule_due",
    RuleDue,
    key=("account", "region", "rule"),
    indexes={"by_due": ("due",)},
    numbers=("due",),
    everywhere=True,
)


def bus_arn(ctx: Context, name: str) -> str:
    """Return the ARN of an event bus."""
    return f"arn:aws:events:{ctx.region}:{ctx.account}:event-bus/{name}"


def rule_arn(ctx: Context, bus: str, name: str) -> str:
    """Return the ARN of a rule: that of the default bus has no bus in it."""
    place = name if bus == DEFAULT_BUS else f"{bus}/{name}"
    return f"arn:aws:events:{ctx.region}:{ctx.account}:rule/{place}"


def invalid(message: str) -> AwsError:
    """Return EventBridge's answer for a request that cannot be."""
    return AwsError("ValidationException", message)


def not_found(message: str) -> AwsError:
    """Return EventBridge's answer for what is not there."""
    return AwsError("ResourceNotFoundException", message)


def bus_name(ctx: Context, given: str | None, operation: str) -> str:
    """Return the name of a bus that a request names by its name or ARN; the default one if none."""
    if not given:
        return DEFAULT_BUS
    if not given.startswith("arn:"):
        return given
    parts = given.split(":", 5)
    if parts[3:5] != [ctx.region, ctx.account]:
        raise NotBuiltError("events", operation, "event buses of other accounts and regions")
    return parts[5].removeprefix("event-bus/")


def find_bus(ctx: Context, given: str | None, operation: str) -> str:
    """Return the name of a bus that is there; ResourceNotFoundException for another."""
    name = bus_name(ctx, given, operation)
    if name != DEFAULT_BUS and BUSES.get(ctx, name) is None:
        raise not_found(f"Event bus {name} does not exist.")
    return name


def find_rule(ctx: Context, given: str | None, name: str, operation: str) -> Rule:
    """Return a rule of a bus; ResourceNotFoundException without it."""
    bus = find_bus(ctx, given, operation)
    row = RULES.get(ctx, bus, name)
    if row is None:
        raise not_found(f"Rule {name} does not exist on EventBus {bus}.")
    return row


def targets_of(ctx: Context, rule: Rule) -> list[Target]:
    """Return the targets of a rule: a few."""
    return list(TARGETS.scan(ctx, Range((rule.bus, rule.name))))
