"""Checks a lake: files against rows, rows against files, bytes against what was promised of them.

The lake may be served meanwhile. What looks wrong is then judged a second time, a moment later, and
reported only if nothing changed: a write between its commit and its rename is no finding.
"""

from __future__ import annotations

import itertools
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from lakebed.engines.objects import StoredObject, part_file
from lakebed.engines.objects.folder.holdings import LOST_AND_FOUND, Holdings
from lakebed.engines.objects.folder.journal import Mark
from lakebed.engines.objects.folder.survey import is_text
from lakebed.engines.objects.folder.verify import verify
from lakebed.engines.objects.upkeep import Claims, Finding, Options, Progress, Transactions
from lakebed.store import Range, Scope, Table

ROWS_AT_ONCE = 500
JUDGED_AT_ONCE = 100
SETTLE_SECONDS = 0.2
YOUNG_SECONDS = 600.0
"""A file without a row may belong to a write under way; after this it does not."""

Judge = Callable[[Scope], Finding | None]
_TAKE_IN = "take it into the index, as a file put there by hand"
_FORGET = "forget the row"
_MOVE = f"move it to state/{LOST_AND_FOUND}"


class Check:
    """One check of one lake."""

    def __init__(
        self, holdings: Holdings, claims: Claims, transactions: Transactions, options: Options
    ) -> None:
        self._holdings = holdings
        self._claims = claims
        self._transactions = transactions
        self._options = options
        self.progress = Progress()
        # What a crash left to be done, by bucket, key and inode; a server's own is judged twice.
        self._unfinished: set[tuple[str, str, int]] = set()
        self._buckets: frozenset[str] = frozenset()

    def run(self) -> Iterator[Finding]:
        """Yield what is found, in the order of the work."""
        if not self._options.is_serving:
            with self._transactions() as scope:
                self._unfinished = {
                    (mark.bucket, mark.key, mark.inode)
                    for row in self._holdings.journal.scan(scope)
                    for mark in row.marks
                    if self._is_unfinished(scope, mark)
                }
        for doing, judges in (
            ("objects", self._rows(self._holdings.objects)),
            ("versions", self._rows(self._holdings.versions)),
            ("files", self._files()),
            ("files of escaped keys and of versions", self._hidden_files()),
            ("parts", self._parts()),
            ("what is under way", self._under_way()),
        ):
            self.progress.doing = doing
            yield from self._settled(judges)

    def _is_bucket(self, scope: Scope, name: str) -> bool:
        """Say whether there is such a bucket; most rows are of one that was there a moment ago."""
        if name not in self._buckets:
            self._buckets = self._claims.buckets(scope)
        return name in self._buckets

    def _is_unfinished(self, scope: Scope, mark: Mark) -> bool:
        """Say whether the file of a mark is still where it was before its commit."""
        row = self._holdings.objects.get(scope, mark.bucket, mark.key)
        is_current = row is not None and row.inode == mark.inode
        if is_current != mark.is_put:
            return False
        place = self._holdings.places.plain(mark.bucket, mark.key)
        path = str(self._holdings.state / mark.name) if mark.name else place
        try:
            return path is not None and os.lstat(path).st_ino == mark.inode
        except OSError:
            return False

    def _settled(self, judges: Iterable[Judge]) -> Iterator[Finding]:
        """Judge each; where others write meanwhile, judge what looks wrong once more."""
        doubtful: list[Judge] = []
        waiting = iter(judges)
        while some := list(itertools.islice(waiting, JUDGED_AT_ONCE)):
            for judge, found in self._judged(some):
                if not self._options.is_serving:
                    yield found
                    continue
                doubtful.append(judge)
                if len(doubtful) == ROWS_AT_ONCE:
                    yield from self._again(doubtful)
                    doubtful.clear()
        if doubtful:
            yield from self._again(doubtful)

    def _judged(self, judges: Iterable[Judge]) -> list[tuple[Judge, Finding]]:
        """Judge some, in one transaction; return those that found something."""
        judged: list[tuple[Judge, Finding]] = []
        with self._transactions() as scope:
            for judge in judges:
                found = judge(scope)
                self.progress.done += 1
                if found is not None:
                    judged.append((judge, found))
        return judged

    def _again(self, doubtful: list[Judge]) -> Iterator[Finding]:
        time.sleep(SETTLE_SECONDS)
        for _, found in self._judged(doubtful):
            self.progress.done -= 1
            yield found

    # -- rows -----------------------------------------------------------------------------------

    def _rows(self, table: Table[StoredObject]) -> Iterator[Judge]:
        with self._transactions() as scope:
            self.progress.total += table.count(scope)
        for row in self._all(table):
            yield partial(self._judge_row, table, row)

    def _all(self, table: Table[StoredObject]) -> Iterator[StoredObject]:
        after: tuple[str | int, ...] | None = None
        while True:
            with self._transactions() as scope:
                rows = list(table.scan(scope, Range(after=after, limit=ROWS_AT_ONCE)))
            yield from rows
            if len(rows) < ROWS_AT_ONCE:
                return
            last = rows[-1]
            rank = (last.rank,) if table is self._holdings.versions else ()
            after = (last.bucket, last.key, *rank)

    def _now(self, scope: Scope, table: Table[StoredObject], row: StoredObject) -> bool:
        """Say whether a row is what it was when it was read."""
        rank = (row.rank,) if table is self._holdings.versions else ()
        return table.get(scope, row.bucket, row.key, *rank) == row

    def _judge_row(
        self, table: Table[StoredObject], row: StoredObject, scope: Scope
    ) -> Finding | None:
        path = self._holdings.path_of(row)
        if not self._is_bucket(scope, row.bucket):
            expected = f"the bucket {row.bucket!r}"
            return self._of(row, path, "stray-row", ("a row without a bucket", expected, _FORGET))
        if row.is_delete_marker:
            return None
        if (row.bucket, row.key, row.inode) in self._unfinished:
            # The next start puts it into its place, or it is there already.
            return None
        found = self._judge_file(scope, row, path)
        return found if found is None or self._now(scope, table, row) else None

    def _judge_file(self, scope: Scope, row: StoredObject, path: str) -> Finding | None:
        expected = f"{row.size} bytes with the ETag {row.etag}"
        try:
            file = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return self._of(row, path, "missing-file", ("no file", expected, _FORGET))
        except OSError as error:
            return self._of(row, path, "unreadable-file", (str(error), expected, ""))
        if not stat.S_ISREG(file.st_mode):
            return self._of(row, path, "missing-file", ("no plain file", expected, _FORGET))
        if not self._holdings.is_same(row, file):
            return self._of(row, path, "changed-file", _changed(row, file))
        return self._judge_bytes(scope, row, path) if self._options.is_deep else None

    def _judge_bytes(self, scope: Scope, row: StoredObject, path: str) -> Finding | None:
        def read(count: int) -> None:
            self.progress.bytes_done += count

        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                verdict = verify(descriptor, row, self._claims.part_sizes(scope, row), read)
            finally:
                os.close(descriptor)
        except OSError as error:
            return self._of(row, path, "unreadable-file", (str(error), "its bytes", ""))
        if verdict.is_right:
            return None
        found = f"bytes whose {verdict.differs} is {verdict.found}"
        expected = f"{verdict.expected}: restore it from a backup, or put it again"
        return self._of(row, path, "damaged-file", (found, expected, ""))

    def _of(self, row: StoredObject, path: str, kind: str, words: tuple[str, str, str]) -> Finding:
        found, expected, repair = words
        return Finding(
            kind,
            self._holdings.relative(path),
            found,
            expected,
            repair,
            row.bucket,
            row.key,
            row.version_id,
        )

    # -- files of the lake ----------------------------------------------------------------------

    def _files(self) -> Iterator[Judge]:
        lake = self._holdings.places.lake
        for entry in sorted(os.scandir(lake), key=lambda entry: entry.name):
            with self._transactions() as scope:
                is_bucket = self._is_bucket(scope, entry.name)
            if not is_bucket or not entry.is_dir(follow_symlinks=False):
                yield partial(self._judge_top, entry.name)
                continue
            waiting = [entry.path]
            while waiting:
                directory = waiting.pop()
                for child in _scan(directory):
                    if child.is_dir(follow_symlinks=False):
                        waiting.append(child.path)
                    else:
                        yield partial(self._judge_plain, child.path)

    def _judge_top(self, name: str, scope: Scope) -> Finding | None:
        path = f"lake/{name}"
        is_directory = os.path.isdir(f"{self._holdings.places.lake}/{name}")
        if not os.path.lexists(f"{self._holdings.places.lake}/{name}"):
            return None
        if name in self._claims.buckets(scope) and is_directory:
            return None
        if is_directory and self._claims.is_legal_bucket(name):
            then = f"CreateBucket {name} makes a bucket of it, with the files it holds"
            return Finding("no-bucket", path, "a folder made by hand", then, is_note=True)
        found = "a folder whose name no bucket may have" if is_directory else "a file in no bucket"
        return Finding("no-bucket", path, found, "nothing of it is served", is_note=True)

    def _judge_plain(self, path: str, scope: Scope) -> Finding | None:
        relative = self._holdings.relative(path)
        if not is_text(path):
            then = "S3's keys are UTF-8, so it is not served"
            return Finding("no-object", relative, "a name that is no text", then, is_note=True)
        lake = self._holdings.places.lake
        bucket, _, key = path[len(lake) + 1 :].partition("/")
        try:
            file = os.lstat(path)
        except OSError:
            return None
        if not stat.S_ISREG(file.st_mode):
            found = "a link" if stat.S_ISLNK(file.st_mode) else "no plain file"
            then = "only plain files are served"
            return Finding("no-object", relative, found, then, "", bucket, key, is_note=True)
        row = self._holdings.objects.get(scope, bucket, key)
        if row is None:
            if (bucket, key, file.st_ino) in self._unfinished:
                return None
            if self._options.is_serving and time.time() - file.st_ctime < SETTLE_SECONDS:
                return None
            found = f"{file.st_size} bytes that the index does not know"
            return Finding("unknown-file", relative, found, "a row", _TAKE_IN, bucket, key)
        if row.is_odd:
            then = "the object of this key is an escaped file, so this one is not served"
            return Finding(
                "no-object", relative, "a second file", then, "", bucket, key, is_note=True
            )
        return None

    # -- files beside the lake ------------------------------------------------------------------

    def _hidden_files(self) -> Iterator[Judge]:
        known = self._index_of_hidden()
        for directory in (self._holdings.odd_dir, self._holdings.versions_dir):
            for path in _all_files(str(directory)):
                if path not in known:
                    yield partial(self._judge_hidden, path)

    def _index_of_hidden(self) -> set[str]:
        """Return the paths of all files beside the lake that have rows."""
        holdings = self._holdings
        return {
            holdings.path_of(row)
            for table in (holdings.objects, holdings.versions)
            for row in self._all(table)
            if row.is_odd or row.archive
        }

    def _judge_hidden(self, path: str, scope: Scope) -> Finding | None:
        try:
            file = os.lstat(path)
        except OSError:
            return None
        # A version gets its second name before its row is committed.
        if self._options.is_serving and time.time() - file.st_ctime < YOUNG_SECONDS:
            return None
        found = f"{file.st_size} bytes that no row names"
        return Finding("orphan-file", self._holdings.relative(path), found, "a row", _MOVE)

    # -- uploads and what is under way ----------------------------------------------------------

    def _parts(self) -> Iterator[Judge]:
        with self._transactions() as scope:
            files = {(part.upload, part_file(part.name)) for part in self._claims.parts(scope)}
        for upload, name in sorted(files):
            yield partial(self._judge_part_row, upload, name)
        for path in _all_files(str(self._holdings.parts_dir)):
            yield partial(self._judge_part_file, path)

    def _judge_part_row(self, upload: str, name: str, scope: Scope) -> Finding | None:
        path = self._holdings.parts_dir / upload / name
        if path.exists() or not self._claims.has_part(scope, upload, name):
            return None
        expected = "the bytes of a part: abort the upload, or send the part again"
        return Finding("missing-part", self._holdings.relative(str(path)), "no file", expected)

    def _judge_part_file(self, path: str, scope: Scope) -> Finding | None:
        upload, _, name = os.path.relpath(path, self._holdings.parts_dir).partition("/")
        if self._claims.has_part(scope, upload, name):
            return None
        return self._judge_hidden(path, scope)

    def _under_way(self) -> Iterator[Judge]:
        if self._options.is_serving:
            return
        for path in _all_files(str(self._holdings.spools_dir)):
            yield partial(self._judge_temporary, path)
        yield self._judge_journal

    def _judge_temporary(self, path: str, scope: Scope) -> Finding | None:
        then = "the next start of the server finishes or removes it"
        relative = self._holdings.relative(path)
        return Finding("temporary-file", relative, "a received body", then, is_note=True)

    def _judge_journal(self, scope: Scope) -> Finding | None:
        count = len(self._unfinished)
        if not count:
            return None
        found = f"marks of {count} files that were being put or deleted"
        then = "the next start of the server finishes what is not done"
        return Finding("journal", "state/store.sqlite", found, then, is_note=True)


def _changed(row: StoredObject, file: os.stat_result) -> tuple[str, str, str]:
    """Return what is found, expected and done of a file that is not the row's."""
    found = f"a file of {file.st_size} bytes, mtime {file.st_mtime_ns}, inode {file.st_ino}"
    expected = (
        f"{row.size} bytes, mtime {row.mtime_ns}, inode {row.inode} "
        "(changed or copied by hand, or torn by a power loss)"
    )
    repair = (
        "read it: if its bytes are those of the ETag keep all that is known, else index it anew"
    )
    return found, expected, repair


def _scan(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _all_files(directory: str) -> Iterator[str]:
    for path, directories, names in os.walk(directory):
        directories.sort()
        for name in sorted(names):
            yield f"{path}/{name}"
