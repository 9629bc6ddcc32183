"""Removes what crashes left beside the lake: files that nobody was told of, or was told are gone.

These are parts of uploads that ended, and second names of objects that were about to become
noncurrent. A file that holds the only copy of its bytes is never removed: `fsck` tells of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from lakebed.engines.objects.folder.holdings import Holdings
from lakebed.engines.objects.folder.survey import Pace
from lakebed.engines.objects.upkeep import Claims, Transactions
from lakebed.store import Range

ROWS_AT_ONCE = 500
VERSIONS_MAX = 200_000
"""Of a bucket with more noncurrent versions, the names of all are too much to keep in memory."""


class Sweeper:
    """Sweeps one lake; looks only at files that last changed before some time."""

    def __init__(self, holdings: Holdings, claims: Claims, before: float, pace: Pace) -> None:
        self._holdings = holdings
        self._claims = claims
        self._before = before
        self._pace = pace

    def run(self, transactions: Transactions) -> int:
        """Remove every leftover and return how many there were."""
        return self._sweep_parts(transactions) + self._sweep_versions(transactions)

    def _old_files(self, directory: str) -> Iterator[tuple[str, os.stat_result]]:
        for path, _, names in os.walk(directory):
            for name in names:
                self._pace.rest()
                if self._pace.is_stopped:
                    return
                try:
                    file = os.lstat(f"{path}/{name}")
                except OSError:
                    continue
                if file.st_ctime < self._before:
                    yield f"{path}/{name}", file

    def _sweep_parts(self, transactions: Transactions) -> int:
        root = str(self._holdings.parts_dir)
        removed = 0
        for path, _ in self._old_files(root):
            upload, _, name = path[len(root) + 1 :].partition("/")
            with transactions() as scope:
                is_known = self._claims.has_part(scope, upload, name)
            if not is_known:
                removed += _remove(path)
        return removed

    def _sweep_versions(self, transactions: Transactions) -> int:
        root = self._holdings.versions_dir
        removed = 0
        for bucket in sorted(os.listdir(root)):
            names: set[str] | None = None
            for path, file in self._old_files(f"{root}/{bucket}"):
                if file.st_nlink < 2:
                    continue
                if names is None:
                    names = self._archives(transactions, bucket)
                    if names is None:
                        break
                if path[len(f"{root}/{bucket}/") :] not in names:
                    removed += _remove(path)
        return removed

    def _archives(self, transactions: Transactions, bucket: str) -> set[str] | None:
        """Return the names of all noncurrent versions' files, None if they are too many."""
        versions = self._holdings.versions
        with transactions() as scope:
            if versions.count(scope, bucket) > VERSIONS_MAX:
                return None
        names: set[str] = set()
        after: tuple[str | int, ...] | None = None
        while True:
            span = Range(prefix=(bucket,), after=after, limit=ROWS_AT_ONCE)
            with transactions() as scope:
                rows = list(versions.scan(scope, span))
            names.update(row.archive for row in rows)
            if len(rows) < ROWS_AT_ONCE:
                return names
            after = (rows[-1].key, rows[-1].rank)


def _remove(path: str) -> int:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return 0
    try:
        os.rmdir(os.path.dirname(path))
    except OSError:
        return 1
    return 1
