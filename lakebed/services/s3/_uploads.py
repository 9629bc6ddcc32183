"""What all operations on a multipart upload share: finding it, and keeping a part of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.core.bodies import Spooled
from lakebed.core.errors import AwsError
from lakebed.core.limits import PARTS_MAX
from lakebed.sealing import sealed_file_size
from lakebed.services.s3._checksums import (
    DEFAULT,
    MEMBERS,
    check_algorithm,
    claimed_algorithm,
    computed,
)
from lakebed.services.s3._encryption import etag_of, sealing_digest
from lakebed.services.s3.model import (
    PARTS,
    UPLOADS,
    Upload,
    UploadedPart,
    bucket_of,
    invalid_argument,
)

FULL_OBJECT, COMPOSITE = "FULL_OBJECT", "COMPOSITE"


def upload_of(ctx: Context, request: Mapping[str, Any]) -> Upload:
    """Return the upload a request is about, or NoSuchUpload."""
    bucket = bucket_of(ctx, request)
    upload = UPLOADS.get(ctx, bucket.name, request["Key"], request["UploadId"])
    if upload is None:
        raise no_such_upload(request["UploadId"])
    return upload


def no_such_upload(upload_id: str) -> AwsError:
    """Return S3's answer for an upload that is not there, or not any more."""
    message = (
        "The specified multipart upload does not exist. The upload ID may be invalid, or "
        "the upload may have been aborted or completed."
    )
    return AwsError("NoSuchUpload", message, 404, {"UploadId": upload_id})


def check_part_number(number: int) -> None:
    """Refuse what is no number of a part."""
    if not 1 <= number <= PARTS_MAX:
        message = f"Part number must be an integer between 1 and {PARTS_MAX}, inclusive"
        raise invalid_argument(message, "partNumber", str(number))


def check_part_algorithm(upload: Upload, request: Mapping[str, Any]) -> None:
    """Refuse a part whose checksum is of another algorithm than its upload's."""
    named = claimed_algorithm(request) or check_algorithm(request)
    if upload.algorithm and named and named != upload.algorithm:
        raise _mismatch(upload, named.lower())


def check_part_is_claimed(upload: Upload, request: Mapping[str, Any]) -> None:
    """Refuse a part without a checksum where the object's will be made of the parts' checksums."""
    if upload.checksum_type == COMPOSITE and not claimed_algorithm(request):
        raise _mismatch(upload, "null")


def _mismatch(upload: Upload, named: str) -> AwsError:
    message = (
        "Checksum Type mismatch occurred, expected checksum Type: "
        f"{upload.algorithm.lower()}, actual checksum Type: {named}"
    )
    return AwsError("InvalidRequest", message, 400)


def part_algorithm(upload: Upload) -> str:
    """Return the algorithm whose checksum every part of an upload is kept with."""
    return upload.algorithm or DEFAULT


def keep_part(
    ctx: Context,
    upload: Upload,
    number: int,
    body: Spooled,
    verified: Mapping[str, str] | None = None,
) -> UploadedPart:
    """Make a body (which moves away) a part of an upload; it replaces the one with its number.

    `verified` are checksums to keep besides the one that the upload asks for.
    """
    # Whoever completes the upload needs the checksum, and does not want to read the parts again.
    checksums = {**(verified or {}), **computed(body, part_algorithm(upload))}
    parts = ctx.engines.objects.parts
    upload_id = upload.upload_id
    replaced = PARTS.get(ctx, upload_id, number)
    name = body.place.keep() if body.place else parts.keep(upload_id, number, body.path)
    now = float(int(ctx.clock.now()))
    etag, sealed_size, digest = body.digests["md5"], 0, ""
    if body.sealing is not None:
        etag = etag_of(upload.encryption, body.sealing, etag)
        sealed_size, digest = sealed_file_size(((body.size, 1),)), sealing_digest(body)
    part = UploadedPart(
        upload_id, number, etag, body.size, name, now, checksums, sealed_size, digest
    )
    PARTS.put(ctx, part)
    if replaced is not None:
        ctx.store.after_commit(lambda: parts.drop(upload_id, replaced.name))
    return part


def shown_checksums(upload: Upload, part: UploadedPart) -> dict[str, str]:
    """Return a part's checksum as clients see it: none unless the upload asked for it."""
    if not upload.algorithm:
        return {}
    member = MEMBERS[upload.algorithm]
    return {member: part.checksums[member]} if member in part.checksums else {}
