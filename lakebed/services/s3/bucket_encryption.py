"""The default encryption of buckets: put, get, delete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.services.s3._encryption import SSE_C, SSE_KMS, SSE_S3
from lakebed.services.s3._settings import not_set
from lakebed.services.s3.model import BUCKETS, bucket_of, malformed_xml

if TYPE_CHECKING:
    from lakebed.shapes import s3

_DSSE = "aws:kms:dsse"
_BLOCKED = "BlockedEncryptionTypes"
_DEFAULT = "ApplyServerSideEncryptionByDefault"
_NEW: Mapping[str, Any] = {_BLOCKED: {"EncryptionType": [SSE_C]}}
"""What every new bucket blocks on AWS since April 2026."""


def put_bucket_encryption(
    ctx: Context, request: s3.PutBucketEncryptionRequest
) -> s3.PutBucketEncryptionResponse:
    """Say how what is put into a bucket is encrypted unless it says so itself.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html
    From then on new objects of the bucket are encrypted files. A rule that does not say which
    encryption types are blocked leaves those as they were: AWS does not document that.
    """
    bucket = bucket_of(ctx, request)
    rules = request["ServerSideEncryptionConfiguration"].get("Rules") or []
    if len(rules) != 1:
        raise malformed_xml()
    given: Mapping[str, Any] = cast(Mapping[str, Any], rules[0])
    rule = _checked_default(given) | _checked_blocks(given, bucket.encryption)
    BUCKETS.put(ctx, replace(bucket, encryption=rule))
    return {}


def _checked_default(given: Mapping[str, Any]) -> dict[str, Any]:
    default: Mapping[str, Any] | None = given.get(_DEFAULT)
    if default is None:
        return {}
    algorithm, key = default.get("SSEAlgorithm"), default.get("KMSMasterKeyID")
    if algorithm not in (SSE_S3, SSE_KMS, _DSSE):
        raise malformed_xml()
    if algorithm == SSE_S3 and key:
        message = (
            "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or "
            "aws:kms:dsse"
        )
        raise AwsError("InvalidArgument", message, 400, {"ArgumentName": _DEFAULT})
    if algorithm == _DSSE:
        raise NotBuiltError("s3", "PutBucketEncryption", f"SSEAlgorithm {_DSSE}")
    named = {"KMSMasterKeyID": key} if key else {}
    return {
        _DEFAULT: {"SSEAlgorithm": algorithm, **named},
        "BucketKeyEnabled": bool(given.get("BucketKeyEnabled")),
    }


def _checked_blocks(given: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    blocks: Mapping[str, Any] | None = given.get(_BLOCKED)
    if blocks is None:
        return {_BLOCKED: before[_BLOCKED]} if _BLOCKED in before else {}
    kinds: list[str] = blocks.get("EncryptionType") or []
    if kinds not in ([SSE_C], ["NONE"]):
        raise malformed_xml()
    return {_BLOCKED: {"EncryptionType": kinds}}


def get_bucket_encryption(
    ctx: Context, request: s3.GetBucketEncryptionRequest
) -> s3.GetBucketEncryptionOutput:
    """Return the default encryption that somebody put on a bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketEncryption.html
    Where nobody did, files are plain, and the answer is the error for a bucket without a default;
    AWS, which encrypts all there is, answers SSE-S3.
    """
    bucket = bucket_of(ctx, request)
    if not bucket.encryption:
        message = "The server side encryption configuration was not found"
        raise not_set("ServerSideEncryptionConfigurationNotFoundError", message, bucket)
    rule = cast("s3.ServerSideEncryptionRule", {**_NEW, **bucket.encryption})
    return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}


def delete_bucket_encryption(
    ctx: Context, request: s3.DeleteBucketEncryptionRequest
) -> s3.DeleteBucketEncryptionResponse:
    """Give a bucket the default encryption of a new one; what is encrypted stays so.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketEncryption.html
    """
    BUCKETS.put(ctx, replace(bucket_of(ctx, request), encryption={}))
    return {}
