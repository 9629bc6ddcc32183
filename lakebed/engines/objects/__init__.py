"""The objects kind: where the bytes of S3's objects are, and what is known of each.

An engine keeps bytes and one `StoredObject` a key; it knows nothing of requests, permissions or
errors of S3. Writes join the caller's transaction: what a raise rolls back never shows.

An engine folder `lakebed/engines/objects/<name>/` offers `open_engine(settings) -> ObjectStore`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lakebed.store import Scope


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What is known of one object.

    `etag` is without quotes, `headers` are the content headers kept for the client by their S3
    member names, `checksums` base64 by member name (`ChecksumCRC32`). `size`, `mtime_ns` and
    `inode` identify the file they were computed from: another file at the place is a hand edit.
    """

    bucket: str
    key: str
    size: int
    etag: str
    last_modified: float
    headers: dict[str, str] = field(default_factory=dict[str, str])
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    checksums: dict[str, str] = field(default_factory=dict[str, str])
    checksum_type: str = ""
    mtime_ns: int = 0
    inode: int = 0
    is_odd: bool = False


class PartStore(Protocol):
    """Keeps the parts of multipart uploads until they are joined or dropped."""

    def keep(self, upload: str, number: int, body: Path) -> str:
        """Take over a received body as a part and return the name it has from now on."""
        ...

    def join(self, upload: str, names: Sequence[str]) -> Path:
        """Return a new temporary file of the parts' bytes, one after the other. May take long."""
        ...

    def drop(self, upload: str, name: str | None = None) -> None:
        """Remove one part, or all parts of an upload; what is not there is no error."""
        ...


class ObjectStore(Protocol):
    """Keeps objects in buckets."""

    @property
    def spool_directories(self) -> list[Path]:
        """Where received bodies are written, spread; what a crash leaves there is cleaned up."""
        ...

    @property
    def parts(self) -> PartStore:
        """The parts of multipart uploads."""
        ...

    def create_bucket(self, bucket: str) -> None:
        """Make room for a bucket; one that is there (made by hand) is taken over."""
        ...

    def remove_bucket(self, scope: Scope, bucket: str) -> None:
        """Remove an empty bucket and what is known of it."""
        ...

    def put(self, scope: Scope, found: StoredObject, body: Path) -> StoredObject:
        """Make `body` (which moves away) the bytes of the object; returns it as it is kept."""
        ...

    def stat(self, scope: Scope, bucket: str, key: str) -> StoredObject | None:
        """Return what is known of an object, or None; sees what was changed by hand."""
        ...

    def open(self, scope: Scope, bucket: str, key: str) -> tuple[StoredObject, int] | None:
        """Return an object and a descriptor of its bytes, which the caller closes; or None."""
        ...

    def delete(self, scope: Scope, bucket: str, key: str) -> bool:
        """Delete an object; False if there was none."""
        ...

    def list(self, scope: Scope, span: Span) -> Sequence[StoredObject]:
        """Return the objects of a span in the order of their keys' UTF-8 bytes."""
        ...

    def sync(self, scope: Scope, bucket: str) -> None:
        """Take in everything that was changed by hand. May take long."""
        ...

    def local_path(self, bucket: str, key: str) -> Path:
        """Return the file of an object for a reader on this machine."""
        ...

    def next_unhashed(self) -> StoredObject | None:
        """Return an object made by hand whose bytes nobody has read yet, or None."""
        ...

    def digest(self, found: StoredObject) -> str | None:
        """Return the MD5 of an object's bytes; None if it has changed. Takes long: for a thread."""
        ...

    def set_etag(self, scope: Scope, found: StoredObject, etag: str) -> None:
        """Keep a digest as the object's ETag, if it is the same object still."""
        ...

    def recover(self, scope: Scope) -> None:
        """Finish or undo what a crash interrupted; called once, before anything else."""
        ...

    def forget(self) -> None:
        """Forget everything that is remembered in memory: the lake was emptied from outside."""
        ...


@dataclass(frozen=True, slots=True)
class Span:
    """Which objects to list: keys that begin with `prefix`, from `start` on, at most `limit`.

    With `is_after` the key `start` itself is left out.
    """

    bucket: str
    prefix: str = ""
    start: str = ""
    is_after: bool = False
    limit: int = 1000


def after_prefix(prefix: str) -> str | None:
    """Return the first text after all that begin with `prefix`; None if there is no such text."""
    while prefix:
        code = ord(prefix[-1]) + 1
        if code <= 0x10FFFF:
            return prefix[:-1] + chr(0xE000 if 0xD800 <= code < 0xE000 else code)
        prefix = prefix[:-1]
    return None
