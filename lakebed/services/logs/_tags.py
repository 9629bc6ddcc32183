"""Tags as they are checked before they are kept."""

from __future__ import annotations

from collections.abc import Mapping

from lakebed.core.errors import AwsError
from lakebed.core.limits import LOGS_TAGS_MAX
from lakebed.services.logs.model import invalid


def checked_tags(given: Mapping[str, str], kept: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return `kept` with the given tags added.

    At most 50 of a group, none with the prefix of AWS; both sentences are remembered.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html
    """
    for key in given:
        if key.lower().startswith("aws:"):
            raise invalid("Tag keys that begin with aws: are reserved.")
    tags = {**(kept or {}), **given}
    if len(tags) > LOGS_TAGS_MAX:
        message = f"The resource has more than the maximum of {LOGS_TAGS_MAX} tags."
        raise AwsError("TooManyTagsException", message)
    return tags
