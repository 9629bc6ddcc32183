"""The cross-origin rules of a bucket: which pages of other hosts a browser lets read its answers.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.services.s3._cors import check_rules
from lakebed.services.s3._settings import CORS, forget_setting, keep_setting, not_set, setting_of
from lakebed.services.s3.model import bucket_of

if TYPE_CHECKING:
    from lakebed.shapes import s3


def put_bucket_cors(ctx: Context, request: s3.PutBucketCorsRequest) -> s3.PutBucketCorsResponse:
    """Set the cross-origin rules of a bucket, all at once.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html
    """
    bucket = bucket_of(ctx, request)
    rules = request["CORSConfiguration"].get("CORSRules") or []
    check_rules(rules)
    keep_setting(ctx, bucket, CORS, {"CORSRules": [dict(rule) for rule in rules]})
    return {}


def get_bucket_cors(ctx: Context, request: s3.GetBucketCorsRequest) -> s3.GetBucketCorsOutput:
    """Return the cross-origin rules of a bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketCors.html
    """
    bucket = bucket_of(ctx, request)
    setting = setting_of(ctx, bucket.name, CORS)
    if setting is None or setting.document is None:
        message = "The CORS configuration does not exist"
        raise not_set("NoSuchCORSConfiguration", message, bucket)
    return {"CORSRules": setting.document["CORSRules"]}


def delete_bucket_cors(
    ctx: Context, request: s3.DeleteBucketCorsRequest
) -> s3.DeleteBucketCorsResponse:
    """Delete the cross-origin rules of a bucket; to delete none is no error.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketCors.html
    """
    forget_setting(ctx, bucket_of(ctx, request), CORS)
    return {}
