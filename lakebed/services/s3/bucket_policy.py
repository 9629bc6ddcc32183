"""The policy of a bucket: who may do what with it and its objects.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.govern.public_access import is_public
from lakebed.services.s3._policy_documents import checked_policy
from lakebed.services.s3._principals import check_principals
from lakebed.services.s3._rules import is_blocked, policy_text, rules_changed
from lakebed.services.s3._settings import (
    POLICY,
    forget_setting,
    keep_setting,
    not_set,
    setting_of,
)
from lakebed.services.s3.model import Bucket, bucket_of

if TYPE_CHECKING:
    from lakebed.shapes import s3


def put_bucket_policy(
    ctx: Context, request: s3.PutBucketPolicyRequest
) -> s3.PutBucketPolicyResponse:
    """Set the policy of a bucket, unless it is public and the bucket blocks those.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
    Condition keys that no request has here are refused.
    """
    bucket = _own(ctx, bucket_of(ctx, request), "PUT")
    policy = checked_policy(request["Policy"], bucket.name)
    check_principals(ctx, policy)
    if is_public(policy) and is_blocked(ctx, bucket, "BlockPublicPolicy"):
        message = (
            f"User: {ctx.principal.arn} is not authorized to perform: s3:PutBucketPolicy on "
            f'resource: "arn:aws:s3:::{bucket.name}" because public policies are prevented by '
            "the BlockPublicPolicy setting in S3 Block Public Access."
        )
        raise AwsError("AccessDenied", message, 403)
    keep_setting(ctx, bucket, POLICY, {"Policy": request["Policy"]})
    rules_changed(ctx, bucket)
    return {}


def get_bucket_policy(ctx: Context, request: s3.GetBucketPolicyRequest) -> s3.GetBucketPolicyOutput:
    """Return the policy of a bucket as it was put.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html
    """
    return {"Policy": _text(ctx, _own(ctx, bucket_of(ctx, request), "GET"))}


def get_bucket_policy_status(
    ctx: Context, request: s3.GetBucketPolicyStatusRequest
) -> s3.GetBucketPolicyStatusOutput:
    """Say whether a bucket's policy makes it public.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html
    """
    bucket = bucket_of(ctx, request)
    policy = checked_policy(_text(ctx, bucket), bucket.name)
    return {"PolicyStatus": {"IsPublic": is_public(policy)}}


def _text(ctx: Context, bucket: Bucket) -> str:
    text = policy_text(setting_of(ctx, bucket.name, POLICY))
    if not text:
        raise not_set("NoSuchBucketPolicy", "The bucket policy does not exist", bucket)
    return text


def delete_bucket_policy(
    ctx: Context, request: s3.DeleteBucketPolicyRequest
) -> s3.DeleteBucketPolicyResponse:
    """Delete the policy of a bucket; to delete none is no error.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html
    """
    bucket = _own(ctx, bucket_of(ctx, request), "DELETE")
    forget_setting(ctx, bucket, POLICY)
    rules_changed(ctx, bucket)
    return {}


def _own(ctx: Context, bucket: Bucket, method: str) -> Bucket:
    """Return a bucket of the caller's account: no other may touch its policy, allowed or not."""
    if ctx.account != bucket.account:
        message = "The specified method is not allowed against this resource."
        members = {"Method": method, "ResourceType": "BUCKETPOLICY"}
        raise AwsError("MethodNotAllowed", message, 405, members)
    return bucket
