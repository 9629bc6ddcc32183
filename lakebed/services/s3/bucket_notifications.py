"""Who is told of what happens to a bucket's objects: EventBridge, or nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.services.s3.model import BUCKETS, bucket_of

if TYPE_CHECKING:
    from lakebed.shapes import s3

_UNBUILT = (
    "NotificationConfiguration.TopicConfigurations",
    "NotificationConfiguration.QueueConfigurations",
    "NotificationConfiguration.LambdaFunctionConfigurations",
)


def get_bucket_notification_configuration(
    ctx: Context, request: s3.GetBucketNotificationConfigurationRequest
) -> s3.NotificationConfiguration:
    """Return who is told of a bucket's events.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketNotificationConfiguration.html
    """
    return {"EventBridgeConfiguration": {}} if bucket_of(ctx, request).tells_eventbridge else {}


def put_bucket_notification_configuration(
    ctx: Context, request: s3.PutBucketNotificationConfigurationRequest
) -> s3.PutBucketNotificationConfigurationResponse:
    """Have EventBridge told of a bucket's events from now on, or nobody; there are no queues here.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
    """
    bucket = bucket_of(ctx, request)
    given = request.get("NotificationConfiguration", {})
    for member in _UNBUILT:
        if given.get(member.partition(".")[2]):
            raise NotBuiltError("s3", "PutBucketNotificationConfiguration", member)
    BUCKETS.put(ctx, replace(bucket, tells_eventbridge="EventBridgeConfiguration" in given))
    return {}
