"""Multipart uploads: create, abort, list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import LIST_KEYS_MAX
from lakebed.services.s3._access_lists import new_owned
from lakebed.services.s3._checksums import (
    DEFAULT,
    can_be_full_object,
    check_algorithm,
    invalid_header,
)
from lakebed.services.s3._descriptions import (
    STANDARD,
    check_metadata,
    described,
    storage_class_of,
)
from lakebed.services.s3._encryption import (
    CUSTOMER_KEYS,
    FileSealing,
    shown_context,
    shown_encryption,
    wanted_encryption,
    wrapped,
)
from lakebed.services.s3._locks import asked_lock
from lakebed.services.s3._pages import Page, Wanted, checked_limit, encoder, page_of
from lakebed.services.s3._tags import header_tags
from lakebed.services.s3._uploads import COMPOSITE, FULL_OBJECT, upload_of
from lakebed.services.s3.model import (
    UPLOADS,
    Upload,
    bucket_of,
    check_key,
    discard,
    refuse_unbuilt,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import s3

DATA_EVENTS = True
HIDDEN_MEMBERS = CUSTOMER_KEYS


def create_multipart_upload(
    ctx: Context, request: s3.CreateMultipartUploadRequest
) -> s3.CreateMultipartUploadOutput:
    """Begin an upload in parts and return its id.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
    """
    refuse_unbuilt("CreateMultipartUpload", request)
    bucket = bucket_of(ctx, request)
    check_key(request["Key"])
    check_metadata(request)
    algorithm, kind = _checksum_of(request)
    owned = new_owned(ctx, bucket, "CreateMultipartUpload", request)
    now = ctx.clock.now()
    wanted = wanted_encryption(bucket, request, "CreateMultipartUpload")
    encryption = None
    if wanted is not None:
        encryption = wrapped(ctx, bucket, request["Key"], wanted, FileSealing().key)
    upload = Upload(
        bucket=bucket.name,
        key=request["Key"],
        # Uploads of a key are listed in the order of their beginnings: so are their ids.
        upload_id=f"{int(now * 1e9):016x}{ctx.ids.token(192)}",
        account=ctx.account,
        initiated=float(int(now)),
        headers=described(request),
        metadata=dict(request.get("Metadata") or {}),
        algorithm=algorithm,
        checksum_type=kind,
        storage_class=storage_class_of(request),
        tags=header_tags(request),
        owner=owned.owner,
        grants=owned.grants,
        lock=asked_lock(ctx, bucket, request),
        encryption=encryption,
    )
    UPLOADS.put(ctx, upload)
    answer: dict[str, Any] = {
        "Bucket": upload.bucket,
        "Key": upload.key,
        "UploadId": upload.upload_id,
        **shown_encryption(encryption, request),
        **shown_context(encryption),
    }
    if algorithm:
        answer["ChecksumAlgorithm"] = algorithm
        answer["ChecksumType"] = kind
    return cast("s3.CreateMultipartUploadOutput", answer)


def _checksum_of(request: Mapping[str, Any]) -> tuple[str, str]:
    """Return the algorithm and the type of the checksum an upload asks for; S3's type if none.

    Of the algorithms only a CRC can be that of the whole object, and CRC64NVME is nothing else.
    """
    algorithm = check_algorithm(request)
    kind = str(request.get("ChecksumType", "")).upper()
    if kind not in ("", COMPOSITE, FULL_OBJECT):
        raise invalid_header("x-amz-checksum-type")
    if not algorithm:
        if kind:
            message = (
                "The x-amz-checksum-type header can only be used with the "
                "x-amz-checksum-algorithm header."
            )
            raise AwsError("InvalidRequest", message, 400)
        return "", ""
    if not kind:
        kind = FULL_OBJECT if algorithm == DEFAULT else COMPOSITE
    is_legal = algorithm != DEFAULT if kind == COMPOSITE else can_be_full_object(algorithm)
    if not is_legal:
        message = (
            f"The {kind} checksum type cannot be used with the {algorithm.lower()} "
            "checksum algorithm."
        )
        raise AwsError("InvalidRequest", message, 400)
    return algorithm, kind


def abort_multipart_upload(
    ctx: Context, request: s3.AbortMultipartUploadRequest
) -> s3.AbortMultipartUploadOutput:
    """Give up an upload and remove its parts.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
    """
    refuse_unbuilt("AbortMultipartUpload", request)
    discard(ctx, upload_of(ctx, request))
    return {}


def list_multipart_uploads(
    ctx: Context, request: s3.ListMultipartUploadsRequest
) -> s3.ListMultipartUploadsOutput:
    """List the uploads of a bucket that are neither completed nor aborted, by key.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
    """
    refuse_unbuilt("ListMultipartUploads", request)
    encode = encoder(request.get("EncodingType"))
    account = bucket_of(ctx, request).account
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
        answer["Uploads"] = [
            _listed_upload(upload, encode(upload.key), account) for upload in page.items
        ]
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


def _listed_upload(upload: Upload, key: str, account: str) -> s3.MultipartUpload:
    """Return an upload to a bucket of an account, whose the object will be if nobody else's."""
    listed: s3.MultipartUpload = {
        "UploadId": upload.upload_id,
        "Key": key,
        "Initiated": upload.initiated,
        "StorageClass": cast(Any, upload.storage_class or STANDARD),
        "Owner": {"ID": upload.owner or account},
        "Initiator": {"ID": upload.account},
    }
    if upload.algorithm:
        listed["ChecksumAlgorithm"] = cast(Any, upload.algorithm)
        listed["ChecksumType"] = cast(Any, upload.checksum_type)
    return listed
