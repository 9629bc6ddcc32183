"""Pages of events and the tokens between them: a direction and a position."""

from __future__ import annotations

import re

import msgspec

from lakebed.core.limits import (
    LOG_EVENT_OVERHEAD_BYTES,
    LOG_PAGE_BYTES_MAX,
    LOG_SCANNED_BYTES_MAX,
)
from lakebed.services.logs._events import size_of
from lakebed.services.logs._reading import Event, Position, Search
from lakebed.services.logs.model import invalid
from lakebed.store import Scope

_TOKEN = re.compile(r"([fb])/(\d{16})(\d{40})/s")
_EMPTY_PAGE_BYTES = LOG_EVENT_OVERHEAD_BYTES


class Place(msgspec.Struct, frozen=True):
    """What a token says: from which position on, which way."""

    position: Position
    is_backward: bool


def event_id(position: Position) -> str:
    """Return an event's id: 56 digits, as AWS's have."""
    return f"{max(position[0], 0):016d}{position[1]:040d}"


def forward_token(position: Position) -> str:
    """Return the token of the events after a position."""
    return f"f/{event_id(position)}/s"


def backward_token(position: Position) -> str:
    """Return the token of the events before a position."""
    return f"b/{event_id(position)}/s"


def place_of(token: str) -> Place:
    """Return what a token of ours says."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise invalid("The specified nextToken is invalid.")
    return Place((int(found[2]), int(found[3])), found[1] == "b")


def page_of(scope: Scope, search: Search, limit: int) -> tuple[list[Event], Position | None]:
    """Return a page of events, and where the next page begins, None where the search ended.

    A page ends with so many events, with 1 MiB of them, or once a lot was read in vain.
    """
    found: list[Event] = []
    size = 0
    for events, edge in search.chunks(scope):
        for event in events:
            size += size_of(event[4])
            if found and size > LOG_PAGE_BYTES_MAX or len(found) == limit:
                return found, found[-1][:2]
            found.append(event)
        if search.scanned_bytes > LOG_SCANNED_BYTES_MAX:
            before = edge if search.is_reverse else (edge[0], edge[1])
            return found, before
    return found, None
