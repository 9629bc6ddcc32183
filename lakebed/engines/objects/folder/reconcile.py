"""Takes in what a person did to the lake's folders by hand, in slices that never block for long.

A directory whose mtime is the remembered one holds the same names, so an unchanged lake costs one
stat a directory. A file edited in place changes no directory: its readers see that at once, a
listing after `sync`.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

from lakebed.engines.objects import StoredObject, after_prefix
from lakebed.engines.objects.folder.files import by_hand, is_same
from lakebed.engines.objects.folder.places import Places
from lakebed.store import Range, Scope, Table

SLICE_SECONDS_MAX = 0.002
REST_FACTOR = 20
"""After a slice, rest so many times as long as it took: a twentieth of the time at most."""
REST_SECONDS_MAX = 1.0
SETTLED_NS = 20_000_000
"""A directory that changed so lately may change again within the same tick of its clock."""
ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class _Seen:
    mtime_ns: int
    children: tuple[str, ...]


class _Pass:
    """One walk over a bucket; `scope` is the transaction of the slice that runs."""

    def __init__(self, reconciler: Reconciler, scope: Scope, bucket: str) -> None:
        self.scope = scope
        self.steps = reconciler.walk(self, bucket)
        self.has_written = False
        self.is_confirmed = True
        self.is_done = False


class Reconciler:
    """Brings the rows of a lake's objects up to what its folders hold."""

    def __init__(
        self,
        places: Places,
        objects: Table[StoredObject],
        is_in_flight: Callable[[str, str], bool],
        note: Callable[[StoredObject], None],
    ) -> None:
        self._note = note
        self._places = places
        self._objects = objects
        self._is_in_flight = is_in_flight
        self._seen: dict[str, _Seen] = {}
        self._passes: dict[str, _Pass] = {}
        self._due: dict[str, float] = {}

    def forget(self, bucket: str | None) -> None:
        """Remember nothing of a bucket (or of all): the next look reads every directory."""
        if bucket is None:
            self._seen.clear()
            self._passes.clear()
            self._due.clear()
            return
        root = self._places.bucket(bucket)
        for path in [path for path in self._seen if path == root or path.startswith(root + "/")]:
            del self._seen[path]
        self._passes.pop(bucket, None)
        self._due.pop(bucket, None)

    def expect(self, path: str) -> Callable[[], None]:
        """Announce a change of ours to a file; call what is returned once it is made.

        Otherwise each of our own writes would look like a hand's and cost a walk.
        """
        directory = path.rpartition("/")[0]
        seen = self._seen.get(directory)
        if seen is None or _mtime(directory) != seen.mtime_ns:
            return _nothing
        return lambda: self._remember(directory, seen)

    def _remember(self, directory: str, seen: _Seen) -> None:
        self._seen[directory] = _Seen(_mtime(directory), seen.children)

    def look(self, scope: Scope, bucket: str) -> None:
        """Do the next slice, if it is due."""
        begun = time.perf_counter()
        if begun < self._due.get(bucket, 0.0):
            return
        walk = self._passes.get(bucket)
        if walk is not None and not walk.is_confirmed:
            # What an earlier slice wrote was rolled back with its transaction: begin anew.
            self.forget(bucket)
            walk = None
        if walk is None or walk.is_done:
            walk = self._passes[bucket] = _Pass(self, scope, bucket)
        walk.scope = scope
        self._run(walk, begun + SLICE_SECONDS_MAX)
        ended = time.perf_counter()
        self._due[bucket] = ended + min(REST_SECONDS_MAX, REST_FACTOR * (ended - begun))

    def finish(self, scope: Scope, bucket: str) -> None:
        """Walk the whole bucket now, however long it takes."""
        walk = self._passes[bucket] = _Pass(self, scope, bucket)
        self._run(walk, float("inf"))

    def _run(self, walk: _Pass, until: float) -> None:
        walk.is_done = True
        for count, _ in enumerate(walk.steps):
            if count % 16 == 15 and time.perf_counter() > until:
                walk.is_done = False
                break
        if walk.has_written:
            walk.has_written, walk.is_confirmed = False, False

            def confirm() -> None:
                walk.is_confirmed = True

            walk.scope.store.after_commit(confirm)

    # -- the walk -----------------------------------------------------------------------------

    def walk(self, walk: _Pass, bucket: str) -> Generator[None]:
        """Visit every directory of a bucket; yields after each small piece of work."""
        root = self._places.bucket(bucket)
        waiting = [root]
        while waiting:
            path = waiting.pop()
            yield
            try:
                found = os.lstat(path)
            except OSError:
                continue
            if not stat.S_ISDIR(found.st_mode):
                continue
            seen = self._seen.get(path)
            if seen is not None and seen.mtime_ns == found.st_mtime_ns:
                waiting.extend(f"{path}/{child}" for child in seen.children)
                continue
            prefix = "" if path == root else path[len(root) + 1 :] + "/"
            children: list[str] = []
            names: set[str] = set()
            yield from self._take_in(walk, path, (bucket, prefix), (names, children))
            yield from self._drop_missing(walk, path, (bucket, prefix), (names, children))
            is_settled = time.time_ns() - found.st_mtime_ns > SETTLED_NS
            self._seen[path] = _Seen(found.st_mtime_ns if is_settled else -1, tuple(children))
            waiting.extend(f"{path}/{child}" for child in children)

    def _take_in(
        self, walk: _Pass, path: str, where: tuple[str, str], found: tuple[set[str], list[str]]
    ) -> Generator[None]:
        """Write rows for files that have none or another one; collect names and directories."""
        bucket, prefix = where
        names, children = found
        for entry in os.scandir(path):
            yield
            if entry.is_symlink() or not _is_text(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                children.append(entry.name)
                continue
            names.add(entry.name)
            try:
                file = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            key = prefix + entry.name
            if not stat.S_ISREG(file.st_mode) or self._is_in_flight(bucket, key):
                continue
            row = self._objects.get(walk.scope, bucket, key)
            if row is None or not (row.is_odd or is_same(row, file)):
                made = by_hand(bucket, key, file)
                self._objects.put(walk.scope, made)
                self._note(made)
                walk.has_written = True

    def _drop_missing(
        self, walk: _Pass, path: str, where: tuple[str, str], found: tuple[set[str], list[str]]
    ) -> Generator[None]:
        """Delete the rows of files that are gone, in this directory and in vanished ones."""
        bucket, prefix = where
        names, children = found[0], frozenset(found[1])
        start: tuple[str, ...] | None = (prefix,)
        last = after_prefix(prefix)
        end = None if last is None else (last,)
        while start is not None:
            span = Range((bucket,), start=start, end=end, limit=ROWS_AT_ONCE)
            rows = list(self._objects.scan(walk.scope, span))
            # The least text after a key is the key and the least character.
            start = (rows[-1].key + "\0",) if len(rows) == ROWS_AT_ONCE else None
            for row in rows:
                yield
                rest = row.key[len(prefix) :]
                child, is_below, _ = rest.partition("/")
                if is_below and child in children:
                    beyond = after_prefix(f"{prefix}{child}/")
                    start = None if beyond is None else (beyond,)
                    break
                if not row.is_odd and rest not in names:
                    self._drop(walk, row, f"{path}/{rest}")

    def _drop(self, walk: _Pass, row: StoredObject, path: str) -> None:
        if self._is_in_flight(row.bucket, row.key) or os.path.lexists(path):
            return
        self._objects.delete(walk.scope, row.bucket, row.key)
        walk.has_written = True


def _mtime(directory: str) -> int:
    try:
        return os.stat(directory, follow_symlinks=False).st_mtime_ns
    except OSError:
        return 0


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _nothing() -> None:
    """Nothing is remembered of this directory."""
