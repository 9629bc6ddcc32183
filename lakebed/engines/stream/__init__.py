"""The stream kind: append-only logs of lines, durable before an answer, read as they are kept.

A *log* is a sequence of lines with indexes 0, 1, 2, …; a service names it and gives it up. Lines
are the text that GetRecords answers, so that reading is a slice of a file: a JSON object whose
first member is `ApproximateArrivalTimestamp` (seconds since the epoch, three digits behind the
point, never less than the line's before), then a comma and a line feed (`LINE_START`, `LINE_END`).
Readers see what is durable, never more.

An engine folder `lakebed/engines/stream/<name>/` offers `open_engine(settings) -> StreamEngine`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from lakebed.store import StoreError

LINE_START = b'{"ApproximateArrivalTimestamp":'
LINE_END = b"},\n"


class StreamError(StoreError):
    """A log could not be written or read; what was appended since its last flush is gone."""


class Ends(msgspec.Struct, frozen=True):
    """Where a log begins and ends.

    `first` is the oldest index kept, `visible` the index behind the last durable line, `next` the
    index of the next line to be appended; `time` that of the last line appended (0.0: none).
    """

    first: int
    visible: int
    next: int
    time: float


class Lines(msgspec.Struct, frozen=True):
    """A run of whole lines: their bytes, the first one's index, how many there are."""

    data: bytes
    first: int
    count: int


class Pending(Protocol):
    """Lines that are appended and not durable yet, of one log or of many."""

    @property
    def is_quick(self) -> bool:
        """Whether a flush is so little work, and waits for no disk, that the loop may do it."""
        ...

    def flush(self) -> None:
        """Make them durable and visible; StreamError if they are gone, however often asked."""
        ...


class Appended(msgspec.Struct, frozen=True):
    """What became of an append: the first line's index, the lines' time, how to flush them."""

    first: int
    time: float
    pending: Pending


class StreamEngine(Protocol):
    """A machine that keeps logs. Every method may be called from any thread."""

    def ends(self, log: str) -> Ends:
        """Say where a log begins and ends; one that was never written is empty."""
        ...

    def append(
        self, log: str, count: int, time: float, lines: Callable[[int, float], bytes]
    ) -> Appended:
        """Append `count` lines that `lines(first index, time)` makes, all of one time.

        The time is the one given, or that of the last line if it is later. Flush `pending` before
        anybody is told: what is appended until then is flushed together. If that fails, all of it
        is gone, and so is what was appended meanwhile. StreamError if more waits than there is room
        for.
        """
        ...

    def read(
        self, log: str, index: int, *, count_max: int, bytes_max: int, since: float = 0.0
    ) -> Lines:
        """Return visible lines from an index on, or from the oldest kept if that is later.

        Lines of before the time `since` are passed over. Perhaps fewer are returned than there are
        (those of one file), so read on until there are none. At least one line is returned if there
        is one, however long.
        """
        ...

    def at_time(self, log: str, time: float) -> int:
        """Return the index of the first visible line of this time or later, or the visible end."""
        ...

    def trim(self, log: str, before: float) -> None:
        """Give room back: forget lines older than a time, as far as that frees whole files."""
        ...

    def delete(self, log: str) -> None:
        """Forget a log and all its lines; a log of that name may not be used again."""
        ...

    def logs(self) -> list[str]:
        """Return the names of all logs that lines were written into."""
        ...

    def listen(self, log: str, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back, from whatever thread, when lines become visible; return what ends that."""
        ...

    def close(self) -> None:
        """Flush and close every file."""
        ...
