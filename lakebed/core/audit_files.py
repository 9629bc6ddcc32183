"""Where the audit log lies: written at the door, read by CloudTrail.

`events.jsonl` is appended to; when it is large enough it becomes `events.1.jsonl`, and so on. A
line is one event in CloudTrail's shape. A place in the log is a file's inode and an offset, which
stay what they are when files are renamed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from lakebed.core.limits import AUDIT_FILES_MAX, MIB

NEWEST = "events.jsonl"
Position = tuple[int, int]
"""A file's inode and an offset in it."""


def numbered(number: int) -> str:
    """Return the name of the file that was the newest so many rotations ago."""
    return f"events.{number}.jsonl" if number else NEWEST


def newest_first(folder: Path) -> list[Path]:
    """Return the files that are there."""
    paths = (folder / numbered(number) for number in range(AUDIT_FILES_MAX))
    return [path for path in paths if path.exists()]


def end(folder: Path) -> Position:
    """Return the place at which the next event will be written."""
    try:
        state = os.stat(folder / NEWEST)
    except FileNotFoundError:
        return 0, 0
    return state.st_ino, state.st_size


def after(folder: Path, position: Position, bytes_max: int) -> tuple[list[bytes], Position, bool]:
    """Return whole lines after a place, the place behind them, and whether some were lost.

    At most about `bytes_max` bytes; what was rotated away before it was read is lost.
    """
    files = list(reversed(newest_first(folder)))
    inodes = [path.stat().st_ino for path in files]
    is_lost = bool(position[0]) and position[0] not in inodes
    first = 0 if is_lost or not position[0] else inodes.index(position[0])
    lines: list[bytes] = []
    for at in range(first, len(files)):
        offset = position[1] if inodes[at] == position[0] else 0
        with files[at].open("rb") as file:
            file.seek(offset)
            data = file.read(bytes_max)
        whole = data[: data.rfind(b"\n") + 1]
        position = inodes[at], offset + len(whole)
        lines += whole.splitlines()
        bytes_max -= len(whole)
        if len(whole) < len(data) or bytes_max <= 0:
            break
    return lines, position, is_lost


def backwards(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield offset and text of the lines of a file, the last first; no line being written."""
    with path.open("rb") as file:
        start = end = file.seek(0, os.SEEK_END)
        rest, is_whole = b"", False
        while start > 0:
            size = min(MIB, start)
            start -= size
            file.seek(start)
            rest, *lines = (file.read(size) + rest).split(b"\n")
            for line in reversed(lines):
                end -= len(line)
                if is_whole and line:
                    yield end, line
                is_whole = True
                end -= 1
        if rest and is_whole:
            yield 0, rest
