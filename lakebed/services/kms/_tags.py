"""Tags as requests give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.core.errors import AwsError
from lakebed.core.limits import KMS_TAGS_MAX


def tags_of(given: Sequence[Mapping[str, Any]], known: Mapping[str, str]) -> dict[str, str]:
    """Return known tags and those that are given, which win; at most 50.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_TagResource.html
    """
    keys = [str(one["TagKey"]) for one in given]
    if len(set(keys)) < len(keys):
        raise AwsError("TagException", "Duplicate tag keys")
    if any(key.lower().startswith("aws:") for key in keys):
        raise AwsError("TagException", "Tags beginning with aws: are reserved")
    found = {**known, **{str(one["TagKey"]): str(one["TagValue"]) for one in given}}
    if len(found) > KMS_TAGS_MAX:
        raise AwsError("TagException", "Too many tags")
    return found
