"""A lake on a folder of its own, driven without a server."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from lakebed.core.settings import Durability, Settings
from lakebed.engines.objects import ListedVersion, ObjectStore, Span, StoredObject, VersionSpan
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


def _drop(callbacks: list[Callable[[], None]]) -> None:
    """What a crash right after the commit leaves: nothing was done to any file."""


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

    def delete(self, key: str) -> StoredObject | None:
        with self.transaction() as place:
            return self.engine.delete(place, "b", key)

    def delete_and_crash(self, key: str) -> None:
        """Commit, and end before the unlink."""
        with self.transaction(lambda callbacks: None) as place:
            self.engine.delete(place, "b", key)

    def put_version(self, key: str, data: bytes, version_id: str, *, ends: bool = True) -> None:
        with self.transaction(None if ends else _drop) as place:
            found = StoredObject("b", key, 0, hashlib.md5(data).hexdigest(), 1.0)
            found = msgspec.structs.replace(found, version_id=version_id)
            self.engine.put(place, found, self.spool(data), is_versioned=True)

    def put_version_and_undo(self, key: str, data: bytes, version_id: str) -> None:
        with suppress(_UndoError), self.transaction() as place:
            found = StoredObject("b", key, 0, hashlib.md5(data).hexdigest(), 1.0)
            found = msgspec.structs.replace(found, version_id=version_id)
            self.engine.put(place, found, self.spool(data), is_versioned=True)
            raise _UndoError

    def mark_deleted(self, key: str, version_id: str, *, ends: bool = True) -> None:
        with self.transaction(None if ends else _drop) as place:
            marker = StoredObject("b", key, 0, "", 1.0, version_id=version_id)
            self.engine.versions.mark_deleted(place, marker)

    def delete_version(self, key: str, version_id: str, *, ends: bool = True) -> bool:
        with self.transaction(None if ends else _drop) as place:
            return self.engine.versions.delete(place, "b", key, version_id) is not None

    def versions(self, limit: int = 1000) -> list[tuple[str, str, bool, bytes | None]]:
        """Every version, page by page: key, id, whether it is the latest, its bytes."""
        with self.transaction() as place:
            found: list[ListedVersion] = []
            span = VersionSpan("b", limit=limit)
            while page := self.engine.versions.list(place, span):
                found.extend(page)
                last = page[-1].found
                span = VersionSpan("b", "", last.key, after_version=last.version_id, limit=limit)
            return [
                (v.key, v.found.version_id, v.is_latest, self._bytes(place, v.found)) for v in found
            ]

    def _bytes(self, place: Place, found: StoredObject) -> bytes | None:
        opened = self.engine.versions.open(place, "b", found.key, found.version_id)
        if opened is None:
            return None
        with os.fdopen(opened[1], "rb") as file:
            return file.read()

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
