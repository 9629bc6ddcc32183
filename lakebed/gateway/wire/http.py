"""One HTTP request and one HTTP response, as the wire protocols see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from lakebed.core.bodies import Event, EventStream, FileSlice, Pieces


class Events(msgspec.Struct, frozen=True):
    """A body of events that goes on: how it begins, and how an event is written."""

    begin: bytes
    stream: EventStream
    encode: Callable[[Event], bytes]


Body = bytes | FileSlice | Pieces | Iterator[bytes] | Events


class HttpRequest(msgspec.Struct):
    """A request: path and query are still percent-encoded, header names are lower-case."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    body: bytes = b""
    parameters: dict[str, str] | None = None
    """The query's parameters once they have been read, so that they are read once."""
    signed_path: str = ""
    """The path as it came, if `path` begins with a bucket that the Host header named."""
    access_point: str = ""
    """The ARN of the access point that was named in place of the bucket in `path`."""


class HttpResponse(msgspec.Struct):
    """An answer. A HEAD answer keeps its `content-length` header and has no bytes."""

    status: int
    headers: list[tuple[str, str]]
    body: Body = b""
