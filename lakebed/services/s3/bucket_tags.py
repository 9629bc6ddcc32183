"""Tags of buckets: put, get, delete."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.s3._tags import BUCKET_TAGS, checked_tags, tag_set
from lakebed.services.s3.model import BUCKETS, bucket_of, refuse_unbuilt

if TYPE_CHECKING:
    from lakebed.shapes import s3


def put_bucket_tagging(
    ctx: Context, request: s3.PutBucketTaggingRequest
) -> s3.PutBucketTaggingResponse:
    """Replace the tags of a bucket; an empty list takes them away.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html
    """
    refuse_unbuilt("PutBucketTagging", request)
    bucket = bucket_of(ctx, request)
    tags = checked_tags(request["Tagging"].get("TagSet") or [], BUCKET_TAGS)
    BUCKETS.put(ctx, replace(bucket, tags=tags))
    return {}


def get_bucket_tagging(
    ctx: Context, request: s3.GetBucketTaggingRequest
) -> s3.GetBucketTaggingOutput:
    """Return the tags of a bucket, or NoSuchTagSet if it has none.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketTagging.html
    """
    bucket = bucket_of(ctx, request)
    if not bucket.tags:
        members = {"BucketName": bucket.name}
        raise AwsError("NoSuchTagSet", "The TagSet does not exist", 404, members)
    return {"TagSet": tag_set(bucket.tags)}


def delete_bucket_tagging(
    ctx: Context, request: s3.DeleteBucketTaggingRequest
) -> s3.DeleteBucketTaggingResponse:
    """Take all tags of a bucket away.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketTagging.html
    """
    bucket = bucket_of(ctx, request)
    if bucket.tags:
        BUCKETS.put(ctx, replace(bucket, tags={}))
    return {}
