"""Bookmarks: what earlier runs of a job have read.

State is read when the job begins, and written when it commits; whoever started the run takes
it over if the run succeeds. An S3 source's state is small whatever it read: the newest time that
it saw, and the files of the last quarter of an hour before it by their names. So a file that shows
later than others, but is older than they are, is read all the same: Spark names files when it
commits, minutes after it wrote them.
https://docs.aws.amazon.com/glue/latest/dg/monitor-continuations.html
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-connect-s3-home.html
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from ._listing import Listed
from ._outputs import run_folder

ENABLE, DISABLE, PAUSE = "job-bookmark-enable", "job-bookmark-disable", "job-bookmark-pause"
State = dict[str, Any]
BAND_SECONDS = 900
"""How long before the newest file others are told apart by name: the default of `maxBand`."""
BAND_FILES_MAX = 1000
"""How many of them at most, the newest: the default of `maxFilesInBand`."""
_UNHASHED = '-1"'


class Bookmarks:
    """The bookmark of the run of this process."""

    current: ClassVar[Bookmarks | None] = None

    def __init__(
        self, option: str, before: Mapping[str, Any], upto: Mapping[str, Any] | None
    ) -> None:
        self.option = option
        self._first: Mapping[str, State] = before.get("ctx") or {}
        self._last: Mapping[str, State] | None = None if upto is None else upto.get("ctx") or {}
        self._next: dict[str, State] = dict(self._first)

    @classmethod
    def begin(cls, option: str) -> Bookmarks:
        """Read the state that the run begins with."""
        before = upto = None
        if option != DISABLE:
            before = _read("bookmark.json")
        if option == PAUSE:
            upto = _read("bookmark.upto.json")
        cls.current = cls(option, before or {}, upto)
        return cls.current

    @classmethod
    def of(cls, transformation_ctx: str) -> Bookmarks | None:
        """Return the bookmark, if a source with such a context has one."""
        one = cls.current
        return one if one is not None and one.option != DISABLE and transformation_ctx else None

    def state(self, transformation_ctx: str) -> State:
        """Return the state of a source, empty in its first run."""
        return self._first.get(transformation_ctx, {})

    def limit(self, transformation_ctx: str) -> State | None:
        """Return the state up to which a paused run reads, if it was given."""
        return None if self._last is None else self._last.get(transformation_ctx, {})

    def moved(self, transformation_ctx: str, state: State) -> None:
        """Note the state of a source for the commit."""
        if self.option == ENABLE:
            self._next[transformation_ctx] = state

    def commit(self) -> None:
        """Write the next state, whole or not at all."""
        folder = run_folder()
        if folder is None or self.option != ENABLE:
            return
        new = folder / f"bookmark.next.json.{os.getpid()}"
        _write(new, json.dumps({"ctx": self._next}))
        new.replace(folder / "bookmark.next.json")


def _read(name: str) -> Mapping[str, Any] | None:
    """Return what the server wrote into the run's folder under a name, if it did."""
    folder = run_folder()
    if folder is None or not (folder / name).exists():
        return None
    return json.loads((folder / name).read_text("utf-8") or "{}")


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def unread(files: Iterable[Listed], before: State, until: State | None = None) -> list[Listed]:
    """Return the files that are newer than a state, and not newer than another."""
    return [
        one
        for one in files
        if not _is_read(one, before) and (until is None or _is_read(one, until))
    ]


def _is_read(one: Listed, state: State) -> bool:
    """Say whether a file was read: by its time, and in the band of the newest ones by its name.

    What was put past S3 has an ETag with `-1` until its bytes are hashed, a second or so: that
    its ETag is another afterwards does not make it another file.
    """
    if not state:
        return False
    second = int(one.modified)
    if second < _since(state):
        return True
    if one.path not in state["files"]:
        return False
    then, size, tag = _entry(state, one.path)
    if then != second or size not in (None, one.size):
        return False
    return tag == one.tag or (tag.endswith(_UNHASHED) and "-" not in one.tag)


def _since(state: State) -> int:
    """Return the second from which on files go by their names."""
    return state.get("since", state["modified"])


def _entry(state: State, path: str) -> list[Any]:
    """Return time, size and tag of a file; an earlier lakebed wrote only tags of one second."""
    entry: Any = state["files"][path]
    return [state["modified"], None, entry] if isinstance(entry, str) else entry


def after(
    read: Iterable[Listed],
    before: State,
    band: int = BAND_SECONDS,
    most: int = BAND_FILES_MAX,
) -> State:
    """Return the state after some files were read: their times are seconds, as S3 has them."""
    read = list(read)
    newest = max((int(one.modified) for one in read), default=-1)
    newest = max(newest, before.get("modified", -1))
    if newest < 0:
        return before
    since = newest - band
    files: dict[str, list[Any]] = {}
    if before:
        since = max(since, _since(before))
        files = {path: _entry(before, path) for path in before["files"]}
    for one in read:
        if one.modified >= since:
            files[one.path] = [int(one.modified), one.size, one.tag]
    since = _narrowed(files, since, most)
    kept = {path: entry for path, entry in files.items() if entry[0] >= since}
    return {"kind": "s3", "since": since, "modified": newest, "files": kept}


def _narrowed(files: Mapping[str, list[Any]], since: int, most: int) -> int:
    """Return from which second on there are at most so many files, or they are of one second."""
    counts = Counter(entry[0] for entry in files.values() if entry[0] >= since)
    total = 0
    narrowed = since
    for second in sorted(counts, reverse=True):
        total += counts[second]
        if total > most and total > counts[second]:
            return narrowed
        narrowed = second
    return since
