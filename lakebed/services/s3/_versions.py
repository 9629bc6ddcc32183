"""Versions of objects: their ids, how a request names one, and what is met instead of one.

The null version, which every object of a bucket without versioning is, has the empty text for an
id; clients read and write it as `null`.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.engines.objects import StoredObject
from lakebed.services.s3.model import Bucket, invalid_argument, no_such_key

NULL = "null"
_RANDOM_BYTES, _CHECK_BYTES, _ID_CHARACTERS = 20, 4, 32
_OTHER_CHARACTERS = b"._"


def new_version_id(ctx: Context, bucket: Bucket) -> str:
    """Return the id of a version that is about to be made; the null version's unless enabled.

    It ends with a check, so that an id that was never given out is told from one that is gone.
    """
    if bucket.versioning != "Enabled":
        return ""
    random = bytes.fromhex(ctx.ids.token(8 * _RANDOM_BYTES))
    return base64.b64encode(random + _check_of(random), _OTHER_CHARACTERS).decode()


def _check_of(random: bytes) -> bytes:
    return zlib.crc32(random).to_bytes(_CHECK_BYTES, "big")


def is_version_id(text: str) -> bool:
    """Say whether a text is `null` or an id that was made here."""
    if text == NULL:
        return True
    if len(text) != _ID_CHARACTERS:
        return False
    try:
        raw = base64.b64decode(text.encode(), _OTHER_CHARACTERS, validate=True)
    except (binascii.Error, ValueError):
        return False
    return raw[_RANDOM_BYTES:] == _check_of(raw[:_RANDOM_BYTES])


def shown(version_id: str) -> str:
    """Return a version's id as clients see it."""
    return version_id or NULL


def version_named(text: str, argument: str = "versionId") -> str:
    """Return the id that a client's text is; refuse what was never an id."""
    if not text:
        raise invalid_argument("Version id cannot be the empty string", argument, text)
    if not is_version_id(text):
        raise invalid_argument("Invalid version id specified", argument, text)
    return "" if text == NULL else text


def wanted_version(request: Mapping[str, Any]) -> str | None:
    """Return the id of the version that a request names; None for the latest."""
    text = request.get("VersionId")
    return None if text is None else version_named(text)


def stat_version(ctx: Context, bucket: Bucket, key: str, version: str | None) -> StoredObject:
    """Return a version, or the latest one, which may be a delete marker; or NoSuchKey, …Version."""
    objects = ctx.engines.objects
    if bucket.is_versioned:
        found = objects.versions.stat(ctx, bucket.name, key, version)
    else:
        found = None if version else objects.stat(ctx, bucket.name, key)
    if found is None:
        raise _absent(ctx, bucket, key, version)
    return found


def _absent(ctx: Context, bucket: Bucket, key: str, version: str | None) -> AwsError:
    """Return that a version is not there; only who may list the bucket is told.

    The key is what a condition of `s3:prefix` is asked of, as users report of AWS.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    operation = "list_objects_v2" if version is None else "list_object_versions"
    ctx.door.authorise(ctx, "s3", operation, {"Bucket": bucket.name, "Prefix": key})
    return no_such_key(key) if version is None else no_such_version(key, version)


def open_version(
    ctx: Context, bucket: Bucket, key: str, version: str | None, method: str
) -> tuple[StoredObject, int]:
    """Return a version, or the latest one, and a descriptor of its bytes; never a delete marker.

    `method` is the HTTP method of the request, which the refusal of a delete marker names.
    """
    objects = ctx.engines.objects
    if version is None or not (version or bucket.is_versioned):
        opened = objects.open(ctx, bucket.name, key)
    elif bucket.is_versioned:
        opened = objects.versions.open(ctx, bucket.name, key, version)
    else:
        opened = None
    if opened is not None:
        return opened
    if bucket.is_versioned:
        found = stat_version(ctx, bucket, key, version)
        if found.is_delete_marker:
            raise marker_met(found, version, method)
    raise _absent(ctx, bucket, key, version)


def no_such_version(key: str, version: str) -> AwsError:
    """Return S3's answer for a version that is not there, or not any more."""
    members = {"Key": key, "VersionId": shown(version)}
    return AwsError("NoSuchVersion", "The specified version does not exist.", 404, members)


def marker_met(marker: StoredObject, version: str | None, method: str) -> AwsError:
    """Return what a reader is told who met a delete marker: as the latest version, or by its id."""
    if version is None:
        headers = {"x-amz-delete-marker": "true", "x-amz-version-id": shown(marker.version_id)}
        return no_such_key(marker.key, headers)
    return not_for_markers(marker, method)


def not_for_markers(marker: StoredObject, method: str) -> AwsError:
    """Return S3's answer to what cannot be done with a delete marker."""
    headers = {
        "x-amz-delete-marker": "true",
        "x-amz-version-id": shown(marker.version_id),
        "Allow": "DELETE",
        "Last-Modified": formatdate(marker.last_modified, usegmt=True),
    }
    message = "The specified method is not allowed against this resource."
    members = {"Method": method, "ResourceType": "DeleteMarker"}
    return AwsError("MethodNotAllowed", message, 405, members, headers)
