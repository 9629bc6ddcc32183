"""One page of names: those that begin with a prefix, rolled up at a delimiter."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
from urllib.parse import quote

from lakebed.engines.objects import after_prefix
from lakebed.services.s3.model import invalid_argument

_FEW = 4
"""Rows read after a common prefix: where there is one, the next is often one, too."""


class Named(Protocol):
    """What has a key to be listed by."""

    @property
    def key(self) -> str:
        """The name."""
        ...


N = TypeVar("N", bound=Named)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a page is asked to hold; `after` is the last name of the page before."""

    prefix: str
    delimiter: str
    after: str
    limit: int


@dataclass(slots=True)
class Page(Generic[N]):
    """The entries of one page in order; `last` is the name that the next page comes after."""

    items: list[N] = field(default_factory=list[N])
    prefixes: list[str] = field(default_factory=list[str])
    last: str = ""
    is_truncated: bool = False

    @property
    def count(self) -> int:
        """How many entries the page has."""
        return len(self.items) + len(self.prefixes)


def page_of(wanted: Wanted, read: Callable[[str, bool, int], Sequence[N]]) -> Page[N]:
    """Fill a page; `read(start, is_after, limit)` gives the names from `start` on, in order."""
    if wanted.limit == 0:
        return Page()
    if wanted.delimiter:
        return _rolled_page(wanted, read)
    rows = read(wanted.after, wanted.after != "", wanted.limit + 1)
    items = list(rows[: wanted.limit])
    last = items[-1].key if items else ""
    return Page(items, [], last, len(rows) > wanted.limit)


def _rolled_page(wanted: Wanted, read: Callable[[str, bool, int], Sequence[N]]) -> Page[N]:
    """Fill a page with a delimiter.

    At a common prefix the names under it are skipped, not read: a page costs what it shows.
    """
    page: Page[N] = Page()
    start, is_after = wanted.after, wanted.after != ""
    if wanted.after and wanted.after == _rolled_up(wanted, wanted.after):
        # The page before ended with a common prefix: go on behind all that is under it.
        beyond = after_prefix(wanted.after)
        if beyond is None:
            return page
        start, is_after = beyond, False
    at_once = _FEW
    while True:
        rows = read(start, is_after, at_once)
        for row in rows:
            if page.count == wanted.limit:
                page.is_truncated = True
                return page
            common = _rolled_up(wanted, row.key)
            if common:
                page.prefixes.append(common)
                page.last = common
                beyond = after_prefix(common)
                if beyond is None:
                    return page
                start, is_after, at_once = beyond, False, _FEW
                break
            page.items.append(row)
            page.last = row.key
            start, is_after = row.key, True
        else:
            if len(rows) < at_once:
                return page
            at_once = min(2 * at_once, wanted.limit + 1)


def _rolled_up(wanted: Wanted, name: str) -> str:
    """Return the common prefix that stands for a name; empty if it stands for itself."""
    if not name.startswith(wanted.prefix):
        return ""
    at = name.find(wanted.delimiter, len(wanted.prefix))
    return "" if at < 0 else name[: at + len(wanted.delimiter)]


def page_token(last: str) -> str:
    """Return the continuation token of a page that ended at a name."""
    return base64.urlsafe_b64encode(b"1" + last.encode()).decode()


def from_token(token: str) -> str:
    """Return the name a token was made of."""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
        if not raw.startswith(b"1"):
            raise ValueError(token)
        return raw[1:].decode()
    except (binascii.Error, ValueError):
        message = "The continuation token provided is incorrect"
        raise invalid_argument(message, "continuation-token", token) from None


def checked_limit(value: int | None, largest: int, name: str) -> int:
    """Return the limit of a page: what is asked, at most what S3 gives."""
    if value is None:
        return largest
    if not 0 <= value <= 2_147_483_647:
        message = f"Argument {name} must be an integer between 0 and 2147483647"
        raise invalid_argument(message, name, str(value))
    return min(value, largest)


def encoder(encoding: str | None) -> Callable[[str], str]:
    """Return what writes names as the request asked: as they are, or percent-encoded."""
    if encoding is None:
        return str
    if encoding != "url":
        message = "Invalid Encoding Method specified in Request"
        raise invalid_argument(message, "encoding-type", encoding)
    return quote
