"""Compares a folder of the lake with the index, file by file, row by row: names what differs.

It only suspects: it runs in a thread beside all that writes, so whoever takes in a change looks at
file and row once more. Memory stays flat: a folder may hold a million names.
"""

from __future__ import annotations

import itertools
import logging
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lakebed.engines.objects import StoredObject, after_prefix
from lakebed.engines.objects.folder.files import is_same
from lakebed.engines.objects.folder.places import Places
from lakebed.engines.objects.upkeep import Transactions
from lakebed.store import Range, Table

log = logging.getLogger("lakebed.objects")

ROWS_AT_ONCE = 500
WORK_SECONDS = 0.005


@dataclass(slots=True)
class Pace:
    """Rests `factor` times as long as it worked, so that a survey leaves the machine to others."""

    factor: float = 0.0
    is_stopped: bool = False
    """Set by another thread: the survey ends early."""
    _begun: float = 0.0

    def rest(self) -> None:
        """Sleep if it is time."""
        now = time.perf_counter()
        worked = now - self._begun
        if self.factor and worked > WORK_SECONDS:
            # After a long wait of another kind, rest no longer than after usual work.
            time.sleep(min(worked, 4 * WORK_SECONDS) * self.factor)
            now = time.perf_counter()
        if worked > WORK_SECONDS:
            self._begun = now


class Survey:
    """Surveys folders of one lake; `begin(path)` is called before a directory is read."""

    def __init__(
        self, places: Places, objects: Table[StoredObject], begin: Callable[[str], None]
    ) -> None:
        self._places = places
        self._objects = objects
        self._begin = begin

    def run(self, transactions: Transactions, path: str, pace: Pace) -> Iterator[str]:
        """Yield the paths of files that are unlike their rows, in a folder and those below it."""
        yield from self.compare(transactions, path, self.begin(path, pace), pace)

    def compare(
        self, transactions: Transactions, path: str, sums: dict[str, int], pace: Pace
    ) -> Iterator[str]:
        """Yield the paths of files that are unlike their rows; `sums` are what `begin` returned.

        What was taken in between the two is to be committed by now. A directory whose files are
        those that have rows, by the sum of their names' hashes, is not looked at again.
        """
        bucket, _, below = path[len(self._places.lake) + 1 :].partition("/")
        yield from self._rows(transactions, (bucket, below), sums, pace)
        for directory, left in sums.items():
            if left and not pace.is_stopped:
                yield from self._names(transactions, bucket, directory, pace)

    def begin(self, path: str, pace: Pace) -> dict[str, int]:
        """Begin every directory; return the sum of the hashes of its files' names for each."""
        sums: dict[str, int] = {}
        waiting = [path]
        while waiting and not pace.is_stopped:
            directory = waiting.pop()
            if not self._places.is_directory(directory):
                continue
            self._begin(directory)
            total = 0
            for count, (name, is_directory) in enumerate(_entries(directory), 1):
                if is_directory:
                    waiting.append(f"{directory}/{name}")
                else:
                    total += hash(name)
                if count % ROWS_AT_ONCE == 0:
                    pace.rest()
            sums[directory] = total
            pace.rest()
        return sums

    def _rows(
        self,
        transactions: Transactions,
        where: tuple[str, str],
        sums: dict[str, int],
        pace: Pace,
    ) -> Iterator[str]:
        """Yield the paths of rows whose files are others, or gone; take the rest off the sums."""
        bucket, below = where
        prefix = f"{below}/" if below else ""
        last = after_prefix(prefix)
        end = None if last is None else (last,)
        start: tuple[str, ...] | None = (prefix,)
        while start is not None and not pace.is_stopped:
            span = Range((bucket,), start=start, end=end, limit=ROWS_AT_ONCE)
            with transactions() as scope:
                rows = list(self._objects.scan(scope, span))
            # The least text after a key is the key and the least character.
            start = (rows[-1].key + "\0",) if len(rows) == ROWS_AT_ONCE else None
            for row in rows:
                path = None if row.is_odd else self._places.plain(bucket, row.key)
                if path is None:
                    continue
                if not _is_at(row, path):
                    yield path
                directory, _, name = path.rpartition("/")
                if directory in sums:
                    sums[directory] -= hash(name)
            pace.rest()

    def _names(
        self, transactions: Transactions, bucket: str, directory: str, pace: Pace
    ) -> Iterator[str]:
        """Yield the paths of a directory's files that have no row, or another file's."""
        prefix = f"{directory}/"[len(self._places.bucket(bucket)) + 1 :]
        names = (name for name, is_directory in _entries(directory) if not is_directory)
        while (some := list(itertools.islice(names, ROWS_AT_ONCE))) and not pace.is_stopped:
            with transactions() as scope:
                rows = [self._objects.get(scope, bucket, prefix + name) for name in some]
            for name, row in zip(some, rows, strict=True):
                path = f"{directory}/{name}"
                if row is None or not (row.is_odd or _is_at(row, path)):
                    yield path
            pace.rest()


def _entries(directory: str) -> Iterator[tuple[str, bool]]:
    """Yield the names of files and directories; links, and names that are no text, are no keys."""
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_symlink() or not is_text(entry.name):
                    continue
                is_directory = entry.is_dir(follow_symlinks=False)
                if is_directory or entry.is_file(follow_symlinks=False):
                    yield entry.name, is_directory
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        log.warning("%s cannot be read (%s): make it readable for this user", directory, error)


def _is_at(row: StoredObject, path: str) -> bool:
    try:
        file = os.lstat(path)
    except OSError:
        return False
    return is_same(row, file) and stat.S_ISREG(file.st_mode)


def is_text(name: str) -> bool:
    """Say whether a file's name can be a key: S3's are UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
