"""The objects kind: where the bytes of S3's objects are, and what is known of each.

An engine keeps bytes and one `StoredObject` a key; it knows nothing of requests, permissions or
errors of S3. Writes join the caller's transaction: what a raise rolls back never shows.

An engine folder `lakebed/engines/objects/<name>/` offers `open_engine(settings) -> ObjectStore`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from lakebed.core.bodies import Place
from lakebed.sealing import sealed_file_size
from lakebed.store import Scope

if TYPE_CHECKING:
    from lakebed.engines.objects.upkeep import Upkeep


class ObjectLock(msgspec.Struct, frozen=True, omit_defaults=True):
    """What keeps a version from being deleted; the engine keeps it and asks nothing of it.

    `mode` is S3's retention mode, empty for none; `until` its end in seconds since the epoch;
    `hold` the legal hold's status, empty if it was never set.
    """

    mode: str = ""
    until: float = 0.0
    hold: str = ""


class Encryption(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the file of a version is encrypted; the engine keeps it and has no key.

    `kind` is S3's algorithm (`AES256`, `aws:kms`) or `SSE-C`. `key` is the file's key, wrapped by
    who can open it; `blob` KMS's own of what wraps it, `key_id` KMS's key, `context` the client's
    encryption context. `segments` are the plain sizes of the file's segments (`lakebed.sealing`),
    `digest` the CRC64NVME of the encrypted bytes. What was changed by hand `is_lost`.
    """

    kind: str
    key: str = ""
    blob: str = ""
    key_id: str = ""
    has_bucket_key: bool = False
    context: str = ""
    segments: tuple[tuple[int, int], ...] = ()
    digest: str = ""
    is_lost: bool = False


