"""The store on SQLite: one file, one writer at a time, group commit by the caller.

Written-ahead log with `synchronous=NORMAL`: a commit survives `kill -9`; `sync()` makes everything
committed so far survive a power loss. Keeping the sync out of the commit lets the event loop commit
many requests at once and a thread do the one sync they all wait for.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lakebed.core.limits import ROWS_REMEMBERED_MAX, WRITE_AHEAD_LOG_BYTES_MAX
from lakebed.store import CommitGroup, Key, Layout, Range, StoreError
from lakebed.store.reserve import Reserve

_WHOLE = "the whole transaction"
"""What stands for a savepoint where the transaction holds nothing but one scope's writes."""


class SqliteTransaction:
    """A connection and what is open on it. Begins at the first write, so reads cost no BEGIN."""

    def __init__(
        self,
        path: Path,
        writer: threading.Lock,
        reserve: Reserve,
        memory: _Memory | None = None,
        *,
        is_main: bool = False,
    ) -> None:
        self._reserve = reserve
        self._memory = memory or _Memory()
        self._is_main = is_main
        self._wrote_remembered = False
        self._connection = self._open(path)
        self._execute = self._connection.execute
        self._writer = writer
        self._created: set[str] = set()
        self._statements: dict[tuple[str, ...], str] = {}
        self._callbacks: list[Callable[[], None]] = []
        self._joined: list[tuple[CommitGroup, object]] = []
        self._flushes: set[Callable[[], None]] = set()
        self._scopes: list[str | None] = []
        self._next_scope = 0
        self._began = False
        self.needs_sync = False

    def _open(self, path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        execute = connection.execute
        execute("PRAGMA journal_mode=WAL")
        execute("PRAGMA synchronous=NORMAL")
        execute("PRAGMA wal_autocheckpoint=0")
        # The log starts anew after a checkpoint; without this its file would stay as long.
        execute(f"PRAGMA journal_size_limit={WRITE_AHEAD_LOG_BYTES_MAX // 4}")
        execute("PRAGMA busy_timeout=10000")
        return connection

    @property
    def is_open(self) -> bool:
        """Whether something was written, or a call left behind, since the last commit."""
        return self._began or bool(self._callbacks) or bool(self._flushes)

    # -- reading ------------------------------------------------------------------------------

    def get(self, layout: Layout, key: Key) -> bytes | None:
        """Return the row's JSON, or None."""
        if not (layout.remembered and self._is_main):
            return self._get(layout, key)
        rows, place = self._memory.known(), (layout.name, key)
        if place not in rows:
            rows[place] = self._get(layout, key)
        return rows[place]

    def _get(self, layout: Layout, key: Key) -> bytes | None:
        row = self._read(layout, self._statement("get", layout), key).fetchone()
        return None if row is None else row[0]

    def scan(self, layout: Layout, span: Range) -> Sequence[bytes]:
        """Return the JSON of the rows of a range, in order."""
        where, values, order = _where(layout, span)
        direction = " DESC" if span.reverse else ""
        ordering = ", ".join(f"[{column}]{direction}" for column in order)
        limit = "" if span.limit is None else f" LIMIT {int(span.limit)}"
        sql = f"SELECT value FROM {layout.name}{where} ORDER BY {ordering}{limit}"
        return [row[0] for row in self._read(layout, sql, values).fetchall()]

    def count(self, layout: Layout, prefix: Key) -> int:
        """Return the number of rows whose key begins with `prefix`."""
        where, values, _ = _where(layout, Range(prefix=prefix))
        sql = f"SELECT count(*) FROM {layout.name}{where}"
        return int(self._read(layout, sql, values).fetchone()[0])

    def _read(self, layout: Layout, sql: str, values: Key) -> sqlite3.Cursor:
        if layout.name not in self._created:
            self._create(layout)
        try:
            return self._execute(sql, values)
        except sqlite3.Error as error:
            raise StoreError(str(error)) from error

    # -- writing ------------------------------------------------------------------------------

    def put(self, layout: Layout, key: Key, indexed: Key, value: bytes) -> None:
        """Insert the row or replace it."""
        self._write(layout, self._statement("put", layout), (*key, *indexed, value))

    def insert(self, layout: Layout, key: Key, indexed: Key, value: bytes) -> bool:
        """Insert the row; False, and nothing written, if its key is there."""
        values = (*key, *indexed, value)
        return self._write(layout, self._statement("insert", layout), values) == 1

    def delete(self, layout: Layout, key: Key) -> bool:
        """Delete the row; False if it was not there."""
        return self._write(layout, self._statement("delete", layout), key) == 1

    def delete_range(self, layout: Layout, span: Range) -> int:
        """Delete the rows of a range and return how many there were."""
        where, values, _ = _where(layout, span)
        return self._write(layout, f"DELETE FROM {layout.name}{where}", values)

    def _write(
        self, layout: Layout, sql: str, values: tuple[str | int | float | bytes, ...]
    ) -> int:
        if layout.name not in self._created:
            self._create(layout)
        self._begin()
        try:
            changed = self._execute(sql, values).rowcount
        except sqlite3.Error as error:
            raise StoreError(str(error)) from error
        if layout.durable:
            self.needs_sync = True
        if layout.remembered:
            self._wrote_remembered = True
            if self._is_main:
                self._memory.forget()
        return changed

    def _statement(self, kind: str, layout: Layout) -> str:
        sql = self._statements.get((kind, layout.name))
        if sql is None:
            sql = self._statements[kind, layout.name] = _statement(kind, layout)
        return sql

    def _create(self, layout: Layout) -> None:
        numbers = layout.numbers
        columns = (*layout.key, *layout.indexed)
        typed = ", ".join(
            f"[{name}] {'NUMERIC' if name in numbers else 'TEXT'} NOT NULL" for name in columns
        )
        known = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        if self._execute(known, (layout.name,)).fetchone() is None:
            self._begin()
            self._execute(
                f"CREATE TABLE IF NOT EXISTS {layout.name} ({typed}, value BLOB NOT NULL, "
                f"PRIMARY KEY ({_list(layout.key)})) WITHOUT ROWID"
            )
            for label, fields in layout.indexes:
                self._execute(
                    f"CREATE INDEX IF NOT EXISTS {layout.name}_{label} "
                    f"ON {layout.name} ({_list(fields)})"
                )
        self._created.add(layout.name)

    # -- the transaction's life ---------------------------------------------------------------

    def _begin(self) -> None:
        scopes = self._scopes
        if not self._began:
            self._writer.acquire()
            try:
                self._execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                self._writer.release()
                raise StoreError(str(error)) from error
            self._began = True
            if len(scopes) == 1:
                # Nothing else was written: to undo this scope is to undo all.
                scopes[0] = _WHOLE
        if scopes and scopes[-1] is None:
            for depth, name in enumerate(scopes):
                if name is None:
                    self._next_scope += 1
                    scopes[depth] = f"s{self._next_scope % 64}_{depth}"
                    self._execute(f"SAVEPOINT {scopes[depth]}")

    def savepoint(self) -> _Savepoint:
        """Undo the writes of the block, and forget its callbacks, if it raises."""
        return _Savepoint(self)

    def enter_scope(self) -> None:
        """Open a savepoint's scope; SQLite hears of it at the first write inside."""
        self._scopes.append(None)

    def leave_scope(self, kept: tuple[int, int] | None) -> None:
        """Close the innermost scope: keep its writes, or undo them and all that came with them.

        `kept` says how many callbacks and joined items there were before.
        """
        name = self._scopes.pop()
        if kept is None:
            if name is not None and name is not _WHOLE:
                self._execute(f"RELEASE {name}")
            return
        del self._callbacks[kept[0] :]
        self._undo_joined(kept[1])
        if self._wrote_remembered:
            # Nobody reads before this function has returned.
            self._memory.forget()
        if name is _WHOLE:
            self._created.clear()
            self._connection.rollback()
            self._began = False
            self._writer.release()
            return
        if name is not None:
            # A creation may be among what is undone.
            self._created.clear()
            if self._connection.in_transaction:
                self._execute(f"ROLLBACK TO {name}")
                self._execute(f"RELEASE {name}")

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back once the writes are committed; never if they are not."""
        self._callbacks.append(callback)

    def flush_first(self, flush: Callable[[], None]) -> None:
        """Call `flush` in a thread, once a commit, before the answers that waited on it leave."""
        self._flushes.add(flush)

    def take_flushes(self) -> set[Callable[[], None]]:
        """Return what is to be flushed before answers leave, and forget it."""
        flushes, self._flushes = self._flushes, set()
        return flushes

    def callbacks_count(self) -> int:
        """Return how many callbacks wait for the commit."""
        return len(self._callbacks)

    def join(self, group: CommitGroup, item: object) -> None:
        """Hand an item to a group, which hears of all items of a commit at once, before it."""
        self._joined.append((group, item))

    def joined_count(self) -> int:
        """Return how many items wait for the commit."""
        return len(self._joined)

    def _undo_joined(self, kept: int) -> None:
        undone, self._joined = self._joined[kept:], self._joined[:kept]
        for group, items in _by_group(undone):
            group.undone(items)

    def commit(self) -> list[Callable[[], None]]:
        """Commit and return the callbacks that are now due; StoreError if nothing was kept."""
        callbacks, self._callbacks = self._callbacks, []
        if not self._began and not self._joined:
            return callbacks
        try:
            for group, items in _by_group(self._joined):
                group.before_commit(self, items)
                if group.frees_room(items):
                    self._reserve.give_up_if_full()
            # A full disk makes SQLite roll the whole transaction back by itself.
            if not self._connection.in_transaction:
                raise StoreError("the transaction was rolled back by an earlier error")
            self._execute("COMMIT")
            self._joined.clear()
        except (sqlite3.Error, StoreError) as error:
            self._created.clear()
            self._connection.rollback()
            self._undo_joined(0)
            if isinstance(error, StoreError):
                raise
            raise StoreError(str(error)) from error
        finally:
            self._forget_rows()
            if self._began:
                self._began = False
                self._writer.release()
        return callbacks

    def _forget_rows(self) -> None:
        """Have remembered rows read anew, if this transaction, which is over, wrote any."""
        if self._wrote_remembered:
            self._wrote_remembered = False
            self._memory.forget()

    def rollback(self) -> None:
        """Forget every write and callback since the transaction began."""
        self._callbacks = []
        self._undo_joined(0)
        self._created.clear()
        if self._began:
            self._connection.rollback()
            self._began = False
            self._writer.release()
        self._forget_rows()

    def clear(self) -> None:
        """Delete every row of every table."""
        self._begin()
        self._wrote_remembered = True
        names = self._execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in names:
            self._execute(f"DELETE FROM {name}")

    def checkpoint(self) -> None:
        """Copy the log into the database file, as far as no reader stands in the way."""
        self._execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Roll back what is open and close the connection."""
        self.rollback()
        self._connection.close()


class _Memory:
    """Rows of remembered tables as the loop's transaction read them; None for those not there.

    Any thread may have all of them forgotten once it has committed: whoever waits for its answer
    then finds what it wrote.
    """

    __slots__ = ("_is_stale", "_rows")

    def __init__(self) -> None:
        self._rows: dict[tuple[str, Key], bytes | None] = {}
        self._is_stale = False

    def known(self) -> dict[tuple[str, Key], bytes | None]:
        """Return what is remembered, for the loop alone."""
        if self._is_stale or len(self._rows) >= ROWS_REMEMBERED_MAX:
            # In this order: what is committed from here on makes it stale again.
            self._is_stale = False
            self._rows.clear()
        return self._rows

    def forget(self) -> None:
        """Have everything read anew."""
        self._is_stale = True


class _Savepoint:
    """The block of one savepoint; a class, because a generator costs more than a read."""

    __slots__ = ("_known", "_transaction")

    def __init__(self, transaction: SqliteTransaction) -> None:
        self._transaction = transaction
        self._known = (0, 0)

    def __enter__(self) -> None:
        transaction = self._transaction
        self._known = (transaction.callbacks_count(), transaction.joined_count())
        transaction.enter_scope()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._transaction.leave_scope(None if kind is None else self._known)


class SqliteStore:
    """One SQLite file. `main` is the event loop's transaction; threads open their own."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = path
        self._log_path = Path(f"{path}-wal")
        self._writer = threading.Lock()
        self._reserve = Reserve(path.with_name("reserve"))
        self._reserve.make()
        self._memory = _Memory()
        self.main = SqliteTransaction(path, self._writer, self._reserve, self._memory, is_main=True)
        self._idle: list[SqliteTransaction] = []

    @contextmanager
    def transaction(
        self, deliver: Callable[[list[Callable[[], None]]], None] | None = None
    ) -> Generator[SqliteTransaction]:
        """A transaction of the calling thread, committed at the end, rolled back on a raise.

        Its callbacks run in the calling thread, after the commit, or are handed to `deliver`.
        """
        try:
            transaction = self._idle.pop()
        except IndexError:
            transaction = SqliteTransaction(self._path, self._writer, self._reserve, self._memory)
        try:
            yield transaction
            callbacks = transaction.commit()
            if deliver is not None:
                deliver(callbacks)
            else:
                for callback in callbacks:
                    callback()
        except BaseException:
            transaction.rollback()
            raise
        finally:
            self._idle.append(transaction)

    def sync(self) -> None:
        """Make everything committed so far survive a power loss. Any thread may call it."""
        # The log is the only file a commit writes; a checkpoint syncs both files by itself.
        try:
            descriptor = os.open(self._log_path, os.O_RDONLY)
        except FileNotFoundError:
            return
        try:
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)

    def checkpoint_if_due(self) -> bool:
        """Checkpoint when the log has grown past its limit; for a thread, not the loop."""
        self._reserve.make()
        try:
            if self._log_path.stat().st_size < WRITE_AHEAD_LOG_BYTES_MAX:
                return False
        except FileNotFoundError:
            return False
        with self.transaction() as transaction:
            transaction.checkpoint()
        return True

    def clear(self) -> None:
        """Delete every row of every table: what a test's reset asks for."""
        self.main.rollback()
        with self.transaction() as transaction:
            transaction.clear()

    def close(self) -> None:
        """Close every connection; a checkpoint happens on the way."""
        for transaction in (*self._idle, self.main):
            transaction.close()
        self._idle.clear()


def _by_group(
    joined: Sequence[tuple[CommitGroup, object]],
) -> list[tuple[CommitGroup, list[object]]]:
    groups: dict[int, tuple[CommitGroup, list[object]]] = {}
    for group, item in joined:
        groups.setdefault(id(group), (group, []))[1].append(item)
    return list(groups.values())


def _list(columns: tuple[str, ...]) -> str:
    """Return column names quoted, because nouns like `table` are words of SQL.

    In brackets: SQLite reads a double-quoted name that it does not know as a text.
    """
    return ", ".join(f"[{column}]" for column in columns)


def _statement(kind: str, layout: Layout) -> str:
    key = " AND ".join(f"[{column}] = ?" for column in layout.key)
    if kind == "get":
        return f"SELECT value FROM {layout.name} WHERE {key}"
    if kind == "delete":
        return f"DELETE FROM {layout.name} WHERE {key}"
    columns = (*layout.key, *layout.indexed, "value")
    marks = ", ".join("?" * len(columns))
    verb = "INSERT OR REPLACE" if kind == "put" else "INSERT OR IGNORE"
    return f"{verb} INTO {layout.name} ({_list(columns)}) VALUES ({marks})"


def _where(layout: Layout, span: Range) -> tuple[str, Key, tuple[str, ...]]:
    """Return the WHERE clause of a range, its values and the columns of its order."""
    order = dict(layout.indexes)[span.index] if span.index else layout.key
    rest = order[len(span.prefix) :]
    conditions = [f"[{column}] = ?" for column in order[: len(span.prefix)]]
    values: list[str | int | float] = list(span.prefix)
    for operator, bound in ((">=", span.start), (">", span.after), ("<", span.end)):
        if bound is None:
            continue
        if span.reverse and operator == ">":
            operator = "<"
        columns = rest[: len(bound)]
        marks = ", ".join("?" * len(bound))
        conditions.append(f"({_list(columns)}) {operator} ({marks})")
        values.extend(bound)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return where, tuple(values), tuple(order)
