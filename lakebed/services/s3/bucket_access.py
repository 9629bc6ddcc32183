"""Who may reach a bucket besides its owner: access lists, public access, ownership.

A bucket has no access lists, as any new one: they are not built.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.services.s3._rules import rules_changed
from lakebed.services.s3._settings import (
    OWNERSHIP_CONTROLS,
    PUBLIC_ACCESS_BLOCK,
    forget_setting,
    keep_setting,
    not_set,
    setting_of,
)
from lakebed.services.s3._versions import stat_version, wanted_version
from lakebed.services.s3.model import Bucket, bucket_of, malformed_xml

if TYPE_CHECKING:
    from lakebed.shapes import s3

_ENFORCED = "BucketOwnerEnforced"
_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")


def get_bucket_acl(ctx: Context, request: s3.GetBucketAclRequest) -> s3.GetBucketAclOutput:
    """Return the access list of a bucket: all to its owner.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html
    """
    return cast("s3.GetBucketAclOutput", _owners_list(bucket_of(ctx, request)))


def put_bucket_acl(ctx: Context, request: s3.PutBucketAclRequest) -> s3.PutBucketAclResponse:
    """Set the access list of a bucket to what it is: all to its owner.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html
    Any other list is refused with AWS's answer for a bucket whose owner is enforced, as all are.
    """
    bucket = bucket_of(ctx, request)
    _check_owners_list(ctx, "PutBucketAcl", bucket, request, ("private",))
    return {}


def get_object_acl(ctx: Context, request: s3.GetObjectAclRequest) -> s3.GetObjectAclOutput:
    """Return the access list of an object: all to the bucket's owner.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAcl.html
    """
    bucket = bucket_of(ctx, request)
    stat_version(ctx, bucket, request["Key"], wanted_version(request))
    return cast("s3.GetObjectAclOutput", _owners_list(bucket))


def put_object_acl(ctx: Context, request: s3.PutObjectAclRequest) -> s3.PutObjectAclOutput:
    """Set the access list of an object to what it is: all to the bucket's owner.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html
    Any other list is refused with AWS's answer for a bucket whose owner is enforced, as all are.
    """
    bucket = bucket_of(ctx, request)
    stat_version(ctx, bucket, request["Key"], wanted_version(request))
    _check_owners_list(
        ctx, "PutObjectAcl", bucket, request, ("private", "bucket-owner-full-control")
    )
    return {}


def _owners_list(bucket: Bucket) -> dict[str, Any]:
    owner = {"ID": bucket.account}
    grantee = {"ID": bucket.account, "Type": "CanonicalUser"}
    return {"Owner": owner, "Grants": [{"Grantee": grantee, "Permission": "FULL_CONTROL"}]}


def _check_owners_list(
    ctx: Context,
    operation: str,
    bucket: Bucket,
    request: Mapping[str, Any],
    canned: tuple[str, ...],
) -> None:
    """Refuse an access list that gives anything to anybody but the owner."""
    policy = request.get("AccessControlPolicy")
    if policy is not None and "Grants" not in policy:
        raise malformed_xml()
    is_owners = policy is None or (
        policy.get("Owner", {}).get("ID", bucket.account) == bucket.account
        and [_granted(grant) for grant in policy["Grants"]] == [(bucket.account, "FULL_CONTROL")]
    )
    is_canned = request.get("ACL", canned[0]) in canned
    if is_owners and is_canned and not any(name in request for name in _GRANTS):
        return
    if setting_of(ctx, bucket.name, OWNERSHIP_CONTROLS) is not None:
        raise NotBuiltError("s3", operation, "AccessControlPolicy")
    raise AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs", 400)


def _granted(grant: Mapping[str, Any]) -> tuple[Any, Any]:
    return grant.get("Grantee", {}).get("ID"), grant.get("Permission")


def get_public_access_block(
    ctx: Context, request: s3.GetPublicAccessBlockRequest
) -> s3.GetPublicAccessBlockOutput:
    """Return what keeps a bucket from the public; in a new bucket, all there is.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetPublicAccessBlock.html
    """
    bucket = bucket_of(ctx, request)
    setting = setting_of(ctx, bucket.name, PUBLIC_ACCESS_BLOCK)
    found = dict.fromkeys(_BLOCKS, True) if setting is None else setting.document
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
    blocks = {name: bool(asked.get(name, False)) for name in _BLOCKS}
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
    """Return who owns the objects of a bucket: its owner.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketOwnershipControls.html
    """
    bucket = bucket_of(ctx, request)
    if setting_of(ctx, bucket.name, OWNERSHIP_CONTROLS) is not None:
        message = "The bucket ownership controls were not found"
        raise not_set("OwnershipControlsNotFoundError", message, bucket)
    return {"OwnershipControls": {"Rules": [{"ObjectOwnership": _ENFORCED}]}}


def put_bucket_ownership_controls(
    ctx: Context, request: s3.PutBucketOwnershipControlsRequest
) -> s3.PutBucketOwnershipControlsResponse:
    """Say that the owner of a bucket owns its objects.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketOwnershipControls.html
    """
    bucket = bucket_of(ctx, request)
    rules = request.get("OwnershipControls", {}).get("Rules") or []
    if len(rules) != 1 or "ObjectOwnership" not in rules[0]:
        raise malformed_xml()
    asked: str = rules[0]["ObjectOwnership"]
    if asked not in (_ENFORCED, "BucketOwnerPreferred", "ObjectWriter"):
        raise malformed_xml()
    if asked != _ENFORCED:
        raise NotBuiltError("s3", "PutBucketOwnershipControls", "OwnershipControls")
    forget_setting(ctx, bucket, OWNERSHIP_CONTROLS)
    return {}


def delete_bucket_ownership_controls(
    ctx: Context, request: s3.DeleteBucketOwnershipControlsRequest
) -> s3.DeleteBucketOwnershipControlsResponse:
    """Forget who owns the objects of a bucket; it is its owner still, since no other writes.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketOwnershipControls.html
    """
    keep_setting(ctx, bucket_of(ctx, request), OWNERSHIP_CONTROLS, None)
    return {}
