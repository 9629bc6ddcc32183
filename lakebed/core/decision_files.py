"""Where refusals are written down: by the door, read by `lakebed why`.

`decisions.jsonl` is appended to; when it is large enough it becomes `decisions.1.jsonl`, and so on.
A line is one decision, as JSON.
"""

from __future__ import annotations

import os
from pathlib import Path

from lakebed.core.limits import DECISIONS_FILE_BYTES_MAX, DECISIONS_FILES_MAX

FOLDER = "decisions"
"""Below the state folder."""


def path_of(folder: Path, number: int) -> Path:
    """Return the file that was the newest so many rotations ago."""
    return folder / (f"decisions.{number}.jsonl" if number else "decisions.jsonl")


def append(folder: Path, data: bytes) -> None:
    """Append whole lines to the newest file, and make room when it is large enough."""
    newest = path_of(folder, 0)
    descriptor = os.open(newest, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, data)
        size = os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)
    if size < DECISIONS_FILE_BYTES_MAX:
        return
    for number in range(DECISIONS_FILES_MAX - 1, 0, -1):
        newer = path_of(folder, number - 1)
        if newer.exists():
            newer.replace(path_of(folder, number))


def newest_first(folder: Path) -> list[Path]:
    """Return the files that are there."""
    paths = (path_of(folder, number) for number in range(DECISIONS_FILES_MAX))
    return [path for path in paths if path.exists()]
