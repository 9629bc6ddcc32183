"""Patterns of names: regular expressions, in which clients also write `*` for any characters."""

from __future__ import annotations

import re

from lakebed.core.errors import AwsError

# A star at the start, or after a letter, a digit or an underscore: a wildcard.
_LOOSE_STAR = re.compile(r"(?<![^\w|(])(?<!\\\w)\*")


def name_pattern(expression: str | None) -> re.Pattern[str] | None:
    """Return what matches the whole of a name; InvalidInputException for no such expression."""
    if not expression:
        return None
    try:
        return re.compile(_LOOSE_STAR.sub(".*", expression), re.IGNORECASE)
    except re.error as error:
        message = f"Invalid name expression {expression!r}: {error}"
        raise AwsError("InvalidInputException", message) from None
