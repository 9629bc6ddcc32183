"""Listings in pages: the token names the last row."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, TypeVar

from lakebed.core.event_limits import EVENTS_LIST_MAX
from lakebed.services.events.model import invalid

Row = TypeVar("Row")


def after(request: Mapping[str, Any]) -> str:
    """Return the name after which a listing goes on; an empty text at its beginning."""
    try:
        token = request.get("NextToken", "").encode()
        return base64.b64decode(token, validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise invalid("Parameter NextToken is not valid.") from None


def page(
    rows: Iterable[Row], request: Mapping[str, Any], name: Callable[[Row], str]
) -> tuple[list[Row], dict[str, Any]]:
    """Return the rows of a page, and the member that names the next one."""
    size = request.get("Limit") or EVENTS_LIST_MAX
    found = list(islice(rows, size + 1))
    if len(found) <= size:
        return found, {}
    token = base64.b64encode(name(found[size - 1]).encode()).decode()
    return found[:size], {"NextToken": token}
