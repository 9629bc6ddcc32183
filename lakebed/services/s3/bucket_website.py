"""The website of a bucket: its index and error documents, and where its rules lead.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from lakebed.context import Context
from lakebed.services.s3._settings import (
    WEBSITE,
    forget_setting,
    keep_setting,
    not_set,
    setting_of,
)
from lakebed.services.s3._website import check_configuration
from lakebed.services.s3.model import bucket_of

if TYPE_CHECKING:
    from lakebed.shapes import s3


def put_bucket_website(
    ctx: Context, request: s3.PutBucketWebsiteRequest
) -> s3.PutBucketWebsiteResponse:
    """Make a bucket a website.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketWebsite.html
    """
    bucket = bucket_of(ctx, request)
    configuration = request["WebsiteConfiguration"]
    check_configuration(configuration)
    keep_setting(ctx, bucket, WEBSITE, configuration)
    return {}


def get_bucket_website(
    ctx: Context, request: s3.GetBucketWebsiteRequest
) -> s3.GetBucketWebsiteOutput:
    """Return the website configuration of a bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketWebsite.html
    """
    bucket = bucket_of(ctx, request)
    setting = setting_of(ctx, bucket.name, WEBSITE)
    if setting is None or setting.document is None:
        message = "The specified bucket does not have a website configuration"
        raise not_set("NoSuchWebsiteConfiguration", message, bucket)
    return cast("s3.GetBucketWebsiteOutput", setting.document)


def delete_bucket_website(
    ctx: Context, request: s3.DeleteBucketWebsiteRequest
) -> s3.DeleteBucketWebsiteResponse:
    """Make a bucket no website any more; if it is none, that is no error.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketWebsite.html
    """
    forget_setting(ctx, bucket_of(ctx, request), WEBSITE)
    return {}
