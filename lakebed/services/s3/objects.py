"""Objects: put, get, look, delete."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from lakebed.context import Context
from lakebed.core.bodies import Begun
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import DELETE_KEYS_MAX, PARTS_MAX
from lakebed.engines.objects import StoredObject
from lakebed.services.s3._access_lists import Owned, new_owned
from lakebed.services.s3._checksums import check_claims, verified
from lakebed.services.s3._conditions import check_read, check_write, not_implemented, slice_of
from lakebed.services.s3._descriptions import (
    ARCHIVED,
    check_metadata,
    described,
    given_back,
    storage_class_of,
)
from lakebed.services.s3._encryption import (
    CUSTOMER_KEYS,
    FileSealing,
    check_customer,
    etag_of,
    key_for_reading,
    opens_to_look,
    shown_context,
    shown_encryption,
    wanted_encryption,
)
from lakebed.services.s3._expiration import shown_expiration
from lakebed.services.s3._locks import (
    asked_lock,
    check_is_summed,
    check_unlocked,
    lock_of_new,
    shown_lock,
)
from lakebed.services.s3._object_parts import completed_parts, forget_parts
from lakebed.services.s3._sealed_bodies import body_of, put_encryption
from lakebed.services.s3._tags import header_tags
from lakebed.services.s3._told_events import tell_created, tell_deleted
from lakebed.services.s3._versions import (
    is_version_id,
    new_version_id,
    no_such_version,
    open_version,
    shown,
    version_named,
    wanted_version,
)
from lakebed.services.s3.model import (
    Bucket,
    bucket_of,
    check_key,
    invalid_argument,
    malformed_xml,
    refuse_unbuilt,
)

if TYPE_CHECKING:
    from lakebed.shapes import s3

DATA_EVENTS = True
HIDDEN_MEMBERS = CUSTOMER_KEYS
DELETED_AT_ONCE = 25
"""Keys of one DeleteObjects that are deleted before others have their turn."""


def _check_put(ctx: Context, request: s3.PutObjectRequest) -> tuple[Bucket, Owned]:
    """Check all that does not need the body."""
    refuse_unbuilt("PutObject", request)
    bucket = bucket_of(ctx, request)
    check_key(request["Key"])
    check_metadata(request)
    if "IfMatch" in request or "IfNoneMatch" in request:
        found = ctx.engines.objects.stat(ctx, request["Bucket"], request["Key"])
        check_write("PutObject", request, found)
    return bucket, new_owned(ctx, bucket, "PutObject", request)


# The dispatcher finds it by its name.
def _begin_put_object(  # pyright: ignore[reportUnusedFunction]
    ctx: Context, request: s3.PutObjectRequest
) -> Begun | None:
    bucket, _ = _check_put(ctx, request)
    asked_lock(ctx, bucket, request)
    storage_class_of(request)
    header_tags(request)
    check_claims(request)
    wanted = wanted_encryption(bucket, request, "PutObject")
    return None if wanted is None else Begun(sealing=FileSealing())


def _sealing_put_object(  # pyright: ignore[reportUnusedFunction]
    request: s3.PutObjectRequest,
) -> Begun | None:
    if "ServerSideEncryption" in request or "SSECustomerKey" in request:
        return Begun(sealing=FileSealing())
    return None


def put_object(ctx: Context, request: s3.PutObjectRequest) -> s3.PutObjectOutput:
    """Store an object, or replace it as a whole; with versioning, as its newest version.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
    """
    bucket, owned = _check_put(ctx, request)
    now = ctx.clock.now()
    lock = lock_of_new(bucket, asked_lock(ctx, bucket, request), float(int(now)))
    check_is_summed(ctx, lock, request, "Object")
    if "Body" not in request:
        raise AwsError("MissingRequestBodyError", "Request Body is empty", 400)
    body = request["Body"]
    checksums = verified(request, body)
    encryption = put_encryption(ctx, bucket, request, body)
    found = StoredObject(
        bucket=request["Bucket"],
        key=request["Key"],
        size=body.size,
        etag=etag_of(encryption, body.sealing, body.digests["md5"]),
        last_modified=float(int(now)),
        headers=described(request),
        metadata=dict(request.get("Metadata") or {}),
        checksums=checksums,
        checksum_type="FULL_OBJECT" if checksums else "",
        storage_class=storage_class_of(request),
        tags=header_tags(request),
        version_id=new_version_id(ctx, bucket),
        inode=body.inode,
        mtime_ns=body.mtime_ns,
        owner=owned.owner,
        grants=owned.grants,
        lock=lock,
        encryption=encryption,
    )
    ctx.engines.objects.put(ctx, found, body.path, is_versioned=bucket.is_versioned)
    tell_created(ctx, bucket, found, "PutObject")
    answer: dict[str, Any] = {
        "ETag": f'"{found.etag}"',
        **checksums,
        **shown_encryption(encryption, request),
        **shown_context(encryption),
        **shown_expiration(ctx, bucket, found),
    }
    if checksums:
        answer["ChecksumType"] = found.checksum_type
    if found.version_id:
        answer["VersionId"] = found.version_id
    return cast("s3.PutObjectOutput", answer)


def get_object(ctx: Context, request: s3.GetObjectRequest) -> s3.GetObjectOutput:
    """Return an object, or a range of its bytes.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    refuse_unbuilt("GetObject", request)
    bucket = bucket_of(ctx, request)
    found, descriptor = _open(ctx, bucket, request, "GET")
    try:
        key = key_for_reading(ctx, bucket, found, request)
        answer, start, length = _answer(ctx, bucket, request, found)
        if found.storage_class in ARCHIVED:
            raise _archived(found)
    except AwsError:
        os.close(descriptor)
        raise
    answer["Body"] = body_of(found, descriptor, key, start, length)
    return cast("s3.GetObjectOutput", answer)


