"""The listing of all versions and delete markers of a bucket's objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from lakebed.context import Context
from lakebed.core.limits import LIST_KEYS_MAX
from lakebed.engines.objects import ListedVersion, VersionSpan
from lakebed.services.s3._descriptions import shown_in_listing
from lakebed.services.s3._pages import Page, Wanted, checked_limit, encoder, page_of
from lakebed.services.s3._versions import shown, version_named
from lakebed.services.s3.model import Bucket, bucket_of, invalid_argument, refuse_unbuilt

if TYPE_CHECKING:
    from lakebed.shapes import s3

DATA_EVENTS = True


def list_object_versions(
    ctx: Context, request: s3.ListObjectVersionsRequest
) -> s3.ListObjectVersionsOutput:
    """List up to 1,000 versions and delete markers by key, the newest of each key first.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
    """
    refuse_unbuilt("ListObjectVersions", request)
    bucket = bucket_of(ctx, request)
    encode = encoder(request.get("EncodingType"))
    key_marker, version_marker = request.get("KeyMarker", ""), request.get("VersionIdMarker", "")
    if version_marker and not key_marker:
        message = "A version-id marker cannot be specified without a key marker."
        raise invalid_argument(message, "version-id-marker", version_marker)
    after = version_named(version_marker, "version-id-marker") if version_marker else None
    limit = checked_limit(request.get("MaxKeys"), LIST_KEYS_MAX, "max-keys")
    wanted = Wanted(request.get("Prefix", ""), request.get("Delimiter", ""), key_marker, limit)
    page = page_of(wanted, _reader(ctx, bucket, wanted, after))
    answer: s3.ListObjectVersionsOutput = {
        "IsTruncated": page.is_truncated,
        "Name": bucket.name,
        "Prefix": encode(wanted.prefix),
        "KeyMarker": encode(key_marker),
        "VersionIdMarker": version_marker,
        "MaxKeys": limit,
    }
    _fill(answer, page, encode, bucket.account)
    if wanted.delimiter:
        answer["Delimiter"] = encode(wanted.delimiter)
    if page.is_truncated:
        answer["NextKeyMarker"] = encode(page.last)
        if page.items and page.items[-1].key == page.last:
            answer["NextVersionIdMarker"] = shown(page.items[-1].found.version_id)
    if "EncodingType" in request:
        answer["EncodingType"] = request["EncodingType"]
    return answer


def _fill(
    answer: s3.ListObjectVersionsOutput,
    page: Page[ListedVersion],
    encode: Callable[[str], str],
    account: str,
) -> None:
    versions: list[s3.ObjectVersion] = []
    markers: list[s3.DeleteMarkerEntry] = []
    for item in page.items:
        found = item.found
        if found.is_delete_marker:
            markers.append(
                {
                    "Key": encode(found.key),
                    "VersionId": shown(found.version_id),
                    "IsLatest": item.is_latest,
                    "LastModified": found.last_modified,
                    "Owner": {"ID": account},
                }
            )
        else:
            listed = {
                **shown_in_listing(found, encode, account),
                "VersionId": shown(found.version_id),
                "IsLatest": item.is_latest,
            }
            versions.append(cast("s3.ObjectVersion", listed))
    if versions:
        answer["Versions"] = versions
    if markers:
        answer["DeleteMarkers"] = markers
    if page.prefixes:
        answer["CommonPrefixes"] = [{"Prefix": encode(prefix)} for prefix in page.prefixes]


def _reader(
    ctx: Context, bucket: Bucket, wanted: Wanted, after: str | None
) -> Callable[[str, bool, int], Sequence[ListedVersion]]:
    """Return what reads the versions of a page; `after` is the last one of the page before."""
    objects = ctx.engines.objects
    # One key has several versions, so within a key it counts which one was read last.
    seen: dict[str, str] = {}
    if after is not None:
        known = objects.versions.stat(ctx, bucket.name, wanted.after, after)
        # Of one that was deleted since, nobody knows what came after it: begin the key anew.
        seen[wanted.after] = after if known is not None else _NONE

    def read(start: str, is_after: bool, limit: int) -> Sequence[ListedVersion]:
        last = seen.get(start) if is_after else None
        rows = objects.versions.list(
            ctx,
            VersionSpan(
                bucket.name,
                wanted.prefix,
                start,
                is_after=is_after and last is None,
                after_version=None if last is _NONE else last,
                limit=limit,
            ),
        )
        seen.clear()
        if rows:
            seen[rows[-1].key] = rows[-1].found.version_id
        return rows

    return read


_NONE = "\N{REPLACEMENT CHARACTER}"
"""Stands for a version that is not there any more."""
