"""The headers that describe an object: kept from a PUT, given back to a GET."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.core.errors import AwsError
from lakebed.core.limits import USER_METADATA_BYTES_MAX

_KEPT = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType")
_OVERRIDES = {f"Response{name}": name for name in (*_KEPT, "Expires")}
DEFAULT_CONTENT_TYPE = "binary/octet-stream"


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
    if request.get("Expires") is not None:
        kept["Expires"] = repr(float(request["Expires"]))
    return kept


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


def given_back(headers: Mapping[str, str], request: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object's content headers as members of an answer, with the request's overrides."""
    answer: dict[str, Any] = {"ContentType": DEFAULT_CONTENT_TYPE, **headers}
    if "Expires" in answer:
        answer["Expires"] = float(answer["Expires"])
    for override, name in _OVERRIDES.items():
        if override in request:
            answer[name] = request[override]
    return answer
