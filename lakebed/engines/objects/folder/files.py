"""What a file and a row say of each other, and what an unknown file is."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

from lakebed.engines.objects import StoredObject

MARKER = "inode"
"""The file below the state folder that holds its own inode."""
_AT_ONCE_BYTES = 64 * 1024 * 1024


def is_same(known: StoredObject, file: os.stat_result, *, was_copied: bool = False) -> bool:
    """Say whether a file is the one a row was made of.

    In a data folder that was copied with its times (`cp -a`, `rsync -a`, `tar`) the inodes are
    others, and the time must do.
    """
    return (
        known.mtime_ns == file.st_mtime_ns
        and (known.size if known.encryption is None else known.file_size) == file.st_size
        and (was_copied or known.inode == file.st_ino)
    )


def is_copy(marker: Path) -> bool:
    """Say whether a data folder was copied since it was made: its marker holds its own inode."""
    try:
        text = marker.read_text(encoding="ascii")
    except FileNotFoundError:
        marker.touch(mode=0o600)
        text = str(marker.stat().st_ino)
        marker.write_text(text, encoding="ascii")
    return text != str(marker.stat().st_ino)


def is_unfinished(key: str) -> bool:
    """Tell whether a file is one that Hadoop's or Spark's writers have not committed yet.

    They write below `_temporary` and `.spark-staging-…`, and move what is whole to its place.
    """
    return any(
        part == "_temporary" or part.startswith(".spark-staging-") for part in key.split("/")[:-1]
    )


def by_hand(
    bucket: str, key: str, file: os.stat_result, known: StoredObject | None = None
) -> StoredObject:
    """Return what is known of a file that was not put: what the file system says.

    Of an object that was put and is `known`, what is not about its bytes stays: which version it
    is, its tags, its metadata. One that was encrypted is lost: what a hand wrote over it is no
    plain object.
    """
    identity = f"{file.st_size}:{file.st_mtime_ns}:{file.st_ino}"
    # The suffix tells clients, as AWS's multipart ETags do, that this is not the bytes' MD5.
    etag = hashlib.md5(identity.encode(), usedforsecurity=False).hexdigest() + "-1"
    encryption = None if known is None else known.encryption
    if encryption is not None:
        encryption = msgspec.structs.replace(encryption, is_lost=True)
    return msgspec.structs.replace(
        known or StoredObject(bucket, key, 0, "", 0.0),
        encryption=encryption,
        size=file.st_size,
        etag=etag,
        last_modified=float(int(file.st_mtime)),
        checksums={},
        checksum_type="",
        part_count=0,
        mtime_ns=file.st_mtime_ns,
        inode=file.st_ino,
    )


def copy_range(source: int, start: int, length: int, target: Path, *, is_synced: bool) -> None:
    """Write bytes of an open file to a new one; the file system shares them where it can."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(target, flags, 0o644)
    try:
        append_range(source, start, length, descriptor)
        if is_synced:
            os.fdatasync(descriptor)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def append_range(source: int, start: int, length: int, target: int) -> None:
    """Append bytes of one open file to another; OSError if the source is shorter."""
    at, end = start, start + length
    if hasattr(os, "copy_file_range"):
        try:
            while at < end:
                count = os.copy_file_range(source, target, min(end - at, _AT_ONCE_BYTES), at)
                if count == 0:
                    break
                at += count
        except OSError:
            # Not every file system can; what was copied so far is right.
            pass
    while at < end:
        block = os.pread(source, min(end - at, 1024 * 1024), at)
        if not block:
            raise OSError("the file to copy is shorter than it was said to be")
        at += len(block)
        view = memoryview(block)
        while view:
            view = view[os.write(target, view) :]
