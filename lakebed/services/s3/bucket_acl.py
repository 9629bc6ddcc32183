"""The access list of a bucket.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/acls.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from lakebed.context import Context
from lakebed.services.s3._access_lists import asked_grants, bucket_grants
from lakebed.services.s3._grants import FULL_CONTROL, shown
from lakebed.services.s3._rules import rules_changed
from lakebed.services.s3._settings import ACL, forget_setting, keep_setting
from lakebed.services.s3.model import bucket_of

if TYPE_CHECKING:
    from lakebed.shapes import s3


def get_bucket_acl(ctx: Context, request: s3.GetBucketAclRequest) -> s3.GetBucketAclOutput:
    """Return the access list of a bucket: all to its owner, unless another was put.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html
    """
    bucket = bucket_of(ctx, request)
    return cast("s3.GetBucketAclOutput", shown(bucket.account, bucket_grants(ctx, bucket)))


def put_bucket_acl(ctx: Context, request: s3.PutBucketAclRequest) -> s3.PutBucketAclResponse:
    """Set the access list of a bucket, if its ownership controls let it have one.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html
    """
    bucket = bucket_of(ctx, request)
    grants = asked_grants(ctx, request, "PutBucketAcl", bucket.account, bucket)
    if grants is None:
        return {}
    if grants == ((bucket.account, FULL_CONTROL),):
        forget_setting(ctx, bucket, ACL)
    else:
        keep_setting(ctx, bucket, ACL, {"Grants": [list(one) for one in grants]})
    rules_changed(ctx, bucket)
    return {}
