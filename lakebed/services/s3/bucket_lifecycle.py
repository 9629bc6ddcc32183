"""The lifecycle configuration of buckets: put, get, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.s3._lifecycle import ALL_CLASSES, BY_CLASS
from lakebed.services.s3._lifecycle_checks import check_rules
from lakebed.services.s3._settings import (
    LIFECYCLE,
    forget_setting,
    keep_setting,
    not_set,
    setting_of,
)
from lakebed.services.s3.model import bucket_of

if TYPE_CHECKING:
    from lakebed.shapes import s3

_ID_BITS = 192
_SIZE = "TransitionDefaultMinimumObjectSize"


def put_bucket_lifecycle_configuration(
    ctx: Context, request: s3.PutBucketLifecycleConfigurationRequest
) -> s3.PutBucketLifecycleConfigurationOutput:
    """Set the rules of a bucket, instead of all it had; a rule without an id gets one.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
    """
    bucket = bucket_of(ctx, request)
    size = request.get(_SIZE, ALL_CLASSES)
    if size not in (ALL_CLASSES, BY_CLASS):
        message = f"Invalid TransitionDefaultMinimumObjectSize found: {size}"
        raise AwsError("InvalidRequest", message, 400)
    rules = [dict(rule) for rule in request.get("LifecycleConfiguration", {}).get("Rules", [])]
    check_rules(rules)
    for rule in rules:
        if not rule.get("ID"):
            rule["ID"] = ctx.ids.token(_ID_BITS)
    keep_setting(ctx, bucket, LIFECYCLE, {"Rules": rules, _SIZE: size})
    return {_SIZE: cast(Any, size)}


def get_bucket_lifecycle_configuration(
    ctx: Context, request: s3.GetBucketLifecycleConfigurationRequest
) -> s3.GetBucketLifecycleConfigurationOutput:
    """Return the rules of a bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLifecycleConfiguration.html
    """
    bucket = bucket_of(ctx, request)
    setting = setting_of(ctx, bucket.name, LIFECYCLE)
    if setting is None or setting.document is None:
        message = "The lifecycle configuration does not exist"
        raise not_set("NoSuchLifecycleConfiguration", message, bucket)
    return cast("s3.GetBucketLifecycleConfigurationOutput", setting.document)


def delete_bucket_lifecycle(
    ctx: Context, request: s3.DeleteBucketLifecycleRequest
) -> s3.DeleteBucketLifecycleResponse:
    """Remove all rules of a bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketLifecycle.html
    """
    forget_setting(ctx, bucket_of(ctx, request), LIFECYCLE)
    return {}
