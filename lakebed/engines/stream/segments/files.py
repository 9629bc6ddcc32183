"""One segment: a file of lines and its marks, `(index, offset, time)` about every 64 KiB.

Marks are a help, never the truth: they are not synced, and whatever they miss is found by reading
the lines behind the last of them.
"""

from __future__ import annotations

import bisect
import contextlib
import os
import struct
from pathlib import Path

import msgspec

from lakebed.core.limits import STREAM_MARK_BYTES
from lakebed.engines.stream import LINE_START
from lakebed.engines.stream.segments.journal import write_all

_MARK = struct.Struct("<QQd")
_STAMP = len(LINE_START)


class Mark(msgspec.Struct, frozen=True, order=True):
    """A line's index, its offset in the file in bytes, its time."""

    index: int
    offset: int
    time: float


def time_of(line: bytes) -> float:
    """Return a line's time; ValueError if it has none."""
    if not line.startswith(LINE_START):
        raise ValueError("no line of a log")
    return float(line[_STAMP : line.index(b",", _STAMP)])


def _is_whole(line: bytes) -> bool:
    try:
        time_of(line)
        msgspec.json.decode(line[:-2], type=msgspec.Raw)
    except (ValueError, msgspec.DecodeError):
        return False
    return line.endswith(b"},\n")


