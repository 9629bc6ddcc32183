"""What is still to be done to files after a commit, written down in it.

A put renames a received file into place after the commit that holds its row, a delete unlinks a
file after the commit that took its row away. One row a commit names all of them, so a crash between
the commit and the last file is made good at the next start: rows say what is true, files follow.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from lakebed.engines.objects import StoredObject
from lakebed.engines.objects.folder.files import is_same
from lakebed.store import Range, Scope, Table, Transaction

log = logging.getLogger("lakebed.objects")

VERSIONS = "versions/"
"""Where the bytes of noncurrent versions are, below the state folder."""
ROWS_MAX = 64
"""So many rows of finished work are deleted at once."""


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """What a row says of one file: `name` below the state folder, empty for the key's own place."""

    bucket: str
    key: str
    name: str
    inode: int
    mtime_ns: int
    is_put: bool


@dataclass(frozen=True, slots=True)
class JournalRow:
    """The files of one commit."""

    id: int
    marks: list[Mark]


class Intent(msgspec.Struct):
    """A file to be renamed from `path` to `place`, or unlinked at `place` if `path` is empty."""

    mark: Mark
    path: str
    place: str
    is_checked: bool = False
    row: int = 0


@dataclass(frozen=True, slots=True)
class _At:
    """A scope of tables that belong to no account."""

    store: Transaction
    account: str = ""
    region: str = ""


class Lake(Protocol):
    """What the journal asks of the store whose files it moves."""

    def place_of(self, scope: Scope, known: StoredObject) -> StoredObject:
        """Return a row whose file is to come, with the place it gets now."""
        ...

    def path_of(self, known: StoredObject) -> str:
        """Return where the file of a row is."""
        ...

    def known(self, scope: Scope, bucket: str, key: str) -> StoredObject | None:
        """Return the row of a key."""
        ...

    def keep(self, scope: Scope, known: StoredObject) -> None:
        """Write a row."""
        ...

    def prune(self, bucket: str, key: str) -> None:
        """Remove the directories above a file that is gone, if they are empty."""
        ...

    def expect(self, path: str, inode: int) -> Callable[[], None]:
        """Announce a change of ours to a file: the inode it will have, 0 if it will be gone.

        Call what is returned once it is made.
        """
        ...


