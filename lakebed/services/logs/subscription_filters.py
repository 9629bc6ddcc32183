"""Subscription filters: a group's events go on into a stream as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.core.limits import LOG_SUBSCRIPTIONS_MAX
from lakebed.services.logs._filter_pattern import compile_pattern
from lakebed.services.logs._subscriptions import check_delivery, checked_destination
from lakebed.services.logs.model import (
    LOG_GROUPS,
    LogGroup,
    Subscription,
    find_group,
    limit_exceeded,
    not_found,
    now_ms,
    replace,
)

if TYPE_CHECKING:
    from lakebed.shapes import logs as shapes

_SHOWN = 50
_NOT_BUILT = ("applyOnTransformedLogs", "fieldSelectionCriteria", "emitSystemFields")


def put_subscription_filter(ctx: Context, request: shapes.PutSubscriptionFilterRequest) -> None:
    """Hand a group's matching events on from now on; a filter of the same name is replaced.

    Firehose and Kinesis take them; Lambda, OpenSearch and other accounts are refused by name.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html
    """
    group = find_group(ctx, request["logGroupName"])
    compile_pattern(request["filterPattern"])
    for member in _NOT_BUILT:
        if request.get(member):
            raise NotBuiltError("logs", "PutSubscriptionFilter", member)
    role = request.get("roleArn", "")
    checked_destination(ctx, request["destinationArn"], role)
    name = request["filterName"]
    others = [one for one in group.subscriptions if one.name != name]
    known = next((one for one in group.subscriptions if one.name == name), None)
    if len(others) >= LOG_SUBSCRIPTIONS_MAX:
        raise limit_exceeded()
    subscription = Subscription(
        name,
        request["filterPattern"],
        request["destinationArn"],
        role,
        now_ms(ctx) if known is None else known.created,
        request.get("distribution", "ByLogStream"),
    )
    check_delivery(ctx, group, subscription)
    LOG_GROUPS.put(ctx, replace(group, subscriptions=(*others, subscription)))


def describe_subscription_filters(
    ctx: Context, request: shapes.DescribeSubscriptionFiltersRequest
) -> shapes.DescribeSubscriptionFiltersResponse:
    """Return a group's subscription filters by their names.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeSubscriptionFilters.html
    """
    group = find_group(ctx, request["logGroupName"])
    prefix, after = request.get("filterNamePrefix", ""), request.get("nextToken", "")
    found = sorted(group.subscriptions, key=lambda one: one.name)
    found = [one for one in found if one.name.startswith(prefix) and one.name > after]
    limit = request.get("limit") or _SHOWN
    answer: shapes.DescribeSubscriptionFiltersResponse = {
        "subscriptionFilters": [_described(group, one) for one in found[:limit]]
    }
    if len(found) > limit:
        answer["nextToken"] = found[limit - 1].name
    return answer


def _described(group: LogGroup, one: Subscription) -> Any:
    return {
        "filterName": one.name,
        "logGroupName": group.name,
        "filterPattern": one.pattern,
        "destinationArn": one.destination,
        "roleArn": one.role,
        "distribution": one.distribution,
        "creationTime": one.created,
    }


def delete_subscription_filter(
    ctx: Context, request: shapes.DeleteSubscriptionFilterRequest
) -> None:
    """Hand no events on any more.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteSubscriptionFilter.html
    """
    group = find_group(ctx, request["logGroupName"])
    left = tuple(one for one in group.subscriptions if one.name != request["filterName"])
    if len(left) == len(group.subscriptions):
        raise not_found("The specified subscription filter does not exist.")
    LOG_GROUPS.put(ctx, replace(group, subscriptions=left))
