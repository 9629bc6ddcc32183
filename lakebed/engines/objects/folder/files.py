"""What a file and a row say of each other, and what an unknown file is."""

from __future__ import annotations

import hashlib
import os

from lakebed.engines.objects import StoredObject


def is_same(known: StoredObject, file: os.stat_result) -> bool:
    """Say whether a file is the one a row was made of."""
    return (
        known.inode == file.st_ino
        and known.mtime_ns == file.st_mtime_ns
        and known.size == file.st_size
    )


def by_hand(bucket: str, key: str, file: os.stat_result) -> StoredObject:
    """Return what is known of a file that was not put: what the file system says."""
    identity = f"{file.st_size}:{file.st_mtime_ns}:{file.st_ino}"
    return StoredObject(
        bucket=bucket,
        key=key,
        size=file.st_size,
        # The suffix tells clients, as AWS's multipart ETags do, that this is not the bytes' MD5.
        etag=hashlib.md5(identity.encode(), usedforsecurity=False).hexdigest() + "-1",
        last_modified=float(int(file.st_mtime)),
        mtime_ns=file.st_mtime_ns,
        inode=file.st_ino,
    )
