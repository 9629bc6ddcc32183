"""Where the access to a bucket is logged.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.s3._access_lists import ENFORCED, ownership_of
from lakebed.services.s3._log_delivery import LOGGED_BUCKETS, LoggedBucket
from lakebed.services.s3._settings import LOGGING, forget_setting, keep_setting, setting_of
from lakebed.services.s3.model import BUCKETS, Bucket, bucket_of, malformed_xml

if TYPE_CHECKING:
    from lakebed.shapes import s3

_PERMISSIONS = ("FULL_CONTROL", "READ", "WRITE", "READ_ACP")
"""AWS takes READ_ACP, too, which its documentation does not name."""
_DATES = ("EventTime", "DeliveryTime")


def put_bucket_logging(
    ctx: Context, request: s3.PutBucketLoggingRequest
) -> s3.PutBucketLoggingResponse:
    """Say where the access to a bucket is logged; without `LoggingEnabled`, nowhere.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html
    """
    bucket = bucket_of(ctx, request)
    enabled = request["BucketLoggingStatus"].get("LoggingEnabled")
    if enabled is None:
        forget_setting(ctx, bucket, LOGGING)
        LOGGED_BUCKETS.delete(ctx, bucket.name)
        return {}
    _check_target(ctx, bucket, enabled)
    _check_format(enabled)
    keep_setting(ctx, bucket, LOGGING, {"LoggingEnabled": dict(enabled)})
    LOGGED_BUCKETS.put(ctx, LoggedBucket(bucket.name, ctx.clock.now()))
    return {}


def get_bucket_logging(
    ctx: Context, request: s3.GetBucketLoggingRequest
) -> s3.GetBucketLoggingOutput:
    """Return where the access to a bucket is logged; nothing if it is not.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLogging.html
    """
    setting = setting_of(ctx, bucket_of(ctx, request).name, LOGGING)
    found: Any = {} if setting is None or setting.document is None else setting.document
    return cast("s3.GetBucketLoggingOutput", found)


def _check_target(ctx: Context, bucket: Bucket, enabled: s3.LoggingEnabled) -> None:
    """Refuse a target that is not there, another's, or elsewhere."""
    name = enabled.get("TargetBucket", "")
    target = BUCKETS.get(ctx, name)
    if target is None:
        message = "The target bucket for logging does not exist"
        raise AwsError("InvalidTargetBucketForLogging", message, 400, {"TargetBucket": name})
    if target.account != bucket.account:
        # Remembered, as is the sentence of grants below.
        message = "The owner for the bucket to be logged and the target bucket must be the same."
        raise AwsError("InvalidTargetBucketForLogging", message, 400, {"TargetBucket": name})
    if target.region != bucket.region:
        members = {"TargetBucketLocation": target.region}
        if bucket.region != "us-east-1":
            members = {"SourceBucketLocation": bucket.region, **members}
        message = "Cross S3 location logging not allowed. "
        raise AwsError("CrossLocationLoggingProhibitted", message, 403, members)
    grants = enabled.get("TargetGrants") or ()
    if grants and ownership_of(ctx, target) == ENFORCED:
        message = "The bucket does not allow ACLs"
        raise AwsError("AccessControlListNotSupported", message, 400)
    if any(one.get("Permission") not in _PERMISSIONS for one in grants):
        raise malformed_xml()


def _check_format(enabled: s3.LoggingEnabled) -> None:
    """Refuse a format of keys that is none."""
    if "TargetObjectKeyFormat" not in enabled:
        return
    given = enabled["TargetObjectKeyFormat"]
    if len(given) != 1:
        raise malformed_xml()
    source = given.get("PartitionedPrefix", {}).get("PartitionDateSource", _DATES[0])
    if source not in _DATES:
        raise malformed_xml()
