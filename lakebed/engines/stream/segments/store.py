"""The logs of a data folder: what is appended waits in memory, a flush makes it durable."""

from __future__ import annotations

import bisect
import contextlib
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lakebed.core.limits import (
    STREAM_FILES_OPEN_MAX,
    STREAM_JOURNAL_FLUSH_BYTES_MAX,
    STREAM_PENDING_BYTES_MAX,
    STREAM_QUICK_BYTES_MAX,
    STREAM_SEGMENT_BYTES,
    STREAM_SEGMENT_SECONDS,
    STREAM_SYNCS_AT_ONCE,
)
from lakebed.engines.stream import Appended, Ends, Lines, StreamError
from lakebed.engines.stream.segments.files import Mark, Segment
from lakebed.engines.stream.segments.journal import NAME, Journal, Part, recover, sync_folder

_Chunk = tuple[bytes, Mark]
_PART_BYTES = 128
"""What the journal's entry takes besides the data of a part, at most."""


class _Log:
    """What is known of a log while this process runs; the lines before `visible` are durable."""

    __slots__ = ("callbacks", "next", "place", "segments", "time", "visible")

    def __init__(self, segments: list[Segment], visible: int, time: float) -> None:
        self.segments = segments
        self.visible = self.next = visible
        self.time = time
        self.callbacks: list[Callable[[], None]] = []
        self.place: Mark | None = None


_Taken = tuple[_Log, str, list[_Chunk]]


class _Batch:
    """What is appended until a flush takes it."""

    def __init__(self, store: SegmentStore) -> None:
        self._store = store
        self.chunks: dict[str, list[_Chunk]] = {}
        self.size = 0
        self.is_kept = False
        self.failure = ""

    @property
    def is_quick(self) -> bool:
        """Whether the lines are few, and nothing is synced: then no other thread is flushing."""
        return self._store.is_quick and self.size <= STREAM_QUICK_BYTES_MAX

    def flush(self) -> None:
        """Make the lines durable and visible; StreamError if they are gone."""
        if not self.is_kept:
            self._store.flush(self)


