"""Listings in pages: the token says how many rows came before."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from lakebed.core.errors import AwsError

Row = TypeVar("Row")


def page(
    rows: Sequence[Row], request: Mapping[str, Any], size: int
) -> tuple[Sequence[Row], dict[str, Any]]:
    """Return the rows of a page, and the member that names the next one."""
    start, size = 0, request.get("MaxResults", size)
    if "NextToken" in request:
        try:
            start = int(base64.b64decode(request["NextToken"].encode(), validate=True))
        except (binascii.Error, ValueError):
            message = "The NextToken value is invalid."
            raise AwsError("InvalidNextTokenException", message) from None
    end = start + size
    token = base64.b64encode(str(end).encode()).decode()
    return rows[start:end], {"NextToken": token} if end < len(rows) else {}
