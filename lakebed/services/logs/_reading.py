"""Reading events: by time, of one stream or many, forwards or backwards, block by block.

The rows that say which times a block spans are read in the order of where they begin (backwards:
of where they end), and a block's events only once the sweep comes to it. Events are let go when no
block that is still to come can hold an earlier one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import repeat

import msgspec

from lakebed.services.logs._events import columns
from lakebed.services.logs.model import BLOCK_EVENTS, BLOCKS, DAY_MS, Block
from lakebed.store import Range, Scope

Position = tuple[int, int]
"""Time and number of an event: events are ordered by it, and a page's token is one."""
Event = tuple[int, int, str, int, str]
"""Time, number, stream, time of ingestion, message."""
Keep = Callable[[str], bool]

FIRST: Position = (-1, 0)
LAST: Position = (1 << 53, 0)
_METADATA_ROWS = 64


class Search(msgspec.Struct):
    """What to read: the events after one position and before another, of chosen streams.

    `stream_id` is the one stream, if it is one; `is_wanted` chooses streams by name; `keep` chooses
    messages. `scanned_bytes` counts what was read.
    """

    group_id: str
    start: Position = FIRST
    end: Position = LAST
    stream_id: str = ""
    is_wanted: Callable[[str], bool] | None = None
    keep: Keep | None = None
    is_reverse: bool = False
    scanned_bytes: int = 0
    scanned_events: int = 0

    def chunks(self, scope: Scope) -> Iterator[tuple[list[Event], Position]]:
        """Yield events in order, and with each list the position up to which all were seen.

        The list may be empty: then nothing that was read so far was to be kept.
        """
        waiting: list[Event] = []
        for block in self._blocks(scope):
            edge: Position = (block.last + 1, 0) if self.is_reverse else (block.first, 0)
            ready, waiting = self._split(waiting, edge)
            yield ready, edge
            waiting = self._merged(waiting, self._events(scope, block))
        yield waiting, self.start if self.is_reverse else self.end

    def events(self, scope: Scope) -> Iterator[Event]:
        """Yield events in order."""
        for found, _ in self.chunks(scope):
            yield from found

    def _split(self, waiting: list[Event], edge: Position) -> tuple[list[Event], list[Event]]:
        """Part what no later block can come before from the rest."""
        if not waiting:
            return [], waiting
        # A whole stream may have one time: what stays, and what goes on in order, is not copied.
        if self.is_reverse:
            if waiting[-1][:2] >= edge:
                return waiting, []
            if waiting[0][:2] < edge:
                return [], waiting
            index = bisect_left(waiting, True, key=lambda event: event[:2] < edge)
        else:
            if waiting[-1][:2] < edge:
                return waiting, []
            if waiting[0][:2] >= edge:
                return [], waiting
            index = bisect_left(waiting, edge, key=lambda event: event[:2])
        return waiting[:index], waiting[index:]

    def _merged(self, waiting: list[Event], more: list[Event]) -> list[Event]:
        if not waiting or not more:
            return waiting or more
        last, first = waiting[-1][:2], more[0][:2]
        waiting += more
        if last < first if self.is_reverse else last > first:
            waiting.sort(key=_position, reverse=self.is_reverse)
        return waiting

    def _blocks(self, scope: Scope) -> Iterator[Block]:
        """Yield the blocks that may hold such events, in the order in which the sweep needs them.

        No block spans more than a day: so those that reach into the range begin at most a day
        before it (backwards: end at most a day after it).
        """
        prefix = (self.group_id, self.stream_id) if self.stream_id else (self.group_id,)
        order = "of_stream_by_" if self.stream_id else "by_"
        start, end = self.start[0], self.end[0]
        if self.is_reverse:
            index, reached = f"{order}last", (end + DAY_MS + 1, 0)
        else:
            index, reached = f"{order}first", (start - DAY_MS - 1, 0)
        while True:
            span = Range(
                prefix, after=reached, limit=_METADATA_ROWS, index=index, reverse=self.is_reverse
            )
            rows = list(BLOCKS.scan(scope, span))
            for block in rows:
                if block.last < start if self.is_reverse else block.first > end:
                    return
                if block.last < start or block.first > end:
                    continue
                if self.is_wanted is None or self.is_wanted(block.stream):
                    yield block
            if len(rows) < _METADATA_ROWS:
                return
            last = rows[-1]
            reached = (last.last if self.is_reverse else last.first, last.number)

    def _events(self, scope: Scope, block: Block) -> list[Event]:
        events = BLOCK_EVENTS.get(scope, block.group_id, block.number)
        if events is None:
            return []
        self.scanned_bytes += block.size_bytes
        numbers, ingested = columns(events)
        rows = zip(
            events.times, numbers, repeat(block.stream), ingested, events.messages, strict=False
        )
        start, end, keep = self.start, self.end, self.keep
        if block.first <= start[0] or block.last >= end[0]:
            chosen = [row for row in rows if start < row[:2] < end]
            self.scanned_events += len(chosen)
            found = chosen if keep is None else [row for row in chosen if keep(row[4])]
        else:
            self.scanned_events += block.count
            found = list(rows) if keep is None else [row for row in rows if keep(row[4])]
        if self.is_reverse:
            found.reverse()
        return found


def _position(event: Event) -> Position:
    return event[:2]
