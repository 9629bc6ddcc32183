"""Tags as requests give them.

https://docs.aws.amazon.com/streams/latest/dev/tagging.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from lakebed.core.limits import KINESIS_TAGS_MAX
from lakebed.services.kinesis.model import invalid

_CHARACTERS = re.compile(r"[\w\s./=+\-%@:]*")
_ILLEGAL = (
    "Some tags contain invalid characters. Valid characters: "
    "Unicode letters, digits, white space, _ . / = + - % @."
)


def with_tags(
    owner: str, known: Mapping[str, str], given: Mapping[str, str | None]
) -> dict[str, str]:
    """Return known tags and those that are given, which win; at most 50."""
    checked([*given, *(value or "" for value in given.values())])
    if any(key.lower().startswith("aws:") for key in given):
        raise invalid("Tag keys that begin with aws: are reserved for use by AWS.")
    found = {**known, **{key: value or "" for key, value in given.items()}}
    if len(found) > KINESIS_TAGS_MAX:
        raise invalid(
            f"Failed to add tags to {owner} because it cannot have more than "
            f"{KINESIS_TAGS_MAX} tags associated with it."
        )
    return found


def checked(texts: Iterable[str]) -> None:
    """Raise InvalidArgumentException if a key or a value has characters that tags cannot have."""
    if not all(_CHARACTERS.fullmatch(text) for text in texts):
        raise invalid(_ILLEGAL)
