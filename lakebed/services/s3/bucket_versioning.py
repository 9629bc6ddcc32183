"""The versioning of a bucket: put, get."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.services.s3.model import BUCKETS, bucket_of, malformed_xml, refuse_unbuilt

if TYPE_CHECKING:
    from lakebed.shapes import s3


def put_bucket_versioning(
    ctx: Context, request: s3.PutBucketVersioningRequest
) -> s3.PutBucketVersioningResponse:
    """Enable or suspend the versions of a bucket's objects; there is no way back to neither.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html
    MFA delete is not built: it is refused, unless it is to be disabled, which it is.
    """
    refuse_unbuilt("PutBucketVersioning", request)
    bucket = bucket_of(ctx, request)
    configuration = request["VersioningConfiguration"]
    status, mfa_delete = configuration.get("Status"), configuration.get("MFADelete", "Disabled")
    if mfa_delete not in ("Enabled", "Disabled"):
        raise malformed_xml()
    if mfa_delete == "Enabled":
        raise NotBuiltError("s3", "PutBucketVersioning", "MfaDelete")
    if status is None:
        message = "The Versioning element must be specified"
        raise AwsError("IllegalVersioningConfigurationException", message, 400)
    if status not in ("Enabled", "Suspended"):
        raise malformed_xml()
    if bucket.lock and status != "Enabled":
        message = (
            "An Object Lock configuration is present on this bucket, so the versioning state "
            "cannot be changed."
        )
        raise AwsError("InvalidBucketState", message, 409)
    BUCKETS.put(ctx, replace(bucket, versioning=status))
    return {}


def get_bucket_versioning(
    ctx: Context, request: s3.GetBucketVersioningRequest
) -> s3.GetBucketVersioningOutput:
    """Return whether versioning is enabled or suspended; nothing if it never was enabled.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html
    """
    bucket = bucket_of(ctx, request)
    return {"Status": bucket.versioning} if bucket.is_versioned else {}
