"""Settings of buckets that are what they are in a new bucket, since nothing here changes them.

What infrastructure tools read of every bucket gets the answer AWS gives for a plain one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.services.s3._settings import not_set
from lakebed.services.s3.model import bucket_of, malformed_xml

if TYPE_CHECKING:
    from lakebed.shapes import s3


def get_bucket_accelerate_configuration(
    ctx: Context, request: s3.GetBucketAccelerateConfigurationRequest
) -> s3.GetBucketAccelerateConfigurationOutput:
    """Return the state of transfer acceleration: never set.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAccelerateConfiguration.html
    """
    bucket_of(ctx, request)
    return {}


def get_bucket_request_payment(
    ctx: Context, request: s3.GetBucketRequestPaymentRequest
) -> s3.GetBucketRequestPaymentOutput:
    """Return who pays for requests: the owner.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketRequestPayment.html
    """
    bucket_of(ctx, request)
    return {"Payer": "BucketOwner"}


def put_bucket_request_payment(
    ctx: Context, request: s3.PutBucketRequestPaymentRequest
) -> s3.PutBucketRequestPaymentResponse:
    """Say that the owner pays for requests, as is so.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketRequestPayment.html
    """
    bucket_of(ctx, request)
    payer = request.get("RequestPaymentConfiguration", {}).get("Payer")
    if payer not in ("BucketOwner", "Requester"):
        raise malformed_xml()
    if payer == "Requester":
        raise NotBuiltError("s3", "PutBucketRequestPayment", "Payer Requester")
    return {}


def get_bucket_replication(
    ctx: Context, request: s3.GetBucketReplicationRequest
) -> s3.GetBucketReplicationOutput:
    """Return where a bucket is replicated to: nowhere.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketReplication.html
    """
    bucket = bucket_of(ctx, request)
    message = "The replication configuration was not found"
    raise not_set("ReplicationConfigurationNotFoundError", message, bucket)


def delete_bucket_replication(
    ctx: Context, request: s3.DeleteBucketReplicationRequest
) -> s3.DeleteBucketReplicationResponse:
    """Delete the replication of a bucket, which has none: that is no error.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketReplication.html
    """
    bucket_of(ctx, request)
    return {}
