"""Tags as requests give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.core.errors import AwsError
from lakebed.core.limits import DELIVERY_TAGS_MAX
from lakebed.services.firehose.model import invalid


def tags_of(given: Sequence[Mapping[str, Any]], known: Mapping[str, str]) -> dict[str, str]:
    """Return known tags and those that are given, which win; at most 50.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_TagDeliveryStream.html
    """
    keys = [str(one["Key"]) for one in given]
    if len(set(keys)) < len(keys):
        raise invalid("Duplicate tag keys are not allowed")
    if any(key.lower().startswith("aws:") for key in keys):
        raise invalid("Tag keys must not begin with aws:")
    found = {**known, **{str(one["Key"]): str(one.get("Value", "")) for one in given}}
    if len(found) > DELIVERY_TAGS_MAX:
        message = f"A Firehose stream has at most {DELIVERY_TAGS_MAX} tags"
        raise AwsError("LimitExceededException", message)
    return found
