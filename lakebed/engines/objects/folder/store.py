"""The folder engine: an object is a plain file, and a row that says what is known of it.

PUT writes the row and a mark in the journal in the caller's transaction, and renames the received
file into place right after the commit, before the answer; DELETE takes the row away and unlinks
likewise. What a crash leaves half done is finished at the next start. A row names its file by size,
mtime and inode, so a file changed by hand is seen.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from lakebed.core.limits import MIB
from lakebed.engines.objects import ListedObject, Span, StoredObject, after_prefix
from lakebed.engines.objects.folder.files import MARKER, by_hand, copy_range, is_copy, is_same
from lakebed.engines.objects.folder.holdings import Holdings
from lakebed.engines.objects.folder.journal import Journal
from lakebed.engines.objects.folder.parts import FolderParts
from lakebed.engines.objects.folder.places import Places
from lakebed.engines.objects.folder.reconcile import Reconciler
from lakebed.engines.objects.folder.spread import spread_directories
from lakebed.engines.objects.folder.upkeep import FolderUpkeep
from lakebed.engines.objects.folder.versions import FolderVersions
from lakebed.store import Range, Scope, Table

SPOOL_DIRECTORIES = 64
UNHASHED_MAX = 10_000
_PATH_MAX = 4096 // 4
"""Characters, of four bytes each at most, that every system takes for a path."""


class SealedBucket(msgspec.Struct, frozen=True):
    """A bucket that an encrypted file was put into."""

    bucket: str


class FolderStore:
    """The objects of one data folder; `durability` is `none`, `file` or `full`."""

    def __init__(self, lake: Path, state: Path, *, durability: str) -> None:
        is_synced = durability == "full"
        self._objects = Table(
            "s3_object", StoredObject, ("bucket", "key"), everywhere=True, durable=is_synced
        )
        # Which buckets have, or had, encrypted files: in all others nobody needs to ask for each.
        self._sealed = Table("s3_sealed_bucket", SealedBucket, ("bucket",), everywhere=True)
        self._listed = self._objects.view(ListedObject)
        self._durability = durability
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        state = Path(os.path.realpath(state))
        self._places = Places(lake, state / "odd")
        # A bucket without escaped keys needs no look at the row that a PUT replaces.
        self._odd_buckets = set(os.listdir(self._places.odd))
        self._spools = spread_directories(state / "tmp", SPOOL_DIRECTORIES)
        self._journal = Journal(self, state, is_synced=is_synced)
        self._versions = FolderVersions(self, self._journal, state, is_synced=is_synced)
        self._parts = FolderParts(state / "parts", self._new_path, is_synced=True)
        self._reconciler = Reconciler(self._places, self._objects, self.is_in_flight, self._note)
        self._was_copied = self._reconciler.was_copied = is_copy(state / MARKER)
        holdings = Holdings(
            self._places, state, self._objects, self._versions.table, self._journal.table
        )
        self._upkeep = FolderUpkeep(holdings, self._reconciler, self._journal)
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

    @property
    def versions(self) -> FolderVersions:
        """The versions of objects, in buckets that have versioning or had it."""
        return self._versions

    @property
    def upkeep(self) -> FolderUpkeep:
        """What is done for the lake besides answering requests."""
        return self._upkeep

    def _new_path(self) -> Path:
        token = os.urandom(12).hex()
        return self._spools[int(token, 16) % SPOOL_DIRECTORIES] / token

    # -- buckets ------------------------------------------------------------------------------

    def create_bucket(self, bucket: str) -> None:
        """Make room for a bucket; one that is there (made by hand) is taken over."""
        os.makedirs(self._places.bucket(bucket), exist_ok=True)
        self._reconciler.adopt(bucket)

    def remove_bucket(self, scope: Scope, bucket: str) -> None:
        """Remove an empty bucket and what is known of it."""
        self._objects.delete_range(scope, Range(prefix=(bucket,)))
        self._sealed.delete(scope, bucket)
        self._versions.remove_bucket(scope, bucket)
        self._reconciler.drop(bucket)

        def remove() -> None:
            # Only empty directories: a file dropped by hand at this moment is not ours to delete.
            for directory, _, _ in os.walk(self._places.bucket(bucket), topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(directory)
            shutil.rmtree(f"{self._places.odd}/{bucket}", ignore_errors=True)

        scope.store.after_commit(remove)

    # -- writing ------------------------------------------------------------------------------

    def put(
        self, scope: Scope, found: StoredObject, body: Path, *, is_versioned: bool = False
    ) -> StoredObject:
        """Make `body` (which moves away) the bytes of the object; returns it as it is kept."""
        rank = self._versions.make_room(scope, found) if is_versioned else 0
        path = str(body)
        facts = (found.size, found.mtime_ns, found.inode, rank)
        if not found.inode:
            file = os.stat(path)
            facts = (file.st_size, file.st_mtime_ns, file.st_ino, rank)
        return self.place(scope, found, path, facts)

    def place(
        self, scope: Scope, found: StoredObject, path: str, facts: tuple[int, int, int, int]
    ) -> StoredObject:
        """Write the row of a file and plan its rename; facts: size, mtime_ns, inode, rank."""
        bucket, key = found.bucket, found.key
        known = self._objects.get(scope, bucket, key) if bucket in self._odd_buckets else None
        place, is_odd = self._place_for(bucket, key, known)
        size, mtime_ns, inode, rank = facts
        if found.encryption is not None:
            size = found.size
            # Once: this table is synced, which most durability modes do not do for an object.
            if self._sealed.get(scope, bucket) is None:
                self._sealed.put(scope, SealedBucket(bucket))
        # Spelled out, because a generic copy costs several times as much.
        kept = StoredObject(
            bucket,
            key,
            size,
            found.etag,
            found.last_modified,
            found.headers,
            found.metadata,
            found.checksums,
            found.checksum_type,
            mtime_ns,
            inode,
            is_odd,
            found.storage_class,
            found.tags,
            found.part_count,
            found.version_id,
            rank,
            owner=found.owner,
            grants=found.grants,
            lock=found.lock,
            encryption=found.encryption,
        )
        self._objects.put(scope, kept)
        self._journal.rename(scope, kept, path, place)
        return kept

    def update(self, scope: Scope, found: StoredObject) -> None:
        """Keep what is known anew of a version (its tags, …) whose bytes stay as they are."""
        if found.archive or found.is_delete_marker:
            self._versions.keep(scope, found)
        else:
            self._objects.put(scope, found)

    def copy_bytes(self, descriptor: int, start: int, length: int) -> Path:
        """Return a new temporary file of a part of an open one. May take long."""
        target = self._new_path()
        copy_range(descriptor, start, length, target, is_synced=self._durability != "none")
        return target

    def _place_for(
        self, bucket: str, key: str, known: StoredObject | None, *, is_certain: bool = False
    ) -> tuple[str, bool]:
        """Return the path a new object gets, its directory made, and whether it is escaped.

        Unless asked to be certain it does not look whether a directory is at the very path: that
        is rare, the look is dear, and the journal finds out.
        """
        plain = None
        if known is None or not known.is_odd:
            plain = self._places.plain(bucket, key)
        if (
            plain is not None
            and self._is_free(bucket, key, plain)
            and (not is_certain or _is_absent_or_file(plain))
        ):
            return plain, False
        escaped = self._places.escaped(bucket, key)
        self._odd_buckets.add(bucket)
        os.makedirs(os.path.dirname(escaped), exist_ok=True, mode=0o700)
        return escaped, True

    def _is_free(self, bucket: str, key: str, plain: str) -> bool:
        """Say whether a path can hold this key; makes the directories above it."""
        places = self._places
        if "/" in key and self._journal.puts and self._is_below_in_flight(bucket, key):
            return False
        if places.folds_case and not places.is_exact(plain):
            return False
        directory = plain.rpartition("/")[0]
        if not places.is_directory(directory):
            try:
                self._reconciler.make_directories(directory)
            except (FileExistsError, NotADirectoryError):
                return False
            except OSError as error:
                if error.errno == errno.ENAMETOOLONG:  # the lake itself lies deep
                    return False
                raise
            if not places.is_directory(directory):
                return False
        if places.was_directory(plain):
            return _is_absent_or_file(plain)
        return len(plain) < _PATH_MAX

    def _is_below_in_flight(self, bucket: str, key: str) -> bool:
        head = key.rpartition("/")[0]
        while head:
            if (bucket, head) in self._journal.puts:
                return True
            head = head.rpartition("/")[0]
        return False

    def delete(self, scope: Scope, bucket: str, key: str) -> StoredObject | None:
        """Delete an object and return it; None if there was none."""
        known = self._objects.get(scope, bucket, key)
        if known is not None:
            self._objects.delete(scope, bucket, key)
        path = self._path(bucket, key, known)
        if known is not None and (bucket, key) in self._journal.puts:
            self._journal.unlink(scope, bucket, key, (path or "", known.inode, known.mtime_ns))
            return known
        if path is None or (known is None and (bucket, key) in self._journal.doomed):
            return known
        file = self._file_at(path)
        if file is None:
            return known
        self._journal.unlink(scope, bucket, key, (path, file.st_ino, file.st_mtime_ns))
        return known or by_hand(bucket, key, file)

    def _file_at(self, path: str) -> os.stat_result | None:
        """Return what the file system says of a plain file that no link leads to."""
        try:
            file = os.lstat(path)
        except OSError:
            return None
        is_file = stat.S_ISREG(file.st_mode) and self._places.is_directory(os.path.dirname(path))
        return file if is_file else None

    # -- what the journal asks ------------------------------------------------------------------

    def place_of(self, scope: Scope, known: StoredObject) -> StoredObject:
        """Return a row whose file is to come, with the place it gets now."""
        _, is_odd = self._place_for(known.bucket, known.key, known, is_certain=True)
        return msgspec.structs.replace(known, is_odd=is_odd)

    def path_of(self, known: StoredObject) -> str:
        """Return where the file of a row is."""
        path = self._path(known.bucket, known.key, known)
        return path or self._places.escaped(known.bucket, known.key)

    def known(self, scope: Scope, bucket: str, key: str) -> StoredObject | None:
        """Return the row of a key."""
        return self._objects.get(scope, bucket, key)

    def keep(self, scope: Scope, known: StoredObject) -> None:
        """Write a row."""
        self._objects.put(scope, known)

    def forget_row(self, scope: Scope, known: StoredObject) -> None:
        """Delete a row; its file stays."""
        self._objects.delete(scope, known.bucket, known.key)

    def expect(self, path: str, inode: int) -> Callable[[], None]:
        """Announce a change of ours to a file; call what is returned once it is made."""
        return self._reconciler.expect(path, inode)

    def prune(self, bucket: str, key: str) -> None:
        """Remove the directories above a deleted file that it leaves empty, up to the bucket."""
        head = key.rpartition("/")[0]
        while head:
            begin = head + "/"
            if any(b == bucket and k.startswith(begin) for b, k in list(self._journal.puts)):
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
        if known is not None and (temporary := self.temporary_of(known)):
            if descriptor >= 0:
                os.close(descriptor)
            return known, os.open(temporary, os.O_RDONLY | os.O_CLOEXEC)
        if file is None:
            return None
        if known is not None and is_same(known, file, was_copied=self._was_copied):
            return known, descriptor
        # A file that is not the row's own is served only where no link led to it.
        is_doomed = known is None and (bucket, key) in self._journal.doomed
        if is_doomed or not stat.S_ISREG(file.st_mode) or not self._is_plainly_at(descriptor, path):
            os.close(descriptor)
            return None
        made = by_hand(bucket, key, file, known)
        self._note(made)
        return made, descriptor

    def temporary_of(self, known: StoredObject) -> str:
        """Return where the bytes of a row are while they are in flight; empty if they are not."""
        for intent in self._journal.puts.get((known.bucket, known.key), ()):
            if intent.mark.inode == known.inode:
                return intent.path
        return ""

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
            self._objects.put(scope, msgspec.structs.replace(found, etag=etag))

    def _is_plainly_at(self, descriptor: int, path: str | None) -> bool:
        places = self._places
        return path is not None and places.is_at(descriptor, path) and places.is_exact(path)

    def list(self, scope: Scope, span: Span) -> Sequence[ListedObject]:
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
        return self._listed(scope, rows)

    def rows(self, scope: Scope, span: Range) -> Sequence[StoredObject]:
        """Return rows of current objects, as far as the index knows."""
        if span.prefix:
            self._reconciler.look(scope, str(span.prefix[0]))
        return [*self._objects.scan(scope, span)]

    def sync(self, scope: Scope, bucket: str) -> None:
        """Take in everything that was changed by hand. May take long."""
        self._reconciler.forget(bucket)
        self._reconciler.finish(scope, bucket)

    def local_path(self, bucket: str, key: str) -> Path:
        """Return the file of an object for a reader on this machine."""
        if waiting := self._journal.puts.get((bucket, key)):
            return Path(waiting[-1].path)
        plain = self._places.plain(bucket, key)
        escaped = self._places.escaped(bucket, key)
        if plain is None or os.path.exists(escaped):
            return Path(escaped)
        return Path(plain)

    def sealed_among(self, scope: Scope, bucket: str, keys: Sequence[str]) -> set[str] | None:
        """Return which current objects are encrypted files; None if none of the bucket ever was."""
        if self._sealed.get(scope, bucket) is None:
            return None
        rows = (self._objects.get(scope, bucket, key) for key in keys)
        return {row.key for row in rows if row is not None and row.encryption is not None}

    def is_in_flight(self, bucket: str, key: str) -> bool:
        """Say whether a write or delete of this key has not reached its file yet."""
        return (bucket, key) in self._journal.puts or (bucket, key) in self._journal.doomed

    # -- start and reset ----------------------------------------------------------------------

    def recover(self, scope: Scope) -> None:
        """Finish or undo what a crash interrupted; called once, before anything else."""
        self._journal.recover(scope)

        def clean() -> None:
            for directory in self._spools:
                for entry in os.scandir(directory):
                    os.unlink(entry.path)

        scope.store.after_commit(clean)

    def forget(self) -> None:
        """Forget everything that is remembered in memory: the lake was emptied from outside."""
        self._journal.forget()
        self._odd_buckets.clear()
        self._reconciler.forget(None)
        shutil.rmtree(self._places.odd, ignore_errors=True)
        os.makedirs(self._places.odd, exist_ok=True, mode=0o700)
        self._versions.clear()
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
