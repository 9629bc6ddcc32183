"""Retention policies: for how many days a group keeps its events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.services.logs.model import LOG_GROUPS, find_group, invalid, replace

if TYPE_CHECKING:
    from lakebed.shapes import logs as shapes

_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)  # fmt: skip


def put_retention_policy(ctx: Context, request: shapes.PutRetentionPolicyRequest) -> None:
    """Keep a group's events for so many days; older ones are gone at once for readers.

    The disk gets its space back within a minute of a whole block being too old.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    """
    days = request["retentionInDays"]
    if days not in _DAYS:
        known = ", ".join(map(str, _DAYS))
        # AWS's sentence as it is remembered: that of its other enumerations.
        raise invalid(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{known}]"
        )
    group = find_group(ctx, request["logGroupName"])
    LOG_GROUPS.put(ctx, replace(group, retention_days=days))


def delete_retention_policy(ctx: Context, request: shapes.DeleteRetentionPolicyRequest) -> None:
    """Keep a group's events for ever.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteRetentionPolicy.html
    """
    group = find_group(ctx, request["logGroupName"])
    LOG_GROUPS.put(ctx, replace(group, retention_days=0))
