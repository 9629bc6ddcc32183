"""Tags as requests give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lakebed.core.errors import AwsError
from lakebed.core.event_limits import EVENT_TAGS_MAX
from lakebed.services.events.model import invalid


def tags_of(given: Iterable[Any], known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return known tags and those that are given, which win; at most 50."""
    found = {**(known or {}), **{str(one["Key"]): str(one["Value"]) for one in given}}
    if any(key.lower().startswith("aws:") for key in found):
        raise invalid("Tag keys that begin with aws: are reserved.")
    if len(found) > EVENT_TAGS_MAX:
        message = f"A resource has at most {EVENT_TAGS_MAX} tags."
        raise AwsError("LimitExceededException", message)
    return found
