"""Listings in pages: the token names the last row."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, TypeVar

from lakebed.core.errors import AwsError

Row = TypeVar("Row")


def after(request: Mapping[str, Any]) -> str | None:
    """Return the name after which a listing goes on."""
    if "NextToken" not in request:
        return None
    try:
        return base64.b64decode(request["NextToken"].encode(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise AwsError("InvalidNextToken", "The specified token is not valid.") from None


def page(
    rows: Iterable[Row], size: int, name: Callable[[Row], str]
) -> tuple[list[Row], dict[str, Any]]:
    """Return the rows of a page, and the member that names the next one."""
    found = list(islice(rows, size + 1))
    if len(found) <= size:
        return found, {}
    token = base64.b64encode(name(found[size - 1]).encode()).decode()
    return found[:size], {"NextToken": token}