def head_object(ctx: Context, request: s3.HeadObjectRequest) -> s3.HeadObjectOutput:
    """Return what GetObject would say of an object, without its bytes.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    """
    refuse_unbuilt("HeadObject", request)
    bucket = bucket_of(ctx, request)
    found, descriptor = _open(ctx, bucket, request, "HEAD")
    os.close(descriptor)
    if opens_to_look(found, request):
        key_for_reading(ctx, bucket, found, request)
    check_customer(found, request)
    answer, _, _ = _answer(ctx, bucket, request, found)
    return cast("s3.HeadObjectOutput", answer)


def _open(
    ctx: Context, bucket: Bucket, request: Mapping[str, Any], method: str
) -> tuple[StoredObject, int]:
    key: str = request["Key"]
    check_key(key)
    return open_version(ctx, bucket, key, wanted_version(request), method)


def _archived(found: StoredObject) -> AwsError:
    message = "The operation is not valid for the object's storage class"
    members = {"StorageClass": found.storage_class}
    return AwsError("InvalidObjectState", message, 403, members)


class _Asked(NamedTuple):
    """The bytes of an object that a request asks for; `parts_count` only if it asks for a part."""

    start: int
    length: int
    is_partial: bool
    checksums: Mapping[str, str]
    parts_count: int = 0


def _asked(ctx: Context, request: Mapping[str, Any], found: StoredObject) -> _Asked:
    if "PartNumber" in request:
        return _asked_part(ctx, request, found)
    part = slice_of(request.get("Range"), found.size)
    if part is None:
        return _Asked(0, found.size, is_partial=False, checksums=found.checksums)
    # Checksums are those of all bytes: of no use to a reader of some of them.
    checksums = found.checksums if part[1] == found.size else {}
    return _Asked(*part, is_partial=True, checksums=checksums)


def _asked_part(ctx: Context, request: Mapping[str, Any], found: StoredObject) -> _Asked:
    """Return the bytes of one part of an object; what was put as a whole is its own first part."""
    number: int = request["PartNumber"]
    if "Range" in request:
        message = "Cannot specify both Range header and partNumber query parameter"
        raise AwsError("InvalidRequest", message, 400)
    if not 1 <= number <= PARTS_MAX:
        message = f"Part number must be an integer between 1 and {PARTS_MAX}, inclusive"
        raise invalid_argument(message, "partNumber", str(number))
    parts = completed_parts(ctx, found)
    if number > max(len(parts), 1):
        message = "The requested partnumber is not satisfiable"
        members = {"PartNumberRequested": number, "ActualPartCount": max(len(parts), 1)}
        raise AwsError("InvalidPartNumber", message, 416, members)
    if not parts:
        return _Asked(0, found.size, is_partial=found.size > 0, checksums=found.checksums)
    part, start = parts[number - 1], sum(part.size for part in parts[: number - 1])
    return _Asked(start, part.size, part.size > 0, part.checksums, len(parts))


