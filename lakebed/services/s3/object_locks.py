"""Object lock, retention and legal hold: AWS's answers for buckets without them, as all are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.s3._settings import not_set
from lakebed.services.s3._versions import stat_version, wanted_version
from lakebed.services.s3.model import bucket_of

if TYPE_CHECKING:
    from lakebed.shapes import s3


def get_object_lock_configuration(
    ctx: Context, request: s3.GetObjectLockConfigurationRequest
) -> s3.GetObjectLockConfigurationOutput:
    """Return the lock of a bucket: none.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLockConfiguration.html
    """
    bucket = bucket_of(ctx, request)
    message = "Object Lock configuration does not exist for this bucket"
    raise not_set("ObjectLockConfigurationNotFoundError", message, bucket)


def get_object_retention(
    ctx: Context, request: s3.GetObjectRetentionRequest
) -> s3.GetObjectRetentionOutput:
    """Return until when an object is kept: its bucket has no lock.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectRetention.html
    """
    raise _no_lock(ctx, request)


def get_object_legal_hold(
    ctx: Context, request: s3.GetObjectLegalHoldRequest
) -> s3.GetObjectLegalHoldOutput:
    """Return whether an object is held: its bucket has no lock.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLegalHold.html
    """
    raise _no_lock(ctx, request)


def _no_lock(ctx: Context, request: Mapping[str, Any]) -> AwsError:
    bucket = bucket_of(ctx, request)
    stat_version(ctx, bucket, request["Key"], wanted_version(request))
    return AwsError("InvalidRequest", "Bucket is missing Object Lock Configuration", 400)
