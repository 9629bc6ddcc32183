"""The completion of multipart uploads: an object of the parts that were sent."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context, long
from lakebed.core.errors import AwsError
from lakebed.core.limits import COMPLETED_UPLOAD_SECONDS, OBJECT_BYTES_MAX, PART_BYTES_MIN
from lakebed.engines.objects import Encryption, StoredObject
from lakebed.services.s3._checksums import (
    MEMBERS,
    bad_digest,
    claimed_algorithm,
    composite,
    full_object,
    invalid_header,
    is_checksum,
)
from lakebed.services.s3._conditions import check_conflict, check_write
from lakebed.services.s3._encryption import (
    CUSTOMER_KEYS,
    customer_key_of,
    needs_key_to_complete,
    of_parts,
    part_key,
    shown_encryption,
)
from lakebed.services.s3._expiration import shown_expiration
from lakebed.services.s3._locks import lock_of_new
from lakebed.services.s3._object_parts import CompletedPart, keep_parts
from lakebed.services.s3._told_events import tell_created
from lakebed.services.s3._uploads import (
    COMPOSITE,
    FULL_OBJECT,
    no_such_upload,
    part_algorithm,
    shown_checksums,
    upload_of,
)
from lakebed.services.s3._versions import new_version_id
from lakebed.services.s3.model import (
    PARTS,
    UPLOADS,
    Upload,
    UploadedPart,
    bucket_of,
    discard,
    invalid_argument,
    malformed_xml,
    refuse_unbuilt,
)
from lakebed.store import Range, Table

if TYPE_CHECKING:
    from lakebed.shapes import s3

DATA_EVENTS = True
HIDDEN_MEMBERS = CUSTOMER_KEYS
_FORGOTTEN_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class CompletedUpload:
    """What the completion of an upload answered: a client that missed it asks again."""

    bucket: str
    key: str
    upload_id: str
    completed: float
    etag: str
    checksums: dict[str, str] = field(default_factory=dict[str, str])
    checksum_type: str = ""
    version_id: str = ""
    encryption: Encryption | None = None


COMPLETED = Table(
    "s3_completed_upload",
    CompletedUpload,
    ("bucket", "key", "upload_id"),
    indexes={"age": ("completed", "bucket", "key", "upload_id")},
    numbers=("completed",),
    everywhere=True,
)


@long
def complete_multipart_upload(
    ctx: Context, request: s3.CompleteMultipartUploadRequest
) -> s3.CompleteMultipartUploadOutput:
    """Make an object of the parts of an upload; asked again for a day, answer the same again.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
    A checksum of another algorithm than the upload's is refused, where AWS passes over it.
    """
    refuse_unbuilt("CompleteMultipartUpload", request)
    listed = _listed_parts(request)
    _check_claim(request)
    try:
        upload = upload_of(ctx, request)
        parts = _chosen_parts(ctx, upload, listed)
    except AwsError as error:
        # Upload and parts are looked at one after the other: between, another may complete it.
        if error.code in ("NoSuchUpload", "InvalidPart") and _is_gone(ctx, request):
            return _answer(ctx, _completed_before(ctx, request, listed))
        raise
    if customer_key_of(request) or needs_key_to_complete(upload):
        part_key(ctx, bucket_of(ctx, request), upload, request)
    checksums = _object_checksums(upload, parts, request)
    _check_size(request, sum(part.size for part in parts))
    _check_write(ctx, request, upload)
    names = [(part.name, part.sealed_size or part.size) for part in parts]
    try:
        path = ctx.engines.objects.parts.join(upload.upload_id, names)
    except FileNotFoundError:
        if not _is_gone(ctx, request):
            raise
        # Somebody else's completion, or an abort, was quicker.
        return _answer(ctx, _completed_before(ctx, request, listed))
    try:
        # The writes begin here: before, others could write as well.
        if not discard(ctx, upload):
            path.unlink(missing_ok=True)
            return _answer(ctx, _completed_before(ctx, request, listed))
        _check_write(ctx, request, upload)
        return _answer(ctx, _put(ctx, upload, parts, checksums, path))
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _is_gone(ctx: Context, request: Mapping[str, Any]) -> bool:
    return UPLOADS.get(ctx, request["Bucket"], request["Key"], request["UploadId"]) is None


def _put(
    ctx: Context,
    upload: Upload,
    parts: Sequence[UploadedPart],
    checksums: dict[str, str],
    path: Path,
) -> CompletedUpload:
    bucket = bucket_of(ctx, {"Bucket": upload.bucket})
    now = ctx.clock.now()
    found = StoredObject(
        bucket=upload.bucket,
        key=upload.key,
        size=sum(part.size for part in parts),
        etag=_etag_of([part.etag for part in parts]),
        last_modified=float(int(now)),
        headers=upload.headers,
        metadata=upload.metadata,
        checksums=checksums,
        checksum_type=(upload.checksum_type or FULL_OBJECT) if checksums else "",
        storage_class=upload.storage_class,
        tags=upload.tags,
        owner=upload.owner,
        grants=upload.grants,
        part_count=len(parts),
        version_id=new_version_id(ctx, bucket),
        lock=lock_of_new(bucket, upload.lock, float(int(now))),
        encryption=of_parts(upload, parts),
    )
    ctx.engines.objects.put(ctx, found, path, is_versioned=bucket.is_versioned)
    tell_created(ctx, bucket, found, "CompleteMultipartUpload")
    keep_parts(
        ctx, found, [CompletedPart(part.size, shown_checksums(upload, part)) for part in parts]
    )
    completed = CompletedUpload(
        upload.bucket,
        upload.key,
        upload.upload_id,
        now,
        found.etag,
        checksums,
        found.checksum_type,
        found.version_id,
        upload.encryption,
    )
    COMPLETED.put(ctx, completed)
    _forget_old(ctx, now)
    return completed


def _forget_old(ctx: Context, now: float) -> None:
    oldest = now - COMPLETED_UPLOAD_SECONDS
    for row in COMPLETED.scan(ctx, Range(end=(oldest,), index="age", limit=_FORGOTTEN_AT_ONCE)):
        COMPLETED.delete(ctx, row.bucket, row.key, row.upload_id)


def _completed_before(
    ctx: Context, request: Mapping[str, Any], listed: Sequence[s3.CompletedPart]
) -> CompletedUpload:
    """Return what the same request was answered before, or NoSuchUpload."""
    upload_id: str = request["UploadId"]
    known = COMPLETED.get(ctx, request["Bucket"], request["Key"], upload_id)
    try:
        etag = _etag_of([_unquoted(part) for part in listed])
    except ValueError:
        etag = ""
    if known is None or known.etag != etag:
        raise no_such_upload(upload_id)
    return known


def _answer(ctx: Context, completed: CompletedUpload) -> s3.CompleteMultipartUploadOutput:
    answer: dict[str, Any] = {
        "Location": f"/{completed.bucket}/{completed.key}",
        "Bucket": completed.bucket,
        "Key": completed.key,
        "ETag": f'"{completed.etag}"',
        **completed.checksums,
        **shown_encryption(completed.encryption, {}),
        **_expiration(ctx, completed),
    }
    answer.pop("SSECustomerAlgorithm", None)
    if completed.checksum_type:
        answer["ChecksumType"] = completed.checksum_type
    if completed.version_id:
        answer["VersionId"] = completed.version_id
    return cast("s3.CompleteMultipartUploadOutput", answer)


def _expiration(ctx: Context, completed: CompletedUpload) -> dict[str, str]:
    """Return when the object expires; nothing if another took its place since."""
    found = ctx.engines.objects.stat(ctx, completed.bucket, completed.key)
    if found is None or (found.etag, found.version_id) != (completed.etag, completed.version_id):
        return {}
    return shown_expiration(ctx, bucket_of(ctx, {"Bucket": completed.bucket}), found)


def _etag_of(etags: Sequence[str]) -> str:
    """Return the ETag of an object of parts; ValueError for what is no ETag of a part."""
    md5s = b"".join(map(bytes.fromhex, etags))
    return f"{hashlib.md5(md5s, usedforsecurity=False).hexdigest()}-{len(etags)}"


def _unquoted(part: s3.CompletedPart) -> str:
    return part.get("ETag", "").strip('"')


def _check_write(ctx: Context, request: Mapping[str, Any], upload: Upload) -> None:
    if "IfMatch" in request or "IfNoneMatch" in request:
        found = ctx.engines.objects.stat(ctx, request["Bucket"], request["Key"])
        check_write("CompleteMultipartUpload", request, found)
        check_conflict(request, found, upload.initiated)


def _check_size(request: Mapping[str, Any], size: int) -> None:
    if size > OBJECT_BYTES_MAX:
        message = "Your proposed upload exceeds the maximum allowed size"
        raise AwsError("EntityTooLarge", message, 400)
    claimed = request.get("MpuObjectSize")
    if claimed is None or claimed == size:
        return
    if claimed < 0:
        message = f"Value for x-amz-mp-object-size header is less than zero: '{claimed}'"
    else:
        message = (
            f"The provided 'x-amz-mp-object-size' header value {claimed} does not match what was "
            f"computed: {size}"
        )
    raise AwsError("InvalidRequest", message, 400)


def _listed_parts(request: Mapping[str, Any]) -> list[s3.CompletedPart]:
    """Return the parts a request lists; refuse a list that no upload could have.

    Of a number that is listed twice in a row, the last one counts: it was sent again.
    """
    if "MultipartUpload" not in request:
        raise AwsError("InvalidRequest", "You must specify at least one part", 400)
    listed: list[s3.CompletedPart] = request.get("MultipartUpload", {}).get("Parts") or []
    if not listed:
        raise malformed_xml()
    for part in listed:
        if "PartNumber" not in part or "ETag" not in part:
            raise malformed_xml()
        if part["PartNumber"] < 1:
            number = str(part["PartNumber"])
            raise invalid_argument("PartNumber must be >= 1", "PartNumber", number)
        _check_part_claim(part)
    numbers = [part.get("PartNumber", 0) for part in listed]
    if any(one > two for one, two in pairwise(numbers)):
        message = (
            "The list of parts was not in ascending order. Parts must be ordered by part number."
        )
        raise AwsError("InvalidPartOrder", message, 400)
    return list(dict(zip(numbers, listed, strict=True)).values())


def _check_part_claim(part: Mapping[str, Any]) -> None:
    claims = {name: part[member] for name, member in MEMBERS.items() if member in part}
    if len(claims) == 1 and all(is_checksum(value, name) for name, value in claims.items()):
        return
    if claims:
        shown = "".join(f"{name}:{value};" for name, value in claims.items())
        value = shown if len(claims) > 1 else next(iter(claims.values()))
        message = "Invalid Base64 or multiple checksums present in request"
        raise invalid_argument(message, "Checksum", value)


def _check_claim(request: Mapping[str, Any]) -> None:
    """Refuse what can be no checksum of an object: base64, `-N` behind it if it is of parts."""
    if str(request.get("ChecksumType", FULL_OBJECT)).upper() not in (COMPOSITE, FULL_OBJECT):
        raise invalid_header("x-amz-checksum-type")
    algorithm = claimed_algorithm(request)
    if not algorithm:
        return
    value, dash, count = str(request[MEMBERS[algorithm]]).partition("-")
    if not is_checksum(value, algorithm) or (dash and not (count.isascii() and count.isdecimal())):
        raise invalid_header(f"x-amz-checksum-{algorithm.lower()}")


def _chosen_parts(
    ctx: Context, upload: Upload, listed: Sequence[s3.CompletedPart]
) -> list[UploadedPart]:
    """Return the parts that the request lists, checked against what was received."""
    known = {part.number: part for part in PARTS.scan(ctx, Range(prefix=(upload.upload_id,)))}
    chosen: list[UploadedPart] = []
    for wanted in listed:
        part = known.get(wanted.get("PartNumber", 0))
        if part is None or _unquoted(wanted) != part.etag:
            raise _invalid_part(upload, wanted)
        _check_part_checksum(upload, wanted, part)
        chosen.append(part)
    for part in chosen[:-1]:
        if part.size < PART_BYTES_MIN:
            raise _too_small(part)
    return chosen


def _check_part_checksum(upload: Upload, wanted: s3.CompletedPart, part: UploadedPart) -> None:
    claimed = claimed_algorithm(wanted)
    if not claimed:
        if upload.checksum_type == COMPOSITE:
            message = (
                f"The upload was created using a {upload.algorithm.lower()} checksum. The complete "
                "request must include the checksum for each part. It was missing for part "
                f"{part.number} in the request."
            )
            raise AwsError("InvalidRequest", message, 400)
        return
    member = MEMBERS[claimed]
    if member not in part.checksums:
        message = (
            f"The {claimed.lower()} you specified for part {part.number} did not match what we "
            "received."
        )
        raise AwsError("BadDigest", message, 400)
    if cast(Mapping[str, Any], wanted)[member] != part.checksums[member]:
        raise _invalid_part(upload, wanted)


def _invalid_part(upload: Upload, wanted: s3.CompletedPart) -> AwsError:
    message = (
        "One or more of the specified parts could not be found.  The part may not have been "
        "uploaded, or the specified entity tag may not match the part's entity tag."
    )
    members: dict[str, str | int] = {
        "UploadId": upload.upload_id,
        "PartNumber": wanted.get("PartNumber", 0),
        "ETag": _unquoted(wanted),
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
    upload: Upload, parts: Sequence[UploadedPart], request: Mapping[str, Any]
) -> dict[str, str]:
    """Return the checksum of the whole object, as the upload was told to keep it.

    It is made of the parts' checksums: no byte of them is read again.
    """
    kind = upload.checksum_type or FULL_OBJECT
    if str(request.get("ChecksumType", kind)).upper() != kind:
        message = (
            f"The upload was created using the {kind} checksum mode. The complete request must use "
            "the same checksum mode."
        )
        raise AwsError("InvalidRequest", message, 400)
    algorithm = part_algorithm(upload)
    member = MEMBERS[algorithm]
    if any(member not in part.checksums for part in parts):
        # Sent before lakebed kept checksums of all parts; no such upload asked for one.
        return {}
    if kind == COMPOSITE:
        found = composite([part.checksums[member] for part in parts], algorithm)
    else:
        found = full_object([(part.checksums[member], part.size) for part in parts], algorithm)
    claimed = claimed_algorithm(request)
    if claimed and claimed != algorithm:
        message = (
            f"Checksum Type mismatch occurred, expected checksum Type: {algorithm.lower()}, "
            f"actual checksum Type: {claimed.lower()}"
        )
        raise AwsError("InvalidRequest", message, 400)
    if claimed and request[member] not in (found, found.partition("-")[0]):
        raise bad_digest(algorithm)
    return {member: found}
