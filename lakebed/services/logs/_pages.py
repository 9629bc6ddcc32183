"""Listings in pages: where a page ends is in its token, so nothing is remembered between them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

from lakebed.services.logs.model import invalid

Row = TypeVar("Row")


def after(token: str | None) -> tuple[str, ...] | None:
    """Return the key after which a listing goes on."""
    if token is None:
        return None
    try:
        text = base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise invalid("The specified nextToken is invalid.") from None
    return tuple(text.split("\0"))


def token(*key: str) -> str:
    """Return the token of a page whose last row has this key."""
    return base64.b64encode("\0".join(key).encode(), altchars=b"-_").decode()


def page(rows: Iterable[Row], size: int) -> tuple[list[Row], bool]:
    """Return up to `size` rows and whether there are more."""
    found = list(islice(rows, size + 1))
    return found[:size], len(found) > size


def beyond(prefix: str) -> str:
    """Return a text after all that begin with a prefix, in the order of their bytes."""
    return prefix + "\U0010ffff"
