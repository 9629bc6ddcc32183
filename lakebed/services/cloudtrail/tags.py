"""Tags of trails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import CLOUDTRAIL_TAGS_MAX
from lakebed.services.cloudtrail.model import TRAILS, find_trail, replace

if TYPE_CHECKING:
    from lakebed.shapes import cloudtrail as shapes


def add_tags(ctx: Context, request: shapes.AddTagsRequest) -> shapes.AddTagsResponse:
    """Add tags to a trail, or give them other values.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AddTags.html
    """
    trail = find_trail(ctx, request["ResourceId"])
    tags = {**trail.tags, **{one["Key"]: one.get("Value", "") for one in request["TagsList"]}}
    if len(tags) > CLOUDTRAIL_TAGS_MAX:
        message = f"The number of tags per trail has exceeded {CLOUDTRAIL_TAGS_MAX}."
        raise AwsError("TagsLimitExceededException", message)
    TRAILS.put(ctx, replace(trail, tags=tags))
    return {}


def remove_tags(ctx: Context, request: shapes.RemoveTagsRequest) -> shapes.RemoveTagsResponse:
    """Remove tags of a trail; what it does not have is no error.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_RemoveTags.html
    """
    trail = find_trail(ctx, request["ResourceId"])
    gone = {one["Key"] for one in request["TagsList"]}
    tags = {key: value for key, value in trail.tags.items() if key not in gone}
    TRAILS.put(ctx, replace(trail, tags=tags))
    return {}


def list_tags(ctx: Context, request: shapes.ListTagsRequest) -> shapes.ListTagsResponse:
    """Return the tags of trails, by ARN.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListTags.html
    """
    found = [(arn, find_trail(ctx, arn)) for arn in request["ResourceIdList"]]
    return {
        "ResourceTagList": [
            {
                "ResourceId": arn,
                "TagsList": [{"Key": key, "Value": value} for key, value in trail.tags.items()],
            }
            for arn, trail in found
        ]
    }
