"""What survives a restart: typed tables over one transactional store.

A `Table[T]` keeps frozen dataclasses or structs by key; a `Transaction` is what an implementation
(SQLite now) provides. Rows are kept as JSON beside their key columns, so a field with a default can
be added without a migration, and `sqlite3 state/store.sqlite` shows a person what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from lakebed.core.limits import ROWS_REMEMBERED_MAX

T = TypeVar("T")
V = TypeVar("V")
Key = tuple[str | int | float, ...]


class StoreError(Exception):
    """The store could not do what was asked (disk full, file damaged); nothing was written."""


class Layout(msgspec.Struct, frozen=True):
    """The columns of a table: `key` in order, `indexes` by name; `durable` writes are synced.

    Column names that hold numbers are in `numbers`; all others hold text. The loop's transaction
    keeps rows that are `remembered` in memory once they were read, until something is written.
    """

    name: str
    key: tuple[str, ...]
    indexes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    numbers: frozenset[str] = frozenset()
    durable: bool = True
    remembered: bool = False

    @property
    def indexed(self) -> tuple[str, ...]:
        """The columns that only indexes need, in a fixed order."""
        names = {column for _, columns in self.indexes for column in columns}
        return tuple(sorted(names - set(self.key)))


class Range(msgspec.Struct, frozen=True):
    """Which rows to scan, in key order: those beginning with `prefix`, then bounds on the rest.

    `start` is inclusive, `after` exclusive (both may be longer than one column), `end` exclusive.
    `index` names another order than the key's; `reverse` gives the last rows first.
    """

    prefix: Key = ()
    start: Key | None = None
    after: Key | None = None
    end: Key | None = None
    limit: int | None = None
    index: str | None = None
    reverse: bool = False


class CommitGroup(Protocol):
    """Writes once a commit what many units of work of it have in common."""

    def before_commit(self, store: Transaction, items: Sequence[Any]) -> None:
        """Write what the items need written, as a part of the commit that is about to happen."""
        ...

    def undone(self, items: Sequence[Any]) -> None:
        """Forget the items: their unit of work, or the whole commit, was rolled back."""
        ...

    def frees_room(self, items: Sequence[Any]) -> bool:
        """Say whether the disk has more room once the items are done."""
        ...


class Transaction(Protocol):
    """All-or-nothing access to the tables; of one thread at a time."""

    def get(self, layout: Layout, key: Key) -> bytes | None:
        """Return the row's JSON, or None."""
        ...

    def put(self, layout: Layout, key: Key, indexed: Key, value: bytes) -> None:
        """Insert the row or replace it."""
        ...

    def insert(self, layout: Layout, key: Key, indexed: Key, value: bytes) -> bool:
        """Insert the row; False, and nothing written, if its key is there."""
        ...

    def delete(self, layout: Layout, key: Key) -> bool:
        """Delete the row; False if it was not there."""
        ...

    def delete_range(self, layout: Layout, span: Range) -> int:
        """Delete the rows of a range and return how many there were."""
        ...

    def scan(self, layout: Layout, span: Range) -> Sequence[bytes]:
        """Return the JSON of the rows of a range, in order."""
        ...

    def count(self, layout: Layout, prefix: Key) -> int:
        """Return the number of rows whose key begins with `prefix`."""
        ...

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo the writes of the block, and forget its callbacks, if it raises."""
        ...

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back once the writes are committed; never if they are not."""
        ...

    def flush_first(self, flush: Callable[[], None]) -> None:
        """Call `flush` in a thread, once a commit, before the answers that waited on it leave.

        For what is kept beside the rows. A StoreError of it is what they are then answered; the
        rows are kept.
        """
        ...

    def take_flushes(self) -> set[Callable[[], None]]:
        """Return what is to be flushed before answers leave, and forget it."""
        ...

    def join(self, group: CommitGroup, item: object) -> None:
        """Hand an item to a group, which hears of all items of a commit at once, before it."""
        ...


class MainTransaction(Transaction, Protocol):
    """The event loop's transaction: many units of work, each in a savepoint, one commit."""

    @property
    def is_open(self) -> bool:
        """Whether something was written, or a call left behind, since the last commit."""
        ...

    needs_sync: bool
    """Whether a durable table was written since this was last set to False."""

    def callbacks_count(self) -> int:
        """Return how many callbacks wait for the commit."""
        ...

    def commit(self) -> list[Callable[[], None]]:
        """Commit and return the callbacks that are now due; StoreError if nothing was kept."""
        ...


