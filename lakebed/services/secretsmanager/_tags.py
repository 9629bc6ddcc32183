"""Tags as requests give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.core.errors import AwsError
from lakebed.core.limits import SECRET_TAGS_MAX
from lakebed.services.secretsmanager._secrets import invalid


def tags_of(given: Sequence[Mapping[str, Any]], known: Mapping[str, str]) -> dict[str, str]:
    """Return known tags and those that are given, which win; at most 50."""
    if any(str(one.get("Key", "")).lower().startswith("aws:") for one in given):
        raise invalid("Tag keys can't begin with aws:.")
    found = {**known, **{str(one["Key"]): str(one.get("Value", "")) for one in given}}
    if len(found) > SECRET_TAGS_MAX:
        message = f"A secret has at most {SECRET_TAGS_MAX} tags."
        raise AwsError("LimitExceededException", message)
    return found
