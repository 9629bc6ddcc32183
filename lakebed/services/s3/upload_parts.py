"""Parts of multipart uploads: send, list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context, writing
from lakebed.core.bodies import Begun, UnsealedError
from lakebed.core.errors import AwsError
from lakebed.core.limits import LIST_KEYS_MAX
from lakebed.services.s3._checksums import check_claims, verified, with_digest
from lakebed.services.s3._descriptions import STANDARD
from lakebed.services.s3._encryption import (
    CUSTOMER_KEYS,
    FileSealing,
    customer_key_of,
    part_key,
    shown_encryption,
)
from lakebed.services.s3._locks import check_is_summed, lock_of_new
from lakebed.services.s3._pages import checked_limit
from lakebed.services.s3._uploads import (
    check_part_algorithm,
    check_part_is_claimed,
    check_part_number,
    keep_part,
    part_algorithm,
    shown_checksums,
    upload_of,
)
from lakebed.services.s3.model import PARTS, Upload, UploadedPart, bucket_of, refuse_unbuilt
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import s3

DATA_EVENTS = True
HIDDEN_MEMBERS = CUSTOMER_KEYS


def _check_part(ctx: Context, request: s3.UploadPartRequest) -> Upload:
    refuse_unbuilt("UploadPart", request)
    check_part_number(request["PartNumber"])
    upload = upload_of(ctx, request)
    check_claims(request)
    check_part_algorithm(upload, request)
    return upload


# The dispatcher finds it by its name.
@writing
def _begin_upload_part(  # pyright: ignore[reportUnusedFunction]
    ctx: Context, request: s3.UploadPartRequest
) -> Begun:
    """Check what needs no body; ask for the digest that the completion will need of this part."""
    upload, number = _check_part(ctx, request), request["PartNumber"]
    parts = ctx.engines.objects.parts
    key = part_key(ctx, bucket_of(ctx, request), upload, request)
    if key is not None:
        return Begun((part_algorithm(upload).lower(),), sealing=FileSealing(key))
    return Begun(
        digests=(part_algorithm(upload).lower(),),
        place=lambda size: parts.place(upload.upload_id, number, size),
    )


def upload_part(ctx: Context, request: s3.UploadPartRequest) -> s3.UploadPartOutput:
    """Store a part of an upload, or replace the one with its number.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html
    """
    upload = _check_part(ctx, request)
    check_part_is_claimed(upload, request)
    bucket = bucket_of(ctx, request)
    check_is_summed(ctx, lock_of_new(bucket, upload.lock, 0.0), request, "Part")
    if "Body" not in request:
        raise AwsError("MissingRequestBodyError", "Request Body is empty", 400)
    body = request["Body"]
    checksums = verified(request, body)
    key = part_key(ctx, bucket, upload, request)
    if key is not None and body.sealing is None:
        body = with_digest(body, part_algorithm(upload))
        raise UnsealedError(body, FileSealing(key))
    part = keep_part(ctx, upload, request["PartNumber"], body, checksums)
    answer = {"ETag": f'"{part.etag}"', **(shown_checksums(upload, part) or checksums)}
    answer |= shown_encryption(upload.encryption, request)
    return cast("s3.UploadPartOutput", answer)


def list_parts(ctx: Context, request: s3.ListPartsRequest) -> s3.ListPartsOutput:
    """List the parts of an upload by number.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html
    """
    refuse_unbuilt("ListParts", request)
    upload = upload_of(ctx, request)
    if customer_key_of(request):
        part_key(ctx, bucket_of(ctx, request), upload, request)
    limit = checked_limit(request.get("MaxParts"), LIST_KEYS_MAX, "max-parts")
    marker = checked_limit(request.get("PartNumberMarker", 0), 2**31 - 1, "part-number-marker")
    span = Range(prefix=(upload.upload_id,), after=(marker,), limit=limit + 1)
    found = list(PARTS.scan(ctx, span))
    answer: s3.ListPartsOutput = {
        "Bucket": upload.bucket,
        "Key": upload.key,
        "UploadId": upload.upload_id,
        "PartNumberMarker": marker,
        "NextPartNumberMarker": found[:limit][-1].number if found[:limit] else 0,
        "MaxParts": limit,
        "IsTruncated": len(found) > limit > 0,
        "Initiator": {"ID": upload.account},
        "Owner": {"ID": upload.owner or bucket_of(ctx, request).account},
        "StorageClass": cast(Any, upload.storage_class or STANDARD),
    }
    if found[:limit]:
        answer["Parts"] = [_listed_part(upload, part) for part in found[:limit]]
    if upload.algorithm:
        answer["ChecksumAlgorithm"] = cast(Any, upload.algorithm)
        answer["ChecksumType"] = cast(Any, upload.checksum_type)
    return answer


def _listed_part(upload: Upload, part: UploadedPart) -> s3.Part:
    listed: dict[str, Any] = {
        "PartNumber": part.number,
        "LastModified": part.last_modified,
        "ETag": f'"{part.etag}"',
        "Size": part.size,
        **shown_checksums(upload, part),
    }
    return cast("s3.Part", listed)
