"""Tags as they are kept: a mapping beside what they are on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.core.limits import ATHENA_TAGS_MAX
from lakebed.services.athena.model import invalid


def read_tags(given: Sequence[Any], kept: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return `kept` with the given tags added; a key stands once.

    The limit is documented; its sentence, and that of the reserved prefix, are ours.
    https://docs.aws.amazon.com/athena/latest/ug/tags.html
    """
    tags = dict(kept or {})
    for tag in given:
        key = tag.get("Key", "")
        if key.lower().startswith("aws:"):
            raise invalid("Tag keys that begin with aws: are reserved.")
        tags[key] = tag.get("Value", "")
    if len(tags) > ATHENA_TAGS_MAX:
        raise invalid(f"A resource can have at most {ATHENA_TAGS_MAX} tags.")
    return tags
