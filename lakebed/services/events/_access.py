"""Which permissions the operations of EventBridge need, and of which rules and buses.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from lakebed.context import Context
from lakebed.event_queue import DEFAULT_BUS
from lakebed.govern.decision import Need
from lakebed.services.events.model import SERVICE, bus_arn, bus_name, rule_arn

_OF_BUSES = frozenset({"create_event_bus", "delete_event_bus", "describe_event_bus"})
_OF_NOTHING = frozenset(
    {"list_event_buses", "list_rules", "list_rule_names_by_target", "test_event_pattern"}
)


def needs(ctx: Context, operation: str, request: Mapping[str, Any]) -> list[Need]:
    """Return the permissions that an operation needs; the root of an account has them all."""
    if ctx.principal.is_root:
        return []
    action = "events:" + "".join(word.capitalize() for word in operation.split("_"))
    found = [Need(action, arn, ctx.account) for arn in _arns(ctx, operation, request)]
    return found + [Need("iam:PassRole", role, ctx.account) for role in _roles(request)]


def conditions(
    ctx: Context, operation: str, request: Mapping[str, Any]
) -> dict[str, str | tuple[str, ...]]:
    """Return the condition keys of a request."""
    del ctx
    found: dict[str, str | tuple[str, ...]] = {}
    if _roles(request):
        found["iam:passedtoservice"] = SERVICE
    if operation == "put_targets":
        found["events:targetarn"] = tuple(one["Arn"] for one in request["Targets"])
    if operation == "put_events":
        entries = _entries(request)
        found["events:source"] = tuple(one.get("Source", "") for one in entries)
        found["events:detail-type"] = tuple(one.get("DetailType", "") for one in entries)
    tags = cast("list[dict[str, str]]", request.get("Tags") or [])
    found |= {f"aws:requesttag/{one['Key'].lower()}": one["Value"] for one in tags}
    keys = cast("list[str]", [one["Key"] for one in tags] or request.get("TagKeys") or [])
    return found | ({"aws:tagkeys": tuple(keys)} if keys else {})


def _arns(ctx: Context, operation: str, request: Mapping[str, Any]) -> list[str]:
    if "ResourceARN" in request:
        return [request["ResourceARN"]]
    if operation in _OF_NOTHING:
        return ["*"]
    if operation in _OF_BUSES:
        return [bus_arn(ctx, bus_name(ctx, request.get("Name"), operation))]
    if operation == "put_events":
        names = {one.get("EventBusName") for one in _entries(request)}
        return [bus_arn(ctx, bus_name(ctx, name, "PutEvents")) for name in names]
    bus = bus_name(ctx, request.get("EventBusName"), operation) or DEFAULT_BUS
    return [rule_arn(ctx, bus, request.get("Rule") or request["Name"])]


def _entries(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return request.get("Entries") or []


def _roles(request: Mapping[str, Any]) -> list[str]:
    """Return the roles that a request hands over to EventBridge."""
    given = [request, *(request.get("Targets") or ())]
    return sorted({one["RoleArn"] for one in given if one.get("RoleArn")})
