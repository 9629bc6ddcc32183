"""Takes in what a person did to the lake's folders by hand, in slices that never block for long.

Where the kernel tells what changed (`listen`), a listing sees it at once. Elsewhere, and in buckets
of more directories than can be watched, every listing walks a little: a directory whose mtime is
the remembered one holds the same names, so an unchanged lake costs one stat a directory. A file
edited in place changes no directory: there, its readers see that at once, a listing after `sync`.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from lakebed.core.limits import HAND_CHANGES_MAX
from lakebed.engines.objects import StoredObject, after_prefix
from lakebed.engines.objects.folder.files import by_hand, is_same, is_unfinished
from lakebed.engines.objects.folder.inotify import watches_max
from lakebed.engines.objects.folder.listen import Listener
from lakebed.engines.objects.folder.places import Places
from lakebed.engines.objects.folder.survey import Pace, Survey, is_text
from lakebed.engines.objects.upkeep import Transactions
from lakebed.store import Range, Scope, Table

log = logging.getLogger("lakebed.objects")

SLICE_SECONDS_MAX = 0.002
REST_FACTOR = 20
"""After a slice, rest so many times as long as it took: a twentieth of the time at most."""
REST_SECONDS_MAX = 1.0
SETTLED_NS = 20_000_000
"""A directory that changed so lately may change again within the same tick of its clock."""
ROWS_AT_ONCE_MIN, ROWS_AT_ONCE_MAX = 4, 256
PAUSE_SECONDS = 0.01
WORK_AT_ONCE = 500
SURVEY_REST_FACTOR = 1.0
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})


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
        self.was_copied = False
        self._places = places
        self._objects = objects
        self._is_in_flight = is_in_flight
        self._seen: dict[str, _Seen] = {}
        self._passes: dict[str, _Pass] = {}
        self._due: dict[str, float] = {}
        self.suspects: dict[str, None] = {}
        """Paths of files that may have changed by hand."""
        self.listener: Listener | None = None
        self._paces: list[Pace] = []
        self._is_closed = False

    # -- what the kernel tells ------------------------------------------------------------------

    def listen(self, limit: int | None = None) -> bool:
        """Listen to the kernel from now on; False where it does not tell."""
        if self.listener is None and watches_max():
            self.listener = Listener(self._places.lake, self.suspects, limit)
        return self.listener is not None

    def close(self) -> None:
        """Stop listening, and surveys on their way."""
        self._is_closed = True
        for pace in self._paces:
            pace.is_stopped = True
        if self.listener is not None:
            self.listener.close()
            self.listener = None

    def adopt(self, bucket: str) -> None:
        """Listen to a bucket, if anybody listens."""
        if self.listener is not None:
            self.listener.adopt(bucket)

    def drop(self, bucket: str) -> None:
        """Forget a bucket that is no more."""
        self.forget(bucket)
        if self.listener is not None:
            self.listener.drop(bucket)

    @property
    def has_work(self) -> bool:
        """Whether a survey is due, or under way."""
        return self.listener is not None and bool(self.listener.work or self._paces)

    @property
    def is_settled(self) -> bool:
        """Whether all that hands did until now is in the index, as far as the system tells."""
        if self.listener is None:
            return True
        self.listener.heed()
        return not (self.listener.work or self.suspects or self._paces)

    @property
    def uncovered(self) -> list[str]:
        """The buckets whose listings see hand changes late, or after `sync`."""
        return self.listener.uncovered if self.listener is not None else []

    def survey(self, transactions: Transactions, settle: Callable[[], None]) -> None:
        """Walk the folders that came, went or are new to us. For a thread.

        `settle` waits until all that was taken in so far is committed.
        """
        listener = self.listener
        if listener is None:
            return
        pace = Pace(SURVEY_REST_FACTOR)
        self._paces.append(pace)
        try:
            while listener.work and not self._is_closed:
                at_once = min(len(listener.work), WORK_AT_ONCE)
                due = [listener.work.popleft() for _ in range(at_once)]
                try:
                    self._survey(listener, due, pace, (transactions, settle))
                except BaseException:
                    listener.again(due)
                    raise
        finally:
            self._paces.remove(pace)

    def _survey(
        self,
        listener: Listener,
        due: list[tuple[str, bool]],
        pace: Pace,
        store: tuple[Transactions, Callable[[], None]],
    ) -> None:
        transactions, settle = store
        survey = Survey(self._places, self._objects, listener.watch)
        begun: list[tuple[str, dict[str, int]]] = []
        for path, is_gone in due:
            if is_gone:
                listener.unwatch_tree(path)
            begun.append((path, survey.begin(path, pace)))
        settle()
        for path, sums in begun:
            self._gather(survey.compare(transactions, path, sums, pace), pace, _pause)

    def sync(
        self, transactions: Transactions, bucket: str, wait: Callable[[], None] | None = None
    ) -> int:
        """Suspect every file of a bucket that is unlike its row; returns how many. For a thread.

        `wait` is called while too many suspects are waiting to be taken in.
        """
        survey = Survey(self._places, self._objects, _ignore)
        pace = Pace()
        self._paces.append(pace)
        try:
            found = survey.run(transactions, self._places.bucket(bucket), pace)
            return self._gather(found, pace, wait or _pause)
        finally:
            self._paces.remove(pace)

    def _gather(self, found: Iterator[str], pace: Pace, wait: Callable[[], None]) -> int:
        count = 0
        for suspect in found:
            while len(self.suspects) >= HAND_CHANGES_MAX and not pace.is_stopped:
                wait()
            self.suspects[suspect] = None
            count += 1
        return count

    def take_in(self, scope: Scope, seconds: float = SLICE_SECONDS_MAX) -> bool:
        """Look at suspects for so long; True if some are left."""
        if self.listener is not None:
            self.listener.heed()
        if not self.suspects:
            return False
        until = time.perf_counter() + seconds
        later: list[str] = []
        while self.suspects and time.perf_counter() < until:
            path = self.suspects.popitem()[0]
            bucket, _, key = path[len(self._places.lake) + 1 :].partition("/")
            if self._is_in_flight(bucket, key):
                later.append(path)
            elif key:
                self._examine(scope, path, bucket, key)
        is_left = bool(self.suspects)
        self.suspects.update(dict.fromkeys(later))
        return is_left

    def _examine(self, scope: Scope, path: str, bucket: str, key: str) -> None:
        """Bring one row up to what its file is now."""
        row = self._objects.get(scope, bucket, key)
        if row is not None and row.is_odd:
            return
        try:
            file = self._file_at(path)
        except OSError as error:
            log.warning("%s cannot be looked at (%s); the index keeps what it knows", path, error)
            return
        if file is None:
            if row is None:
                return
            self._objects.delete(scope, bucket, key)
        elif self._is_known(row, key, file):
            return
        else:
            made = by_hand(bucket, key, file, row)
            self._objects.put(scope, made)
            self._note(made)
        scope.store.join(self, path)

    def _is_known(self, row: StoredObject | None, key: str, file: os.stat_result) -> bool:
        """Tell whether a file is as its row says, or is to have none yet."""
        if row is None:
            return is_unfinished(key)
        return is_same(row, file, was_copied=self.was_copied)

    def _file_at(self, path: str) -> os.stat_result | None:
        """Return what a plain file is that no link leads to, None if there is none."""
        try:
            file = os.lstat(path)
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise
        if not stat.S_ISREG(file.st_mode):
            return None
        is_there = self._places.is_directory(os.path.dirname(path)) and self._places.is_exact(path)
        return file if is_there else None

    def before_commit(self, store: object, items: Sequence[str]) -> None:
        """The changes are as good as taken in."""

    def frees_room(self, items: Sequence[str]) -> bool:
        """What was seen changes no file."""
        return False

    def undone(self, items: Sequence[str]) -> None:
        """Look again: what was taken in was rolled back."""
        self.suspects.update(dict.fromkeys(items))

    # -- what a listing does --------------------------------------------------------------------

    def forget(self, bucket: str | None) -> None:
        """Remember nothing of a bucket (or of all): the next look reads every directory."""
        if bucket is None:
            self.suspects.clear()
            if self.listener is not None:
                self.listener.forget()
            self._seen.clear()
            self._passes.clear()
            self._due.clear()
            return
        root = self._places.bucket(bucket)
        for path in [path for path in self._seen if path == root or path.startswith(root + "/")]:
            del self._seen[path]
        self._passes.pop(bucket, None)
        self._due.pop(bucket, None)

    def make_directories(self, path: str) -> None:
        """Make a directory and those above it, as `os.makedirs` does; ours are no news."""
        missing = [path]
        while missing:
            try:
                os.mkdir(missing[-1])
            except FileNotFoundError:
                missing.append(os.path.dirname(missing[-1]))
                continue
            except FileExistsError:
                if not os.path.isdir(missing[-1]):
                    raise
            else:
                if self.listener is not None:
                    self.listener.made(missing[-1])
            missing.pop()

    def expect(self, path: str, inode: int) -> Callable[[], None]:
        """Announce a change of ours to a file: the inode it will have, 0 if it will be gone.

        Call what is returned once it is made. Otherwise each of our own writes would look like a
        hand's and cost a look.
        """
        directory = path.rpartition("/")[0]
        if self.listener is not None and self.listener.is_watched(directory):
            self.listener.own(path, inode)
            return _nothing
        seen = self._seen.get(directory)
        if seen is None or _mtime(directory) != seen.mtime_ns:
            return _nothing
        return lambda: self._remember(directory, seen)

    def _remember(self, directory: str, seen: _Seen) -> None:
        self._seen[directory] = _Seen(_mtime(directory), seen.children)

    def look(self, scope: Scope, bucket: str) -> None:
        """Do the next slice, if it is due."""
        if self.listener is not None:
            self.listener.adopt(bucket)
            self.take_in(scope)
            if self.listener.covers(bucket):
                return
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
        survey = Survey(self._places, self._objects, _ignore)
        root = self._places.bucket(bucket)
        for path in survey.run(lambda: nullcontext(scope), root, Pace()):
            key = path[len(root) + 1 :]
            if not self._is_in_flight(bucket, key):
                self._examine(scope, path, bucket, key)

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
            if entry.is_symlink() or not is_text(entry.name):
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
            is_odd = row is not None and row.is_odd
            if not (is_odd or self._is_known(row, key, file)):
                made = by_hand(bucket, key, file, row)
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
        at_once = ROWS_AT_ONCE_MIN
        while start is not None:
            span = Range((bucket,), start=start, end=end, limit=at_once)
            rows = list(self._objects.scan(walk.scope, span))
            # The least text after a key is the key and the least character.
            start = (rows[-1].key + "\0",) if len(rows) == at_once else None
            at_once = min(2 * at_once, ROWS_AT_ONCE_MAX)
            for row in rows:
                yield
                rest = row.key[len(prefix) :]
                child, is_below, _ = rest.partition("/")
                if is_below and child in children:
                    beyond = after_prefix(f"{prefix}{child}/")
                    start = None if beyond is None else (beyond,)
                    # Directory after directory: reading far ahead would be for nothing.
                    at_once = ROWS_AT_ONCE_MIN
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


def _nothing() -> None:
    """Nothing is remembered of this directory."""


def _pause() -> None:
    time.sleep(PAUSE_SECONDS)


def _ignore(path: str) -> None:
    """Nobody wants to know which directory is next."""
