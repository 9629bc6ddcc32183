"""Mends what a check found: the index follows the files; bytes that have no place are kept.

Everything is looked at once more before it is changed, so a finding that is not true any more
changes nothing. No byte that a user may want is ever deleted.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

import msgspec

from lakebed.engines.objects import StoredObject
from lakebed.engines.objects.folder.files import by_hand
from lakebed.engines.objects.folder.holdings import LOST_AND_FOUND, Holdings
from lakebed.engines.objects.folder.verify import verify
from lakebed.engines.objects.upkeep import Claims, Finding
from lakebed.store import Range, Scope, Table

NOT_ANY_MORE = "nothing: it is not so any more"


class Mender:
    """Mends one lake."""

    def __init__(self, holdings: Holdings, claims: Claims) -> None:
        self._holdings = holdings
        self._claims = claims
        self._ways: dict[str, Callable[[Scope, Finding], str]] = {
            "stray-row": self._forget_stray,
            "missing-file": self._forget_missing,
            "changed-file": self._look_again,
            "unknown-file": self._take_in,
            "orphan-file": self._move_away,
        }

    def mend(self, scope: Scope, finding: Finding) -> str:
        """Mend one finding in the caller's transaction and return what was done."""
        way = self._ways.get(finding.kind)
        if way is None or not finding.repair:
            return "nothing: this cannot be mended here"
        return way(scope, finding)

    def _row(
        self, scope: Scope, finding: Finding
    ) -> tuple[Table[StoredObject], StoredObject] | None:
        """Return the row a finding is about, and its table."""
        holdings = self._holdings
        current = holdings.objects.get(scope, finding.bucket, finding.key)
        if current is not None and holdings.below(current) == finding.path:
            return holdings.objects, current
        span = Range(prefix=(finding.bucket, finding.key))
        for row in holdings.versions.scan(scope, span):
            if row.version_id == finding.version_id:
                return holdings.versions, row
        return None

    def _forget_stray(self, scope: Scope, finding: Finding) -> str:
        found = self._row(scope, finding)
        if found is None or finding.bucket in self._claims.buckets(scope):
            return NOT_ANY_MORE
        _forget(scope, *found)
        return "forgot the row"

    def _forget_missing(self, scope: Scope, finding: Finding) -> str:
        found = self._row(scope, finding)
        if found is None or self._file(self._holdings.path_of(found[1])) is not None:
            return NOT_ANY_MORE
        _forget(scope, *found)
        return "forgot the row"

    def _look_again(self, scope: Scope, finding: Finding) -> str:
        """Keep what is known of an object whose bytes are the same; else index the file anew."""
        found = self._row(scope, finding)
        if found is None:
            return NOT_ANY_MORE
        table, row = found
        path = self._holdings.path_of(row)
        file = self._file(path)
        if file is None or self._holdings.is_same(row, file):
            return NOT_ANY_MORE
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            verdict = verify(descriptor, row, self._claims.part_sizes(scope, row))
        finally:
            os.close(descriptor)
        facts = {"mtime_ns": file.st_mtime_ns, "inode": file.st_ino}
        if verdict.is_right and verdict.compared:
            table.put(scope, msgspec.structs.replace(row, **facts))
            return "the bytes are those that were put: kept all that is known"
        table.put(scope, by_hand(row.bucket, row.key, file, row))
        return "the bytes are other ones: indexed the file anew"

    def _take_in(self, scope: Scope, finding: Finding) -> str:
        holdings = self._holdings
        path = holdings.places.plain(finding.bucket, finding.key)
        file = None if path is None else self._file(path)
        if file is None or holdings.objects.get(scope, finding.bucket, finding.key) is not None:
            return NOT_ANY_MORE
        holdings.objects.put(scope, by_hand(finding.bucket, finding.key, file))
        return "took it into the index"

    def _move_away(self, scope: Scope, finding: Finding) -> str:
        source = self._holdings.data_dir / finding.path
        below = os.path.relpath(source, self._holdings.state)
        if below.startswith("..") or self._file(str(source)) is None:
            return NOT_ANY_MORE
        target = self._holdings.state / LOST_AND_FOUND / below
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        number = 1
        while os.path.lexists(target):
            number += 1
            target = target.with_name(f"{source.name}.{number}")
        source.rename(target)
        return f"moved it to {self._holdings.relative(str(target))}"

    def _file(self, path: str) -> os.stat_result | None:
        try:
            file = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return file if stat.S_ISREG(file.st_mode) else None


def _forget(scope: Scope, table: Table[StoredObject], row: StoredObject) -> None:
    key: tuple[str | int, ...] = (row.bucket, row.key)
    if table.layout.name == "s3_version":
        key = (*key, row.rank)
    table.delete(scope, *key)
