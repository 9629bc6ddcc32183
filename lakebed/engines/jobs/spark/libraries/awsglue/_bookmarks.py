"""Bookmarks: what earlier runs of a job have read.

State is read when the job begins, and written when it commits; whoever started the run takes
it over if the run succeeds. An S3 source's state is small whatever it read: the newest time
that it saw, and the files of that second.
https://docs.aws.amazon.com/glue/latest/dg/monitor-continuations.html
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from ._listing import Listed
from ._outputs import run_folder

ENABLE, DISABLE, PAUSE = "job-bookmark-enable", "job-bookmark-disable", "job-bookmark-pause"
State = dict[str, Any]


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
    """Say whether a file was read: S3 tells times in seconds, so those of the last one by name."""
    if not state:
        return False
    second = int(one.modified)
    if second != state["modified"]:
        return second < state["modified"]
    return state["files"].get(one.path) == one.tag


def after(read: Iterable[Listed], before: State) -> State:
    """Return the state after some files were read."""
    newest = before.get("modified", -1)
    files: dict[str, str] = dict(before.get("files", {}))
    for one in read:
        second = int(one.modified)
        if second > newest:
            newest, files = second, {}
        if second == newest:
            files[one.path] = one.tag
    return {"kind": "s3", "modified": newest, "files": files} if newest >= 0 else before
