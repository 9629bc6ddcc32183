"""Objects: put, get, look, delete."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context
from lakebed.core.bodies import FileSlice
from lakebed.core.errors import AwsError
from lakebed.core.limits import DELETE_KEYS_MAX
from lakebed.engines.objects import StoredObject
from lakebed.services.s3._checksums import check_claims, refuse_unbuilt_checksum, verified
from lakebed.services.s3._conditions import check_read, check_write, slice_of
from lakebed.services.s3._descriptions import check_metadata, described, given_back
from lakebed.services.s3.model import bucket_of, check_key, no_such_key, refuse_unbuilt

if TYPE_CHECKING:
    from lakebed.shapes import s3

DATA_EVENTS = True


def _check_put(ctx: Context, request: s3.PutObjectRequest) -> None:
    """Check all that does not need the body."""
    refuse_unbuilt("PutObject", request)
    refuse_unbuilt_checksum("PutObject", request)
    bucket_of(ctx, request)
    check_key(request["Key"])
    check_metadata(request)
    if "IfMatch" in request or "IfNoneMatch" in request:
        found = ctx.engines.objects.stat(ctx, request["Bucket"], request["Key"])
        check_write("PutObject", request, found)


# The dispatcher finds it by its name.
def _begin_put_object(  # pyright: ignore[reportUnusedFunction]
    ctx: Context, request: s3.PutObjectRequest
) -> None:
    _check_put(ctx, request)
    check_claims(request)


def put_object(ctx: Context, request: s3.PutObjectRequest) -> s3.PutObjectOutput:
    """Store an object, or replace it as a whole.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
    A client that names no checksum gets none: CRC64NVME, AWS's default, is not built.
    """
    _check_put(ctx, request)
    if "Body" not in request:
        raise AwsError("MissingRequestBodyError", "Request Body is empty", 400)
    body = request["Body"]
    checksums = verified(request, body)
    found = StoredObject(
        bucket=request["Bucket"],
        key=request["Key"],
        size=body.size,
        etag=body.digests["md5"],
        last_modified=float(int(ctx.clock.now())),
        headers=described(request),
        metadata=dict(request.get("Metadata") or {}),
        checksums=checksums,
        checksum_type="FULL_OBJECT" if checksums else "",
    )
    ctx.engines.objects.put(ctx, found, body.path)
    answer: dict[str, Any] = {"ETag": f'"{found.etag}"', **checksums}
    if checksums:
        answer["ChecksumType"] = found.checksum_type
    return cast("s3.PutObjectOutput", answer)


def get_object(ctx: Context, request: s3.GetObjectRequest) -> s3.GetObjectOutput:
    """Return an object, or a range of its bytes.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    found, descriptor = _open(ctx, "GetObject", request)
    try:
        answer, start, length = _answer(request, found)
    except AwsError:
        os.close(descriptor)
        raise
    if length == 0:
        os.close(descriptor)
        answer["Body"] = b""
    else:
        answer["Body"] = FileSlice(descriptor, start, length)
    return cast("s3.GetObjectOutput", answer)


def head_object(ctx: Context, request: s3.HeadObjectRequest) -> s3.HeadObjectOutput:
    """Return what GetObject would say of an object, without its bytes.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    """
    found, descriptor = _open(ctx, "HeadObject", request)
    os.close(descriptor)
    answer, _, _ = _answer(request, found)
    return cast("s3.HeadObjectOutput", answer)


def _open(ctx: Context, operation: str, request: Mapping[str, Any]) -> tuple[StoredObject, int]:
    refuse_unbuilt(operation, request)
    bucket_of(ctx, request)
    key: str = request["Key"]
    check_key(key)
    opened = ctx.engines.objects.open(ctx, request["Bucket"], key)
    if opened is None:
        raise no_such_key(key)
    return opened


def _answer(request: Mapping[str, Any], found: StoredObject) -> tuple[dict[str, Any], int, int]:
    """Return the answer without its body, and where the asked bytes begin and how many they are."""
    check_read(request, found)
    part = slice_of(request.get("Range"), found.size)
    start, length = part or (0, found.size)
    answer: dict[str, Any] = {
        "AcceptRanges": "bytes",
        "LastModified": found.last_modified,
        "ContentLength": length,
        "ETag": f'"{found.etag}"',
        **given_back(found.headers, request),
        "Metadata": found.metadata,
    }
    if part is not None:
        answer["ContentRange"] = f"bytes {start}-{start + length - 1}/{found.size}"
    elif request.get("ChecksumMode") == "ENABLED" and found.checksums:
        answer.update(found.checksums)
        answer["ChecksumType"] = found.checksum_type
    return answer, start, length


def delete_object(ctx: Context, request: s3.DeleteObjectRequest) -> s3.DeleteObjectOutput:
    """Delete an object; deleting what is not there succeeds.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
    """
    refuse_unbuilt("DeleteObject", request)
    bucket_of(ctx, request)
    check_key(request["Key"])
    if "IfMatch" in request:
        found = ctx.engines.objects.stat(ctx, request["Bucket"], request["Key"])
        check_write("DeleteObject", request, found)
    ctx.engines.objects.delete(ctx, request["Bucket"], request["Key"])
    return {}


def delete_objects(ctx: Context, request: s3.DeleteObjectsRequest) -> s3.DeleteObjectsOutput:
    """Delete up to 1,000 objects, and say for each how it went unless asked to be quiet.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    """
    refuse_unbuilt("DeleteObjects", request)
    bucket = bucket_of(ctx, request)
    wanted = request["Delete"].get("Objects") or []
    if not 1 <= len(wanted) <= DELETE_KEYS_MAX:
        message = (
            "The XML you provided was not well-formed or did not validate against our "
            "published schema"
        )
        raise AwsError("MalformedXML", message, 400)
    deleted: list[s3.DeletedObject] = []
    errors: list[s3.Error] = []
    for item in wanted:
        try:
            refuse_unbuilt("DeleteObjects", item)
            _refuse_conditions(item)
            check_key(item["Key"])
        except AwsError as error:
            errors.append({"Key": item["Key"], "Code": error.code, "Message": error.message})
            continue
        ctx.engines.objects.delete(ctx, bucket.name, item["Key"])
        # "null" is the version of every object in a bucket without versioning.
        version: s3.DeletedObject = {"VersionId": "null"} if "VersionId" in item else {}
        deleted.append({"Key": item["Key"], **version})
    answer: s3.DeleteObjectsOutput = {}
    if deleted and not request["Delete"].get("Quiet"):
        answer["Deleted"] = deleted
    if errors:
        answer["Errors"] = errors
    return answer


def _refuse_conditions(item: s3.ObjectIdentifier) -> None:
    for name in ("ETag", "LastModifiedTime", "Size"):
        if name in item:
            message = f"lakebed has not built s3.DeleteObjects ({name} of an object) yet."
            raise AwsError("NotImplemented", message, 501)
