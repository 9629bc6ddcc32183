"""The settings of a bucket: one document a name, kept only where it differs from a new bucket's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.s3.model import Bucket
from lakebed.store import Range, Table

ACL = "acl"
CORS = "cors"
LIFECYCLE = "lifecycle"
LOGGING = "logging"
OWNERSHIP_CONTROLS = "ownershipControls"
POLICY = "policy"
PUBLIC_ACCESS_BLOCK = "publicAccessBlock"
WEBSITE = "website"


@dataclass(frozen=True, slots=True)
class BucketSetting:
    """A setting of a bucket: `document` as AWS's structure has it, None where it was deleted."""

    bucket: str
    name: str
    document: dict[str, Any] | None


BUCKET_SETTINGS = Table("s3_bucket_setting", BucketSetting, ("bucket", "name"), everywhere=True)


def setting_of(ctx: Context, bucket: str, name: str) -> BucketSetting | None:
    """Return a setting, or None if the bucket has what a new bucket has."""
    return BUCKET_SETTINGS.get(ctx, bucket, name)


def keep_setting(
    ctx: Context, bucket: Bucket, name: str, document: Mapping[str, Any] | None
) -> None:
    """Keep a setting; None says that there is none where a new bucket has one."""
    kept = None if document is None else dict(document)
    BUCKET_SETTINGS.put(ctx, BucketSetting(bucket.name, name, kept))


def forget_setting(ctx: Context, bucket: Bucket, name: str) -> None:
    """Give a bucket the setting of a new bucket; deleting what is not there is no error."""
    BUCKET_SETTINGS.delete(ctx, bucket.name, name)


def forget_settings(ctx: Context, bucket: str) -> None:
    """Forget all settings of a bucket that is deleted."""
    BUCKET_SETTINGS.delete_range(ctx, Range(prefix=(bucket,)))


def not_set(code: str, message: str, bucket: Bucket) -> AwsError:
    """Return S3's answer for a setting that a bucket does not have."""
    return AwsError(code, message, 404, {"BucketName": bucket.name})
