"""What is known of an object, as one document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context
from lakebed.core.limits import LIST_KEYS_MAX
from lakebed.engines.objects import StoredObject
from lakebed.services.s3._descriptions import STANDARD
from lakebed.services.s3._encryption import (
    CUSTOMER_KEYS,
    check_customer,
    key_for_reading,
    opens_to_look,
)
from lakebed.services.s3._object_parts import completed_parts
from lakebed.services.s3._pages import checked_limit
from lakebed.services.s3._versions import marker_met, shown, stat_version, wanted_version
from lakebed.services.s3.model import bucket_of, check_key, invalid_argument, refuse_unbuilt

if TYPE_CHECKING:
    from lakebed.shapes import s3

DATA_EVENTS = True
HIDDEN_MEMBERS = CUSTOMER_KEYS
_ATTRIBUTES = frozenset({"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"})


def get_object_attributes(
    ctx: Context, request: s3.GetObjectAttributesRequest
) -> s3.GetObjectAttributesOutput:
    """Return the attributes of an object that a request names.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
    """
    refuse_unbuilt("GetObjectAttributes", request)
    bucket = bucket_of(ctx, request)
    check_key(request["Key"])
    asked = _asked(request)
    version = wanted_version(request)
    found = stat_version(ctx, bucket, request["Key"], version)
    if found.is_delete_marker:
        raise marker_met(found, version, "GET")
    check_customer(found, request)
    if opens_to_look(found, {**request, "ChecksumMode": "ENABLED"}):
        key_for_reading(ctx, bucket, found, request)
    answer: s3.GetObjectAttributesOutput = {"LastModified": found.last_modified}
    if bucket.is_versioned:
        answer["VersionId"] = shown(found.version_id)
    if "ETag" in asked:
        answer["ETag"] = found.etag
    if "Checksum" in asked and found.checksums:
        # The number of parts is said elsewhere: here the checksum is bare.
        bare = {name: value.partition("-")[0] for name, value in found.checksums.items()}
        checksum = {**bare, "ChecksumType": found.checksum_type}
        answer["Checksum"] = cast("s3.Checksum", checksum)
    if "ObjectParts" in asked and found.part_count:
        answer["ObjectParts"] = _parts(ctx, request, found)
    if "StorageClass" in asked:
        answer["StorageClass"] = found.storage_class or STANDARD
    if "ObjectSize" in asked:
        answer["ObjectSize"] = found.size
    return answer


def _asked(request: s3.GetObjectAttributesRequest) -> list[str]:
    asked = request.get("ObjectAttributes") or []
    unknown = [name for name in asked if name not in _ATTRIBUTES]
    if unknown or not asked:
        message = "Invalid attribute name specified."
        raise invalid_argument(message, "x-amz-object-attributes", ",".join(unknown))
    return asked


def _parts(
    ctx: Context, request: s3.GetObjectAttributesRequest, found: StoredObject
) -> s3.GetObjectAttributesParts:
    """Return a page of an object's parts; only of their number where they have no checksums."""
    parts = completed_parts(ctx, found)
    answer: dict[str, Any] = {"TotalPartsCount": found.part_count}
    if found.checksum_type != "COMPOSITE":
        return cast("s3.GetObjectAttributesParts", answer)
    limit = checked_limit(request.get("MaxParts"), LIST_KEYS_MAX, "max-parts")
    marker = request.get("PartNumberMarker", 0)
    rows = [
        {"PartNumber": number, "Size": part.size, **part.checksums}
        for number, part in enumerate(parts, 1)
        if marker < number <= marker + limit
    ]
    answer |= {
        "PartNumberMarker": marker,
        "NextPartNumberMarker": rows[-1]["PartNumber"] if rows else 0,
        "MaxParts": limit,
        "IsTruncated": bool(rows) and marker + limit < len(parts),
    }
    if rows:
        answer["Parts"] = rows
    return cast("s3.GetObjectAttributesParts", answer)