class SegmentStore:
    """Logs in files below one folder. One flush runs at a time; appends and reads go on beside."""

    def __init__(self, folder: Path, *, is_synced: bool) -> None:
        self._folder = folder
        self._is_synced = is_synced
        self._logs: dict[str, _Log] = {}
        self._batch = _Batch(self)
        self._flushed_bytes = 0
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._open: OrderedDict[Segment, None] = OrderedDict()
        self._syncers: ThreadPoolExecutor | None = None
        place = folder.with_name(NAME)
        recover(place, folder)
        self._journal = Journal(place) if is_synced else None
        self._is_journal_wrong = False
        self._unsynced: dict[Segment, None] = {}

    @property
    def is_quick(self) -> bool:
        """Whether a flush waits neither for the disk nor for another flush."""
        return not self._is_synced and not self._flushing.locked()

    # -- logs ---------------------------------------------------------------------------------

    def _log(self, name: str) -> _Log:
        found = self._logs.get(name)
        if found is None:
            with self._lock:
                found = self._logs.get(name)
                if found is None:
                    found = self._logs[name] = self._found(name)
        return found

    def _found(self, name: str) -> _Log:
        folder = self._folder / name
        if not folder.is_dir():
            return _Log([], 0, 0.0)
        paths = sorted(folder.glob("*.log"))
        segments = [Segment(path, int(path.stem)) for path in paths]
        if not segments:
            return _Log([], 0, 0.0)
        visible, time = segments[-1].recover()
        if not time and len(segments) > 1:
            _, time = segments[-2].recover()
        return _Log(segments, visible, time)

    def ends(self, log: str) -> Ends:
        """Say where a log begins and ends; one that was never written is empty."""
        found = self._log(log)
        first = found.segments[0].first if found.segments else 0
        return Ends(first, found.visible, found.next, found.time)

    def logs(self) -> list[str]:
        """Return the names of all logs that lines were written into."""
        return sorted(path.name for path in self._folder.glob("*"))

    def listen(self, log: str, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back, from whatever thread, when lines become visible; return what ends that."""
        callbacks = self._log(log).callbacks
        callbacks.append(callback)

        def stop() -> None:
            with contextlib.suppress(ValueError):
                callbacks.remove(callback)

        return stop

    # -- writing ------------------------------------------------------------------------------

    def append(
        self, log: str, count: int, time: float, lines: Callable[[int, float], bytes]
    ) -> Appended:
        """Append `count` lines that `lines(first index, time)` makes, all of one time."""
        found = self._log(log)
        with self._lock:
            batch, first = self._batch, found.next
            time = max(time, found.time)
            data = lines(first, time)
            size = batch.size + len(data)
            if size + self._flushed_bytes > STREAM_PENDING_BYTES_MAX:
                raise StreamError("more is waiting to be written than there is room for")
            batch.size = size
            chunks = batch.chunks.get(log)
            if chunks is None:
                chunks = batch.chunks[log] = []
            chunks.append((data, Mark(first, 0, time)))
            found.next = first + count
            found.time = time
        return Appended(first, time, batch)

    def flush(self, batch: _Batch) -> None:
        """Make a batch durable and visible; StreamError if it is lost."""
        with self._flushing:
            if batch.failure:
                raise StreamError(batch.failure)
            if batch.is_kept:
                return
            with self._lock:
                # Only the last batch is not flushed: those before it were, or failed.
                self._batch = _Batch(self)
                self._flushed_bytes = batch.size
                taken = [(self._logs[name], name, chunks) for name, chunks in batch.chunks.items()]
                ends = [log.next for log, _, _ in taken]
            try:
                sizes = self._write(taken)
            except OSError as error:
                batch.failure = f"a log could not be written: {error}"
                self._give_up(taken)
                raise StreamError(batch.failure) from error
            finally:
                self._flushed_bytes = 0
            for (log, _, _), size, end in zip(taken, sizes, ends, strict=True):
                log.segments[-1].keep(size)
                log.visible = end
            batch.is_kept = True
            self._close_some()
        for log, _, _ in taken:
            for callback in tuple(log.callbacks):
                callback()

    def _give_up(self, taken: list[_Taken]) -> None:
        """Go back to what is durable; what was appended meanwhile has wrong indexes and is lost."""
        self._is_journal_wrong = self._journal is not None
        with self._lock:
            waiting, self._batch = self._batch, _Batch(self)
            waiting.failure = "an earlier write to a log failed"
            for log in (*[log for log, _, _ in taken], *map(self._logs.get, waiting.chunks)):
                if log is None:
                    continue
                log.next = log.visible
                if log.segments:
                    log.segments[-1].cut(log.segments[-1].size)

    def _write(self, taken: list[_Taken]) -> list[int]:
        """Write and sync the chunks of logs; return the sizes that their last files have then."""
        self._mend_journal()
        parts = [self._part(log, name, chunks) for log, name, chunks in taken]
        segments = [log.segments[-1] for log, _, _ in taken]
        journal, size = self._journal, sum([len(part.data) + _PART_BYTES for part in parts])
        if journal is None or size > STREAM_JOURNAL_FLUSH_BYTES_MAX:
            journal = None
        else:
            if not journal.has_room(size):
                self._sync(list(self._unsynced))
                self._unsynced.clear()
                journal.begin_again()
            # First: a file never has bytes, before its end, that a crash might leave a hole for.
            journal.write(parts)
        for segment, part, (_, _, chunks) in zip(segments, parts, taken, strict=True):
            segment.write(part.data, chunks)
            self._open[segment] = None
            self._open.move_to_end(segment)
        if journal is None:
            self._sync(segments)
        for segment in segments:
            if journal is None:
                self._unsynced.pop(segment, None)
            else:
                self._unsynced[segment] = None
        return [part.offset + len(part.data) for part in parts]

    def _part(self, log: _Log, name: str, chunks: list[_Chunk]) -> Part:
        """Say where a log's chunks are to stand; a file is begun for them if the last is full."""
        mark = chunks[0][1]
        last = log.segments[-1] if log.segments else None
        if last is None or (last.size and _is_full(last, mark.time)):
            last = self._begin(name, log, mark.index)
        data = chunks[0][0] if len(chunks) == 1 else b"".join([data for data, _ in chunks])
        return Part(name, last.first, last.size, data)

    def _mend_journal(self) -> None:
        """Have the journal forget what it holds of a flush that failed, before anything else."""
        if self._is_journal_wrong and self._journal is not None:
            self._sync(list(self._unsynced))
            self._unsynced.clear()
            self._journal.forget()
            self._is_journal_wrong = False

    def _begin(self, name: str, log: _Log, index: int) -> Segment:
        """Begin a segment with the line of an index."""
        folder = self._folder / name
        is_new = not folder.is_dir()
        if is_new:
            folder.mkdir(parents=True, mode=0o700)
        if log.segments:
            log.segments[-1].forget_marks()
            self._let_go(log.segments[-1])
        segment = Segment(folder / f"{index:020d}.log", index)
        segment.path.touch(0o600)
        if self._is_synced:
            # The first log of all is in a folder that is new itself.
            for place in (folder, *folder.parents[:2]) if is_new else (folder,):
                sync_folder(place)
        log.segments = [*log.segments, segment]
        return segment

    def _sync(self, segments: list[Segment]) -> None:
        """Sync files, several at a time: a journal takes them together."""
        if not self._is_synced:
            return
        if len(segments) < STREAM_SYNCS_AT_ONCE:
            for segment in segments:
                segment.sync()
            return
        if self._syncers is None:
            self._syncers = ThreadPoolExecutor(STREAM_SYNCS_AT_ONCE, "lakebed-streams")
        for _ in self._syncers.map(Segment.sync, segments):
            pass

    def _close_some(self) -> None:
        """Close the files that were not written for the longest time."""
        while len(self._open) > STREAM_FILES_OPEN_MAX:
            segment, _ = self._open.popitem(last=False)
            segment.close()

    def _let_go(self, segment: Segment) -> None:
        self._open.pop(segment, None)
        segment.close()

    # -- reading ------------------------------------------------------------------------------

    def read(
        self, log: str, index: int, *, count_max: int, bytes_max: int, since: float = 0.0
    ) -> Lines:
        """Return visible lines from an index on, or from the oldest kept if that is later."""
        found = self._log(log)
        segments = found.segments
        if index >= found.visible or not segments:
            return Lines(b"", max(index, found.visible), 0)
        index = max(index, segments[0].first)
        segment = _holding(segments, index)
        if since and segment.mark_before(index).time < since:
            index = max(index, self.at_time(log, since))
            if index >= found.visible:
                return Lines(b"", index, 0)
            segment = _holding(segments, index)
        try:
            offset = segment.offset_of(index, found.place)
            data, count = segment.slice(offset, count_max=count_max, bytes_max=bytes_max)
        except FileNotFoundError:
            # Trimmed meanwhile: what is left begins later.
            again = self._log(log).segments[0].first
            return self.read(log, again, count_max=count_max, bytes_max=bytes_max, since=since)
        except (OSError, ValueError) as error:
            raise StreamError(f"a log could not be read: {error}") from error
        if segment is segments[-1]:
            found.place = Mark(index + count, offset + len(data), 0.0)
        return Lines(data, index, count)

    def at_time(self, log: str, time: float) -> int:
        """Return the index of the first visible line of this time or later, or the visible end."""
        found = self._log(log)
        if not found.segments or found.time < time:
            return found.visible
        segments = [segment for segment in found.segments if segment.size]
        at = bisect.bisect_left(segments, time, key=lambda segment: segment.begin)
        # Behind the last line of one segment begins the next.
        return segments[max(at - 1, 0)].first_at(time) if segments else found.visible

    # -- an end -------------------------------------------------------------------------------

    def trim(self, log: str, before: float) -> None:
        """Give room back: forget lines older than a time, as far as that frees whole files."""
        if log not in self._logs and not (self._folder / log).is_dir():
            return
        with self._flushing:
            found = self._log(log)
            segments = found.segments
            if segments and segments[-1].size and found.time < before:
                self._begin(log, found, found.visible)
                segments = found.segments
            kept = 0
            for following in segments[1:]:
                if (following.begin if following.size else found.time) >= before:
                    break
                kept += 1
            found.segments = segments[kept:]
            for segment in segments[:kept]:
                self._let_go(segment)
                self._unsynced.pop(segment, None)
                segment.unlink()

    def delete(self, log: str) -> None:
        """Forget a log and all its lines; a log of that name may not be used again."""
        with self._flushing:
            with self._lock:
                found = self._logs.pop(log, None)
                self._batch.chunks.pop(log, None)
            for segment in found.segments if found else ():
                self._let_go(segment)
                self._unsynced.pop(segment, None)
            shutil.rmtree(self._folder / log, ignore_errors=True)

    def close(self) -> None:
        """Flush and close every file."""
        self._batch.flush()
        with self._flushing:
            if self._journal is not None and self._unsynced:
                self._sync(list(self._unsynced))
                self._journal.forget()
                self._journal.close()
            self._unsynced.clear()
            for segment in self._open:
                segment.close()
            self._open.clear()
        if self._syncers is not None:
            self._syncers.shutdown()


def _holding(segments: list[Segment], index: int) -> Segment:
    return segments[bisect.bisect_right(segments, index, key=lambda found: found.first) - 1]


def _is_full(segment: Segment, time: float) -> bool:
    is_old = time - segment.begin >= STREAM_SEGMENT_SECONDS
    return is_old or segment.size >= STREAM_SEGMENT_BYTES
