"""Tags of objects and buckets: what may be one, in XML and in the header `x-amz-tagging`.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from lakebed.core.errors import AwsError
from lakebed.core.limits import (
    BUCKET_TAGS_MAX,
    OBJECT_TAGS_MAX,
    TAG_KEY_CHARACTERS_MAX,
    TAG_VALUE_CHARACTERS_MAX,
)
from lakebed.services.s3.model import invalid_argument, malformed_xml

if TYPE_CHECKING:
    from lakebed.shapes import s3

_PLAIN = re.compile(r"[A-Za-z0-9 _.:/=+@-]*")
_SYMBOLS = frozenset("_.:/=+@-")
_SYSTEM_PREFIX = "aws:"


@dataclass(frozen=True, slots=True)
class TagRules:
    """How many tags there may be, and S3's sentences for too many and for a system tag."""

    count_max: int
    too_many: str
    system_tag: str
    names_system_tag: bool = True


OBJECT_TAGS = TagRules(
    OBJECT_TAGS_MAX,
    f"Object tags cannot be greater than {OBJECT_TAGS_MAX}",
    "Your TagKey cannot be prefixed with aws:",
)
BUCKET_TAGS = TagRules(
    BUCKET_TAGS_MAX,
    f"Bucket tag count cannot be greater than {BUCKET_TAGS_MAX}",
    "System tags cannot be added/updated by requester",
)
NEW_BUCKET_TAGS = TagRules(
    BUCKET_TAGS_MAX,
    BUCKET_TAGS.too_many,
    'User-defined tag keys can\'t start with "aws:". This prefix is reserved for system tags. '
    'Remove "aws:" from your tag keys and try again.',
    names_system_tag=False,
)


def checked_tags(tags: Sequence[s3.Tag], rules: TagRules) -> dict[str, str]:
    """Return a list of tags by key, in its order; refuse what is no legal set of tags."""
    if any("Key" not in tag or "Value" not in tag for tag in tags):
        raise malformed_xml()
    if len(tags) > rules.count_max:
        raise AwsError("BadRequest", rules.too_many, 400)
    kept: dict[str, str] = {}
    for tag in tags:
        key, value = tag["Key"], tag["Value"]
        _check_tag(key, value, rules)
        if key in kept:
            message = "Cannot provide multiple Tags with the same key"
            raise _invalid_tag(message, {"TagKey": key})
        kept[key] = value
    return kept


def header_tags(request: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a request's `x-amz-tagging`, by key and in the order of the keys."""
    header: str = request.get("Tagging", "")
    if not header:
        return {}
    tags: dict[str, str] = {}
    pairs = [pair for pair in header.split("&") if pair]
    for pair in pairs:
        name, _, text = pair.partition("=")
        if "=" in text:
            raise _malformed_header(header)
        try:
            key, value = _decoded(name), _decoded(text)
        except UnicodeError:
            raise _malformed_header(header) from None
        if key in tags:
            raise _malformed_header(header)
        tags[key] = value
    if len(tags) > OBJECT_TAGS.count_max:
        raise AwsError("BadRequest", OBJECT_TAGS.too_many, 400)
    for key, value in tags.items():
        _check_tag(key, value, OBJECT_TAGS)
    return dict(sorted(tags.items()))


def tag_set(tags: Mapping[str, str]) -> list[s3.Tag]:
    """Return tags as S3 lists them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _decoded(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")


def _check_tag(key: str, value: str, rules: TagRules) -> None:
    if not key or _length(key) > TAG_KEY_CHARACTERS_MAX or not _is_legal(key):
        raise _invalid_tag("The TagKey you have provided is invalid", {"TagKey": key})
    if _length(value) > TAG_VALUE_CHARACTERS_MAX or not _is_legal(value):
        members = {"TagKey": key, "TagValue": value}
        raise _invalid_tag("The TagValue you have provided is invalid", members)
    if key.lower().startswith(_SYSTEM_PREFIX):
        raise _invalid_tag(rules.system_tag, {"TagKey": key} if rules.names_system_tag else {})


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _is_legal(text: str) -> bool:
    """Say whether a text has only letters, numbers, spaces and the few symbols of tags."""
    if _PLAIN.fullmatch(text):
        return True
    return all(
        character in _SYMBOLS or unicodedata.category(character)[0] in "LNZ" for character in text
    )


def _invalid_tag(message: str, members: Mapping[str, str]) -> AwsError:
    return AwsError("InvalidTag", message, 400, members)


def _malformed_header(header: str) -> AwsError:
    message = (
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters "
        "without tag name duplicates."
    )
    return invalid_argument(message, "x-amz-tagging", header)
