"""Tags as requests give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.core.errors import AwsError
from lakebed.core.limits import PARAMETER_TAGS_MAX


def tags_of(given: Sequence[Mapping[str, Any]], known: Mapping[str, str]) -> dict[str, str]:
    """Return known tags and those that are given, which win; at most 50."""
    found = {**known, **{str(one["Key"]): str(one["Value"]) for one in given}}
    if len(found) > PARAMETER_TAGS_MAX:
        message = f"A parameter has at most {PARAMETER_TAGS_MAX} tags."
        raise AwsError("TooManyTagsError", message)
    return found
