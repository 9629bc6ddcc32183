"""Copies the files of a lake to a backup and back, row by row of an index of one moment.

Rows say which files: a row of the copied index names its file by size, mtime and inode, so the file
of that moment is found, at its place or pinned, or it is known that a hand changed it since.
"""

from __future__ import annotations

import filecmp
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from lakebed.core.limits import MIB
from lakebed.engines.objects import StoredObject, part_file
from lakebed.engines.objects.folder.files import by_hand
from lakebed.engines.objects.folder.holdings import Holdings
from lakebed.engines.objects.folder.transport import Transport, facts_of
from lakebed.engines.objects.folder.verify import verify
from lakebed.engines.objects.upkeep import (
    Carried,
    Claims,
    KnownPart,
    Progress,
    Route,
    Transactions,
    Verified,
)
from lakebed.store import Range, Table

ROWS_AT_ONCE = 500
TRIES_MAX = 8
TRY_SECONDS = 0.05
EXACT_NS = 2_000_000_000
"""FAT keeps times to two seconds; nothing keeps them worse."""


class Carrier:
    """Carries all files of an index along one route."""

    def __init__(self, holdings: Holdings, route: Route, *, may_link: bool) -> None:
        self._holdings = holdings
        self._route = route
        self._transport = Transport(may_link=may_link)
        self.progress = Progress()
        self._carried = Carried()

    def run(self) -> Carried:
        """Carry everything and return what was done."""
        holdings = self._holdings
        for table in (holdings.objects, holdings.versions):
            self.progress.doing = "objects" if table is holdings.objects else "versions"
            with self._route.index() as scope:
                self.progress.total += table.count(scope)
            for row in self._rows(table):
                self.progress.done += 1
                if not row.is_delete_marker:
                    self._carry(table, row)
        with self._route.index() as scope:
            holdings.journal.delete_range(scope, Range())
        counts = self._transport.counts
        self._carried.shared, self._carried.linked = counts["shared"], counts["linked"]
        self._carried.copied = counts["copied"]
        return self._carried

    def _rows(self, table: Table[StoredObject]) -> Iterator[StoredObject]:
        after: tuple[str | int, ...] | None = None
        while True:
            with self._route.index() as scope:
                rows = list(table.scan(scope, Range(after=after, limit=ROWS_AT_ONCE)))
            yield from rows
            if len(rows) < ROWS_AT_ONCE:
                return
            after = self._key(table, rows[-1])

    def _key(self, table: Table[StoredObject], row: StoredObject) -> tuple[str | int, ...]:
        rank = (row.rank,) if table is self._holdings.versions else ()
        return (row.bucket, row.key, *rank)

    def _carry(self, table: Table[StoredObject], row: StoredObject) -> None:
        wanted: StoredObject | None = row
        for number in range(TRIES_MAX):
            if number > 1:
                # It may be on its way from a commit to its place.
                time.sleep(TRY_SECONDS)
            brought = self._bring(wanted)
            if brought is not None:
                file, is_odd = brought
                self._count(wanted, file)
                self._keep(table, row, msgspec.structs.replace(wanted, is_odd=is_odd), file)
                return
            wanted = self._newer(table, wanted)
            if wanted is None:
                break
        self._carried.missing.append(self._holdings.below(row))
        with self._route.index() as scope:
            table.delete(scope, *self._key(table, row))

    def _count(self, row: StoredObject, file: os.stat_result) -> None:
        self._carried.files += 1
        self._carried.bytes += file.st_size
        self.progress.bytes_done += file.st_size
        if row.etag.endswith("-1") and row.etag == by_hand(row.bucket, row.key, file).etag:
            self._carried.by_hand += 1

    def _keep(
        self,
        table: Table[StoredObject],
        row: StoredObject,
        kept: StoredObject,
        file: os.stat_result,
    ) -> None:
        """Write the row as the target has it."""
        if self._route.live is None:
            kept = msgspec.structs.replace(kept, inode=file.st_ino, mtime_ns=file.st_mtime_ns)
        if kept != row:
            with self._route.index() as scope:
                table.put(scope, kept)

    def _bring(self, row: StoredObject) -> tuple[os.stat_result, bool] | None:
        """Bring the file of a row; returns what it became, and whether its place is escaped."""
        for is_odd in dict.fromkeys((row.is_odd, True)):
            below = self._holdings.below(msgspec.structs.replace(row, is_odd=is_odd))
            try:
                file = self._bring_to(row, str(self._route.target / below))
            except (FileExistsError, NotADirectoryError):
                # Another key's name is the same one on the target's file system.
                continue
            return None if file is None else (file, is_odd)
        return None

    def _bring_to(self, row: StoredObject, target: str) -> os.stat_result | None:
        earlier = self._earlier(row)
        if earlier is not None:
            file = self._transport.link(earlier, target, row.file_size)
            if file is not None:
                self._carried.unchanged += 1
                return file
        for source in self._sources(row):
            try:
                found = os.lstat(source)
            except OSError:
                continue
            if self._is_it(row, found):
                file = self._transport.bring(source, target, facts_of(found))
                if file is not None:
                    return file
        return None

    def _is_it(self, row: StoredObject, file: os.stat_result) -> bool:
        if self._route.live is not None:
            return self._holdings.is_same(row, file)
        # A backup's file has another inode, and a time as exact as its file system keeps it.
        return file.st_size == row.file_size and abs(file.st_mtime_ns - row.mtime_ns) < EXACT_NS

    def _sources(self, row: StoredObject) -> Iterator[str]:
        yield str(self._route.source / self._holdings.below(row))
        yield str(self._holdings.pinned_dir / str(row.inode))

    def _earlier(self, row: StoredObject) -> str | None:
        """Return where an earlier backup has the very same file.

        Its ETag may differ: a file put in by hand gets the one of its bytes a little later.
        """
        if self._route.before is None:
            return None
        folder, index = self._route.before
        holdings = self._holdings
        with index() as scope:
            known = [holdings.objects.get(scope, row.bucket, row.key)]
            if row.archive:
                known.append(holdings.versions.get(scope, row.bucket, row.key, row.rank))
        for before in known:
            if (
                before is not None
                and (before.inode, before.mtime_ns, before.size)
                == (row.inode, row.mtime_ns, row.size)
            ):  # fmt: skip
                return str(folder / self._holdings.below(before))
        return None

    def _newer(self, table: Table[StoredObject], row: StoredObject) -> StoredObject | None:
        """Return what a row became since the index was copied, None if it is no more."""
        now: StoredObject | None = row
        if self._route.live is not None:
            with self._route.live() as scope:
                now = table.get(scope, *self._key(table, row))
        if now is None or now != row:
            return now
        try:
            file = os.lstat(self._route.source / self._holdings.below(row))
        except OSError:
            return now
        if self._is_it(row, file):
            return now
        self._carried.changed.append(self._holdings.below(row))
        return by_hand(row.bucket, row.key, file, row)

    # -- parts ----------------------------------------------------------------------------------

    def run_parts(self, parts: Iterable[KnownPart]) -> set[str]:
        """Carry the parts of uploads; returns the uploads that ended meanwhile."""
        self.progress.doing = "parts"
        ended: set[str] = set()
        for part in parts:
            below = Path("state") / "parts" / part.upload / part_file(part.name)
            offset = int(part.name.partition("@")[2] or 0)
            source, target = self._route.source / below, self._route.target / below
            try:
                _copy_part(source, target, offset, part.size)
                self._carried.parts += 1
            except (FileNotFoundError, EOFError):
                ended.add(part.upload)
        return ended