class Journal:
    """The intents of one lake: a `CommitGroup` of every transaction that puts or deletes."""

    def __init__(self, lake: Lake, state: Path, *, is_synced: bool) -> None:
        self.table = Table(
            "s3_journal", JournalRow, ("id",), numbers=("id",), everywhere=True, durable=is_synced
        )
        self._lake = lake
        self._state = f"{state}/"
        self._is_synced = is_synced
        self._next_row = 1
        self._written = 0
        # By row, how many of its intents are not done yet.
        self._open_rows: dict[int, int] = {}
        # What was put, or is to be unlinked, and is not done yet: at most what one turn holds.
        self.puts: dict[tuple[str, str], list[Intent]] = {}
        self.doomed: dict[tuple[str, str], Intent] = {}
        self._directories: set[str] = set()
        self._misplaced: list[Intent] = []
        self.pin: Callable[[str], None] | None = None
        """While a backup runs: keeps the file at a path that is about to go."""

    # -- planning, within a transaction ---------------------------------------------------------

    def rename(self, scope: Scope, known: StoredObject, path: str, place: str) -> None:
        """Move a file to the place of the row that was just written, after the commit."""
        mark = Mark(
            known.bucket, known.key, self._name(path), known.inode, known.mtime_ns, is_put=True
        )
        intent = Intent(mark, path, place)
        name = (known.bucket, known.key)
        waiting = self.puts.get(name)
        if waiting is None:
            self.puts[name] = [intent]
        else:
            waiting.append(intent)
        self._plan(scope, intent)

    def unlink(self, scope: Scope, bucket: str, key: str, file: tuple[str, int, int]) -> None:
        """Remove the file `(place, inode, mtime_ns)` of a row that was just deleted."""
        place, inode, mtime_ns = file
        is_current = not place.startswith(self._state + VERSIONS)
        name = self._name(place) if place.startswith(self._state) else ""
        intent = Intent(Mark(bucket, key, name, inode, mtime_ns, is_put=False), "", place)
        if is_current:
            self.doomed[bucket, key] = intent
            # What another thread puts meanwhile must not be taken for what is to go.
            intent.is_checked = (bucket, key) in self.puts
        self._plan(scope, intent)

    def _plan(self, scope: Scope, intent: Intent) -> None:
        store = scope.store
        if self._misplaced:
            self._replace(scope)
        store.join(self, intent)
        store.after_commit(lambda: self._do(intent))

    def _name(self, path: str) -> str:
        return path.removeprefix(self._state)

    # -- the commit -----------------------------------------------------------------------------

    def before_commit(self, store: Transaction, items: Sequence[Intent]) -> None:
        """Write one row of all intents of the commit."""
        scope = _At(store)
        row = self._next_row
        self._next_row += 1
        self._open_rows[row] = len(items)
        for intent in items:
            intent.row = row
        self.table.put(scope, JournalRow(row, [intent.mark for intent in items]))
        self._written += 1
        if self._written >= ROWS_MAX:
            self._sweep(scope)

    def frees_room(self, items: Sequence[Intent]) -> bool:
        """Say whether a file is to be removed."""
        return any(not intent.path for intent in items)

    def undone(self, items: Sequence[Intent]) -> None:
        """Forget intents whose writes were rolled back."""
        for intent in items:
            self._open_rows.pop(intent.row, None)
            name = (intent.mark.bucket, intent.mark.key)
            if intent.path:
                self._forget_put(name, intent)
            elif self.doomed.get(name) is intent:
                del self.doomed[name]

    def _forget_put(self, name: tuple[str, str], intent: Intent) -> None:
        waiting = self.puts.get(name)
        if waiting is not None and intent in waiting:
            waiting.remove(intent)
            if not waiting:
                del self.puts[name]

    def _sweep(self, scope: Scope) -> None:
        """Delete the rows of what is done; the caller's own row is the newest and stays."""
        for directory in self._directories:
            sync_directory(directory)
        self._directories.clear()
        self._written = 0
        self.table.delete_range(scope, Range(end=(min(self._open_rows),)))

    # -- after the commit -----------------------------------------------------------------------

    def _do(self, intent: Intent) -> None:
        try:
            if intent.path:
                self._rename(intent)
            else:
                self._unlink(intent)
        finally:
            left = self._open_rows.get(intent.row, 1) - 1
            if left:
                self._open_rows[intent.row] = left
            else:
                self._open_rows.pop(intent.row, None)

    def _rename(self, intent: Intent) -> None:
        name = (intent.mark.bucket, intent.mark.key)
        waiting = self.puts.get(name)
        if waiting is None or not any(one is intent for one in waiting):
            # A later write of the key, by another thread, is in place already.
            return
        place = intent.place
        remember = self._lake.expect(place, intent.mark.inode)
        if self.pin is not None:
            self.pin(place)
            if VERSIONS in intent.path:
                self.pin(intent.path)
        try:
            _move(intent.path, place)
        except FileNotFoundError:
            # Somebody removed the received file itself: there is nothing to move, ever.
            self._forget_put(name, intent)
            raise
        except OSError as error:
            # The place is taken by other keys' directory, or the disk cannot take the name. The
            # bytes are committed: they are served from where they are, and the next write tries
            # again.
            if not isinstance(error, (IsADirectoryError, NotADirectoryError, FileExistsError)):
                log.warning("%s is served from %s for now: %s", place, intent.path, error)
            self._misplaced.append(intent)
            self._open_rows[intent.row] += 1
            return
        if len(waiting) == 1:
            del self.puts[name]
        else:
            self._settle(name, intent)
        remember()
        if self._is_synced:
            self._directories.add(os.path.dirname(place))

    def _replace(self, scope: Scope) -> None:
        """Give what found its place taken another one."""
        for intent in self._misplaced:
            mark = intent.mark
            known = self._lake.known(scope, mark.bucket, mark.key)
            place = intent.place
            if known is not None and known.inode == mark.inode:
                placed = self._lake.place_of(scope, known)
                self._lake.keep(scope, placed)
                place = self._lake.path_of(placed)
            scope.store.after_commit(lambda intent=intent, place=place: self._again(intent, place))

    def _again(self, intent: Intent, place: str) -> None:
        if intent in self._misplaced:
            self._misplaced.remove(intent)
            intent.place = place
            self._do(intent)

    def _settle(self, name: tuple[str, str], last: Intent) -> None:
        """Forget the puts of a key up to one, and remove what those before it leave behind."""
        waiting = self.puts.pop(name, [])
        later: list[Intent] = []
        is_later = False
        for intent in waiting:
            if is_later:
                later.append(intent)
            elif intent is last:
                is_later = True
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(intent.path)
        if later:
            self.puts[name] = later

    def _unlink(self, intent: Intent) -> None:
        mark, place = intent.mark, intent.place
        name = (mark.bucket, mark.key)
        if self.doomed.get(name) is intent:
            del self.doomed[name]
        if intent.is_checked:
            self._unlink_checked(intent)
            return
        remember = self._lake.expect(place, 0)
        if self.pin is not None:
            self.pin(place)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(place)
        remember()
        if self._is_synced:
            self._directories.add(os.path.dirname(place))
        if "/" in mark.key and not mark.name:
            self._lake.prune(mark.bucket, mark.key)

    def _unlink_checked(self, intent: Intent) -> None:
        """Unlink what a put of the same key brings, wherever it is by now."""
        mark = intent.mark
        name = (mark.bucket, mark.key)
        for put in [put for put in self.puts.get(name, ()) if put.mark.inode == mark.inode]:
            self._settle(name, put)
            _unlink_if(put.path, mark.inode)
        if self.pin is not None:
            self.pin(intent.place)
        _unlink_if(intent.place, mark.inode)
        self._lake.prune(mark.bucket, mark.key)

    # -- start ----------------------------------------------------------------------------------

    def recover(self, scope: Scope) -> int:
        """Finish what a crash interrupted; returns how many files were moved or removed."""
        marks = [mark for row in self.table.scan(scope) for mark in row.marks]
        done = sum(self._redo(scope, mark) for mark in marks)
        self.table.delete_range(scope, Range())
        return done

    def _redo(self, scope: Scope, mark: Mark) -> bool:
        known = self._lake.known(scope, mark.bucket, mark.key)
        if mark.is_put:
            return self._put_again(scope, mark, known)
        if not mark.name:
            if known is not None and known.inode == mark.inode:
                return False
            place = self._lake.path_of(StoredObject(mark.bucket, mark.key, 0, "", 0.0))
        else:
            place = self._state + mark.name
        return _unlink_if(place, mark.inode, mark.mtime_ns)

    def _put_again(self, scope: Scope, mark: Mark, known: StoredObject | None) -> bool:
        path = self._state + mark.name
        try:
            file = os.stat(path)
        except FileNotFoundError:
            return False
        if known is None or known.archive or not is_same(known, file):
            return False
        placed = self._lake.place_of(scope, known)
        place = self._lake.path_of(placed)
        _move(path, place)
        if placed.is_odd != known.is_odd:
            self._lake.keep(scope, placed)
        if self._is_synced:
            sync_directory(os.path.dirname(place))
        return True

    def forget(self) -> None:
        """Forget everything: the lake was emptied from outside."""
        self.puts.clear()
        self.doomed.clear()
        self._open_rows.clear()
        self._directories.clear()
        self._misplaced.clear()
        self._written = 0


def _move(path: str, place: str) -> None:
    try:
        os.rename(path, place)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.rename(path, place)


def _unlink_if(path: str, inode: int, mtime_ns: int | None = None) -> bool:
    """Unlink a file if it is the one that is meant."""
    try:
        file = os.lstat(path)
    except OSError:
        return False
    if file.st_ino != inode or mtime_ns not in (None, file.st_mtime_ns):
        return False
    os.unlink(path)
    return True


def sync_directory(path: str) -> None:
    """Make the names of a directory survive a power loss."""
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
