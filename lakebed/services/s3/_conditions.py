"""Preconditions and byte ranges of requests on one object (RFC 9110, as S3 reads it)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.engines.objects import StoredObject
from lakebed.services.s3.model import no_such_key

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def check_read(request: Mapping[str, Any], found: StoredObject) -> None:
    """Answer 412 or 304 if the object is not in the state that the reader asks for."""
    match, none_match = request.get("IfMatch"), request.get("IfNoneMatch")
    since, unmodified = request.get("IfModifiedSince"), request.get("IfUnmodifiedSince")
    if match is not None:
        if not _names(match, found.etag):
            raise _failed("If-Match")
    elif unmodified is not None and found.last_modified > unmodified:
        raise _failed("If-Unmodified-Since")
    if none_match is not None:
        if _names(none_match, found.etag):
            raise _not_modified(found)
    elif since is not None and found.last_modified <= since:
        raise _not_modified(found)


def check_write(operation: str, request: Mapping[str, Any], found: StoredObject | None) -> None:
    """Answer 412 if the object is not in the state that the writer asks for."""
    match, none_match = request.get("IfMatch"), request.get("IfNoneMatch")
    if none_match is not None:
        if none_match != "*":
            raise NotBuiltError("s3", operation, "If-None-Match other than *")
        if found is not None:
            raise _failed("If-None-Match")
    if match is not None:
        if found is None:
            raise no_such_key(request["Key"])
        if not _names(match, found.etag):
            raise _failed("If-Match")


def _names(header: str, etag: str) -> bool:
    if header.strip() == "*":
        return True
    return etag in (entry.strip().removeprefix("W/").strip('"') for entry in header.split(","))


def _failed(condition: str) -> AwsError:
    message = "At least one of the pre-conditions you specified did not hold"
    return AwsError("PreconditionFailed", message, 412, {"Condition": condition})


def _not_modified(found: StoredObject) -> AwsError:
    return AwsError("NotModified", "Not Modified", 304, headers={"ETag": f'"{found.etag}"'})


def slice_of(header: str | None, size: int) -> tuple[int, int] | None:
    """Return start and length of the asked range; None for the whole object.

    What is no single range of bytes is ignored, as AWS does; a range that begins behind the end
    is refused.
    """
    if header is None:
        return None
    match = _RANGE.fullmatch(header.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        length = min(int(match[2]), size)
        if length == 0:
            raise _unsatisfiable(header, size)
        return size - length, length
    start = int(match[1])
    last = min(int(match[2]), size - 1) if match[2] else size - 1
    if match[2] and int(match[2]) < start:
        return None
    if start >= size:
        raise _unsatisfiable(header, size)
    return start, last - start + 1


def _unsatisfiable(header: str, size: int) -> AwsError:
    members = {"RangeRequested": header, "ActualObjectSize": size}
    message = "The requested range is not satisfiable"
    return AwsError("InvalidRange", message, 416, members, {"Content-Range": f"bytes */{size}"})
