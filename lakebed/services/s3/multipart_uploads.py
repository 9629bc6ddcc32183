"""Multipart uploads: create, send parts, complete or abort, list."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context, long
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import LIST_KEYS_MAX, PART_BYTES_MIN, PARTS_MAX
from lakebed.engines.objects import StoredObject
from lakebed.services.s3._checksums import (
    MEMBERS,
    check_claims,
    composite,
    refuse_unbuilt_checksum,
    verified,
    whole,
)
from lakebed.services.s3._conditions import check_write
from lakebed.services.s3._descriptions import check_metadata, described
from lakebed.services.s3._pages import Page, Wanted, checked_limit, encoder, page_of
from lakebed.services.s3.model import (
    PARTS,
    UPLOADS,
    Upload,
    UploadedPart,
    bucket_of,
    check_key,
    discard,
    invalid_argument,
    refuse_unbuilt,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import s3

DATA_EVENTS = True


def create_multipart_upload(
    ctx: Context, request: s3.CreateMultipartUploadRequest
) -> s3.CreateMultipartUploadOutput:
    """Begin an upload in parts and return its id.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
    """
    refuse_unbuilt("CreateMultipartUpload", request)
    refuse_unbuilt_checksum("CreateMultipartUpload", request)
    bucket = bucket_of(ctx, request)
    check_key(request["Key"])
    check_metadata(request)
    algorithm = request.get("ChecksumAlgorithm", "")
    kind = request.get("ChecksumType", "COMPOSITE" if algorithm else "")
    if kind == "FULL_OBJECT" and algorithm != "CRC32":
        message = (
            f"The FULL_OBJECT checksum type cannot be used with the {algorithm.lower()} "
            "checksum algorithm."
        )
        raise AwsError("InvalidRequest", message, 400)
    upload = Upload(
        bucket=bucket.name,
        key=request["Key"],
        upload_id=ctx.ids.token(256),
        account=ctx.account,
        initiated=float(int(ctx.clock.now())),
        headers=described(request),
        metadata=dict(request.get("Metadata") or {}),
        algorithm=algorithm,
        checksum_type=kind,
    )
    UPLOADS.put(ctx, upload)
    answer: s3.CreateMultipartUploadOutput = {
        "Bucket": upload.bucket,
        "Key": upload.key,
        "UploadId": upload.upload_id,
    }
    if algorithm:
        answer["ChecksumAlgorithm"] = algorithm
        answer["ChecksumType"] = kind
    return answer


def _upload_of(ctx: Context, request: Mapping[str, Any]) -> Upload:
    bucket = bucket_of(ctx, request)
    upload = UPLOADS.get(ctx, bucket.name, request["Key"], request["UploadId"])
    if upload is None:
        raise _no_such_upload(request["UploadId"])
    return upload


def _no_such_upload(upload_id: str) -> AwsError:
    message = (
        "The specified multipart upload does not exist. The upload ID may be invalid, or "
        "the upload may have been aborted or completed."
    )
    return AwsError("NoSuchUpload", message, 404, {"UploadId": upload_id})


def _check_part(ctx: Context, request: s3.UploadPartRequest) -> Upload:
    refuse_unbuilt("UploadPart", request)
    refuse_unbuilt_checksum("UploadPart", request)
    upload = _upload_of(ctx, request)
    number = request["PartNumber"]
    if not 1 <= number <= PARTS_MAX:
        message = f"Part number must be an integer between 1 and {PARTS_MAX}, inclusive"
        raise invalid_argument(message, "partNumber", str(number))
    claimed = [name for name, member in MEMBERS.items() if member in request]
    if upload.algorithm and claimed and upload.algorithm not in claimed:
        message = (
            f"Checksum Type mismatch occurred, expected checksum Type: "
            f"{upload.algorithm.lower()}, actual checksum Type: {claimed[0].lower()}"
        )
        raise AwsError("InvalidRequest", message, 400)
    return upload


# The dispatcher finds it by its name.
def _begin_upload_part(  # pyright: ignore[reportUnusedFunction]
    ctx: Context, request: s3.UploadPartRequest
) -> None:
    _check_part(ctx, request)
    check_claims(request)


def upload_part(ctx: Context, request: s3.UploadPartRequest) -> s3.UploadPartOutput:
    """Store a part of an upload, or replace the one with its number.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html
    """
    upload = _check_part(ctx, request)
    if "Body" not in request:
        raise AwsError("MissingRequestBodyError", "Request Body is empty", 400)
    body, number = request["Body"], request["PartNumber"]
    claims: dict[str, Any] = dict(request)
    if upload.algorithm:
        claims.setdefault("ChecksumAlgorithm", upload.algorithm)
    checksums = verified(claims, body)
    parts = ctx.engines.objects.parts
    upload_id = upload.upload_id
    replaced = PARTS.get(ctx, upload_id, number)
    name = parts.keep(upload_id, number, body.path)
    now = float(int(ctx.clock.now()))
    etag = body.digests["md5"]
    PARTS.put(ctx, UploadedPart(upload_id, number, etag, body.size, name, now, checksums))
    if replaced is not None:
        ctx.store.after_commit(lambda: parts.drop(upload_id, replaced.name))
    return cast("s3.UploadPartOutput", {"ETag": f'"{etag}"', **checksums})


@long
def complete_multipart_upload(
    ctx: Context, request: s3.CompleteMultipartUploadRequest
) -> s3.CompleteMultipartUploadOutput:
    """Make an object of the parts of an upload.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
    """
    refuse_unbuilt("CompleteMultipartUpload", request)
    refuse_unbuilt_checksum("CompleteMultipartUpload", request)
    upload = _upload_of(ctx, request)
    parts = _chosen_parts(ctx, upload, request)
    objects = ctx.engines.objects
    _check_write(ctx, request)
    path = objects.parts.join(upload.upload_id, [part.name for part in parts])
    try:
        checksums = _object_checksums(upload, parts, request, path)
        md5s = b"".join(bytes.fromhex(part.etag) for part in parts)
        etag = f"{hashlib.md5(md5s, usedforsecurity=False).hexdigest()}-{len(parts)}"
        found = StoredObject(
            bucket=upload.bucket,
            key=upload.key,
            size=sum(part.size for part in parts),
            etag=etag,
            last_modified=float(int(ctx.clock.now())),
            headers=upload.headers,
            metadata=upload.metadata,
            checksums=checksums,
            checksum_type=upload.checksum_type if checksums else "",
        )
        # The writes begin here: before, others could write as well.
        if not discard(ctx, upload):
            raise _no_such_upload(request["UploadId"])
        _check_write(ctx, request)
        objects.put(ctx, found, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    answer: dict[str, Any] = {
        "Location": f"/{upload.bucket}/{upload.key}",
        "Bucket": upload.bucket,
        "Key": upload.key,
        "ETag": f'"{etag}"',
        **checksums,
    }
    if checksums:
        answer["ChecksumType"] = upload.checksum_type
    return cast("s3.CompleteMultipartUploadOutput", answer)


def _check_write(ctx: Context, request: Mapping[str, Any]) -> None:
    if "IfMatch" in request or "IfNoneMatch" in request:
        found = ctx.engines.objects.stat(ctx, request["Bucket"], request["Key"])
        check_write("CompleteMultipartUpload", request, found)


def _chosen_parts(
    ctx: Context, upload: Upload, request: s3.CompleteMultipartUploadRequest
) -> list[UploadedPart]:
    """Return the parts that the request lists, checked against what was received."""
    listed = request.get("MultipartUpload", {}).get("Parts") or []
    if not listed:
        message = (
            "The XML you provided was not well-formed or did not validate against our "
            "published schema"
        )
        raise AwsError("MalformedXML", message, 400)
    numbers = [part.get("PartNumber", 0) for part in listed]
    if any(first >= second for first, second in pairwise(numbers)):
        message = (
            "The list of parts was not in ascending order. The parts list must be specified in "
            "order by part number."
        )
        raise AwsError("InvalidPartOrder", message, 400)
    known = {part.number: part for part in PARTS.scan(ctx, Range(prefix=(upload.upload_id,)))}
    chosen: list[UploadedPart] = []
    for wanted in listed:
        part = known.get(wanted.get("PartNumber", 0))
        if part is None or not _is_meant(wanted, part):
            raise _invalid_part(upload, wanted)
        chosen.append(part)
    for part in chosen[:-1]:
        if part.size < PART_BYTES_MIN:
            raise _too_small(part)
    size = request.get("MpuObjectSize")
    if size is not None and size != sum(part.size for part in chosen):
        message = "The provided 'x-amz-mp-object-size' header does not match what was computed."
        raise AwsError("InvalidRequest", message, 400)
    return chosen


def _is_meant(wanted: s3.CompletedPart, part: UploadedPart) -> bool:
    if wanted.get("ETag", "").strip('"') != part.etag:
        return False
    return all(
        wanted.get(member) in (None, part.checksums.get(member)) for member in MEMBERS.values()
    )


def _invalid_part(upload: Upload, wanted: s3.CompletedPart) -> AwsError:
    message = (
        "One or more of the specified parts could not be found.  The part may not have been "
        "uploaded, or the specified entity tag may not match the part's entity tag."
    )
    members: dict[str, str | int] = {
        "UploadId": upload.upload_id,
        "PartNumber": wanted.get("PartNumber", 0),
        "ETag": wanted.get("ETag", "").strip('"'),
    }
    return AwsError("InvalidPart", message, 400, members)


def _too_small(part: UploadedPart) -> AwsError:
    message = "Your proposed upload is smaller than the minimum allowed size"
    members: dict[str, str | int] = {
        "ProposedSize": part.size,
        "MinSizeAllowed": PART_BYTES_MIN,
        "PartNumber": part.number,
        "ETag": part.etag,
    }
    return AwsError("EntityTooSmall", message, 400, members)


def _object_checksums(
    upload: Upload, parts: list[UploadedPart], request: Mapping[str, Any], path: Any
) -> dict[str, str]:
    """Return the checksum of the whole object, as the upload was told to keep it."""
    if not upload.algorithm:
        for member in MEMBERS.values():
            if member in request:
                raise NotBuiltError("s3", "CompleteMultipartUpload", member)
        return {}
    member = MEMBERS[upload.algorithm]
    if upload.checksum_type == "FULL_OBJECT":
        computed = whole(path, upload.algorithm)
    else:
        computed = composite([part.checksums[member] for part in parts], upload.algorithm)
    claimed = request.get(member)
    if claimed is not None and claimed not in (computed, computed.partition("-")[0]):
        message = f"The {upload.algorithm} you specified did not match the calculated checksum."
        raise AwsError("BadDigest", message, 400)
    return {member: computed}


def abort_multipart_upload(
    ctx: Context, request: s3.AbortMultipartUploadRequest
) -> s3.AbortMultipartUploadOutput:
    """Give up an upload and remove its parts.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
    """
    refuse_unbuilt("AbortMultipartUpload", request)
    discard(ctx, _upload_of(ctx, request))
    return {}


def list_parts(ctx: Context, request: s3.ListPartsRequest) -> s3.ListPartsOutput:
    """List the parts of an upload by number.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html
    """
    refuse_unbuilt("ListParts", request)
    upload = _upload_of(ctx, request)
    limit = checked_limit(request.get("MaxParts"), LIST_KEYS_MAX, "max-parts")
    marker = request.get("PartNumberMarker", 0)
    span = Range(prefix=(upload.upload_id,), after=(marker,), limit=limit + 1)
    found = list(PARTS.scan(ctx, span))
    answer: s3.ListPartsOutput = {
        "Bucket": upload.bucket,
        "Key": upload.key,
        "UploadId": upload.upload_id,
        "PartNumberMarker": marker,
        "MaxParts": limit,
        "IsTruncated": len(found) > limit > 0,
        "Initiator": {"ID": upload.account},
        "Owner": {"ID": upload.account},
        "StorageClass": "STANDARD",
    }
    if found[:limit]:
        answer["NextPartNumberMarker"] = found[:limit][-1].number
        answer["Parts"] = [_listed_part(part) for part in found[:limit]]
    if upload.algorithm:
        answer["ChecksumAlgorithm"] = upload.algorithm
        answer["ChecksumType"] = upload.checksum_type
    return answer


def _listed_part(part: UploadedPart) -> s3.Part:
    listed: dict[str, Any] = {
        "PartNumber": part.number,
        "LastModified": part.last_modified,
        "ETag": f'"{part.etag}"',
        "Size": part.size,
        **part.checksums,
    }
    return cast("s3.Part", listed)


def list_multipart_uploads(
    ctx: Context, request: s3.ListMultipartUploadsRequest
) -> s3.ListMultipartUploadsOutput:
    """List the uploads of a bucket that are neither completed nor aborted, by key.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
    """
    refuse_unbuilt("ListMultipartUploads", request)
    encode = encoder(request.get("EncodingType"))
    page, wanted = _uploads_page(ctx, request)
    answer: s3.ListMultipartUploadsOutput = {
        "Bucket": request["Bucket"],
        "KeyMarker": encode(request.get("KeyMarker", "")),
        "UploadIdMarker": request.get("UploadIdMarker", ""),
        "Prefix": encode(wanted.prefix),
        "MaxUploads": wanted.limit,
        "IsTruncated": page.is_truncated,
    }
    if page.items:
        answer["Uploads"] = [_listed_upload(upload, encode(upload.key)) for upload in page.items]
    if page.prefixes:
        answer["CommonPrefixes"] = [{"Prefix": encode(prefix)} for prefix in page.prefixes]
    if wanted.delimiter:
        answer["Delimiter"] = encode(wanted.delimiter)
    if page.is_truncated:
        answer["NextKeyMarker"] = encode(page.last)
        if page.items and page.items[-1].key == page.last:
            answer["NextUploadIdMarker"] = page.items[-1].upload_id
    if "EncodingType" in request:
        answer["EncodingType"] = request["EncodingType"]
    return answer


def _uploads_page(ctx: Context, request: Mapping[str, Any]) -> tuple[Page[Upload], Wanted]:
    bucket = bucket_of(ctx, request)
    limit = checked_limit(request.get("MaxUploads"), LIST_KEYS_MAX, "max-uploads")
    marker: str = request.get("KeyMarker", "")
    wanted = Wanted(request.get("Prefix", ""), request.get("Delimiter", ""), marker, limit)
    # One key may have several uploads, so within the marker's key its upload id counts as well.
    last_id: str = request.get("UploadIdMarker", "") if marker else ""

    def read(start: str, is_after: bool, count: int) -> list[Upload]:
        after = (start, seen[start]) if start in seen else None
        first = None
        if after is None and is_after:
            after = (start, "\U0010ffff")
        elif after is None:
            first = (start,)
        if start < wanted.prefix:
            after, first = None, (wanted.prefix,)
        span = Range(prefix=(bucket.name,), start=first, after=after, limit=count)
        found = [row for row in UPLOADS.scan(ctx, span) if row.key.startswith(wanted.prefix)]
        seen.update({row.key: row.upload_id for row in found})
        return found

    seen: dict[str, str] = {marker: last_id} if last_id else {}
    return page_of(wanted, read), wanted


def _listed_upload(upload: Upload, key: str) -> s3.MultipartUpload:
    listed: s3.MultipartUpload = {
        "UploadId": upload.upload_id,
        "Key": key,
        "Initiated": upload.initiated,
        "StorageClass": "STANDARD",
        "Owner": {"ID": upload.account},
        "Initiator": {"ID": upload.account},
    }
    if upload.algorithm:
        listed["ChecksumAlgorithm"] = upload.algorithm
        listed["ChecksumType"] = upload.checksum_type
    return listed
