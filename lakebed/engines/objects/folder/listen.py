"""Hears what hands do in the lake's folders, from the kernel, and tells it from our own writes.

Every directory of a bucket is watched. A changed file is a suspect: somebody compares it with its
row. A directory that came, went or moved is work for a survey, which walks it in a thread. Beyond
the number of directories that the system lets us watch, a bucket is not covered.
"""

from __future__ import annotations

import os
import threading
from collections import deque

from lakebed.core.limits import HAND_CHANGES_MAX, WATCHED_DIRECTORIES_MAX
from lakebed.engines.objects.folder import inotify
from lakebed.engines.objects.folder.inotify import Event, Inotify, watches_max

_CAME = inotify.CREATE | inotify.MOVED_TO
_OWN = inotify.MOVED_TO | inotify.DELETE
_EVENTS_AT_ONCE = 2000


class Listener:
    """The watches of one lake; what they tell of files goes to `suspects`. Any thread may ask."""

    def __init__(self, lake: str, suspects: dict[str, None], limit: int | None = None) -> None:
        self._lake = lake
        self._suspects = suspects
        # Not all that the user may watch: editors and others live on the rest.
        most = min(WATCHED_DIRECTORIES_MAX, watches_max() * 3 // 4)
        self._limit = most if limit is None else limit
        self._inotify = Inotify()
        self._lock = threading.Lock()
        self._paths: dict[int, str] = {}
        self._watches: dict[str, int] = {}
        self._buckets: set[str] = set()
        self._uncovered: set[str] = set()
        # What we did ourselves since the events were last read, by path: the new file's inode.
        self._own: dict[str, int] = {}
        self._made: set[str] = set()
        self.work: deque[tuple[str, bool]] = deque()
        """Paths of directories to survey, and whether they moved away from there."""
        self.gone_count = 0
        """How many directories moved away and are watched still."""
        self._watch_lake()

    def _watch_lake(self) -> None:
        watch = self._inotify.add(self._lake)
        if watch >= 0:
            self._paths[watch] = self._lake
            self._watches[self._lake] = watch

    # -- buckets --------------------------------------------------------------------------------

    def adopt(self, bucket: str) -> None:
        """Begin to listen to a bucket; its survey is due."""
        if bucket not in self._buckets:
            self._buckets.add(bucket)
            self.work.append((f"{self._lake}/{bucket}", False))

    def covers(self, bucket: str) -> bool:
        """Say whether all changes of a bucket are heard."""
        return bucket in self._buckets and bucket not in self._uncovered

    def knows(self, bucket: str) -> bool:
        """Say whether a bucket was adopted."""
        return bucket in self._buckets

    def drop(self, bucket: str) -> None:
        """Listen to a bucket no longer."""
        self._buckets.discard(bucket)
        self._uncovered.discard(bucket)
        self.unwatch_tree(f"{self._lake}/{bucket}")

    def forget(self) -> None:
        """Begin anew: the lake's folder is another one."""
        with self._lock:
            for watch in self._paths:
                self._inotify.remove(watch)
            while self._inotify.read():
                pass
            for known in (self._paths, self._watches, self._own, self._suspects, self._made):
                known.clear()
            self._buckets.clear()
            self._uncovered.clear()
            self.work.clear()
            self.gone_count = 0
            self._watch_lake()

    @property
    def buckets(self) -> list[str]:
        """The buckets that were adopted."""
        return [*self._buckets]

    @property
    def uncovered(self) -> list[str]:
        """The buckets with more directories than can be watched."""
        return sorted(self._uncovered)

    @property
    def directories_count(self) -> int:
        """How many directories are watched."""
        return len(self._watches)

    # -- directories ----------------------------------------------------------------------------

    def watch(self, path: str) -> None:
        """Watch a directory; what it holds is to be looked at after this."""
        bucket = self._bucket_of(path)
        if bucket in self._uncovered:
            return
        # No event may be read between the system's answer and our note of it.
        with self._lock:
            try:
                if len(self._watches) >= self._limit:
                    raise OSError
                watch = self._inotify.add(path)
            except OSError:
                self._uncovered.add(bucket)
            else:
                if watch >= 0:
                    self._paths[watch] = path
                    self._watches[path] = watch
        if bucket in self._uncovered:
            self.unwatch_tree(f"{self._lake}/{bucket}")

    def unwatch_tree(self, path: str) -> None:
        """Watch a directory and those below it no longer."""
        below = path + "/"
        with self._lock:
            known = [at for at in self._watches if at == path or at.startswith(below)]
            for at in known:
                watch = self._watches.pop(at)
                if self._paths.get(watch) == at:
                    del self._paths[watch]
                    self._inotify.remove(watch)

    def unwatch_gone(self, path: str) -> None:
        """Watch a directory that moved away no longer, nor those below it."""
        self.unwatch_tree(path)
        self.gone_count -= 1

    def again(self, due: list[tuple[str, bool]]) -> None:
        """Take work back that could not be done, all of it as new directories."""
        for path, is_gone in due:
            if is_gone:
                self.unwatch_tree(path)
        self.work.extendleft((path, False) for path, _ in reversed(due))
        self.gone_count = sum(is_gone for _, is_gone in self.work)

    def is_watched(self, directory: str) -> bool:
        """Say whether the changes of a directory are heard."""
        return directory in self._watches

    def _bucket_of(self, path: str) -> str:
        return path[len(self._lake) + 1 :].partition("/")[0]

    # -- our own changes ------------------------------------------------------------------------

    def own(self, path: str, inode: int) -> None:
        """Announce a change of ours: the inode that the file will have, 0 if it will be gone."""
        self._own[path] = inode

    def made(self, path: str) -> None:
        """Hear of a directory that we made just now: it is watched, and empty, so no work."""
        bucket = self._bucket_of(path)
        is_usual = bucket in self._buckets and bucket not in self._uncovered
        if not is_usual or self.gone_count or len(self._watches) >= self._limit:
            # The event of its coming will make it work.
            return
        if os.path.dirname(path) not in self._watches:
            return
        self.watch(path)
        try:
            with os.scandir(path) as entries:
                is_empty = next(entries, None) is None
        except OSError:
            return
        if is_empty and path in self._watches:
            self._made.add(path)

    # -- events ---------------------------------------------------------------------------------

    def heed(self) -> None:
        """Read what happened and make suspects and work of it; never waits."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            count = 0
            while count < _EVENTS_AT_ONCE and len(self._suspects) < HAND_CHANGES_MAX:
                events = self._inotify.read()
                if not events:
                    # Of what was ours all events were read, or became one with another's.
                    self._own.clear()
                    self._made.clear()
                    return
                for event in events:
                    self._heed(event)
                count += len(events)
        finally:
            self._lock.release()

    def _heed(self, event: Event) -> None:
        watch, mask, name = event
        directory = self._paths.get(watch)
        if mask & inotify.OVERFLOW:
            # Nobody knows what was missed.
            self.work.extend((f"{self._lake}/{bucket}", False) for bucket in self._buckets)
        elif directory is None:
            return
        elif mask & inotify.IGNORED:
            del self._paths[watch]
            if self._watches.get(directory) == watch:
                del self._watches[directory]
        elif mask & inotify.IS_DIRECTORY:
            self._heed_directory(f"{directory}/{name}", mask)
        elif directory != self._lake:
            path = f"{directory}/{name}"
            if not self._is_own(path, mask):
                self._suspects[path] = None

    def _heed_directory(self, path: str, mask: int) -> None:
        if self._bucket_of(path) not in self._buckets:
            return
        if mask & _CAME:
            if path not in self._made:
                self.work.append((path, False))
            return
        # What was made there since must be watched anew.
        self._made = {
            made for made in self._made if made != path and not made.startswith(path + "/")
        }
        if mask & inotify.MOVED_FROM or (mask & inotify.DELETE and path not in self._watches):
            self.work.append((path, True))
            self.gone_count += 1

    def _is_own(self, path: str, mask: int) -> bool:
        """Say whether an event is a rename or a delete of ours, and nobody's since."""
        inode = self._own.get(path)
        if inode is None or not mask & _OWN:
            return False
        try:
            return os.lstat(path).st_ino == inode
        except OSError:
            return inode == 0

    def close(self) -> None:
        """Stop listening."""
        self._inotify.close()
