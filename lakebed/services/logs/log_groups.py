"""Log groups: create, list, protect, delete."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import LOG_GROUPS_MAX, LOG_GROUPS_SCANNED_MAX, LOGS_LIST_MAX
from lakebed.services.logs._pages import after, beyond, page, token
from lakebed.services.logs._tags import checked_tags
from lakebed.services.logs.model import (
    DELETED_GROUPS,
    LOG_GROUPS,
    STANDARD,
    DeletedGroup,
    LogGroup,
    find_group,
    group_arn,
    identified_group,
    invalid,
    limit_exceeded,
    now_ms,
    replace,
    stored_bytes,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import logs as shapes

_CLASSES = ("STANDARD", "INFREQUENT_ACCESS", "ESSENTIALS")


def create_log_group(ctx: Context, request: shapes.CreateLogGroupRequest) -> None:
    """Create a log group; its events are kept for ever unless a retention policy says otherwise.

    Encryption by a key and the class DELIVERY are not built.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    """
    name = request["logGroupName"]
    log_class = request.get("logGroupClass", STANDARD)
    if request.get("kmsKeyId"):
        raise NotBuiltError("logs", "CreateLogGroup", "kmsKeyId")
    if log_class not in _CLASSES:
        raise NotBuiltError("logs", "CreateLogGroup", f"logGroupClass {log_class}")
    if name.startswith("aws/"):
        raise invalid("Log groups starting with AWS/ are reserved for AWS.")
    if LOG_GROUPS.get(ctx, ctx.account, ctx.region, name) is not None:
        message = "The specified log group already exists"
        raise AwsError("ResourceAlreadyExistsException", message)
    if LOG_GROUPS.count(ctx, ctx.account, ctx.region) >= LOG_GROUPS_MAX:
        raise limit_exceeded()
    LOG_GROUPS.put(
        ctx,
        LogGroup(
            account=ctx.account,
            region=ctx.region,
            name=name,
            id=ctx.ids.token(),
            created=now_ms(ctx),
            tags=checked_tags(request.get("tags", {})),
            log_class=log_class,
            is_protected=request.get("deletionProtectionEnabled", False),
        ),
    )


def delete_log_group(ctx: Context, request: shapes.DeleteLogGroupRequest) -> None:
    """Delete a log group with all that is in it; the disk space comes back within a minute.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteLogGroup.html
    """
    group = find_group(ctx, request["logGroupName"])
    if group.is_protected:
        # The code is documented; the sentence is ours.
        message = "The log group has deletion protection enabled. Disable it before you delete it."
        raise AwsError("ValidationException", message)
    LOG_GROUPS.delete(ctx, group.account, group.region, group.name)
    DELETED_GROUPS.put(ctx, DeletedGroup(group.id))


def put_log_group_deletion_protection(
    ctx: Context, request: shapes.PutLogGroupDeletionProtectionRequest
) -> None:
    """Turn the deletion protection of a log group on or off.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogGroupDeletionProtection.html
    """
    group = identified_group(ctx, request["logGroupIdentifier"])
    LOG_GROUPS.put(ctx, replace(group, is_protected=request["deletionProtectionEnabled"]))


def describe_log_groups(
    ctx: Context, request: shapes.DescribeLogGroupsRequest
) -> shapes.DescribeLogGroupsResponse:
    """Return the log groups by name, by a prefix, a part of the name, or by their identifiers.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html
    """
    if request.get("includeLinkedAccounts") or request.get("accountIdentifiers"):
        raise NotBuiltError("logs", "DescribeLogGroups", "linked accounts")
    prefix, pattern = request.get("logGroupNamePrefix", ""), request.get("logGroupNamePattern", "")
    if prefix and pattern:
        raise invalid(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
        )
    wanted = pattern.lower()
    log_class = request.get("logGroupClass", "")

    def fits(group: LogGroup) -> bool:
        return wanted in group.name.lower() and log_class in ("", group.log_class)

    if identifiers := request.get("logGroupIdentifiers"):
        if prefix or pattern:
            # Only that it is refused is documented, the sentence is ours.
            raise invalid("logGroupIdentifiers cannot be combined with a prefix or a pattern.")
        found = [identified_group(ctx, one) for one in identifiers]
        return {"logGroups": [_described(ctx, group) for group in found if fits(group)]}
    rows = (group for group in _scan(ctx, prefix, request.get("nextToken")) if fits(group))
    found, has_more = page(rows, request.get("limit") or LOGS_LIST_MAX)
    answer: shapes.DescribeLogGroupsResponse = {
        "logGroups": [_described(ctx, group) for group in found]
    }
    if has_more:
        answer["nextToken"] = token(found[-1].name)
    return answer


def list_log_groups(
    ctx: Context, request: shapes.ListLogGroupsRequest
) -> shapes.ListLogGroupsResponse:
    """Return names and ARNs of log groups, those that a pattern, a class or tags choose.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListLogGroups.html
    """
    for member in ("includeLinkedAccounts", "accountIdentifiers", "dataSources", "fieldIndexNames"):
        if request.get(member):
            raise NotBuiltError("logs", "ListLogGroups", member)
    pattern = request.get("logGroupNamePattern")
    # `|` and `^` mean what they mean in regular expressions; a dot is a dot.
    matches = re.compile(pattern.replace(".", r"\.")).search if pattern else None
    log_class = request.get("logGroupClass", "")
    tags = request.get("logGroupTags", [])

    def fits(group: LogGroup) -> bool:
        if matches is not None and matches(group.name) is None:
            return False
        if log_class not in ("", group.log_class):
            return False
        return all(_has_tag(group, one["key"], one.get("values", [])) for one in tags)

    rows = (group for group in _scan(ctx, "", request.get("nextToken")) if fits(group))
    found, has_more = page(rows, request.get("limit") or LOGS_LIST_MAX)
    answer: shapes.ListLogGroupsResponse = {"logGroups": [_summary(group) for group in found]}
    if has_more:
        answer["nextToken"] = token(found[-1].name)
    return answer


def _summary(group: LogGroup) -> Any:
    return {
        "logGroupName": group.name,
        "logGroupArn": group_arn(group),
        "logGroupClass": group.log_class,
    }


def _has_tag(group: LogGroup, key: str, patterns: list[str]) -> bool:
    """Tell whether a group has a tag with one of the values; `*` at an end stands for anything.

    A value after `!` must not be there: as documented for the member `logGroupTags`.
    """
    value = group.tags.get(key)
    if value is None:
        return False
    return not patterns or any(_fits_value(value, pattern) for pattern in patterns)


def _fits_value(value: str, pattern: str) -> bool:
    is_negated = pattern.startswith("!")
    text = pattern.removeprefix("!")
    core = text.removeprefix("*").removesuffix("*")
    if text.startswith("*") and text.endswith("*"):
        found = core in value
    elif text.startswith("*"):
        found = value.endswith(core)
    elif text.endswith("*"):
        found = value.startswith(core)
    else:
        found = value == core
    return found != is_negated


def _scan(ctx: Context, prefix: str, given: str | None) -> Iterator[LogGroup]:
    """Yield the account's groups with a prefix, after a page's token, a few at a time."""
    last = after(given)
    reached = last[0] if last is not None else ""
    owner = (ctx.account, ctx.region)
    while True:
        span = Range(
            owner,
            start=(prefix,) if not reached else None,
            after=(reached,) if reached else None,
            end=(beyond(prefix),),
            limit=LOG_GROUPS_SCANNED_MAX,
        )
        rows = list(LOG_GROUPS.scan(ctx, span))
        yield from rows
        if len(rows) < LOG_GROUPS_SCANNED_MAX:
            return
        reached = rows[-1].name


def _described(ctx: Context, group: LogGroup) -> Any:
    arn = group_arn(group)
    shape: dict[str, Any] = {
        "logGroupName": group.name,
        "creationTime": group.created,
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "storedBytes": stored_bytes(ctx, group.id),
        "logGroupClass": group.log_class,
        "logGroupArn": arn,
        "deletionProtectionEnabled": group.is_protected,
    }
    if group.retention_days:
        shape["retentionInDays"] = group.retention_days
    return shape
