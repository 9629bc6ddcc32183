"""Tags of log groups, by ARN and (the older way) by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.services.logs._tags import checked_tags
from lakebed.services.logs.model import (
    LOG_GROUPS,
    LogGroup,
    find_group,
    identified_group,
    invalid,
    replace,
)

if TYPE_CHECKING:
    from lakebed.shapes import logs as shapes


def tag_resource(ctx: Context, request: shapes.TagResourceRequest) -> None:
    """Add tags to a log group; a key that is there gets the new value.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagResource.html
    """
    _add(ctx, _group(ctx, "TagResource", request["resourceArn"]), request["tags"])


def untag_resource(ctx: Context, request: shapes.UntagResourceRequest) -> None:
    """Remove tags; keys that are not there are passed over.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_UntagResource.html
    """
    _remove(ctx, _group(ctx, "UntagResource", request["resourceArn"]), request["tagKeys"])


def list_tags_for_resource(
    ctx: Context, request: shapes.ListTagsForResourceRequest
) -> shapes.ListTagsForResourceResponse:
    """Return the tags of a log group.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListTagsForResource.html
    """
    return {"tags": dict(_group(ctx, "ListTagsForResource", request["resourceArn"]).tags)}


def tag_log_group(ctx: Context, request: shapes.TagLogGroupRequest) -> None:
    """Add tags to a log group by its name.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagLogGroup.html
    """
    _add(ctx, find_group(ctx, request["logGroupName"]), request["tags"])


def untag_log_group(ctx: Context, request: shapes.UntagLogGroupRequest) -> None:
    """Remove tags from a log group by its name.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_UntagLogGroup.html
    """
    _remove(ctx, find_group(ctx, request["logGroupName"]), request["tags"])


def list_tags_log_group(
    ctx: Context, request: shapes.ListTagsLogGroupRequest
) -> shapes.ListTagsLogGroupResponse:
    """Return the tags of a log group by its name.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListTagsLogGroup.html
    """
    return {"tags": dict(find_group(ctx, request["logGroupName"]).tags)}


def _group(ctx: Context, operation: str, arn: str) -> LogGroup:
    parts = arn.split(":", 6)
    if len(parts) < 7 or parts[0] != "arn" or parts[2] != "logs":
        raise invalid(f"Invalid resource ARN: {arn}")
    if parts[5] != "log-group":
        raise NotBuiltError("logs", operation, parts[5])
    return identified_group(ctx, arn)


def _add(ctx: Context, group: LogGroup, tags: Mapping[str, str]) -> None:
    LOG_GROUPS.put(ctx, replace(group, tags=checked_tags(tags, group.tags)))


def _remove(ctx: Context, group: LogGroup, keys: Iterable[str]) -> None:
    gone = set(keys)
    kept = {key: value for key, value in group.tags.items() if key not in gone}
    LOG_GROUPS.put(ctx, replace(group, tags=kept))
