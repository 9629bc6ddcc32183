"""Bodies that are not bytes in a request: what was spooled from a client, what goes back to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Spooled:
    """A streamed request body, whole and digested, in a temporary file on the lake's file system.

    `path` is the file (the receiver renames it or leaves it: what is left is unlinked after the
    answer), `size` its bytes, `digests` lower-case hex by algorithm: always `md5`, and whatever was
    asked for or had to be verified (`sha256`, `crc32`, …). The bytes were synced before the handler
    runs if the durability mode asks for it. `inode` and `mtime_ns` are the file's, 0 if not known.
    """

    path: Path
    size: int
    digests: Mapping[str, str] = field(default_factory=dict[str, str])
    inode: int = 0
    mtime_ns: int = 0


@dataclass(frozen=True, slots=True)
class FileSlice:
    """Bytes `start` to `start + length` of an open file, sent by the kernel without a copy.

    `descriptor` is owned by the receiver, who closes it; it was opened before the answer, so a
    delete or an overwrite in between does not tear what the client reads.
    """

    descriptor: int
    start: int
    length: int
