"""Tags of rules and event buses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.event_queue import DEFAULT_BUS
from lakebed.services.events._tags import tags_of
from lakebed.services.events.model import (
    BUSES,
    RULES,
    Bus,
    Rule,
    bus_arn,
    find_bus,
    find_rule,
    invalid,
    not_found,
    replace,
)

if TYPE_CHECKING:
    from lakebed.shapes import events as shapes


def tag_resource(ctx: Context, request: shapes.TagResourceRequest) -> shapes.TagResourceResponse:
    """Add tags to a rule or a bus; a key that is there gets the new value.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TagResource.html
    """
    row = _found(ctx, request["ResourceARN"], "TagResource")
    _keep(ctx, row, tags_of(request["Tags"], row.tags))
    return {}


def untag_resource(
    ctx: Context, request: shapes.UntagResourceRequest
) -> shapes.UntagResourceResponse:
    """Remove tags; keys that are not there are passed over.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_UntagResource.html
    """
    row = _found(ctx, request["ResourceARN"], "UntagResource")
    gone = set(request["TagKeys"])
    _keep(ctx, row, {key: value for key, value in row.tags.items() if key not in gone})
    return {}


def list_tags_for_resource(
    ctx: Context, request: shapes.ListTagsForResourceRequest
) -> shapes.ListTagsForResourceResponse:
    """Return the tags of a rule or a bus.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListTagsForResource.html
    """
    row = _found(ctx, request["ResourceARN"], "ListTagsForResource")
    return {"Tags": [{"Key": key, "Value": value} for key, value in row.tags.items()]}


def _found(ctx: Context, arn: str, operation: str) -> Rule | Bus:
    """Return the rule or bus of an ARN; that of the default bus, which may have no row, is made."""
    parts = arn.split(":", 5)
    kind, _, name = parts[-1].partition("/")
    if len(parts) < 6 or parts[:3] != ["arn", "aws", "events"] or kind not in ("rule", "event-bus"):
        raise invalid(f"Parameter ResourceARN is not valid. Reason: {arn} is no rule or event bus.")
    is_ours = parts[3:5] == [ctx.region, ctx.account]
    if kind == "rule":
        bus, _, rule = name.rpartition("/")
        if not is_ours:
            raise not_found(f"Rule {rule} does not exist on EventBus {bus or DEFAULT_BUS}.")
        return find_rule(ctx, bus or None, rule, operation)
    if not is_ours:
        raise not_found(f"Event bus {name} does not exist.")
    found = find_bus(ctx, bus_arn(ctx, name), operation)
    return BUSES.get(ctx, found) or Bus(DEFAULT_BUS, 0.0)


def _keep(ctx: Context, row: Rule | Bus, tags: Mapping[str, str]) -> None:
    if isinstance(row, Rule):
        RULES.put(ctx, replace(row, tags=tags))
    else:
        BUSES.put(ctx, replace(row, tags=tags))
