"""Preconditions and byte ranges of requests on one object (RFC 9110, as S3 reads it).

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from lakebed.core.errors import AwsError
from lakebed.engines.objects import StoredObject
from lakebed.services.s3.model import no_such_key

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_HEADERS = {
    "IfMatch": "If-Match",
    "IfNoneMatch": "If-None-Match",
    "IfModifiedSince": "If-Modified-Since",
    "IfUnmodifiedSince": "If-Unmodified-Since",
}
_READ_CONDITIONS = frozenset(_HEADERS)


def check_read(request: Mapping[str, Any], found: StoredObject, now: float) -> None:
    """Answer 412 or 304 if the object is not in the state that the reader asks for."""
    if _READ_CONDITIONS.isdisjoint(request):
        return
    failed = _failed_condition(request, found, now)
    if failed is None:
        return
    if failed in ("IfMatch", "IfUnmodifiedSince"):
        raise _failed(_HEADERS[failed])
    headers = {
        "ETag": f'"{found.etag}"',
        "Last-Modified": formatdate(found.last_modified, usegmt=True),
    }
    raise AwsError("NotModified", "Not Modified", 304, headers=headers)


def check_copy(request: Mapping[str, Any], source: StoredObject, now: float) -> None:
    """Answer 412 if the source of a copy is not in the state that the request asks for."""
    conditions = {
        name: request[f"CopySource{name}"] for name in _HEADERS if f"CopySource{name}" in request
    }
    failed = _failed_condition(conditions, source, now)
    if failed is not None:
        raise _failed(f"x-amz-copy-source-{_HEADERS[failed]}")


def _failed_condition(conditions: Mapping[str, Any], found: StoredObject, now: float) -> str | None:
    """Return the condition that does not hold; what an ETag says counts more than a date."""
    match, none_match = conditions.get("IfMatch"), conditions.get("IfNoneMatch")
    since, unmodified = conditions.get("IfModifiedSince"), conditions.get("IfUnmodifiedSince")
    if match is not None:
        if not _names(match, found.etag):
            return "IfMatch"
    elif unmodified is not None and found.last_modified > unmodified:
        return "IfUnmodifiedSince"
    if none_match is not None:
        if _names(none_match, found.etag):
            return "IfNoneMatch"
    # A date in the future is no condition (RFC 9110 §13.1.3).
    elif since is not None and found.last_modified <= since <= now:
        return "IfModifiedSince"
    return None


def check_write(operation: str, request: Mapping[str, Any], found: StoredObject | None) -> None:
    """Answer 412 if the current object is not in the state that the writer asks for.

    `found` is None if there is none, or a delete marker in its place: that is 404 to a writer who
    asks for an ETag. A write takes no condition but `If-None-Match: *` and `If-Match: ETAG`; a
    delete takes `If-Match: *` as well.
    """
    match, none_match = request.get("IfMatch"), request.get("IfNoneMatch")
    if match is not None and none_match is not None:
        detail = "Multiple conditional request headers present in the request"
        raise not_implemented("If-Match,If-None-Match", detail)
    if none_match is not None:
        if none_match.strip() != "*":
            raise not_implemented("If-None-Match", _not_accepted("If-None-Match"))
        if found is not None:
            raise _failed("If-None-Match")
    if match is not None:
        if match.strip() == "*" and operation != "DeleteObject":
            raise not_implemented("If-Match", _not_accepted("If-Match"))
        if found is None:
            raise no_such_key(request["Key"])
        if not _names(match, found.etag):
            raise _failed("If-Match")


def check_conflict(request: Mapping[str, Any], found: StoredObject | None, since: float) -> None:
    """Answer 409 if the object that an upload must match was written after the upload began.

    A deletion in the meantime, which S3 answers likewise, leaves nothing behind to tell it by.
    """
    if "IfMatch" in request and found is not None and found.last_modified > since:
        message = (
            "The conditional request cannot succeed due to a conflicting operation against this "
            "resource."
        )
        members = {"Condition": "If-Match", "Key": found.key}
        raise AwsError("ConditionalRequestConflict", message, 409, members)


def _not_accepted(header: str) -> str:
    return f"We don't accept the provided value of {header} header for this API"


def not_implemented(header: str, detail: str = "") -> AwsError:
    """Return S3's own answer for a header that it does not implement, not we."""
    members = {"Header": header}
    if detail:
        members["additionalMessage"] = detail
    message = "A header you provided implies functionality that is not implemented"
    return AwsError("NotImplemented", message, 501, members)


def _names(header: str, etag: str) -> bool:
    if header.strip() == "*":
        return True
    return etag in (entry.strip().removeprefix("W/").strip('"') for entry in header.split(","))


def _failed(condition: str) -> AwsError:
    message = "At least one of the pre-conditions you specified did not hold"
    return AwsError("PreconditionFailed", message, 412, {"Condition": condition})


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