def _answer(
    ctx: Context, bucket: Bucket, request: Mapping[str, Any], found: StoredObject
) -> tuple[dict[str, Any], int, int]:
    """Return the answer without its body, and where the asked bytes begin and how many they are."""
    check_read(request, found, ctx.clock.now())
    asked = _asked(ctx, request, found)
    start, length = asked.start, asked.length
    answer: dict[str, Any] = {
        "AcceptRanges": "bytes",
        "LastModified": found.last_modified,
        "ContentLength": length,
        "ETag": f'"{found.etag}"',
        **given_back(found.headers, request, is_anonymous=ctx.principal.is_anonymous),
        **shown_encryption(found.encryption, request),
        "Metadata": found.metadata,
    }
    if bucket.is_versioned:
        answer["VersionId"] = shown(found.version_id)
    if found.storage_class:
        answer["StorageClass"] = found.storage_class
    if found.tags:
        answer["TagCount"] = len(found.tags)
    if found.lock is not None:
        answer |= shown_lock(ctx, found, request)
    if "VersionId" not in request:
        answer |= shown_expiration(ctx, bucket, found)
    if asked.is_partial:
        answer["ContentRange"] = f"bytes {start}-{start + length - 1}/{found.size}"
    if asked.parts_count:
        answer["PartsCount"] = asked.parts_count
    if asked.checksums and request.get("ChecksumMode") == "ENABLED":
        answer.update(asked.checksums)
        answer["ChecksumType"] = found.checksum_type
    return answer, start, length


@dataclass(frozen=True, slots=True)
class _Deleted:
    """What a deletion did: the version it deleted or the delete marker it made, if either."""

    version_id: str | None = None
    is_marker: bool = False


def _delete(
    ctx: Context, bucket: Bucket, key: str, version: str | None, *, bypasses: bool
) -> _Deleted:
    """Delete a version for good; without one, the object, or make a delete marker the latest.

    What is not there is deleted already: this fails only where a version is locked.
    """
    objects = ctx.engines.objects
    if version is None and bucket.is_versioned:
        made = StoredObject(
            bucket=bucket.name,
            key=key,
            size=0,
            etag="",
            last_modified=float(int(ctx.clock.now())),
            version_id=new_version_id(ctx, bucket),
            is_delete_marker=True,
        )
        objects.versions.mark_deleted(ctx, made)
        tell_deleted(ctx, bucket, made, is_marker=True)
        return _Deleted(made.version_id, is_marker=True)
    if bucket.lock and version is not None:
        found = objects.versions.stat(ctx, bucket.name, key, version)
        check_unlocked(ctx, found, bypasses=bypasses)
    if bucket.is_versioned:
        gone = objects.versions.delete(ctx, bucket.name, key, version or "")
    else:
        gone = None if version else objects.delete(ctx, bucket.name, key)
    if gone is None:
        return _Deleted(version)
    forget_parts(ctx, gone)
    tell_deleted(ctx, bucket, gone, is_marker=False)
    return _Deleted(version, gone.is_delete_marker)


def delete_object(ctx: Context, request: s3.DeleteObjectRequest) -> s3.DeleteObjectOutput:
    """Delete an object or one version of it; deleting what is not there succeeds.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
    """
    refuse_unbuilt("DeleteObject", request)
    bucket = bucket_of(ctx, request)
    bypasses = _bypasses(bucket, request)
    check_key(request["Key"])
    version = wanted_version(request)
    _check_delete(ctx, request, version)
    deleted = _delete(ctx, bucket, request["Key"], version, bypasses=bypasses)
    answer: s3.DeleteObjectOutput = {}
    if deleted.version_id is not None:
        answer["VersionId"] = shown(deleted.version_id)
    if deleted.is_marker:
        answer["DeleteMarker"] = True
    return answer


