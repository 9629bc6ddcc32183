"""Listings in pages: where a page ends is in its token, so nothing is remembered between them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

from lakebed.services.athena.model import invalid

Row = TypeVar("Row")


def after(token: str | None) -> tuple[str, ...] | None:
    """Return the key after which a listing goes on; InvalidRequestException for no token of ours.

    The sentence is Athena's own for GetQueryResults; for other listings it is assumed.
    """
    if token is None:
        return None
    try:
        text = base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise invalid(f"Malformed nextPageToken {token}") from None
    return tuple(text.split("\0"))


def token(*key: str) -> str:
    """Return the token of a page whose last row has this key."""
    return base64.b64encode("\0".join(key).encode(), altchars=b"-_").decode()


def page(rows: Iterable[Row], size: int) -> tuple[list[Row], bool]:
    """Return up to `size` rows and whether there are more."""
    found = list(islice(rows, size + 1))
    return found[:size], len(found) > size
