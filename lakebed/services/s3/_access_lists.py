"""Which access lists a bucket takes, and what a new object's is.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.engines.objects import StoredObject
from lakebed.services.s3._grants import (
    FULL_CONTROL,
    NOBODY,
    Grants,
    grants_in,
    grants_of,
    is_given,
    is_public,
)
from lakebed.services.s3._rules import is_blocked
from lakebed.services.s3._settings import (
    ACL,
    OWNERSHIP_CONTROLS,
    setting_of,
)
from lakebed.services.s3.model import Bucket

ENFORCED, PREFERRED, WRITER = "BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"
_FULL = "bucket-owner-full-control"


class Owned(NamedTuple):
    """Whose an object is and its access list, as they are kept: empty where they go unsaid."""

    owner: str = ""
    grants: Grants = ()


def ownership_of(ctx: Context, bucket: Bucket) -> str:
    """Return who owns a bucket's objects; without controls, whoever writes them."""
    setting = setting_of(ctx, bucket.name, OWNERSHIP_CONTROLS)
    if setting is None:
        return ENFORCED
    return WRITER if setting.document is None else setting.document["ObjectOwnership"]


def bucket_grants(ctx: Context, bucket: Bucket) -> Grants:
    """Return the access list of a bucket."""
    setting = setting_of(ctx, bucket.name, ACL)
    if setting is None or setting.document is None:
        return ((bucket.account, FULL_CONTROL),)
    return tuple((grantee, permission) for grantee, permission in setting.document["Grants"])


def object_grants(bucket: Bucket, found: StoredObject) -> tuple[str, Grants]:
    """Return the owner of an object and its access list."""
    owner = found.owner or bucket.account
    return owner, found.grants if found.owner else ((owner, FULL_CONTROL),)


def asked_grants(
    ctx: Context, request: Mapping[str, Any], operation: str, owner: str, bucket: Bucket
) -> Grants | None:
    """Return the list that PutBucketAcl or PutObjectAcl is to set; None if it may not matter.

    Where the owner of the bucket is enforced, that is a list that says what is so anyway.
    """
    document = request.get("AccessControlPolicy")
    if document is not None and is_given(request):
        raise AwsError("UnexpectedContent", "This request does not support content", 400)
    if document is None and not is_given(request):
        message = "Your request was missing a required header"
        members = {"MissingHeaderName": "x-amz-acl"}
        raise AwsError("MissingSecurityHeader", message, 400, members)
    if document is None:
        grants = grants_of(request, operation, owner, bucket.account)
    else:
        grants = grants_in(document)
    if ownership_of(ctx, bucket) == ENFORCED:
        _check_enforced(request, grants, owner)
        return None
    if document is not None and document["Owner"]["ID"] != owner:
        raise AwsError("AccessDenied", "Access Denied", 403)
    check_public(ctx, bucket, operation, grants)
    return grants


def new_owned(ctx: Context, bucket: Bucket, operation: str, request: Mapping[str, Any]) -> Owned:
    """Return whose a new object is and what its access list says; refuse what cannot be."""
    if not bucket.rules and not is_given(request):
        return Owned()
    ownership = ownership_of(ctx, bucket)
    who = ctx.principal
    writer = NOBODY if who.is_anonymous else who.account
    if ownership == ENFORCED:
        grants = grants_of(request, operation, bucket.account, bucket.account)
        _check_enforced(request, grants, bucket.account)
        return Owned()
    is_handed = ownership == PREFERRED and request.get("ACL") == _FULL
    owner = bucket.account if is_handed else writer
    grants = grants_of(request, operation, owner, bucket.account)
    check_public(ctx, bucket, operation, grants)
    if owner == bucket.account and grants == ((owner, FULL_CONTROL),):
        return Owned()
    return Owned(owner, grants)


def _check_enforced(request: Mapping[str, Any], grants: Grants, owner: str) -> None:
    """Refuse what is not the full control of the enforced owner, and `private`, which says it not.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html
    """
    if request.get("ACL", _FULL) != _FULL or grants != ((owner, FULL_CONTROL),):
        raise not_supported()


def check_public(ctx: Context, bucket: Bucket, operation: str, grants: Grants) -> None:
    """Refuse a public list where those are blocked."""
    if not (is_public(grants) and is_blocked(ctx, bucket, "BlockPublicAcls")):
        return
    who = ctx.principal
    if who.is_anonymous or who.account != bucket.account:
        raise AwsError("AccessDenied", "Access Denied", 403)
    message = (
        f"User: {who.arn} is not authorized to perform: s3:{operation} on resource: "
        f'"arn:aws:s3:::{bucket.name}" because public access control lists (ACLs) are prevented '
        "by the BlockPublicAcls setting in S3 Block Public Access."
    )
    raise AwsError("AccessDenied", message, 403)


def not_supported() -> AwsError:
    """Return S3's answer where access lists are out of use."""
    return AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs", 400)


def acl_with_ownership() -> AwsError:
    """Return S3's answer to access lists and an enforced owner at once."""
    message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
    return AwsError("InvalidBucketAclWithObjectOwnership", message, 400)