def _bypasses(bucket: Bucket, request: Mapping[str, Any]) -> bool:
    """Tell whether governance is to be passed by; that is asked only where there is a lock."""
    header = "x-amz-bypass-governance-retention"
    if "BypassGovernanceRetention" in request and not bucket.lock:
        message = f"{header} is only applicable to Object Lock enabled buckets."
        raise AwsError("InvalidArgument", message, 400, {"ArgumentName": header})
    return bool(request.get("BypassGovernanceRetention"))


def _check_delete(ctx: Context, request: s3.DeleteObjectRequest, version: str | None) -> None:
    """Check the condition, which is always about the current object.

    Time and size are conditions of directory buckets only; AWS answers these elsewhere.
    """
    for member in ("LastModifiedTime", "Size"):
        if f"IfMatch{member}" in request:
            header = "last-modified-time" if member == "LastModifiedTime" else "size"
            raise not_implemented(f"x-amz-if-match-{header}")
    if "IfMatch" in request:
        if version is not None:
            raise not_implemented("If-Match")
        found = ctx.engines.objects.stat(ctx, request["Bucket"], request["Key"])
        check_write("DeleteObject", request, found)


def delete_objects(
    ctx: Context, request: s3.DeleteObjectsRequest
) -> Generator[None, None, s3.DeleteObjectsOutput]:
    """Delete up to 1,000 objects, and say for each how it went unless asked to be quiet.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    """
    refuse_unbuilt("DeleteObjects", request)
    bucket = bucket_of(ctx, request)
    # Where a bucket has no lock a bypass is taken, though AWS refuses it: test suites that empty
    # every bucket send it.
    bypass: Mapping[str, Any] = {}
    if request.get("BypassGovernanceRetention") and bucket.lock:
        bypass = {"BypassGovernanceRetention": True}
    wanted = request["Delete"].get("Objects") or []
    if not 1 <= len(wanted) <= DELETE_KEYS_MAX:
        raise malformed_xml()
    deleted: list[s3.DeletedObject] = []
    errors: list[s3.Error] = []
    for count, item in enumerate(wanted):
        if count and count % DELETED_AT_ONCE == 0:
            # What is deleted so far is committed, and others have their turn.
            yield
        try:
            deleted.append(_delete_listed(ctx, bucket, item, bypass))
        except AwsError as error:
            errors.append(_failure(item, error))
    answer: s3.DeleteObjectsOutput = {}
    if deleted and not request["Delete"].get("Quiet"):
        answer["Deleted"] = deleted
    if errors:
        answer["Errors"] = errors
    return answer


def _delete_listed(
    ctx: Context, bucket: Bucket, item: s3.ObjectIdentifier, bypass: Mapping[str, Any]
) -> s3.DeletedObject:
    """Delete what one entry of DeleteObjects names."""
    key, named = item["Key"], item.get("VersionId")
    check_key(key)
    asked = {"Bucket": bucket.name, "Key": key} | ({} if named is None else {"VersionId": named})
    ctx.door.authorise(ctx, "s3", "delete_object", {**asked, **bypass})
    for member in ("LastModifiedTime", "Size"):
        if member in item:
            raise NotBuiltError("s3", "DeleteObjects", f"{member} of an object")
    if named is not None and not is_version_id(named):
        raise no_such_version(key, named)
    if "ETag" in item:
        found = ctx.engines.objects.stat(ctx, bucket.name, key)
        check_write("DeleteObject", {"Key": key, "IfMatch": item["ETag"]}, found)
    version = None if named is None else version_named(named)
    done = _delete(ctx, bucket, key, version, bypasses=bool(bypass))
    answer: s3.DeletedObject = {"Key": key}
    if named is not None:
        answer["VersionId"] = named
    if done.is_marker:
        answer["DeleteMarker"] = True
        answer["DeleteMarkerVersionId"] = shown(done.version_id or "")
    return answer


def _failure(item: s3.ObjectIdentifier, error: AwsError) -> s3.Error:
    failure: s3.Error = {"Key": item["Key"], "Code": error.code, "Message": error.message}
    if "VersionId" in item:
        failure["VersionId"] = item["VersionId"]
    return failure
