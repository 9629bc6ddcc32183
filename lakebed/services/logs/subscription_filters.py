"""Subscription filters: none can be made yet, because nothing they could send to is built.

A filter that can be made later will be a row beside its group, read by `put_log_events`, and a run
that hands matching events on after the commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.services.logs._filter_pattern import compile_pattern
from lakebed.services.logs.model import find_group, invalid, not_found

if TYPE_CHECKING:
    from lakebed.shapes import logs as shapes

_DESTINATIONS = ("kinesis", "firehose", "lambda", "logs", "es")


def put_subscription_filter(ctx: Context, request: shapes.PutSubscriptionFilterRequest) -> None:
    """Refuse, by the name of what is not there: Kinesis, Firehose, Lambda, other accounts.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html
    """
    find_group(ctx, request["logGroupName"])
    compile_pattern(request["filterPattern"])
    parts = request["destinationArn"].split(":", 5)
    if len(parts) < 6 or parts[0] != "arn" or parts[2] not in _DESTINATIONS:
        raise invalid("Invalid destination ARN.")
    raise NotBuiltError(
        "logs",
        "PutSubscriptionFilter",
        "all destinations: Kinesis, Firehose, Lambda, OpenSearch, other accounts",
    )


def describe_subscription_filters(
    ctx: Context, request: shapes.DescribeSubscriptionFiltersRequest
) -> shapes.DescribeSubscriptionFiltersResponse:
    """Return a group's subscription filters: there can be none.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeSubscriptionFilters.html
    """
    find_group(ctx, request["logGroupName"])
    return {"subscriptionFilters": []}


def delete_subscription_filter(
    ctx: Context, request: shapes.DeleteSubscriptionFilterRequest
) -> None:
    """Say that there is none.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteSubscriptionFilter.html
    """
    find_group(ctx, request["logGroupName"])
    raise not_found("The specified subscription filter does not exist.")