class Store(Protocol):
    """An open store; closed by its owner."""

    @property
    def main(self) -> MainTransaction:
        """The transaction of the thread that runs the event loop."""
        ...

    def transaction(
        self, deliver: Callable[[list[Callable[[], None]]], None] | None = None
    ) -> AbstractContextManager[Transaction]:
        """A transaction of the calling thread, committed at the end, rolled back on a raise.

        Its callbacks run in the calling thread, after the commit, or are handed to `deliver`.
        """
        ...

    def sync(self) -> None:
        """Make everything committed so far survive a power loss. Any thread may call it."""
        ...

    def checkpoint_if_due(self) -> bool:
        """Do the housekeeping that a long log asks for; True if it was due. For a thread."""
        ...

    def close(self) -> None:
        """Commit nothing further and release the files."""
        ...


EVERYTHING = Range()
"""The range of all rows."""


class Scope(Protocol):
    """Where a table is looked at: the transaction, and whose rows (a Context is one)."""

    @property
    def store(self) -> Transaction:
        """The open transaction."""
        ...

    @property
    def account(self) -> str:
        """The 12-digit account whose rows are meant."""
        ...

    @property
    def region(self) -> str:
        """The region whose rows are meant."""
        ...


class Table(Generic[T]):
    """Rows of one frozen dataclass or struct `T`, kept by the fields named in `key`.

    The stored key starts with (account, region) unless `everywhere` is set (S3 bucket names are
    global). `indexes` gives further orders as `name=(field, …)`. Text sorts by its UTF-8 bytes, as
    S3 lists keys. `remembered` is for rows that nearly every request reads, and few writes: a row
    got may then be the same object as one got before, so nobody may change what is in it.
    """

    def __init__(  # noqa: PLR0913 (a declaration: everything past the key is by keyword)
        self,
        name: str,
        row: type[T],
        key: tuple[str, ...],
        *,
        indexes: dict[str, tuple[str, ...]] | None = None,
        numbers: tuple[str, ...] = (),
        everywhere: bool = False,
        durable: bool = True,
        remembered: bool = False,
    ) -> None:
        own = () if everywhere else ("account", "region")
        self.layout = Layout(
            name,
            own + key,
            tuple((label, own + columns) for label, columns in (indexes or {}).items()),
            frozenset(numbers),
            durable,
            remembered,
        )
        self._rows: dict[bytes, T] = {}
        self._everywhere = everywhere
        self._key = key
        self._indexed = self.layout.indexed
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(row).decode

    def _full(self, scope: Scope, key: Key) -> Key:
        return key if self._everywhere else (scope.account, scope.region, *key)

    def _key_of(self, scope: Scope, row: T) -> Key:
        return self._full(scope, tuple(getattr(row, name) for name in self._key))

    def _indexed_of(self, row: T) -> Key:
        return tuple(getattr(row, name) for name in self._indexed)

    def get(self, scope: Scope, *key: str | int | float) -> T | None:
        """Return the row with this key, or None."""
        value = scope.store.get(self.layout, self._full(scope, key))
        if value is None:
            return None
        if not self.layout.remembered:
            return self._decode(value)
        row = self._rows.get(value)
        if row is None:
            row = self._decode(value)
            if len(self._rows) >= ROWS_REMEMBERED_MAX:
                self._rows.clear()
            self._rows[value] = row
        return row

    def put(self, scope: Scope, row: T) -> None:
        """Insert the row, or replace the one with its key."""
        key = self._key_of(scope, row)
        scope.store.put(self.layout, key, self._indexed_of(row), self._encode(row))

    def insert(self, scope: Scope, row: T) -> bool:
        """Insert the row; False, and nothing written, if its key is there."""
        key = self._key_of(scope, row)
        return scope.store.insert(self.layout, key, self._indexed_of(row), self._encode(row))

    def delete(self, scope: Scope, *key: str | int | float) -> bool:
        """Delete the row with this key; False if it was not there."""
        return scope.store.delete(self.layout, self._full(scope, key))

    def delete_range(self, scope: Scope, span: Range) -> int:
        """Delete the rows of a range and return how many there were."""
        return scope.store.delete_range(self.layout, self._span(scope, span))

    def scan(self, scope: Scope, span: Range = EVERYTHING) -> Iterator[T]:
        """Yield the rows of a range, in order; `span`'s keys leave out account and region."""
        for value in scope.store.scan(self.layout, self._span(scope, span)):
            yield self._decode(value)

    def view(self, row: type[V]) -> Callable[[Scope, Range], list[V]]:
        """Return what scans rows as another type, of some of their fields: quicker to read."""
        decode = msgspec.json.Decoder(row).decode

        def scan(scope: Scope, span: Range) -> list[V]:
            return list(map(decode, scope.store.scan(self.layout, self._span(scope, span))))

        return scan

    def count(self, scope: Scope, *prefix: str | int) -> int:
        """Return how many rows have a key that begins with `prefix`."""
        return scope.store.count(self.layout, self._full(scope, prefix))

    def _span(self, scope: Scope, span: Range) -> Range:
        if self._everywhere:
            return span
        own: Key = (scope.account, scope.region)
        return Range(
            own + span.prefix,
            span.start,
            span.after,
            span.end,
            span.limit,
            span.index,
            span.reverse,
        )
