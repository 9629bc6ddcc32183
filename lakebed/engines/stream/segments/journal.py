"""The journal: a small flush of many logs is synced once here, instead of once in each of them.

The logs' files get the same bytes without a sync. When the journal is full the files are synced,
and it is written from its beginning again, in a new *round*. After a crash what the last round
says is written into the files once more, before anybody reads them.

Its file has its whole size from the first, and is written over and over: a sync then finds nothing
to change in the file system's own tables (measured: 80 µs, four files that grow 400 µs).
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from lakebed.core.limits import STREAM_JOURNAL_BYTES

_HEAD = struct.Struct("<8sII")
_ROUND_BYTES = 8
NAME = "streams.journal"
"""Its file, beside the folder of the logs."""


class Part(msgspec.Struct, array_like=True, frozen=True):
    """Bytes of a log: its name, the first index of the file, where in the file they stand."""

    log: str
    first: int
    offset: int
    data: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Part]).decode


class Journal:
    """One file, written by one flush at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._round = os.urandom(_ROUND_BYTES)
        self._end = 0

    def has_room(self, size: int) -> bool:
        """Tell whether parts of so many bytes fit into what is left of this round."""
        return self._end + size <= STREAM_JOURNAL_BYTES

    def write(self, parts: Sequence[Part]) -> None:
        """Have parts reach the disk; OSError where that is not known to have happened."""
        payload = _encode(parts)
        check = zlib.crc32(payload, zlib.crc32(self._round))
        data = _HEAD.pack(self._round, len(payload), check) + payload
        write_all(self._opened(), data, self._end)
        self._end += len(data)

    def _opened(self) -> int:
        """Open the file; one that is not there is made in its whole size."""
        if self._descriptor is None:
            is_new = not self._path.exists()
            flags = os.O_WRONLY | os.O_CREAT | os.O_DSYNC
            self._descriptor = os.open(self._path, flags, 0o600)
            if is_new:
                write_all(self._descriptor, bytes(STREAM_JOURNAL_BYTES), 0)
                sync_folder(self._path.parent)
        return self._descriptor

    def begin_again(self) -> None:
        """Begin a new round: all that the last one holds is on the disk elsewhere."""
        self._round = os.urandom(_ROUND_BYTES)
        self._end = 0

    def forget(self) -> None:
        """Take back what was written, also where a write failed and nobody knows how far."""
        if self._path.exists():
            write_all(self._opened(), bytes(_HEAD.size), 0)
        self.begin_again()

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def recover(path: Path, folder: Path) -> None:
    """Write what the last round of a journal says into the logs below a folder, and forget it.

    Files that are gone were trimmed or deleted; one that ends before a part begins is no longer the
    one that was written (of a backup, perhaps), and stays as it is.
    """
    if not path.exists():
        return
    files: dict[Path, int] = {}
    try:
        for part in _parts(path.read_bytes()):
            place = folder / part.log / f"{part.first:020d}.log"
            if place not in files:
                if not place.exists():
                    continue
                files[place] = os.open(place, os.O_WRONLY)
            if os.fstat(files[place]).st_size >= part.offset:
                write_all(files[place], part.data, part.offset)
        for descriptor in files.values():
            os.fsync(descriptor)
    finally:
        for descriptor in files.values():
            os.close(descriptor)
    journal = Journal(path)
    journal.forget()
    journal.close()


def _parts(data: bytes) -> Iterator[Part]:
    """Yield the parts of the round that the journal begins with, up to the first torn entry."""
    at, known = 0, b""
    while at + _HEAD.size <= len(data):
        name, size, check = _HEAD.unpack_from(data, at)
        payload = data[at + _HEAD.size : at + _HEAD.size + size]
        is_whole = len(payload) == size and zlib.crc32(payload, zlib.crc32(name)) == check
        if not size or not is_whole or name != (known or name):
            return
        known = name
        yield from _decode(payload)
        at += _HEAD.size + size


def sync_folder(folder: Path) -> None:
    """Have the names in a folder reach the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes, offset: int) -> None:
    """Write all of some bytes at an offset of a file."""
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view = view[written:]
        offset += written
