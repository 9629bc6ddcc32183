"""What describes an object: kept from a PUT, given back to a GET, shown in a listing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from lakebed.core.columns import Columns
from lakebed.core.errors import AwsError
from lakebed.core.limits import USER_METADATA_BYTES_MAX
from lakebed.engines.objects import ListedObject, StoredObject
from lakebed.services.s3._checksums import MEMBERS
from lakebed.services.s3.model import invalid_argument

if TYPE_CHECKING:
    from lakebed.shapes import s3

_KEPT = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
)
_OVERRIDES = {f"Response{name}": name for name in _KEPT}
DEFAULT_CONTENT_TYPE = "binary/octet-stream"
_ALGORITHMS = {member: name for name, member in MEMBERS.items()}
STANDARD = "STANDARD"
ARCHIVED = ("GLACIER", "DEEP_ARCHIVE")
"""Storage classes whose objects cannot be read before they are restored."""
_STORAGE_CLASSES = frozenset(
    {
        STANDARD,
        "REDUCED_REDUNDANCY",
        "STANDARD_IA",
        "ONEZONE_IA",
        "INTELLIGENT_TIERING",
        "GLACIER_IR",
        *ARCHIVED,
    }
)
_REDIRECT_PREFIXES = ("/", "http://", "https://")


def described(request: Mapping[str, Any]) -> dict[str, str]:
    """Return the content headers of a request that stay with the object, by member name."""
    kept = {name: request[name] for name in _KEPT if request.get(name)}
    encoding = kept.get("ContentEncoding")
    if encoding is not None and "aws-chunked" in encoding:
        # It tells how the request was sent, not what the object is.
        codings = [coding.strip() for coding in encoding.split(",")]
        rest = ", ".join(coding for coding in codings if coding != "aws-chunked")
        kept["ContentEncoding"] = rest
        if not rest:
            del kept["ContentEncoding"]
    return kept | redirected(request)


def redirected(request: Mapping[str, Any]) -> dict[str, str]:
    """Return where a website sends those who ask for the object, as a header that stays with it."""
    location: str | None = request.get("WebsiteRedirectLocation")
    if location is None:
        return {}
    if not location.startswith(_REDIRECT_PREFIXES):
        message = (
            "The website redirect location must have a prefix of 'http://' or 'https://' or '/'."
        )
        raise AwsError("InvalidRedirectLocation", message, 400)
    return {"WebsiteRedirectLocation": location}


def storage_class_of(request: Mapping[str, Any]) -> str:
    """Return the storage class that a request asks for; empty for STANDARD."""
    name: str = request.get("StorageClass", STANDARD)
    if name not in _STORAGE_CLASSES:
        message = "The storage class you specified is not valid"
        raise AwsError("InvalidStorageClass", message, 400, {"StorageClassRequested": name})
    return "" if name == STANDARD else name


def check_metadata(request: Mapping[str, Any]) -> None:
    """Refuse user metadata of more than 2 KB, names and values counted."""
    metadata: Mapping[str, str] | None = request.get("Metadata")
    if not metadata:
        return
    size = sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
    if size > USER_METADATA_BYTES_MAX:
        message = "Your metadata headers exceed the maximum allowed metadata size"
        members = {"Size": size, "MaxSizeAllowed": USER_METADATA_BYTES_MAX}
        raise AwsError("MetadataTooLarge", message, 400, members)


def given_back(
    headers: Mapping[str, str], request: Mapping[str, Any], *, is_anonymous: bool = False
) -> dict[str, Any]:
    """Return an object's content headers as members of an answer, with the request's overrides."""
    answer: dict[str, Any] = {"ContentType": DEFAULT_CONTENT_TYPE, **headers}
    if not _OVERRIDES.keys().isdisjoint(request):
        if is_anonymous:
            message = "Request specific response headers cannot be used for anonymous GET requests."
            raise AwsError("InvalidRequest", message, 400)
        answer |= {
            name: _checked_override(override, request[override])
            for override, name in _OVERRIDES.items()
            if override in request
        }
    return answer


def _checked_override(member: str, text: str) -> str:
    try:
        text.encode("latin-1")
    except UnicodeError:
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", member).lower()
        message = "Header value cannot be represented using ISO-8859-1."
        raise invalid_argument(message, name, text) from None
    return text


def listed(
    items: Sequence[ListedObject], encode: Callable[[str], str], owner: str | None
) -> list[s3.Object]:
    """Return objects as listings show them."""
    checksums = [found.checksums for found in items]
    if not all(checksums) and any(checksums):
        return [shown_in_listing(found, encode, owner) for found in items]
    columns: dict[str, list[Any]] = {
        "Key": [encode(found.key) for found in items],
        "LastModified": [found.last_modified for found in items],
        "ETag": [f'"{found.etag}"' for found in items],
        "Size": [found.size for found in items],
        "StorageClass": [found.storage_class or STANDARD for found in items],
    }
    if checksums[0]:
        columns["ChecksumAlgorithm"] = [[_ALGORITHMS[name] for name in kept] for kept in checksums]
        columns["ChecksumType"] = [found.checksum_type for found in items]
    if owner is not None:
        columns["Owner"] = [{"ID": owner}] * len(items)
    # Rows to whoever reads them, columns to who writes them.
    return cast("list[s3.Object]", Columns(columns))


def shown_in_listing(
    found: ListedObject | StoredObject, encode: Callable[[str], str], owner: str | None
) -> s3.Object:
    """Return an object as listings show it."""
    listed: s3.Object = {
        "Key": encode(found.key),
        "LastModified": found.last_modified,
        "ETag": f'"{found.etag}"',
        "Size": found.size,
        "StorageClass": found.storage_class or STANDARD,
    }
    if found.checksums:
        listed["ChecksumAlgorithm"] = [_ALGORITHMS[name] for name in found.checksums]
        listed["ChecksumType"] = found.checksum_type
    if owner is not None:
        listed["Owner"] = {"ID": owner}
    return listed
