"""A lake on a folder of its own, driven without a server."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lakebed.core.settings import Durability, Settings
from lakebed.engines.objects import ObjectStore, Span, StoredObject
from lakebed.engines.objects.folder import open_engine
from lakebed.store import Transaction
from lakebed.store.sqlite import SqliteStore


@dataclass(frozen=True)
class Place:
    store: Transaction
    account: str = "000000000000"
    region: str = "us-east-1"


class _UndoError(Exception):
    """Rolls a transaction back."""


class Lake:
    """One engine over one store; `reopen` is what a new process would do after a crash."""

    def __init__(self, folder: Path, durability: Durability = "file") -> None:
        self.settings = Settings(data_dir=folder, durability=durability)
        self._open()
        with self.transaction() as place:
            self.engine.create_bucket("b")
            self.engine.recover(place)

    def _open(self) -> None:
        self.store = SqliteStore(self.settings.state_dir / "store.sqlite")
        self.engine: ObjectStore = open_engine(self.settings)

    def reopen(self) -> None:
        self.store.close()
        self._open()
        with self.transaction() as place:
            self.engine.recover(place)

    @contextmanager
    def transaction(
        self, deliver: Callable[[list[Callable[[], None]]], None] | None = None
    ) -> Generator[Place]:
        with self.store.transaction(deliver) as transaction:
            yield Place(transaction)

    def spool(self, data: bytes) -> Path:
        path = self.engine.spool_directories[0] / os.urandom(8).hex()
        path.write_bytes(data)
        return path

    def put_in(self, place: Place, key: str, data: bytes) -> StoredObject:
        etag = hashlib.md5(data).hexdigest()
        found = StoredObject("b", key, len(data), etag, 1.0, {"ContentType": "x"}, {"a": "b"})
        return self.engine.put(place, found, self.spool(data))

    def put(self, key: str, data: bytes) -> StoredObject:
        with self.transaction() as place:
            return self.put_in(place, key, data)

    def put_and_crash(self, key: str, data: bytes) -> None:
        """Commit, and end before the rename."""
        with self.transaction(lambda callbacks: None) as place:
            self.put_in(place, key, data)

    def put_and_undo(self, *entries: tuple[str, bytes]) -> None:
        """Put in one transaction that is rolled back."""
        try:
            with self.transaction() as place:
                for key, data in entries:
                    self.put_in(place, key, data)
                raise _UndoError
        except _UndoError:
            pass

    def delete(self, key: str) -> bool:
        with self.transaction() as place:
            return self.engine.delete(place, "b", key)

    def read_in(self, place: Place, key: str) -> bytes | None:
        opened = self.engine.open(place, "b", key)
        if opened is None:
            return None
        found, descriptor = opened
        with os.fdopen(descriptor, "rb") as file:
            data = file.read()
        assert found.size == len(data)
        return data

    def read(self, key: str) -> bytes | None:
        with self.transaction() as place:
            return self.read_in(place, key)

    def stat(self, key: str) -> StoredObject | None:
        with self.transaction() as place:
            return self.engine.stat(place, "b", key)

    def sync(self) -> None:
        with self.transaction() as place:
            self.engine.sync(place, "b")

    def keys(self, prefix: str = "", start: str = "", limit: int = 1000) -> list[str]:
        with self.transaction() as place:
            span = Span("b", prefix, start, is_after=bool(start), limit=limit)
            return [found.key for found in self.engine.list(place, span)]

    def file(self, key: str) -> Path:
        return self.settings.lake_dir / "b" / key

    def close(self) -> None:
        self.store.close()
