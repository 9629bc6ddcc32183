"""Metadata files: read and written through S3's operations, so with the caller's permissions."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.bodies import Spooled, content_of
from lakebed.core.errors import AwsError
from lakebed.services.glue_iceberg.model import Json, bad_request

_DELETED_AT_ONCE = 50
"""Objects deleted in one turn of the loop."""
_LOCATION = re.compile(r"s3[an]?://([^/]+)/(.+)")
_VERSION = re.compile(r"(?:^|/)(\d+)-[^/]*\.metadata\.json")


def read(ctx: Context, location: str) -> Json:
    """Return the content of a metadata file."""
    bucket, key = _split(location)
    try:
        body = ctx.aws.s3.get_object({"Bucket": bucket, "Key": key}).get("Body")
        found: Any = msgspec.json.decode(content_of(body))
    except (AwsError, msgspec.DecodeError) as error:
        message = f"Cannot read the metadata file {location}: {error}"
        raise AwsError("NotFoundException", message, 404) from error
    return found


@contextmanager
def written(ctx: Context, metadata: Json, previous: str = "") -> Generator[str]:
    """Write a table's metadata as its next file, and say where that is.

    It is there once the caller's transaction is committed; a raise leaves nothing of it.
    """
    base = metadata["properties"].get("write.metadata.path")
    folder = str(base or f"{metadata['location'].rstrip('/')}/metadata").rstrip("/")
    match = _VERSION.search(previous)
    version = int(match.group(1)) + 1 if match else 0
    location = f"{folder}/{version:05d}-{uuid.uuid4()}.metadata.json"
    bucket, key = _split(location)
    content = msgspec.json.encode(metadata)
    path = Path(ctx.engines.objects.spool_directories[0]) / f"iceberg-{uuid.uuid4().hex}"
    path.write_bytes(content)
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    body = Spooled(path, len(content), {"md5": digest})
    try:
        _put(ctx, bucket, key, body)
        yield location
    except AwsError:
        body.discard()
        raise


def _put(ctx: Context, bucket: str, key: str, body: Spooled) -> None:
    try:
        # A bucket that retains what is put into it asks for a digest.
        claimed = base64.b64encode(bytes.fromhex(body.digests["md5"])).decode()
        ctx.aws.s3.put_object({"Bucket": bucket, "Key": key, "Body": body, "ContentMD5": claimed})
    except AwsError as error:
        raise bad_request(f"Cannot write s3://{bucket}/{key}: {error.message}") from error


def delete(ctx: Context, location: str) -> Generator[None]:
    """Delete every object below a table's location, a page at a time."""
    bucket, prefix = _split(location.rstrip("/") + "/")
    given: Any = {"Bucket": bucket, "Prefix": prefix, "MaxKeys": _DELETED_AT_ONCE}
    while True:
        page = ctx.aws.s3.list_objects_v2(given)
        for one in page.get("Contents", []):
            ctx.aws.s3.delete_object({"Bucket": bucket, "Key": one.get("Key", "")})
        if not page.get("IsTruncated"):
            return
        given = {**given, "ContinuationToken": page.get("NextContinuationToken")}
        yield


def _split(location: str) -> tuple[str, str]:
    match = _LOCATION.fullmatch(location)
    if match is None:
        raise bad_request(f"The location {location} is not of the form s3://bucket/path")
    return match.group(1), match.group(2)