class Segment:
    """A file of lines that begins with the line of index `first`.

    `size` bytes of it are durable, by themselves or by the journal. The last segment of a log is
    written by `write` and `keep`, the others are only read.
    """

    def __init__(self, path: Path, first: int) -> None:
        self.path = path
        self.first = first
        self.size = path.stat().st_size if path.exists() else 0
        self._marks: list[Mark] | None = None
        self._new_marks: list[Mark] = []
        self._begin = 0.0
        self._descriptor: int | None = None

    @property
    def begin(self) -> float:
        """The time of the first line; 0.0 while there is none."""
        if not self._begin and self.size:
            with self.path.open("rb") as file:
                self._begin = time_of(file.readline())
        return self._begin

    @property
    def marks(self) -> list[Mark]:
        """The marks, in order, read when they are first asked for."""
        if self._marks is None:
            try:
                data = self._marks_path.read_bytes()
            except FileNotFoundError:
                data = b""
            data = data[: len(data) - len(data) % _MARK.size]
            found = [Mark(*values) for values in _MARK.iter_unpack(data)]
            self._marks = [mark for mark in found if mark.offset < self.size]
        return self._marks

    @property
    def _marks_path(self) -> Path:
        return self.path.with_suffix(".marks")

    def forget_marks(self) -> None:
        """Give the memory of the marks back; they are read again when needed."""
        self._marks = None

    # -- writing ------------------------------------------------------------------------------

    def write(self, data: bytes, chunks: list[tuple[bytes, Mark]]) -> None:
        """Write lines behind `size`; `chunks` are their parts, each with the mark it would have.

        They are a part of the file once `keep` says so.
        """
        write_all(self._opened(), data, self.size)
        marks = self.marks
        last = marks[-1].offset if marks else -STREAM_MARK_BYTES
        position = self.size
        for chunk, mark in chunks:
            if position - last >= STREAM_MARK_BYTES:
                self._new_marks.append(Mark(mark.index, position, mark.time))
                last = position
            position += len(chunk)

    def keep(self, size: int) -> None:
        """Take in what was written, now that it is durable, up to a size of the file."""
        self.size = size
        if self._new_marks:
            # Only now: a mark that is on the disk never stands behind lines that are not.
            marks, self._new_marks = self._new_marks, []
            self.marks.extend(marks)
            packed = [_MARK.pack(mark.index, mark.offset, mark.time) for mark in marks]
            with contextlib.suppress(OSError), self._marks_path.open("ab") as file:
                file.write(b"".join(packed))

    def _opened(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
        return self._descriptor

    def sync(self) -> None:
        """Have what was written reach the disk, unless the file is gone."""
        if self._descriptor is not None:
            os.fdatasync(self._descriptor)
            return
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(self.path, os.O_WRONLY)
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)

    def cut(self, size: int) -> None:
        """Forget what stands behind `size`: it was never answered for."""
        with contextlib.suppress(OSError):
            os.truncate(self.path, size)
        self._new_marks = []
        self._marks = [mark for mark in self.marks if mark.offset < size]
        with contextlib.suppress(OSError):
            os.truncate(self._marks_path, len(self._marks) * _MARK.size)

    def close(self) -> None:
        """Close the file for writing, if it is open."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def unlink(self) -> None:
        """Delete the file and its marks."""
        self.close()
        self.path.unlink(missing_ok=True)
        self._marks_path.unlink(missing_ok=True)

    # -- recovery -----------------------------------------------------------------------------

    def recover(self) -> tuple[int, float]:
        """Cut a torn tail off; return the index behind the last whole line, and that line's time.

        Only what stands behind the last mark is read. The time is 0.0 if no line is there.
        """
        marks = self.marks
        mark = marks[-1] if marks else Mark(self.first, 0, 0.0)
        index, time, good = mark.index, mark.time, mark.offset
        if self.size:
            with self.path.open("rb") as file:
                file.seek(good)
                for line in file:
                    if not _is_whole(line):
                        break
                    good += len(line)
                    index += 1
                    time = time_of(line)
        if good < self.size:
            self.cut(good)
            self.size = good
        return index, time

    # -- reading ------------------------------------------------------------------------------

    def mark_before(self, index: int) -> Mark:
        """Return the last mark that is not behind a line."""
        at = bisect.bisect_right(self.marks, index, key=lambda mark: mark.index)
        return self.marks[at - 1] if at else Mark(self.first, 0, 0.0)

    def offset_of(self, index: int, known: Mark | None = None) -> int:
        """Return where a line begins; `known` is a place before it that may be nearer."""
        mark = self.mark_before(index)
        if known is not None and mark.index < known.index <= index:
            mark = known
        return self._behind(mark.offset, index - mark.index)

    def _behind(self, offset: int, lines: int) -> int:
        """Return the offset behind so many lines from an offset on."""
        with self.path.open("rb", buffering=0) as file:
            while lines:
                data = os.pread(file.fileno(), _SCANNED_BYTES, offset)
                if not data:
                    raise ValueError(f"{self.path} ends before its index says so")
                count = data.count(b"\n")
                if count <= lines:
                    offset += data.rfind(b"\n") + 1 if count == lines else len(data)
                    lines -= count
                    if lines:
                        continue
                    break
                return offset + _nth_end(data, lines)
        return offset

    def slice(self, offset: int, *, count_max: int, bytes_max: int) -> tuple[bytes, int]:
        """Return whole lines from an offset on, and how many."""
        wanted = min(bytes_max, self.size - offset)
        with self.path.open("rb", buffering=0) as file:
            data = os.pread(file.fileno(), wanted, offset)
            end = data.rfind(b"\n") + 1
            while not end and offset + len(data) < self.size:
                wanted = min(2 * wanted, self.size - offset)
                data = os.pread(file.fileno(), wanted, offset)
                end = data.find(b"\n") + 1
        count = data.count(b"\n", 0, end)
        if count > count_max:
            end, count = _nth_end(data, count_max), count_max
        return data if end == len(data) else data[:end], count

    def first_at(self, time: float) -> int:
        """Return the index of the first line of a time or later; that behind the last if none."""
        at = bisect.bisect_left(self.marks, time, key=lambda mark: mark.time)
        mark = self.marks[at - 1] if at else Mark(self.first, 0, 0.0)
        index, read = mark.index, mark.offset
        with self.path.open("rb") as file:
            file.seek(mark.offset)
            while read < self.size:
                line = file.readline()
                if time_of(line) >= time:
                    break
                read += len(line)
                index += 1
        return index


_SCANNED_BYTES = 256 * 1024


def _nth_end(data: bytes, number: int) -> int:
    """Return the offset behind the line feed of that number, counted from 1."""
    end = 0
    find = data.find
    for _ in range(number):
        end = find(b"\n", end) + 1
    return end
