"""The access list of an object, or of one version of it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/acls.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import msgspec

from lakebed.context import Context
from lakebed.engines.objects import StoredObject
from lakebed.services.s3._access_lists import (
    ENFORCED,
    asked_grants,
    object_grants,
    ownership_of,
)
from lakebed.services.s3._grants import FULL_CONTROL, shown
from lakebed.services.s3._versions import not_for_markers, stat_version, wanted_version
from lakebed.services.s3.model import Bucket, bucket_of, check_key

if TYPE_CHECKING:
    from lakebed.shapes import s3


def get_object_acl(ctx: Context, request: s3.GetObjectAclRequest) -> s3.GetObjectAclOutput:
    """Return the access list of an object; where the bucket's owner is enforced, all is its.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAcl.html
    """
    bucket = bucket_of(ctx, request)
    found = _listed(ctx, bucket, request, "GET")
    if ownership_of(ctx, bucket) == ENFORCED:
        grants = ((bucket.account, FULL_CONTROL),)
        return cast("s3.GetObjectAclOutput", shown(bucket.account, grants))
    return cast("s3.GetObjectAclOutput", shown(*object_grants(bucket, found)))


def put_object_acl(ctx: Context, request: s3.PutObjectAclRequest) -> s3.PutObjectAclOutput:
    """Set the access list of an object, if the bucket's ownership controls let it have one.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html
    """
    bucket = bucket_of(ctx, request)
    found = _listed(ctx, bucket, request, "PUT")
    owner, _ = object_grants(bucket, found)
    grants = asked_grants(ctx, request, "PutObjectAcl", owner, bucket)
    if grants is not None:
        ctx.engines.objects.update(ctx, msgspec.structs.replace(found, owner=owner, grants=grants))
    return {}


def _listed(ctx: Context, bucket: Bucket, request: Mapping[str, Any], method: str) -> StoredObject:
    check_key(request["Key"])
    found = stat_version(ctx, bucket, request["Key"], wanted_version(request))
    if found.is_delete_marker:
        raise not_for_markers(found, method)
    return found
