"""Listings in pages: `Marker` is the last name of the page before, so nothing is remembered."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from lakebed.context import Context
from lakebed.core.limits import IAM_LIST_ITEMS, IAM_SCAN_ROWS
from lakebed.services.iam.model import invalid
from lakebed.store import Range, Table

Row = TypeVar("Row")


def after(request: Mapping[str, Any]) -> str:
    """Return the name after which a listing goes on; empty for its first page."""
    marker = request.get("Marker")
    if marker is None:
        return ""
    try:
        return base64.b64decode(marker.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise invalid("Invalid Marker.") from None


def page(
    request: Mapping[str, Any], member: str, rows: Iterable[tuple[str, Any]]
) -> dict[str, Any]:
    """Return one page of (name, shape), which come in the order of names, as `member`."""
    last, size = after(request), request.get("MaxItems") or IAM_LIST_ITEMS
    found: list[Any] = []
    end = ""
    for name, shape in rows:
        if last and name <= last:
            continue
        if len(found) == size:
            marker = base64.b64encode(end.encode(), altchars=b"-_").decode()
            return {member: found, "IsTruncated": True, "Marker": marker}
        found.append(shape)
        end = name
    return {member: found, "IsTruncated": False}


def scanned(ctx: Context, table: Table[Row], name: Callable[[Row], str], last: str = "") -> (
    Iterator[Row]
):  # fmt: skip
    """Yield the account's rows after a name, read some at a time."""
    while True:
        span = Range(prefix=(ctx.account,), after=(last,) if last else None, limit=IAM_SCAN_ROWS)
        rows = list(table.scan(ctx, span))
        yield from rows
        if len(rows) < IAM_SCAN_ROWS:
            return
        last = name(rows[-1])