def _copy_part(source: Path, target: Path, offset: int, size: int) -> None:
    """Copy the bytes of one part: others may share its file, or be written to it right now."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
    reading = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        writing = os.open(target, flags, 0o644)
        try:
            end = offset + size
            while offset < end:
                block = os.pread(reading, min(end - offset, MIB), offset)
                if not block:
                    raise EOFError
                offset += os.pwrite(writing, block, offset)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def verify_all(
    holdings: Holdings, folder: Path, index: Transactions, claims: Claims, progress: Progress
) -> Verified:
    """Read every file of a backup and compare it with its row."""
    result = Verified()
    for table in (holdings.objects, holdings.versions):
        progress.doing = f"reading {'objects' if table is holdings.objects else 'versions'}"
        after: tuple[str | int, ...] | None = None
        while True:
            with index() as scope:
                rows = list(table.scan(scope, Range(after=after, limit=ROWS_AT_ONCE)))
                sizes = [claims.part_sizes(scope, row) for row in rows]
            for row, part_sizes in zip(rows, sizes, strict=True):
                progress.done += 1
                if not row.is_delete_marker:
                    _verify(holdings, folder, row, part_sizes, (result, progress))
            if len(rows) < ROWS_AT_ONCE:
                break
            rank = (rows[-1].rank,) if table is holdings.versions else ()
            after = (rows[-1].bucket, rows[-1].key, *rank)
    return result


def _verify(
    holdings: Holdings,
    folder: Path,
    row: StoredObject,
    part_sizes: Sequence[int],
    outcome: tuple[Verified, Progress],
) -> None:
    result, progress = outcome
    below = holdings.below(row)

    def read(count: int) -> None:
        progress.bytes_done += count
        result.bytes += count

    try:
        descriptor = os.open(folder / below, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            verdict = verify(descriptor, row, part_sizes, read)
        finally:
            os.close(descriptor)
    except OSError as error:
        result.wrong.append(f"{below}: {error}")
        return
    if not verdict.is_right:
        result.wrong.append(
            f"{below}: its {verdict.differs} is {verdict.found}, expected {verdict.expected}"
        )
    elif verdict.compared:
        result.right += 1
    else:
        _compare(holdings, folder, row, result)


def _compare(holdings: Holdings, folder: Path, row: StoredObject, result: Verified) -> None:
    """Compare a file that no digest was kept of with the lake's own, if that is still the same."""
    source = holdings.path_of(row)
    copy = folder / holdings.below(row)
    try:
        if not holdings.is_same(row, os.lstat(source)):
            result.unpromised += 1
        elif filecmp.cmp(source, copy, shallow=False):
            result.right += 1
        else:
            result.wrong.append(f"{copy}: its bytes are not those of {source}")
    except OSError:
        result.unpromised += 1
