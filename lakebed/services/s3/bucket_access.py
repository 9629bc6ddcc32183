"""What keeps a bucket from the public, and who owns its objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context
from lakebed.govern.public_access import BLOCKS
from lakebed.services.s3._access_lists import (
    ENFORCED,
    PREFERRED,
    WRITER,
    acl_with_ownership,
    bucket_grants,
    ownership_of,
)
from lakebed.services.s3._grants import is_owners
from lakebed.services.s3._rules import rules_changed
from lakebed.services.s3._settings import (
    OWNERSHIP_CONTROLS,
    PUBLIC_ACCESS_BLOCK,
    forget_setting,
    keep_setting,
    not_set,
    setting_of,
)
from lakebed.services.s3.model import bucket_of, malformed_xml

if TYPE_CHECKING:
    from lakebed.shapes import s3


def get_public_access_block(
    ctx: Context, request: s3.GetPublicAccessBlockRequest
) -> s3.GetPublicAccessBlockOutput:
    """Return what keeps a bucket from the public; in a new bucket, all there is.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetPublicAccessBlock.html
    """
    bucket = bucket_of(ctx, request)
    setting = setting_of(ctx, bucket.name, PUBLIC_ACCESS_BLOCK)
    found = dict.fromkeys(BLOCKS, True) if setting is None else setting.document
    if found is None:
        message = "The public access block configuration was not found"
        raise not_set("NoSuchPublicAccessBlockConfiguration", message, bucket)
    return {"PublicAccessBlockConfiguration": cast(Any, found)}


def put_public_access_block(
    ctx: Context, request: s3.PutPublicAccessBlockRequest
) -> s3.PutPublicAccessBlockResponse:
    """Set what keeps a bucket from the public.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html
    """
    bucket = bucket_of(ctx, request)
    asked: Mapping[str, Any] = request.get("PublicAccessBlockConfiguration", {})
    blocks = {name: bool(asked.get(name, False)) for name in BLOCKS}
    keep_setting(ctx, bucket, PUBLIC_ACCESS_BLOCK, blocks)
    rules_changed(ctx, bucket)
    return {}


def delete_public_access_block(
    ctx: Context, request: s3.DeletePublicAccessBlockRequest
) -> s3.DeletePublicAccessBlockResponse:
    """Remove what keeps a bucket from the public.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeletePublicAccessBlock.html
    """
    bucket = bucket_of(ctx, request)
    keep_setting(ctx, bucket, PUBLIC_ACCESS_BLOCK, None)
    rules_changed(ctx, bucket)
    return {}


def get_bucket_ownership_controls(
    ctx: Context, request: s3.GetBucketOwnershipControlsRequest
) -> s3.GetBucketOwnershipControlsOutput:
    """Return who owns the objects of a bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketOwnershipControls.html
    """
    bucket = bucket_of(ctx, request)
    setting = setting_of(ctx, bucket.name, OWNERSHIP_CONTROLS)
    if setting is not None and setting.document is None:
        message = "The bucket ownership controls were not found"
        raise not_set("OwnershipControlsNotFoundError", message, bucket)
    rule: Any = {"ObjectOwnership": ownership_of(ctx, bucket)}
    return {"OwnershipControls": {"Rules": [rule]}}


def put_bucket_ownership_controls(
    ctx: Context, request: s3.PutBucketOwnershipControlsRequest
) -> s3.PutBucketOwnershipControlsResponse:
    """Say who owns the objects of a bucket; where its owner does, access lists are out of use.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketOwnershipControls.html
    """
    bucket = bucket_of(ctx, request)
    rules = request.get("OwnershipControls", {}).get("Rules") or []
    if len(rules) != 1 or "ObjectOwnership" not in rules[0]:
        raise malformed_xml()
    asked: str = rules[0]["ObjectOwnership"]
    if asked not in (ENFORCED, PREFERRED, WRITER):
        raise malformed_xml()
    if asked == ENFORCED:
        if not is_owners(bucket.account, bucket_grants(ctx, bucket)):
            raise acl_with_ownership()
        forget_setting(ctx, bucket, OWNERSHIP_CONTROLS)
    else:
        keep_setting(ctx, bucket, OWNERSHIP_CONTROLS, {"ObjectOwnership": asked})
    rules_changed(ctx, bucket)
    return {}


def delete_bucket_ownership_controls(
    ctx: Context, request: s3.DeleteBucketOwnershipControlsRequest
) -> s3.DeleteBucketOwnershipControlsResponse:
    """Forget who owns the objects of a bucket: from now on it is who writes them.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketOwnershipControls.html
    """
    bucket = bucket_of(ctx, request)
    keep_setting(ctx, bucket, OWNERSHIP_CONTROLS, None)
    rules_changed(ctx, bucket)
    return {}
