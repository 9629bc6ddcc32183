"""Trails: what delivers the account's events to a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.audit_files import end
from lakebed.core.errors import AwsError
from lakebed.core.limits import CLOUDTRAIL_TAGS_MAX, TRAILS_MAX
from lakebed.services.cloudtrail.model import (
    TRAILS,
    Trail,
    arn_of,
    checked_name,
    find_trail,
    refuse_unbuilt,
    replace,
    trails_of,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import cloudtrail as shapes

_UNBUILT = (
    "SnsTopicName",
    "EnableLogFileValidation",
    "CloudWatchLogsLogGroupArn",
    "CloudWatchLogsRoleArn",
    "KmsKeyId",
    "IsOrganizationTrail",
)


def create_trail(ctx: Context, request: shapes.CreateTrailRequest) -> shapes.CreateTrailResponse:
    """Create a trail; it logs once StartLogging is called.

    The bucket has to be there. Its policy is not asked for CloudTrail's permission yet.
    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html
    """
    refuse_unbuilt("CreateTrail", request, *_UNBUILT)
    name = checked_name(request["Name"])
    if TRAILS.get(ctx, ctx.account, ctx.region, name) is not None:
        message = f"Trail {name} already exists for customer: {ctx.account}"
        raise AwsError("TrailAlreadyExistsException", message)
    if len(trails_of(ctx)) >= TRAILS_MAX:
        message = f"User: {ctx.account} already has {TRAILS_MAX} trails in {ctx.region}."
        raise AwsError("MaximumNumberOfTrailsExceededException", message)
    if request.get("IsMultiRegionTrail") and request.get("IncludeGlobalServiceEvents") is False:
        message = "Multi-Region trail must include global service events."
        raise AwsError("InvalidParameterCombinationException", message)
    _check_bucket(ctx, request["S3BucketName"])
    tags = {one["Key"]: one.get("Value", "") for one in request.get("TagsList") or []}
    if len(tags) > CLOUDTRAIL_TAGS_MAX:
        message = f"The number of tags per trail has exceeded {CLOUDTRAIL_TAGS_MAX}."
        raise AwsError("TagsLimitExceededException", message)
    trail = Trail(
        ctx.account,
        ctx.region,
        name,
        request["S3BucketName"],
        _checked_prefix(request.get("S3KeyPrefix", "")),
        request.get("IncludeGlobalServiceEvents", True),
        request.get("IsMultiRegionTrail", False),
        tags=tags,
    )
    TRAILS.put(ctx, trail)
    return _shape(trail)


def update_trail(ctx: Context, request: shapes.UpdateTrailRequest) -> shapes.UpdateTrailResponse:
    """Change where a trail delivers, and from where.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_UpdateTrail.html
    """
    refuse_unbuilt("UpdateTrail", request, *_UNBUILT)
    trail = find_trail(ctx, request["Name"])
    bucket = request.get("S3BucketName", trail.bucket)
    _check_bucket(ctx, bucket)
    trail = replace(
        trail,
        bucket=bucket,
        prefix=_checked_prefix(request.get("S3KeyPrefix", trail.prefix)),
        has_global_events=request.get("IncludeGlobalServiceEvents", trail.has_global_events),
        is_multi_region=request.get("IsMultiRegionTrail", trail.is_multi_region),
    )
    TRAILS.put(ctx, trail)
    return _shape(trail)


def delete_trail(ctx: Context, request: shapes.DeleteTrailRequest) -> shapes.DeleteTrailResponse:
    """Delete a trail; what it delivered stays.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DeleteTrail.html
    """
    trail = find_trail(ctx, request["Name"])
    TRAILS.delete(ctx, trail.account, trail.home, trail.name)
    return {}


def get_trail(ctx: Context, request: shapes.GetTrailRequest) -> shapes.GetTrailResponse:
    """Return a trail.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrail.html
    """
    return {"Trail": _described(find_trail(ctx, request["Name"]))}


def describe_trails(
    ctx: Context, request: shapes.DescribeTrailsRequest
) -> shapes.DescribeTrailsResponse:
    """Return the trails that log this region, all or those that are named.

    One that is not there is left out; of other regions are those that log all regions.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html
    """
    wanted = request.get("trailNameList") or []
    found = [
        trail
        for trail in trails_of(ctx, shadows=request.get("includeShadowTrails", True))
        if not wanted or trail.name in wanted or arn_of(trail) in wanted
    ]
    return {"trailList": [_described(trail) for trail in found]}


def list_trails(ctx: Context, request: shapes.ListTrailsRequest) -> shapes.ListTrailsResponse:
    """List the trails of the account, of all regions, in one page.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListTrails.html
    """
    return {
        "Trails": [
            {"TrailARN": arn_of(trail), "Name": trail.name, "HomeRegion": trail.home}
            for trail in TRAILS.scan(ctx, Range((ctx.account,)))
        ]
    }


def start_logging(ctx: Context, request: shapes.StartLoggingRequest) -> shapes.StartLoggingResponse:
    """Deliver the events from now on.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartLogging.html
    """
    trail = find_trail(ctx, request["Name"])
    if not trail.is_logging:
        inode, offset = end(ctx.settings.state_dir / "audit")
        now = ctx.clock.now()
        trail = replace(trail, is_logging=True, started=now, inode=inode, offset=offset)
        TRAILS.put(ctx, trail)
    return {}


def stop_logging(ctx: Context, request: shapes.StopLoggingRequest) -> shapes.StopLoggingResponse:
    """Deliver no events from now on.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StopLogging.html
    """
    trail = find_trail(ctx, request["Name"])
    if trail.is_logging:
        TRAILS.put(ctx, replace(trail, is_logging=False, stopped=ctx.clock.now()))
    return {}


def get_trail_status(
    ctx: Context, request: shapes.GetTrailStatusRequest
) -> shapes.GetTrailStatusResponse:
    """Return whether a trail logs, and when it last delivered.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
    """
    trail = find_trail(ctx, request["Name"])
    status: dict[str, Any] = {"IsLogging": trail.is_logging}
    times = (
        ("StartLoggingTime", trail.started),
        ("StopLoggingTime", trail.stopped),
        ("LatestDeliveryTime", trail.delivered),
    )
    status |= {member: value for member, value in times if value}
    if trail.error:
        status["LatestDeliveryError"] = trail.error
    return status  # pyright: ignore[reportReturnType] (built by its members' names)


def _check_bucket(ctx: Context, bucket: str) -> None:
    try:
        ctx.aws.s3.head_bucket({"Bucket": bucket})
    except AwsError:
        message = f"S3 bucket {bucket} does not exist!"
        raise AwsError("S3BucketDoesNotExistException", message) from None


def _checked_prefix(prefix: str) -> str:
    if len(prefix) > 200:
        raise AwsError("InvalidS3PrefixException", "The S3 prefix is longer than 200 characters.")
    return prefix.strip("/")


def _shape(trail: Trail) -> Any:
    shape: dict[str, Any] = {
        "Name": trail.name,
        "S3BucketName": trail.bucket,
        "IncludeGlobalServiceEvents": trail.has_global_events,
        "IsMultiRegionTrail": trail.is_multi_region,
        "TrailARN": arn_of(trail),
        "LogFileValidationEnabled": False,
        "IsOrganizationTrail": False,
    }
    if trail.prefix:
        shape["S3KeyPrefix"] = trail.prefix
    return shape


def _described(trail: Trail) -> Any:
    has_own = bool(trail.selectors or trail.advanced)
    return {
        **_shape(trail),
        "HomeRegion": trail.home,
        "HasCustomEventSelectors": has_own,
        "HasInsightSelectors": False,
    }
