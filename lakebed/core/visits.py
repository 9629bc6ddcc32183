"""What browsers ask that is no operation of a service: preflights, pages of websites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Visit:
    """A request as a browser made it: the path is still percent-encoded, names are lower-case.

    `path` begins with the bucket, wherever the request named it. `members` are what its headers
    say, read as those of the operation that reads an object.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    members: Mapping[str, Any] = field(default_factory=dict[str, Any])
    is_secure: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """What a website shows: a text, or with `found` the answer of the operation that read it."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    text: str = ""
    found: Mapping[str, Any] | None = None
