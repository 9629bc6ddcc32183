"""Reads a store that another process owns and may be writing: for checks and backups."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from lakebed.store import Key, Layout, StoreError
from lakebed.store.reserve import Reserve
from lakebed.store.sqlite import SqliteTransaction


class _Reading(SqliteTransaction):
    """A transaction that never writes; a table that is not there yet is empty."""

    def _open(self, path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None
        )
        connection.execute("PRAGMA busy_timeout=10000")
        return connection

    def _read(self, layout: Layout, sql: str, values: Key) -> sqlite3.Cursor:
        if layout.name not in self._created:
            known = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
            if self._execute(known, (layout.name,)).fetchone() is None:
                is_count = sql.startswith("SELECT count")
                return self._execute("SELECT 0" if is_count else "SELECT 0 WHERE 0")
            self._created.add(layout.name)
        return super()._read(layout, sql, values)

    def _begin(self) -> None:
        raise StoreError("this store is open for reading only")


class StoreReader:
    """A store opened for reading; of one thread."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise StoreError(f"there is no store {path}")
        self._reading = _Reading(path, threading.Lock(), Reserve(path.with_name("reserve")))

    @contextmanager
    def transaction(self) -> Generator[SqliteTransaction]:
        """A transaction that sees what is committed by now."""
        yield self._reading

    def close(self) -> None:
        """Close the file."""
        self._reading.close()


def damage(path: Path) -> list[str]:
    """Return what SQLite finds wrong with a store, at most 100 sentences; reads all of it."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("PRAGMA integrity_check(100)").fetchall()
    except sqlite3.Error as error:
        return [str(error)]
    found = [str(row[0]) for row in rows]
    return [] if found == ["ok"] else found


def copy(source: Path, target: Path) -> None:
    """Copy a store as it is at one moment, while others write to it."""
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)


def settle(path: Path) -> None:
    """Make a store, which nobody has open, one file with no log beside it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
