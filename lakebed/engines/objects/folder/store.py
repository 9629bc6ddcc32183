"""The folder engine: an object is a plain file, and a row that says what is known of it.

PUT writes the row and a pending mark in the caller's transaction, and renames the received file
into place right after the commit, before the answer: a crash in between is rolled forward at the
next start. A row names its file by size, mtime and inode, so a file changed by hand is seen.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lakebed.core.limits import MIB
from lakebed.engines.objects import Span, StoredObject, after_prefix
from lakebed.engines.objects.folder.files import by_hand, is_same
from lakebed.engines.objects.folder.parts import FolderParts
from lakebed.engines.objects.folder.places import Places
from lakebed.engines.objects.folder.reconcile import Reconciler
from lakebed.store import Range, Scope, Table

SPOOL_DIRECTORIES = 8
"""ext4 makes creating a file ten times dearer where many were just deleted: spread them."""
UNHASHED_MAX = 10_000
LANDED_ROWS_MAX = 64
"""So many pending marks of finished renames are deleted at once."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A received file on its way to its place; `id` grows with the order of commits."""

    id: int
    bucket: str
    key: str
    temporary: str
    place: str
    inode: int


class FolderStore:
    """The objects of one data folder."""

    def __init__(self, lake: Path, state: Path, *, is_synced: bool) -> None:
        self._objects = Table(
            "s3_object", StoredObject, ("bucket", "key"), everywhere=True, durable=is_synced
        )
        self._pending = Table(
            "s3_pending", Pending, ("id",), numbers=("id",), everywhere=True, durable=is_synced
        )
        self._lake, self._state = lake, state
        self._is_synced = is_synced
        self._places = Places(lake, state / "odd")
        # A bucket without escaped keys needs no look at the row that a PUT replaces.
        self._odd_buckets = set(os.listdir(self._places.odd))
        self._spools = [state / "tmp" / str(n) for n in range(SPOOL_DIRECTORIES)]
        for directory in self._spools:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._next_id = 1
        self._landed = 0
        self._landed_directories: set[str] = set()
        # What was put and is not in place yet, by bucket and key; at most what one turn holds.
        self._in_flight: dict[tuple[str, str], list[Pending]] = {}
        self._parts = FolderParts(state / "parts", self._new_path, is_synced=True)
        self._reconciler = Reconciler(self._places, self._objects, self.is_in_flight, self._note)
        # Objects made by hand, whose ETag is not their MD5 yet; what does not fit is noted again
        # when it is next looked at.
        self._unhashed: dict[tuple[str, str], StoredObject] = {}

    @property
    def spool_directories(self) -> list[Path]:
        """Where received bodies are written, spread; what a crash leaves there is cleaned up."""
        return self._spools

    @property
    def parts(self) -> FolderParts:
        """The parts of multipart uploads."""
        return self._parts

    def _new_path(self) -> Path:
        token = os.urandom(12).hex()
        return self._spools[int(token, 16) % SPOOL_DIRECTORIES] / token

    # -- buckets ------------------------------------------------------------------------------

    def create_bucket(self, bucket: str) -> None:
        """Make room for a bucket; one that is there (made by hand) is taken over."""
        os.makedirs(self._places.bucket(bucket), exist_ok=True)

    def remove_bucket(self, scope: Scope, bucket: str) -> None:
        """Remove an empty bucket and what is known of it."""
        self._objects.delete_range(scope, Range(prefix=(bucket,)))
        self._reconciler.forget(bucket)

        def remove() -> None:
            # Only empty directories: a file dropped by hand at this moment is not ours to delete.
            for directory, _, _ in os.walk(self._places.bucket(bucket), topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(directory)
            shutil.rmtree(f"{self._places.odd}/{bucket}", ignore_errors=True)

        scope.store.after_commit(remove)

    # -- writing ------------------------------------------------------------------------------

    def put(self, scope: Scope, found: StoredObject, body: Path) -> StoredObject:
        """Make `body` (which moves away) the bytes of the object; returns it as it is kept."""
        bucket, key = found.bucket, found.key
        known = self._objects.get(scope, bucket, key) if bucket in self._odd_buckets else None
        place, is_odd = self._place_for(bucket, key, known)
        temporary = str(body)
        file = os.stat(temporary)
        # Spelled out, because dataclasses.replace costs 5 µs of the few there are for a PUT.
        kept = StoredObject(
            bucket,
            key,
            file.st_size,
            found.etag,
            found.last_modified,
            found.headers,
            found.metadata,
            found.checksums,
            found.checksum_type,
            file.st_mtime_ns,
            file.st_ino,
            is_odd,
        )
        self._objects.put(scope, kept)
        # From here this thread holds the store's only writer, so ids follow the order of commits.
        pending = Pending(self._next_id, bucket, key, temporary, place, file.st_ino)
        self._next_id += 1
        self._pending.put(scope, pending)
        if self._landed >= LANDED_ROWS_MAX:
            self._sweep(scope)
        self._in_flight.setdefault((bucket, key), []).append(pending)
        scope.store.after_commit(lambda: self._land(pending))
        return kept

    def _place_for(self, bucket: str, key: str, known: StoredObject | None) -> tuple[str, bool]:
        """Return the path a new object gets, its directory made, and whether it is escaped."""
        plain = None
        if known is None or not known.is_odd:
            plain = self._places.plain(bucket, key)
        if plain is not None and self._is_free(bucket, key, plain):
            return plain, False
        escaped = self._places.escaped(bucket, key)
        self._odd_buckets.add(bucket)
        os.makedirs(os.path.dirname(escaped), exist_ok=True, mode=0o700)
        return escaped, True

    def _is_free(self, bucket: str, key: str, plain: str) -> bool:
        """Say whether a path can hold this key; makes the directories above it."""
        places = self._places
        if "/" in key and self._in_flight and self._is_below_in_flight(bucket, key):
            return False
        if places.folds_case and not places.is_exact(plain):
            return False
        directory = plain.rpartition("/")[0]
        if not places.is_directory(directory):
            try:
                os.makedirs(directory, exist_ok=True)
            except (FileExistsError, NotADirectoryError):
                return False
            except OSError as error:
                if error.errno == errno.ENAMETOOLONG:  # the lake itself lies deep
                    return False
                raise
            if not places.is_directory(directory):
                return False
        return _is_absent_or_file(plain)

    def _is_below_in_flight(self, bucket: str, key: str) -> bool:
        head = key.rpartition("/")[0]
        while head:
            if (bucket, head) in self._in_flight:
                return True
            head = head.rpartition("/")[0]
        return False

    def _land(self, pending: Pending) -> None:
        """Rename a committed object's file into place."""
        name = (pending.bucket, pending.key)
        waiting = self._in_flight.get(name, [])
        if pending not in waiting:
            # A later write of the key, by another thread, is in place already.
            return
        remember = self._reconciler.expect(pending.place)
        try:
            os.rename(pending.temporary, pending.place)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(pending.place), exist_ok=True)
            os.rename(pending.temporary, pending.place)
        finally:
            self._settle(name, pending.id)
        remember()
        self._landed += 1
        if self._is_synced:
            self._landed_directories.add(os.path.dirname(pending.place))

    def _settle(self, name: tuple[str, str], last: int) -> None:
        """Forget what is in flight for a key up to an id, and remove what it leaves behind."""
        waiting = self._in_flight.get(name)
        if waiting is None:
            return
        later = [pending for pending in waiting if pending.id > last]
        for pending in waiting:
            if pending.id < last:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(pending.temporary)
        if later:
            self._in_flight[name] = later
        else:
            del self._in_flight[name]

    def _sweep(self, scope: Scope) -> None:
        """Delete the marks of renames that are done; of those rolled back nothing was marked."""
        for name, waiting in list(self._in_flight.items()):
            alive = [pending for pending in waiting if os.path.exists(pending.temporary)]
            if alive:
                self._in_flight[name] = alive
            else:
                self._in_flight.pop(name, None)
        for directory in self._landed_directories:
            _sync_directory(directory)
        self._landed_directories.clear()
        ids = [pending.id for waiting in self._in_flight.values() for pending in waiting]
        self._landed = 0
        # The caller's own mark is the newest, and its file still waits for the commit.
        self._pending.delete_range(scope, Range(end=(min([*ids, self._next_id - 1]),)))

    def delete(self, scope: Scope, bucket: str, key: str) -> bool:
        """Delete an object; False if there was none."""
        known = self._objects.get(scope, bucket, key)
        if known is not None:
            self._objects.delete(scope, bucket, key)
        if (bucket, key) in self._in_flight:
            self._delete_in_flight(scope, bucket, key, known)
        path = self._path(bucket, key, known)
        if path is None or not self._is_file(path):
            return known is not None
        remember = self._reconciler.expect(path)
        os.unlink(path)
        if self._is_synced:
            _sync_directory(os.path.dirname(path))
        remember()
        if "/" in key and (known is None or not known.is_odd):
            self._prune(bucket, key)
        return True

    def _delete_in_flight(
        self, scope: Scope, bucket: str, key: str, known: StoredObject | None
    ) -> None:
        """Undo, after the commit, the renames that will have happened by then."""
        last = self._in_flight[bucket, key][-1]
        inode = known.inode if known is not None else last.inode

        def remove() -> None:
            self._settle((bucket, key), last.id)
            for path in (last.temporary, last.place):
                with contextlib.suppress(OSError):
                    if os.lstat(path).st_ino == inode:
                        os.unlink(path)
            self._prune(bucket, key)

        scope.store.after_commit(remove)

    def _is_file(self, path: str) -> bool:
        try:
            is_file = stat.S_ISREG(os.lstat(path).st_mode)
        except OSError:
            return False
        return is_file and self._places.is_directory(os.path.dirname(path))

    def _prune(self, bucket: str, key: str) -> None:
        """Remove the directories above a deleted file that it leaves empty, up to the bucket."""
        head = key.rpartition("/")[0]
        while head:
            begin = head + "/"
            if any(b == bucket and k.startswith(begin) for b, k in list(self._in_flight)):
                return
            try:
                os.rmdir(f"{self._places.lake}/{bucket}/{head}")
            except OSError:
                return
            head = head.rpartition("/")[0]

    # -- reading ------------------------------------------------------------------------------

    def _path(self, bucket: str, key: str, known: StoredObject | None) -> str | None:
        if known is not None and known.is_odd:
            return self._places.escaped(bucket, key)
        return self._places.plain(bucket, key)

    def stat(self, scope: Scope, bucket: str, key: str) -> StoredObject | None:
        """Return what is known of an object, or None; sees what was changed by hand."""
        opened = self.open(scope, bucket, key)
        if opened is None:
            return None
        os.close(opened[1])
        return opened[0]

    def open(self, scope: Scope, bucket: str, key: str) -> tuple[StoredObject, int] | None:
        """Return an object and a descriptor of its bytes, which the caller closes; or None."""
        known = self._objects.get(scope, bucket, key)
        path = self._path(bucket, key, known)
        descriptor = -1 if path is None else self._places.open(path)
        if descriptor >= 0:
            file = os.fstat(descriptor)
            if known is not None and is_same(known, file):
                if known.etag.endswith("-1") and known.etag == by_hand(bucket, key, file).etag:
                    self._note(known)
                return known, descriptor
        else:
            file = None
        if known is not None and (waiting := self._in_flight.get((bucket, key))):
            for pending in waiting:
                if pending.inode == known.inode:
                    if descriptor >= 0:
                        os.close(descriptor)
                    return known, os.open(pending.temporary, os.O_RDONLY | os.O_CLOEXEC)
        if file is None:
            return None
        # A file that is not the row's own is served only where no link led to it.
        if not stat.S_ISREG(file.st_mode) or not self._is_plainly_at(descriptor, path):
            os.close(descriptor)
            return None
        made = by_hand(bucket, key, file)
        self._note(made)
        return made, descriptor

    def _note(self, made: StoredObject) -> None:
        if len(self._unhashed) < UNHASHED_MAX:
            self._unhashed[made.bucket, made.key] = made

    def next_unhashed(self) -> StoredObject | None:
        """Return an object made by hand whose bytes nobody has read yet, or None."""
        return self._unhashed.popitem()[1] if self._unhashed else None

    def digest(self, found: StoredObject) -> str | None:
        """Return the MD5 of an object's bytes; None if it has changed. Takes long: for a thread."""
        path = self._places.plain(found.bucket, found.key)
        descriptor = -1 if path is None else self._places.open(path)
        if descriptor < 0:
            return None
        with os.fdopen(descriptor, "rb") as file:
            digest = hashlib.md5(usedforsecurity=False)
            while block := file.read(MIB):
                digest.update(block)
            return digest.hexdigest() if is_same(found, os.fstat(file.fileno())) else None

    def set_etag(self, scope: Scope, found: StoredObject, etag: str) -> None:
        """Keep a digest as the object's ETag, if it is the same object still."""
        opened = self.open(scope, found.bucket, found.key)
        if opened is None:
            return
        now, descriptor = opened
        os.close(descriptor)
        self._unhashed.pop((found.bucket, found.key), None)
        if (now.inode, now.mtime_ns, now.size) == (found.inode, found.mtime_ns, found.size):
            self._objects.put(scope, replace(found, etag=etag))

    def _is_plainly_at(self, descriptor: int, path: str | None) -> bool:
        places = self._places
        return path is not None and places.is_at(descriptor, path) and places.is_exact(path)

    def list(self, scope: Scope, span: Span) -> Sequence[StoredObject]:
        """Return the objects of a span in the order of their keys' UTF-8 bytes."""
        self._reconciler.look(scope, span.bucket)
        is_after = span.is_after and span.start >= span.prefix
        start = (max(span.start, span.prefix),)
        end = after_prefix(span.prefix)
        rows = Range(
            prefix=(span.bucket,),
            start=None if is_after else start,
            after=start if is_after else None,
            end=None if end is None else (end,),
            limit=span.limit,
        )
        return list(self._objects.scan(scope, rows))

    def sync(self, scope: Scope, bucket: str) -> None:
        """Take in everything that was changed by hand. May take long."""
        self._reconciler.forget(bucket)
        self._reconciler.finish(scope, bucket)

    def local_path(self, bucket: str, key: str) -> Path:
        """Return the file of an object for a reader on this machine."""
        plain = self._places.plain(bucket, key)
        escaped = self._places.escaped(bucket, key)
        if plain is None or os.path.exists(escaped):
            return Path(escaped)
        return Path(plain)

    def is_in_flight(self, bucket: str, key: str) -> bool:
        """Say whether a write of this key has not reached its place yet."""
        return (bucket, key) in self._in_flight

    # -- start and reset ----------------------------------------------------------------------

    def recover(self, scope: Scope) -> None:
        """Finish or undo what a crash interrupted; called once, before anything else."""
        newest: dict[tuple[str, str], Pending] = {}
        for pending in self._pending.scan(scope):
            newest[pending.bucket, pending.key] = pending
        for pending in newest.values():
            self._roll_forward(scope, pending)
        self._pending.delete_range(scope, Range())

        def clean() -> None:
            for directory in self._spools:
                for entry in os.scandir(directory):
                    os.unlink(entry.path)

        scope.store.after_commit(clean)

    def _roll_forward(self, scope: Scope, pending: Pending) -> None:
        known = self._objects.get(scope, pending.bucket, pending.key)
        try:
            file = os.stat(pending.temporary)
        except FileNotFoundError:
            return
        if known is None or not is_same(known, file):
            return
        place, is_odd = self._place_for(pending.bucket, pending.key, known)
        os.rename(pending.temporary, place)
        if is_odd != known.is_odd:
            self._objects.put(scope, replace(known, is_odd=is_odd))
        if self._is_synced:
            _sync_directory(os.path.dirname(place))

    def forget(self) -> None:
        """Forget everything that is remembered in memory: the lake was emptied from outside."""
        self._in_flight.clear()
        self._odd_buckets.clear()
        self._landed = 0
        self._landed_directories.clear()
        self._reconciler.forget(None)
        shutil.rmtree(self._places.odd, ignore_errors=True)
        os.makedirs(self._places.odd, exist_ok=True, mode=0o700)
        self._parts.clear()


def _is_absent_or_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return False
        raise


def _sync_directory(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