class StoredObject(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of one object.

    `etag` is without quotes, `headers` are the content headers kept for the client by their S3
    member names, `checksums` base64 by member name (`ChecksumCRC32`). `size`, `mtime_ns` and
    `inode` identify the file they were computed from: another file at the place is a hand edit.
    `storage_class` is empty for STANDARD; `part_count` is 0 unless it was uploaded in parts.

    `version_id` is empty for the null version. `rank` orders the versions of a key, newer ones
    less; `archive` names the engine's place of a noncurrent version. A delete marker has no bytes.
    `owner` and `grants` are empty where the bucket's owner alone may reach it.

    A struct, not a dataclass: made ten times as fast, and a thousand of them are one listing.
    """

    bucket: str
    key: str
    size: int
    etag: str
    last_modified: float
    headers: dict[str, str] = {}
    metadata: dict[str, str] = {}
    checksums: dict[str, str] = {}
    checksum_type: str = ""
    mtime_ns: int = 0
    inode: int = 0
    is_odd: bool = False
    storage_class: str = ""
    tags: dict[str, str] = {}
    part_count: int = 0
    version_id: str = ""
    rank: int = 0
    archive: str = ""
    is_delete_marker: bool = False
    owner: str = ""
    grants: tuple[tuple[str, str], ...] = ()
    lock: ObjectLock | None = None
    encryption: Encryption | None = None

    @property
    def file_size(self) -> int:
        """How long the file is: of an encrypted version it is longer than the object."""
        sealed = self.encryption
        if sealed is None or sealed.is_lost:
            return self.size
        return sealed_file_size(sealed.segments)


class ListedObject(msgspec.Struct, frozen=True, gc=False):
    """What a listing shows of an object: a thousand are read for one page."""

    key: str
    size: int
    etag: str
    last_modified: float
    checksums: dict[str, str] = {}
    checksum_type: str = ""
    storage_class: str = ""


class PartStore(Protocol):
    """Keeps the parts of multipart uploads until they are joined or dropped."""

    def place(self, upload: str, number: int, size: int) -> Place | None:
        """Return where a part that is about to be received is best written, if anywhere."""
        ...

    def keep(self, upload: str, number: int, body: Path) -> str:
        """Take over a received body as a part and return the name it has from now on."""
        ...

    def join(self, upload: str, parts: Sequence[tuple[str, int]]) -> Path:
        """Return a new temporary file of the parts' bytes, one after the other. May take long.

        A part is its name and its size. What the caller does not make an object of, it unlinks.
        """
        ...

    def drop(self, upload: str, name: str | None = None) -> None:
        """Remove one part, or all parts of an upload; what is not there is no error."""
        ...


class VersionStore(Protocol):
    """Every version of the objects of buckets that have versioning, or had it.

    The current version of a key is its object in the `ObjectStore`, unless it is a delete marker.
    A version is named by its id; the null version by the empty text.
    """

    def stat(
        self, scope: Scope, bucket: str, key: str, version_id: str | None = None
    ) -> StoredObject | None:
        """Return a version, or the latest one (which may be a delete marker); None if absent."""
        ...

    def open(
        self, scope: Scope, bucket: str, key: str, version_id: str
    ) -> tuple[StoredObject, int] | None:
        """Return a version and a descriptor of its bytes; None if absent or a delete marker."""
        ...

    def mark_deleted(self, scope: Scope, marker: StoredObject) -> StoredObject:
        """Make a delete marker the latest version; it replaces one that has the same id."""
        ...

    def delete(self, scope: Scope, bucket: str, key: str, version_id: str) -> StoredObject | None:
        """Delete one version for good and return it; the newest that is left becomes the latest."""
        ...

    def list(self, scope: Scope, span: VersionSpan) -> Sequence[ListedVersion]:
        """Return versions in the order of keys, newest first within a key."""
        ...


class ObjectStore(Protocol):
    """Keeps objects in buckets."""

    @property
    def spool_directories(self) -> list[Path]:
        """Where received bodies are written, spread; what a crash leaves there is cleaned up."""
        ...

    @property
    def upkeep(self) -> Upkeep:
        """What is done for the lake besides answering requests."""
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

    @property
    def versions(self) -> VersionStore:
        """The versions of objects, in buckets that have versioning or had it."""
        ...

    def put(
        self, scope: Scope, found: StoredObject, body: Path, *, is_versioned: bool = False
    ) -> StoredObject:
        """Make `body` (which moves away) the bytes of the object; returns it as it is kept.

        Where `found` has an inode, its size, mtime and inode are those of `body`. With
        `is_versioned` the version it replaces is kept, unless it has the same id.
        """
        ...

    def update(self, scope: Scope, found: StoredObject) -> None:
        """Keep what is known anew of a version (its tags, …) whose bytes stay as they are."""
        ...

    def copy_bytes(self, descriptor: int, start: int, length: int) -> Path:
        """Return a new temporary file of a part of an open one. May take long."""
        ...

    def stat(self, scope: Scope, bucket: str, key: str) -> StoredObject | None:
        """Return what is known of an object, or None; sees what was changed by hand."""
        ...

    def open(self, scope: Scope, bucket: str, key: str) -> tuple[StoredObject, int] | None:
        """Return an object and a descriptor of its bytes, which the caller closes; or None."""
        ...

    def delete(self, scope: Scope, bucket: str, key: str) -> StoredObject | None:
        """Delete an object and return it; None if there was none."""
        ...

    def list(self, scope: Scope, span: Span) -> Sequence[ListedObject]:
        """Return the objects of a span in the order of their keys' UTF-8 bytes."""
        ...

    def sync(self, scope: Scope, bucket: str) -> None:
        """Take in everything that was changed by hand. May take long."""
        ...

    def local_path(self, bucket: str, key: str) -> Path:
        """Return the file of an object for a reader on this machine."""
        ...

    def sealed_among(self, scope: Scope, bucket: str, keys: Sequence[str]) -> set[str] | None:
        """Return which current objects are encrypted files; None if no file of the bucket ever was.

        Each key is one look: to be asked for a page of them.
        """
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


class Span(msgspec.Struct, frozen=True):
    """Which objects to list: keys that begin with `prefix`, from `start` on, at most `limit`.

    With `is_after` the key `start` itself is left out.
    """

    bucket: str
    prefix: str = ""
    start: str = ""
    is_after: bool = False
    limit: int = 1000


class ListedVersion(msgspec.Struct, frozen=True):
    """A version as a listing shows it."""

    found: StoredObject
    is_latest: bool

    @property
    def key(self) -> str:
        """The key of the object."""
        return self.found.key


class VersionSpan(msgspec.Struct, frozen=True):
    """Which versions to list: of keys that begin with `prefix`, from `start` on, at most `limit`.

    With `is_after` the whole key `start` is left out; with `after_version` the versions of `start`
    up to that one (the null version is the empty text).
    """

    bucket: str
    prefix: str = ""
    start: str = ""
    is_after: bool = False
    after_version: str | None = None
    limit: int = 1000


def part_file(name: str) -> str:
    """Return the file that holds a part of an upload, by the part's name: parts may share one."""
    return name.partition("@")[0]


def after_prefix(prefix: str) -> str | None:
    """Return the first text after all that begin with `prefix`; None if there is no such text."""
    while prefix:
        code = ord(prefix[-1]) + 1
        if code <= 0x10FFFF:
            return prefix[:-1] + chr(0xE000 if 0xD800 <= code < 0xE000 else code)
        prefix = prefix[:-1]
    return None
