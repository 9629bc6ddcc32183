"""Tags of objects: put, get, delete, of the latest version or of one that is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.engines.objects import StoredObject
from lakebed.services.s3._tags import OBJECT_TAGS, checked_tags, tag_set
from lakebed.services.s3._versions import (
    not_for_markers,
    shown,
    stat_version,
    wanted_version,
)
from lakebed.services.s3.model import Bucket, bucket_of, check_key, refuse_unbuilt

if TYPE_CHECKING:
    from lakebed.shapes import s3

DATA_EVENTS = True


def put_object_tagging(
    ctx: Context, request: s3.PutObjectTaggingRequest
) -> s3.PutObjectTaggingOutput:
    """Replace the tags of an object; an empty list takes them away.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html
    """
    refuse_unbuilt("PutObjectTagging", request)
    bucket = bucket_of(ctx, request)
    tags = checked_tags(request["Tagging"].get("TagSet") or [], OBJECT_TAGS)
    found = _tagged(ctx, bucket, request, "PUT")
    ctx.engines.objects.update(ctx, msgspec.structs.replace(found, tags=tags))
    return {"VersionId": shown(found.version_id)} if bucket.is_versioned else {}


def get_object_tagging(
    ctx: Context, request: s3.GetObjectTaggingRequest
) -> s3.GetObjectTaggingOutput:
    """Return the tags of an object.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html
    """
    refuse_unbuilt("GetObjectTagging", request)
    bucket = bucket_of(ctx, request)
    found = _tagged(ctx, bucket, request, "GET")
    answer: s3.GetObjectTaggingOutput = {"TagSet": tag_set(found.tags)}
    if bucket.is_versioned:
        answer["VersionId"] = shown(found.version_id)
    return answer


def delete_object_tagging(
    ctx: Context, request: s3.DeleteObjectTaggingRequest
) -> s3.DeleteObjectTaggingOutput:
    """Take all tags of an object away.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectTagging.html
    """
    refuse_unbuilt("DeleteObjectTagging", request)
    bucket = bucket_of(ctx, request)
    found = _tagged(ctx, bucket, request, "DELETE")
    if found.tags:
        ctx.engines.objects.update(ctx, msgspec.structs.replace(found, tags={}))
    return {"VersionId": shown(found.version_id)} if bucket.is_versioned else {}


def _tagged(ctx: Context, bucket: Bucket, request: Mapping[str, Any], method: str) -> StoredObject:
    """Return the version a request is about; a delete marker has no tags, not even the latest."""
    check_key(request["Key"])
    found = stat_version(ctx, bucket, request["Key"], wanted_version(request))
    if found.is_delete_marker:
        raise not_for_markers(found, method)
    return found
