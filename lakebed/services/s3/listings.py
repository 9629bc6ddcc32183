"""Listings of a bucket's objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.limits import LIST_KEYS_MAX
from lakebed.engines.objects import ListedObject, Span
from lakebed.services.s3._descriptions import listed
from lakebed.services.s3._pages import (
    Page,
    Wanted,
    checked_limit,
    encoder,
    from_token,
    page_of,
    page_token,
)
from lakebed.services.s3.model import Bucket, bucket_of, invalid_argument, refuse_unbuilt

if TYPE_CHECKING:
    from lakebed.shapes import s3

DATA_EVENTS = True


def list_objects_v2(ctx: Context, request: s3.ListObjectsV2Request) -> s3.ListObjectsV2Output:
    """List up to 1,000 objects of a bucket by key.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    """
    refuse_unbuilt("ListObjectsV2", request)
    encode = encoder(request.get("EncodingType"))
    after = start_after = request.get("StartAfter", "")
    token = request.get("ContinuationToken")
    if token is not None:
        if not token:
            message = "The continuation token provided is incorrect"
            raise invalid_argument(message, "continuation-token", token)
        after = from_token(token)
    page, wanted, bucket = _page(ctx, request, after)
    owner = bucket.account if request.get("FetchOwner") else None
    answer: s3.ListObjectsV2Output = {
        "IsTruncated": page.is_truncated,
        "Name": request["Bucket"],
        "Prefix": encode(wanted.prefix),
        "MaxKeys": wanted.limit,
        "KeyCount": page.count,
    }
    if page.items:
        answer["Contents"] = listed(page.items, encode, owner)
    if page.prefixes:
        answer["CommonPrefixes"] = [{"Prefix": encode(prefix)} for prefix in page.prefixes]
    if wanted.delimiter:
        answer["Delimiter"] = encode(wanted.delimiter)
    if "EncodingType" in request:
        answer["EncodingType"] = request["EncodingType"]
    if token is not None:
        answer["ContinuationToken"] = token
    if start_after:
        answer["StartAfter"] = encode(start_after)
    if page.is_truncated:
        answer["NextContinuationToken"] = page_token(page.last)
    return answer


def list_objects(ctx: Context, request: s3.ListObjectsRequest) -> s3.ListObjectsOutput:
    """List up to 1,000 objects of a bucket by key, in the older form of the operation.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html
    """
    refuse_unbuilt("ListObjects", request)
    encode = encoder(request.get("EncodingType"))
    marker = request.get("Marker", "")
    page, wanted, bucket = _page(ctx, request, marker)
    answer: s3.ListObjectsOutput = {
        "IsTruncated": page.is_truncated,
        "Marker": encode(marker),
        "Name": request["Bucket"],
        "Prefix": encode(wanted.prefix),
        "MaxKeys": wanted.limit,
    }
    if page.items:
        answer["Contents"] = listed(page.items, encode, bucket.account)
    if page.prefixes:
        answer["CommonPrefixes"] = [{"Prefix": encode(prefix)} for prefix in page.prefixes]
    if wanted.delimiter:
        answer["Delimiter"] = encode(wanted.delimiter)
        if page.is_truncated:
            # Without a delimiter AWS leaves it out: the last key says the same.
            answer["NextMarker"] = encode(page.last)
    if "EncodingType" in request:
        answer["EncodingType"] = request["EncodingType"]
    return answer


def _page(
    ctx: Context, request: Mapping[str, Any], after: str
) -> tuple[Page[ListedObject], Wanted, Bucket]:
    bucket = bucket_of(ctx, request)
    limit = checked_limit(request.get("MaxKeys"), LIST_KEYS_MAX, "max-keys")
    wanted = Wanted(request.get("Prefix", ""), request.get("Delimiter", ""), after, limit)
    objects = ctx.engines.objects
    page = page_of(
        wanted,
        lambda start, is_after, count: objects.list(
            ctx, Span(bucket.name, wanted.prefix, start, is_after, count)
        ),
    )
    return page, wanted, bucket
