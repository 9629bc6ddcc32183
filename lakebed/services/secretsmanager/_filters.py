"""Filters of listings.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lakebed.services.secretsmanager._secrets import invalid
from lakebed.services.secretsmanager.model import Secret


def fits(secret: Secret, filters: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a secret fits all filters; one fits if any of its values does.

    A value is the beginning of a text, with `!` before it of none. Names, and keys and values of
    tags keep their case; `all` and descriptions are compared by words, in any case.
    """
    return all(_fits(secret, str(one.get("Key", "")), one.get("Values") or ()) for one in filters)


def _fits(secret: Secret, key: str, values: Sequence[str]) -> bool:
    wanted = [one for one in values if not one.startswith("!")]
    unwanted = [one[1:] for one in values if one.startswith("!")]
    if any(_begins(secret, key, one) for one in unwanted):
        return False
    return not wanted or any(_begins(secret, key, one) for one in wanted)


def _begins(secret: Secret, key: str, value: str) -> bool:
    is_cased = key not in ("all", "description")
    texts = _texts(secret, key)
    if is_cased:
        return any(text.startswith(value) for text in texts)
    words = value.lower().split()
    found = [word for text in texts for word in re.split(r"[\s/_+=.@-]+", text.lower())]
    whole = [text.lower() for text in texts]
    return all(any(one.startswith(word) for one in (*found, *whole)) for word in words)


def _texts(secret: Secret, key: str) -> Iterator[str]:
    if key in ("name", "all"):
        yield secret.name
    if key in ("description", "all"):
        yield secret.description
    if key in ("tag-key", "all"):
        yield from secret.tags
    if key in ("tag-value", "all"):
        yield from secret.tags.values()
    if key == "primary-region":
        yield secret.region
    if key not in (*_KEYS, "primary-region", "owning-service"):
        raise invalid(f"Invalid filter key: {key}")


_KEYS = ("name", "description", "tag-key", "tag-value", "all")
