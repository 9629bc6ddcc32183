"""Copies: of a whole object, or of bytes of one as a part of a multipart upload.

The file system shares the bytes of a copy where it can; they are read only for a digest that the
source does not have.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote_to_bytes

import msgspec

from lakebed.context import Context, long
from lakebed.core.bodies import Spooled
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import PUT_BYTES_MAX
from lakebed.engines.objects import StoredObject
from lakebed.services.s3._access_lists import new_owned
from lakebed.services.s3._checksums import DEFAULT, MEMBERS, check_algorithm, computed
from lakebed.services.s3._conditions import check_copy, check_write
from lakebed.services.s3._descriptions import (
    ARCHIVED,
    check_metadata,
    described,
    redirected,
    storage_class_of,
)
from lakebed.services.s3._encryption import (
    CUSTOMER_KEYS,
    SSE_S3,
    FileSealing,
    Wanted,
    etag_of,
    key_for_reading,
    part_key,
    shown_context,
    shown_encryption,
    wanted_encryption,
)
from lakebed.services.s3._expiration import shown_expiration
from lakebed.services.s3._locks import asked_lock, lock_of_new
from lakebed.services.s3._sealed_bodies import Opened, copied_file, sealed_with
from lakebed.services.s3._tags import header_tags
from lakebed.services.s3._told_events import tell_created
from lakebed.services.s3._uploads import (
    check_part_number,
    keep_part,
    part_algorithm,
    shown_checksums,
    upload_of,
)
from lakebed.services.s3._versions import new_version_id, open_version, shown, version_named
from lakebed.services.s3.model import (
    UPLOADS,
    Bucket,
    bucket_of,
    check_key,
    invalid_argument,
    refuse_unbuilt,
)

if TYPE_CHECKING:
    from lakebed.shapes import s3

DATA_EVENTS = True
HIDDEN_MEMBERS = CUSTOMER_KEYS
_DIRECTIVES = ("COPY", "REPLACE")
_VERSION = "?versionId="
_REDIRECT = "WebsiteRedirectLocation"
_RANGE = re.compile(r"bytes=(\d{1,19})-(\d{1,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Source:
    """What is copied, opened; `version` is None if the request names none."""

    bucket: str
    key: str
    version: str | None
    found: StoredObject
    descriptor: int
    key_of_file: bytes

    @property
    def opened(self) -> Opened:
        """The object with its open file."""
        return Opened(self.found, self.descriptor, self.key_of_file)


@contextmanager
def _opened_source(ctx: Context, request: Mapping[str, Any]) -> Generator[_Source]:
    """Open the object that `x-amz-copy-source` names, if it is as the request demands."""
    name, key, version = _named_source(request["CopySource"])
    check_key(key)
    owner = request.get("ExpectedSourceBucketOwner")
    asked = {"Bucket": name} if owner is None else {"Bucket": name, "ExpectedBucketOwner": owner}
    bucket = bucket_of(ctx, asked)
    try:
        found, descriptor = open_version(ctx, bucket, key, version, "GET")
    except AwsError as error:
        if error.code != "MethodNotAllowed":
            raise
        message = "The source of a copy request may not specifically refer to a delete marker by "
        raise AwsError("InvalidRequest", f"{message}version id.", 400) from None
    try:
        check_copy(request, found, ctx.clock.now())
        if found.storage_class in ARCHIVED:
            message = "Operation is not valid for the source object's storage class"
            raise AwsError("InvalidObjectState", message, 403)
        key_of_file = key_for_reading(ctx, bucket, found, request, "CopySource")
        yield _Source(name, key, version, found, descriptor, key_of_file)
    finally:
        os.close(descriptor)


def _named_source(text: str) -> tuple[str, str, str | None]:
    """Return bucket, key and version of a copy's source: `[/]BUCKET/KEY[?versionId=ID]`, encoded.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
    """
    path, _, named = text.partition(_VERSION)
    try:
        path = unquote_to_bytes(path).decode("utf-8")
    except UnicodeError:
        raise _invalid_source() from None
    if path.startswith("arn:"):
        raise NotBuiltError("s3", "CopyObject", "an access point as CopySource")
    name, _, key = path.removeprefix("/").partition("/")
    if not name or not key:
        raise _invalid_source()
    return name, key, version_named(named) if _VERSION in text else None


def _invalid_source() -> AwsError:
    message = "Invalid copy source object key"
    return invalid_argument(message, "x-amz-copy-source", "x-amz-copy-source")


@long
def copy_object(ctx: Context, request: s3.CopyObjectRequest) -> s3.CopyObjectOutput:
    """Make an object, or a new version of one, of the bytes of another.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
    """
    _check_request(ctx, request)
    with _opened_source(ctx, request) as source:
        wanted = wanted_encryption(bucket_of(ctx, request), request, "CopyObject")
        _check_change(request, source, wanted)
        _check_destination(ctx, request)
        sealing = None if wanted is None else FileSealing()
        names = _missing_digests(request, source.found, wanted)
        path, digests = copied_file(ctx, source.opened, (0, source.found.size), sealing, names)
        try:
            copied = _copied(ctx, request, source.found, Spooled(path, source.found.size, digests))
            bucket = _begin_to_write(ctx, request)
            _check_destination(ctx, request)
            encryption = None
            if wanted is not None and sealing is not None:
                encryption = sealed_with(ctx, bucket, request, wanted, (sealing, copied.size))
            owned = new_owned(ctx, bucket, "CopyObject", request)
            kept = msgspec.structs.replace(
                copied,
                etag=etag_of(encryption, sealing, copied.etag),
                encryption=encryption,
                version_id=new_version_id(ctx, bucket),
                owner=owned.owner,
                grants=owned.grants,
                lock=lock_of_new(bucket, asked_lock(ctx, bucket, request), copied.last_modified),
            )
            ctx.engines.objects.put(ctx, kept, path, is_versioned=bucket.is_versioned)
            tell_created(ctx, bucket, kept, "CopyObject")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    result = _result(kept.etag, kept.last_modified, kept.checksums)
    result["ChecksumType"] = kept.checksum_type
    answer: dict[str, Any] = {
        "CopyObjectResult": result,
        **shown_encryption(kept.encryption, request),
        **shown_context(kept.encryption),
        **shown_expiration(ctx, bucket, kept),
    }
    if bucket.is_versioned:
        answer["VersionId"] = shown(kept.version_id)
    if source.found.version_id:
        answer["CopySourceVersionId"] = source.found.version_id
    return cast("s3.CopyObjectOutput", answer)


def _result(etag: str, last_modified: float, checksums: Mapping[str, str]) -> dict[str, Any]:
    return {"ETag": f'"{etag}"', "LastModified": last_modified, **checksums}


def _check_request(ctx: Context, request: s3.CopyObjectRequest) -> None:
    """Check all that does not need the source."""
    refuse_unbuilt("CopyObject", request)
    for noun in ("Metadata", "Tagging"):
        directive = request.get(f"{noun}Directive", "COPY")
        if directive not in _DIRECTIVES:
            header = f"x-amz-{noun.lower()}-directive"
            message = f"Unknown {noun.lower()} directive."
            raise invalid_argument(message, header, str(directive))
    asked_lock(ctx, bucket_of(ctx, request), request)
    check_key(request["Key"])
    check_algorithm(request)
    check_metadata(request)
    header_tags(request)
    redirected(request)
    storage_class_of(request)


def _check_change(request: s3.CopyObjectRequest, source: _Source, wanted: Wanted | None) -> None:
    """Refuse to copy the current object onto itself as it is; and what is too large."""
    if source.found.size > PUT_BYTES_MAX:
        raise _too_large()
    is_itself = (source.bucket, source.key) == (request["Bucket"], request["Key"])
    changes = "StorageClass" in request or "WebsiteRedirectLocation" in request
    changes = changes or wanted is not None or source.found.encryption is not None
    # It is what every plain object is said to have, so it cannot differ; but AWS takes it.
    changes = changes or "ServerSideEncryption" in request
    replaces = request.get("MetadataDirective") == "REPLACE"
    if is_itself and source.version is None and not (changes or replaces):
        message = (
            "This copy request is illegal because it is trying to copy an object to itself "
            "without changing the object's metadata, storage class, website redirect location or "
            "encryption attributes."
        )
        raise AwsError("InvalidRequest", message, 400)


def _too_large() -> AwsError:
    message = (
        "The specified copy source is larger than the maximum allowable size for a copy source: "
        f"{PUT_BYTES_MAX}"
    )
    return AwsError("InvalidRequest", message, 400)


def _check_destination(ctx: Context, request: s3.CopyObjectRequest) -> None:
    if "IfMatch" in request or "IfNoneMatch" in request:
        current = ctx.engines.objects.stat(ctx, request["Bucket"], request["Key"])
        check_write("CopyObject", request, current)


def _begin_to_write(ctx: Context, request: Mapping[str, Any]) -> Bucket:
    """Begin to write, so that nobody else does, and return the bucket as it is by now."""
    # Deletes nothing; but it is a write.
    UPLOADS.delete(ctx, request["Bucket"], request["Key"], "")
    return bucket_of(ctx, request)


def _algorithm_of(request: s3.CopyObjectRequest, found: StoredObject) -> str:
    algorithm = check_algorithm(request)
    if not algorithm and found.checksums:
        algorithm = next(iter(found.checksums)).removeprefix("Checksum")
    return algorithm or DEFAULT


def _known_checksum(found: StoredObject, algorithm: str) -> str | None:
    is_whole = found.checksum_type == "FULL_OBJECT"
    return found.checksums.get(MEMBERS[algorithm]) if is_whole else None


def _known_md5(found: StoredObject) -> str:
    """Return the MD5 of an object's bytes if its ETag is that, else an empty text."""
    is_md5 = found.encryption is None or found.encryption.kind == SSE_S3
    return found.etag if is_md5 and "-" not in found.etag else ""


