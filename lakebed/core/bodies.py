"""Bodies that are not bytes in a request: what was spooled from a client, what goes back to one."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Place:
    """Where a body is written if not into a file of its own: a part of a file that others share.

    `descriptor` is the receiver's, open where the body begins, and closed by whoever writes.
    `keep` says that the body is there and returns its name; `release` that nothing came of it: it
    is called once nobody writes any more.
    """

    path: Path
    descriptor: int
    keep: Callable[[], str]
    release: Callable[[], None]


class Sealing(Protocol):
    """Encrypts a body on its way to disk, once; what it returns is to be written in order."""

    def update(self, data: bytes) -> list[bytes]:
        """Take in plain bytes and return what can be written by now."""
        ...

    def finish(self) -> list[bytes]:
        """Return what is left."""
        ...


@dataclass(frozen=True, slots=True)
class Begun:
    """What an operation asks of a streamed body before the body is read.

    `digests` are names of digests besides those that the request asks for; `place` finds a place
    for a body of so many bytes, None for a file of its own; `sealing` encrypts it.
    """

    digests: tuple[str, ...] = ()
    place: Callable[[int], Place | None] | None = None
    sealing: Sealing | None = None


@dataclass(frozen=True, slots=True)
class Spooled:
    """A streamed request body, whole and digested, in a temporary file on the lake's file system.

    `path` is the file (the receiver renames it or leaves it: what is left is unlinked after the
    answer), `size` its bytes, `digests` lower-case hex by algorithm: always `md5`, and whatever was
    asked for or had to be verified (`sha256`, `crc32`, …). The bytes were synced before the handler
    runs if the durability mode asks for it. `inode` and `mtime_ns` are the file's, 0 if not known.
    With a `place` the file is shared, and is not the receiver's. Where `sealing` encrypted the file
    it is longer than `size`; digests are always of the plain bytes.
    """

    path: Path
    size: int
    digests: Mapping[str, str] = field(default_factory=dict[str, str])
    inode: int = 0
    mtime_ns: int = 0
    place: Place | None = None
    sealing: Sealing | None = None

    def discard(self) -> None:
        """Leave nothing of the body, whoever has it by now."""
        if self.place is not None:
            self.place.release()
        else:
            self.path.unlink(missing_ok=True)


class UnsealedError(Exception):
    """A handler's word that a body has to be encrypted first: it is then called once more."""

    def __init__(self, body: Spooled, sealing: Sealing) -> None:
        super().__init__("the body must be sealed first")
        self.body = body
        self.sealing = sealing


class Pieces:
    """Bytes of a known length that are made piece by piece as they are sent.

    `next` returns the next piece, nothing at the end; what it raises ends the connection. `close`
    is called once, at the end or before.
    """

    def __init__(self, length: int, pieces: Iterator[bytes], close: Callable[[], None]) -> None:
        self.length = length
        self._pieces = pieces
        self.close = close

    def next(self) -> bytes:
        """Make the next piece."""
        return next(self._pieces, b"")


@dataclass(frozen=True, slots=True)
class FileSlice:
    """Bytes `start` to `start + length` of an open file, sent by the kernel without a copy.

    `descriptor` is owned by the receiver, who closes it; it was opened before the answer, so a
    delete or an overwrite in between does not tear what the client reads.
    """

    descriptor: int
    start: int
    length: int


def content_of(body: Any, limit: int | None = None) -> bytes:
    """Return the bytes of an answer's body, the first ones up to a limit, and close it."""
    if isinstance(body, FileSlice):
        length = body.length if limit is None else min(limit, body.length)
        try:
            return os.pread(body.descriptor, length, body.start)
        finally:
            os.close(body.descriptor)
    if isinstance(body, Pieces):
        whole = b""
        try:
            while (piece := body.next()) and (limit is None or len(whole) < limit):
                whole += piece
        finally:
            body.close()
        return whole[:limit]
    return (body if isinstance(body, bytes) else b"".join(body or ()))[:limit]


class ReadyList:
    """A list of an answer whose JSON is at hand: it is sent as it is; others have it decoded."""

    __slots__ = ("_items", "_read", "text")

    def __init__(self, text: bytes, read: Callable[[], list[Any]]) -> None:
        self.text = text
        self._read = read
        self._items: list[Any] | None = None

    @property
    def items(self) -> list[Any]:
        """The items, decoded when they are first asked for."""
        if self._items is None:
            self._items = self._read()
        return self._items

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, at: int) -> Any:
        return self.items[at]


@dataclass(frozen=True, slots=True)
class Event:
    """One event of an answer that goes on; an exception is the last one."""

    name: str
    members: Mapping[str, Any]
    is_exception: bool = False


class EventStream:
    """An answer that goes on: a run puts events in, the gateway takes them out, on one loop.

    Above `waiting_max` events that nobody takes the oldest are dropped: whoever may not lose any
    waits until `has_room`. `abandoned` is called once nobody reads any more.
    """

    def __init__(self, waiting_max: int) -> None:
        self._events: deque[Event] = deque(maxlen=waiting_max)
        self._wake: Callable[[], None] = _nothing
        self._abandoned: Callable[[], None] = _nothing
        self._taken: Callable[[], None] = _nothing
        self.is_closed = False

    @property
    def has_room(self) -> bool:
        """Whether an event can be put in, and behind it how the stream ends, without a loss."""
        return len(self._events) < (self._events.maxlen or 0) - 1

    def when_taken(self, callback: Callable[[], None]) -> None:
        """Call back whenever an event was taken out."""
        self._taken = callback

    def when_abandoned(self, callback: Callable[[], None]) -> None:
        """Call back if the reader goes away before the end."""
        self._abandoned = callback

    def send(self, event: Event) -> None:
        """Put an event in."""
        if not self.is_closed:
            self._events.append(event)
            self.is_closed = event.is_exception
            self._wake()

    def close(self) -> None:
        """End the answer after what was put in."""
        if not self.is_closed:
            self.is_closed = True
            self._wake()

    def listen(self, wake: Callable[[], None]) -> None:
        """Have `wake` called whenever there is something to take, or the end."""
        self._wake = wake

    def take(self) -> Event | None:
        """Take the next event out, None if there is none now."""
        if not self._events:
            return None
        event = self._events.popleft()
        self._taken()
        return event

    def abandon(self) -> None:
        """Say that nobody reads any more."""
        self._wake = _nothing
        self._events.clear()
        abandoned, self._abandoned = self._abandoned, _nothing
        abandoned()


def _nothing() -> None:
    """Do nothing."""
