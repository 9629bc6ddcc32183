"""Listings in pages, and what all operations that use a key have in common."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, TypeVar

from lakebed.core.errors import AwsError

Row = TypeVar("Row")


def after(request: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the name after which a listing goes on, from its Marker."""
    marker = request.get("Marker")
    if marker is None:
        return None
    try:
        return (base64.b64decode(marker.encode(), altchars=b"-_", validate=True).decode(),)
    except (binascii.Error, ValueError):
        raise AwsError("InvalidMarkerException", f"Invalid marker: {marker}") from None


def page(
    rows: Iterable[Row], limit: int, name: Callable[[Row], str]
) -> tuple[list[Row], dict[str, Any]]:
    """Return the rows of a page, and the members that say whether there are more."""
    found = list(islice(rows, limit + 1))
    if len(found) <= limit:
        return found, {"Truncated": False}
    marker = base64.urlsafe_b64encode(name(found[limit - 1]).encode()).decode()
    return found[:limit], {"Truncated": True, "NextMarker": marker}


def stop_dry_run(request: Mapping[str, Any]) -> None:
    """Raise DryRunOperationException where the request only asks whether it would succeed."""
    if request.get("DryRun"):
        message = "The request would have succeeded, but the DryRun option is set."
        raise AwsError("DryRunOperationException", message)