def _missing_digests(
    request: s3.CopyObjectRequest, found: StoredObject, wanted: Wanted | None
) -> list[str]:
    """Return the names of the digests that the copy needs and its source does not have."""
    algorithm = _algorithm_of(request, found)
    missing = [] if _known_checksum(found, algorithm) else [algorithm.lower()]
    has_md5 = wanted is None or wanted.kind == SSE_S3
    return [*missing, "md5"] if has_md5 and not _known_md5(found) else missing


def _copied(
    ctx: Context, request: s3.CopyObjectRequest, found: StoredObject, body: Spooled
) -> StoredObject:
    """Return what the copy will be; it is one part, so it gets an ETag and checksums of all."""
    algorithm = _algorithm_of(request, found)
    checksum = _known_checksum(found, algorithm)
    if request.get("MetadataDirective") == "REPLACE":
        headers, metadata = described(request), dict(request.get("Metadata") or {})
    else:
        headers = {name: text for name, text in found.headers.items() if name != _REDIRECT}
        headers, metadata = headers | redirected(request), found.metadata
    return StoredObject(
        bucket=request["Bucket"],
        key=request["Key"],
        size=found.size,
        etag=_known_md5(found) or body.digests.get("md5", ""),
        last_modified=float(int(ctx.clock.now())),
        headers=headers,
        metadata=metadata,
        checksums={MEMBERS[algorithm]: checksum} if checksum else computed(body, algorithm),
        checksum_type="FULL_OBJECT",
        storage_class=storage_class_of(request),
        tags=header_tags(request) if request.get("TaggingDirective") == "REPLACE" else found.tags,
    )


