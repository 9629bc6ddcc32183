"""Buckets: create, look, list, delete."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.engines.objects import Span, VersionSpan
from lakebed.govern.access_points import ACCESS_POINTS
from lakebed.services.s3._access_lists import ENFORCED, PREFERRED, WRITER, acl_with_ownership
from lakebed.services.s3._grants import Grants, grants_of, is_owners, is_public
from lakebed.services.s3._object_parts import forget_bucket_parts
from lakebed.services.s3._rules import rules_changed
from lakebed.services.s3._settings import ACL, OWNERSHIP_CONTROLS, forget_settings, keep_setting
from lakebed.services.s3._tags import NEW_BUCKET_TAGS, checked_tags
from lakebed.services.s3.model import (
    BUCKETS,
    UPLOADS,
    Bucket,
    bucket_of,
    discard,
    invalid_argument,
    is_legal_bucket_name,
    refuse_unbuilt,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import s3

BUCKETS_PAGE_MAX = 10_000


def create_bucket(ctx: Context, request: s3.CreateBucketRequest) -> s3.CreateBucketOutput:
    """Create a bucket in the region of the request.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    """
    refuse_unbuilt("CreateBucket", request)
    name = request["Bucket"]
    if not is_legal_bucket_name(name):
        message = "The specified bucket is not valid."
        raise AwsError("InvalidBucketName", message, 400, {"BucketName": name})
    ownership = request.get("ObjectOwnership", ENFORCED)
    grants = _first_grants(ctx, request, ownership)
    configuration = request.get("CreateBucketConfiguration") or {}
    region = _location(ctx, configuration)
    tags = checked_tags(configuration.get("Tags") or [], NEW_BUCKET_TAGS)
    known = BUCKETS.get(ctx, name)
    if known is None:
        ctx.engines.objects.create_bucket(name)
        created = float(int(ctx.clock.now()))
        bucket = Bucket(name, ctx.account, region, created, tags=tags)
        if request.get("ObjectLockEnabledForBucket"):
            lock = {"ObjectLockEnabled": "Enabled"}
            bucket = dataclasses.replace(bucket, versioning="Enabled", lock=lock)
        BUCKETS.put(ctx, bucket)
        if ownership != ENFORCED:
            keep_setting(ctx, bucket, OWNERSHIP_CONTROLS, {"ObjectOwnership": ownership})
            if not is_owners(ctx.account, grants):
                keep_setting(ctx, bucket, ACL, {"Grants": [list(one) for one in grants]})
            rules_changed(ctx, bucket)
    elif known.account != ctx.account:
        message = (
            "The requested bucket name is not available. The bucket namespace is shared by all "
            "users of the system. Please select a different name and try again."
        )
        raise AwsError("BucketAlreadyExists", message, 409, {"BucketName": name})
    elif tags or not (known.region == region == "us-east-1"):
        # In us-east-1, and only there, creating one's own bucket again succeeds, without tags.
        message = (
            "Your previous request to create the named bucket succeeded and you already own it."
        )
        raise AwsError("BucketAlreadyOwnedByYou", message, 409, {"BucketName": name})
    return {"Location": f"/{name}", "BucketArn": f"arn:aws:s3:::{name}"}


def _first_grants(ctx: Context, request: Mapping[str, Any], ownership: str) -> Grants:
    """Return the access list of a new bucket, which cannot be public: that is blocked in it."""
    if ownership not in (ENFORCED, PREFERRED, WRITER):
        raise invalid_argument(
            "Invalid x-amz-object-ownership header: " + ownership,
            "x-amz-object-ownership",
            ownership,
        )
    grants = grants_of(request, "CreateBucket", ctx.account, ctx.account)
    if is_owners(ctx.account, grants):
        return grants
    if ownership == ENFORCED:
        raise acl_with_ownership()
    if is_public(grants):
        message = "Bucket cannot have public ACLs set with BlockPublicAccess enabled"
        raise AwsError("InvalidBucketAclWithBlockPublicAccessError", message, 400)
    return grants


def _location(ctx: Context, configuration: Mapping[str, object]) -> str:
    """Return the region a new bucket is to be in, which must be the one that was asked."""
    for member in ("Location", "Bucket"):
        if configuration.get(member):
            raise NotBuiltError("s3", "CreateBucket", member)
    constraint = str(configuration.get("LocationConstraint") or "")
    if constraint == "EU":
        constraint = "eu-west-1"
    if constraint == "us-east-1":
        message = "The specified location-constraint is not valid"
        members = {"LocationConstraint": constraint}
        raise AwsError("InvalidLocationConstraint", message, 400, members)
    if constraint and constraint != ctx.region and ctx.region != "us-east-1":
        message = (
            f"The {constraint} location constraint is incompatible for the region specific "
            "endpoint this request was sent to."
        )
        raise AwsError("IllegalLocationConstraintException", message, 400)
    if not constraint and ctx.region != "us-east-1":
        message = (
            "The unspecified location constraint is incompatible for the region specific "
            "endpoint this request was sent to."
        )
        raise AwsError("IllegalLocationConstraintException", message, 400)
    return constraint or "us-east-1"


def head_bucket(ctx: Context, request: s3.HeadBucketRequest) -> s3.HeadBucketOutput:
    """Say whether a bucket exists, and its region.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
    """
    bucket = bucket_of(ctx, request)
    return {"BucketArn": f"arn:aws:s3:::{bucket.name}", "BucketRegion": bucket.region}


def get_bucket_location(
    ctx: Context, request: s3.GetBucketLocationRequest
) -> s3.GetBucketLocationOutput:
    """Return the region of a bucket; nothing for us-east-1, as ever.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
    """
    bucket = bucket_of(ctx, request)
    return {} if bucket.region == "us-east-1" else {"LocationConstraint": bucket.region}


def list_buckets(ctx: Context, request: s3.ListBucketsRequest) -> s3.ListBucketsOutput:
    """List the account's buckets by name.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
    """
    prefix, region = request.get("Prefix", ""), request.get("BucketRegion")
    limit = request.get("MaxBuckets", BUCKETS_PAGE_MAX)
    if not 1 <= limit <= BUCKETS_PAGE_MAX:
        message = "Argument max-buckets must be an integer between 1 and 10000"
        raise invalid_argument(message, "max-buckets", str(limit))
    after = max(request.get("ContinuationToken", ""), "")
    span = Range(
        prefix=(ctx.account,),
        start=(prefix,) if prefix > after else None,
        after=None if prefix > after else (after,),
        index="owner",
    )
    found: list[Bucket] = []
    for bucket in BUCKETS.scan(ctx, span):
        if not bucket.name.startswith(prefix):
            break
        if region is None or bucket.region == region:
            found.append(bucket)
        if len(found) > limit:
            break
    answer: s3.ListBucketsOutput = {
        "Buckets": [
            {
                "Name": bucket.name,
                "CreationDate": bucket.created,
                "BucketRegion": bucket.region,
                "BucketArn": f"arn:aws:s3:::{bucket.name}",
            }
            for bucket in found[:limit]
        ],
        "Owner": {"ID": ctx.account},
    }
    if prefix:
        answer["Prefix"] = prefix
    if len(found) > limit:
        answer["ContinuationToken"] = found[limit - 1].name
    return answer


def delete_bucket(ctx: Context, request: s3.DeleteBucketRequest) -> s3.DeleteBucketResponse:
    """Delete a bucket that holds no object and no version; its multipart uploads go with it.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html
    """
    bucket = bucket_of(ctx, request)
    objects = ctx.engines.objects
    if not _is_empty(ctx, bucket):
        message = "The bucket you tried to delete is not empty"
        if bucket.is_versioned:
            message += ". You must delete all versions in the bucket."
        raise AwsError("BucketNotEmpty", message, 409, {"BucketName": bucket.name})
    if any(ACCESS_POINTS.scan(ctx, Range(prefix=(bucket.name,), index="by_bucket"))):
        # The code is remembered.
        message = (
            "The bucket you tried to delete has access points attached. Delete your access points "
            "before deleting your bucket."
        )
        raise AwsError("BucketHasAccessPointsAttached", message, 400)
    for upload in UPLOADS.scan(ctx, Range(prefix=(bucket.name,))):
        discard(ctx, upload)
    BUCKETS.delete(ctx, bucket.name)
    forget_bucket_parts(ctx, bucket.name)
    forget_settings(ctx, bucket.name)
    objects.remove_bucket(ctx, bucket.name)
    return {}


def _is_empty(ctx: Context, bucket: Bucket) -> bool:
    """Say whether a bucket holds nothing, files dropped by hand and delete markers included."""
    objects, name = ctx.engines.objects, bucket.name
    if objects.list(ctx, Span(name, limit=1)):
        return False
    if bucket.is_versioned and objects.versions.list(ctx, VersionSpan(name, limit=1)):
        return False
    objects.sync(ctx, name)
    return not objects.list(ctx, Span(name, limit=1))
