"""Noncurrent versions and delete markers: rows in an order of their own, files beside the lake.

The current version of a key is its plain file in the lake. A version that is replaced keeps its
bytes by a second name of the same file (a hard link) under `state/versions/`, made before the
commit, so the key is never without a file and nothing is copied.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from lakebed.engines.objects import ListedVersion, StoredObject, VersionSpan, after_prefix
from lakebed.engines.objects.folder.journal import VERSIONS, Journal
from lakebed.store import Range, Scope, Table

_OLDEST = 1 << 62
"""Behind every rank."""


class Current(Protocol):
    """What the versions ask of the store of current objects."""

    def stat(self, scope: Scope, bucket: str, key: str) -> StoredObject | None:
        """Return the current object."""
        ...

    def open(self, scope: Scope, bucket: str, key: str) -> tuple[StoredObject, int] | None:
        """Return the current object and a descriptor of its bytes."""
        ...

    def delete(self, scope: Scope, bucket: str, key: str) -> StoredObject | None:
        """Delete the current object."""
        ...

    def place(
        self, scope: Scope, found: StoredObject, path: str, facts: tuple[int, int, int, int]
    ) -> StoredObject:
        """Make a file the current object; facts: size, mtime, inode, rank."""
        ...

    def rows(self, scope: Scope, span: Range) -> Sequence[StoredObject]:
        """Return rows of current objects."""
        ...

    def path_of(self, known: StoredObject) -> str:
        """Return where the file of a current object is."""
        ...

    def temporary_of(self, known: StoredObject) -> str:
        """Return where the bytes of a row are while they are in flight."""
        ...


@dataclass(frozen=True, slots=True)
class _Bound:
    """Where a listing begins: at a key, or behind a version of it."""

    at: tuple[str | int, ...]
    is_after: bool

    def rows(self, span: VersionSpan) -> Range:
        """Return the rows from here to the end of the span."""
        end = after_prefix(span.prefix)
        return Range(
            prefix=(span.bucket,),
            start=None if self.is_after else self.at,
            after=self.at if self.is_after else None,
            end=None if end is None else (end,),
            limit=span.limit,
        )


class FolderVersions:
    """The versions of one lake."""

    def __init__(self, current: Current, journal: Journal, state: Path, *, is_synced: bool) -> None:
        self.table = Table(
            "s3_version",
            StoredObject,
            ("bucket", "key", "rank"),
            indexes={"id": ("bucket", "key", "version_id")},
            numbers=("rank",),
            everywhere=True,
            durable=is_synced,
        )
        self._current = current
        self._journal = journal
        self._directory = state / VERSIONS
        self._directory.mkdir(exist_ok=True, mode=0o700)

    # -- reading --------------------------------------------------------------------------------

    def stat(
        self, scope: Scope, bucket: str, key: str, version_id: str | None = None
    ) -> StoredObject | None:
        """Return a version, or the latest one (which may be a delete marker); None if absent."""
        found = self._current.stat(scope, bucket, key)
        if found is not None and version_id in (None, found.version_id):
            return found
        if version_id is not None:
            return self._noncurrent(scope, bucket, key, version_id)
        newest = self._newest(scope, bucket, key)
        return newest if newest is not None and newest.is_delete_marker else None

    def open(
        self, scope: Scope, bucket: str, key: str, version_id: str
    ) -> tuple[StoredObject, int] | None:
        """Return a version and a descriptor of its bytes; None if absent or a delete marker."""
        opened = self._current.open(scope, bucket, key)
        if opened is not None:
            if opened[0].version_id == version_id:
                return opened
            os.close(opened[1])
        found = self._noncurrent(scope, bucket, key, version_id)
        if found is None or found.is_delete_marker:
            return None
        try:
            return found, os.open(self._path(found), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None

    def _noncurrent(
        self, scope: Scope, bucket: str, key: str, version_id: str
    ) -> StoredObject | None:
        span = Range(prefix=(bucket, key, version_id), limit=1, index="id")
        return next(iter(self.table.scan(scope, span)), None)

    def _newest(self, scope: Scope, bucket: str, key: str) -> StoredObject | None:
        return next(iter(self.table.scan(scope, Range(prefix=(bucket, key), limit=1))), None)

    def _path(self, found: StoredObject) -> str:
        return f"{self._directory}/{found.bucket}/{found.archive}"

    def list(self, scope: Scope, span: VersionSpan) -> Sequence[ListedVersion]:
        """Return versions in the order of keys, newest first within a key."""
        is_after = span.is_after and span.start >= span.prefix
        start = max(span.start, span.prefix)
        is_within = span.after_version is not None and start == span.start
        first = _Bound((start,), is_after or is_within)
        older = _Bound((start, _OLDEST), is_after=True) if is_after else first
        if is_within:
            older = self._behind(scope, span)
        current = self._current.rows(scope, first.rows(span))
        others = self.table.scan(scope, older.rows(span))
        # Both are in order; a current object comes before the older versions of its key.
        merged = sorted(
            [(row.key.encode(), 0, 0, row) for row in current]
            + [(row.key.encode(), 1, row.rank, row) for row in others],
            key=lambda entry: entry[:3],
        )
        listed: list[ListedVersion] = []
        last = span.start if is_within else None
        for _, _, _, row in merged[: span.limit]:
            listed.append(ListedVersion(row, row.key != last))
            last = row.key
        return listed

    def _behind(self, scope: Scope, span: VersionSpan) -> _Bound:
        """Return the bound behind one version of the key that a listing starts at."""
        found = self._noncurrent(scope, span.bucket, span.start, span.after_version or "")
        if found is not None:
            return _Bound((span.start, found.rank), is_after=True)
        current = self._current.stat(scope, span.bucket, span.start)
        if current is not None and current.version_id == span.after_version:
            return _Bound((span.start,), is_after=False)
        return _Bound((span.start, _OLDEST), is_after=True)

    def keep(self, scope: Scope, found: StoredObject) -> None:
        """Write the row of a noncurrent version or a delete marker."""
        self.table.put(scope, found)

    # -- writing --------------------------------------------------------------------------------

    def make_room(self, scope: Scope, found: StoredObject) -> int:
        """Keep the version that `found` replaces, unless it has its id; returns the new rank."""
        bucket, key = found.bucket, found.key
        current = self._current.stat(scope, bucket, key)
        newest = self._newest(scope, bucket, key)
        if current is not None and current.version_id != found.version_id:
            # One from before versioning gets its rank only now.
            current = self._archive(scope, current, newest)
        if not found.version_id:
            self._drop(scope, self._noncurrent(scope, bucket, key, ""))
        return _rank(found, [row.rank for row in (current, newest) if row is not None])

    def _archive(
        self, scope: Scope, current: StoredObject, newest: StoredObject | None
    ) -> StoredObject:
        token = os.urandom(16).hex()
        name = f"{token[:2]}/{token[2:]}"
        rank = current.rank or _rank(current, [newest.rank] if newest is not None else [])
        archived = msgspec.structs.replace(current, archive=name, rank=rank, is_odd=False)
        target = self._path(archived)
        source = self._current.temporary_of(current) or self._current.path_of(current)
        try:
            os.link(source, target)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(target), exist_ok=True, mode=0o700)
            os.link(source, target)
        self.table.put(scope, archived)
        scope.store.join(_UNLINK_IF_UNDONE, target)
        return archived

    def _drop(self, scope: Scope, found: StoredObject | None) -> None:
        """Delete the row of a noncurrent version or a marker, and its bytes after the commit."""
        if found is None:
            return
        self.table.delete(scope, found.bucket, found.key, found.rank)
        if not found.is_delete_marker:
            file = (self._path(found), found.inode, found.mtime_ns)
            self._journal.unlink(scope, found.bucket, found.key, file)

    def mark_deleted(self, scope: Scope, marker: StoredObject) -> StoredObject:
        """Make a delete marker the latest version; it replaces one that has the same id."""
        bucket, key = marker.bucket, marker.key
        rank = self.make_room(scope, marker)
        self._current.delete(scope, bucket, key)
        kept = msgspec.structs.replace(marker, rank=rank, is_delete_marker=True)
        self.table.put(scope, kept)
        return kept

    def delete(self, scope: Scope, bucket: str, key: str, version_id: str) -> StoredObject | None:
        """Delete one version for good and return it; the newest that is left becomes the latest."""
        current = self._current.stat(scope, bucket, key)
        if current is not None and current.version_id == version_id:
            newest = self._newest(scope, bucket, key)
            if newest is not None and not newest.is_delete_marker:
                self._promote(scope, newest)
            else:
                self._current.delete(scope, bucket, key)
            return current
        found = self._noncurrent(scope, bucket, key, version_id)
        if found is None:
            return None
        self._drop(scope, found)
        if current is None and found.is_delete_marker:
            newest = self._newest(scope, bucket, key)
            if newest is not None and not newest.is_delete_marker and newest.rank > found.rank:
                self._promote(scope, newest)
        return found

    def _promote(self, scope: Scope, found: StoredObject) -> None:
        """Make a noncurrent version the current object."""
        self.table.delete(scope, found.bucket, found.key, found.rank)
        facts = (found.size, found.mtime_ns, found.inode, found.rank)
        self._current.place(scope, found, self._path(found), facts)

    def remove_bucket(self, scope: Scope, bucket: str) -> None:
        """Forget the versions of a bucket; their files go after the commit."""
        self.table.delete_range(scope, Range(prefix=(bucket,)))
        directory = self._directory / bucket
        scope.store.after_commit(lambda: shutil.rmtree(directory, ignore_errors=True))

    def clear(self) -> None:
        """Remove every file of every version."""
        shutil.rmtree(self._directory, ignore_errors=True)
        self._directory.mkdir(mode=0o700, exist_ok=True)


class _UnlinkIfUndone:
    """Removes the second name of a file where the write that needed it was rolled back."""

    def before_commit(self, store: object, items: Sequence[str]) -> None:
        """The names stay."""

    def frees_room(self, items: Sequence[str]) -> bool:
        """A second name frees nothing."""
        return False

    def undone(self, items: Sequence[str]) -> None:
        """Remove the names."""
        for path in items:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


_UNLINK_IF_UNDONE = _UnlinkIfUndone()


def _rank(found: StoredObject, others: Sequence[int]) -> int:
    """Return the rank of a version that is newer than all others: its time, or one less."""
    return min([-int(found.last_modified * 1_000_000_000), *(rank - 1 for rank in others)])