@long
def upload_part_copy(ctx: Context, request: s3.UploadPartCopyRequest) -> s3.UploadPartCopyOutput:
    """Make a part of a multipart upload of bytes of an object.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
    """
    refuse_unbuilt("UploadPartCopy", request)
    check_part_number(request["PartNumber"])
    upload = upload_of(ctx, request)
    names = ["md5", part_algorithm(upload).lower()]
    key = part_key(ctx, bucket_of(ctx, request), upload, request)
    sealing = None if key is None else FileSealing(key)
    with _opened_source(ctx, request) as source:
        start, length = _copied_range(request.get("CopySourceRange"), source.found.size)
        path, digests = copied_file(ctx, source.opened, (start, length), sealing, names)
        try:
            body = Spooled(path, length, digests, sealing=sealing)
            _begin_to_write(ctx, request)
            # By now it may have been completed or aborted.
            part = keep_part(ctx, upload_of(ctx, request), request["PartNumber"], body, {})
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    result = _result(part.etag, part.last_modified, shown_checksums(upload, part))
    answer = {"CopyPartResult": result, **shown_encryption(upload.encryption, request)}
    if source.found.version_id:
        answer["CopySourceVersionId"] = source.found.version_id
    return cast("s3.UploadPartCopyOutput", answer)


def _copied_range(header: str | None, size: int) -> tuple[int, int]:
    """Return start and length of the bytes to copy; unlike a reader's, the range must be exact."""
    if header is None:
        if size > PUT_BYTES_MAX:
            raise _too_large()
        return 0, size
    match = _RANGE.fullmatch(header)
    if match is None or int(match[1]) > int(match[2]):
        message = (
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first "
            "and last are the zero-based offsets of the first and last bytes to copy"
        )
        raise invalid_argument(message, "x-amz-copy-source-range", header)
    first, last = int(match[1]), int(match[2])
    if first >= size:
        message = "The specified copy range is invalid for the source object size"
        raise AwsError("InvalidRequest", message, 400)
    if last >= size:
        message = f"Range specified is not valid for source object of size: {size}"
        raise invalid_argument(message, "x-amz-copy-source-range", header)
    if last - first >= PUT_BYTES_MAX:
        raise _too_large()
    return first, last - first + 1
