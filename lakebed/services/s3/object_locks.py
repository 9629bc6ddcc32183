"""Object lock: of buckets, and retention and legal hold of versions: put, get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.engines.objects import ObjectLock, StoredObject
from lakebed.services.s3._locks import (
    HOLDS,
    MODES,
    checked_configuration,
    checked_until,
    missing_lock,
    refuse_events,
    with_retention,
)
from lakebed.services.s3._settings import not_set
from lakebed.services.s3._versions import not_for_markers, stat_version, wanted_version
from lakebed.services.s3.model import BUCKETS, Bucket, bucket_of, malformed_xml, no_such_key

if TYPE_CHECKING:
    from lakebed.shapes import s3


def put_object_lock_configuration(
    ctx: Context, request: s3.PutObjectLockConfigurationRequest
) -> s3.PutObjectLockConfigurationOutput:
    """Enable a bucket's lock, for good, and say how new versions are retained.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html
    A token is not asked for, as on AWS since buckets may get a lock after they were made.
    """
    bucket = bucket_of(ctx, request)
    if bucket.versioning != "Enabled":
        message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
        raise AwsError("InvalidBucketState", message, 409)
    lock = checked_configuration(request.get("ObjectLockConfiguration") or {})
    BUCKETS.put(ctx, replace(bucket, lock=lock))
    return {}


def get_object_lock_configuration(
    ctx: Context, request: s3.GetObjectLockConfigurationRequest
) -> s3.GetObjectLockConfigurationOutput:
    """Return the lock of a bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLockConfiguration.html
    """
    bucket = bucket_of(ctx, request)
    if not bucket.lock:
        message = "Object Lock configuration does not exist for this bucket"
        raise not_set("ObjectLockConfigurationNotFoundError", message, bucket)
    return {"ObjectLockConfiguration": cast("s3.ObjectLockConfiguration", bucket.lock)}


def put_object_retention(
    ctx: Context, request: s3.PutObjectRetentionRequest
) -> s3.PutObjectRetentionOutput:
    """Retain a version until a date, or make its retention longer; less of it needs a bypass.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectRetention.html
    """
    found = _lockable(ctx, request, "PUT")
    given: Mapping[str, Any] = request.get("Retention") or {}
    refuse_events(given, "PutObjectRetention")
    mode, until = given.get("Mode"), given.get("RetainUntilDate")
    if (mode is None) != (until is None) or (mode is not None and mode not in MODES):
        raise malformed_xml()
    if until is not None:
        until = checked_until(ctx, until, "RetainUntilDate")
    bypasses = bool(request.get("BypassGovernanceRetention"))
    now = ctx.clock.now()
    _keep(ctx, found, with_retention(found, mode or "", until or 0.0, now, bypasses=bypasses))
    return {}


def get_object_retention(
    ctx: Context, request: s3.GetObjectRetentionRequest
) -> s3.GetObjectRetentionOutput:
    """Return until when a version is kept, be it over or not.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectRetention.html
    """
    lock = _lockable(ctx, request, "GET").lock
    if lock is None or not lock.mode:
        raise _never_set()
    retention = {"Mode": lock.mode, "RetainUntilDate": lock.until}
    return {"Retention": cast("s3.ObjectLockRetention", retention)}


def put_object_legal_hold(
    ctx: Context, request: s3.PutObjectLegalHoldRequest
) -> s3.PutObjectLegalHoldOutput:
    """Hold a version, or let it go; a hold has no end of its own, and no bypass.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLegalHold.html
    """
    found = _lockable(ctx, request, "PUT")
    hold: str | None = (request.get("LegalHold") or {}).get("Status")
    if hold not in HOLDS:
        raise malformed_xml()
    _keep(ctx, found, msgspec.structs.replace(found.lock or ObjectLock(), hold=hold))
    return {}


def get_object_legal_hold(
    ctx: Context, request: s3.GetObjectLegalHoldRequest
) -> s3.GetObjectLegalHoldOutput:
    """Return whether a version is held.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLegalHold.html
    """
    lock = _lockable(ctx, request, "GET").lock
    if lock is None or not lock.hold:
        raise _never_set()
    return {"LegalHold": {"Status": cast(Any, lock.hold)}}


def _lockable(ctx: Context, request: Mapping[str, Any], method: str) -> StoredObject:
    """Return the version that a request is about, in a bucket that has a lock."""
    bucket: Bucket = bucket_of(ctx, request)
    version = wanted_version(request)
    found = stat_version(ctx, bucket, request["Key"], version)
    if not bucket.lock:
        raise missing_lock()
    if found.is_delete_marker:
        raise no_such_key(found.key) if version is None else not_for_markers(found, method)
    return found


def _keep(ctx: Context, found: StoredObject, lock: ObjectLock) -> None:
    kept = lock if lock != ObjectLock() else None
    ctx.engines.objects.update(ctx, msgspec.structs.replace(found, lock=kept))


def _never_set() -> AwsError:
    message = "The specified object does not have a ObjectLock configuration"
    return AwsError("NoSuchObjectLockConfiguration", message, 404)
