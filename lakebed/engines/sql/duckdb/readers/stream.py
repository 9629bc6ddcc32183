"""Stored bytes as a stream: decompressed by the file's suffix, counted, and Arrow rows of them.

Hive (and so Athena) chooses a text file's codec by its suffix. Hadoop's own framing of snappy and
lz4 is blocks of `[length of the block's text][length of a chunk][chunk]…`, lengths big endian; a
file of the codecs' own frame formats is known by its first bytes.
https://docs.aws.amazon.com/athena/latest/ug/compression-formats.html
"""

from __future__ import annotations

import bz2
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from lakebed.core.limits import KIB, MIB
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.engines.sql.duckdb.readers.arrow import Batch, Schema, arrow

BLOCK_BYTES = 256 * KIB
"""Read and decoded at a time."""
CHUNK_BYTES_MAX = 64 * MIB
"""A chunk of a framed file that says it is larger is taken for damage."""
_SNAPPY_FRAME = b"\xff\x06\x00\x00sNaPpY"
_LZ4_FRAME = b"\x04\x22\x4d\x18"
_LENGTH = struct.Struct(">I")


@dataclass
class Meter:
    """Counts the stored bytes that Python reads for a query."""

    read_bytes: int = 0

    def blocks(self, path: str) -> Iterator[bytes]:
        """Read a file by blocks."""
        with open(path, "rb", buffering=0) as file:
            while block := file.read(BLOCK_BYTES):
                self.read_bytes += len(block)
                yield block


@dataclass
class Rows:
    """Arrow batches made while DuckDB asks for them; each scan of the relation starts anew."""

    schema: Schema
    make: Callable[[], Iterator[Batch]]
    failures: list[TrinoError] = field(default_factory=list[TrinoError])

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return a new stream, as the Arrow PyCapsule interface has it."""
        pa = arrow()

        reader = pa.RecordBatchReader.from_batches(self.schema, self._guarded())
        return reader.__arrow_c_stream__(requested_schema)

    def _guarded(self) -> Iterator[Batch]:
        try:
            yield from self.make()
        except TrinoError as error:
            # DuckDB hands on the text of an exception and nothing else.
            raise ValueError(f"lakebed|{error.name}|{error.message}|") from error


def suffix_of(path: str) -> str:
    """Return the suffix that names a file's compression, empty for none."""
    for suffix in (".gz", ".bz2", ".zst", ".snappy", ".lz4", ".deflate", ".lzo"):
        if path.lower().endswith(suffix):
            return suffix
    return ""


def decompressed(path: str, key: str, meter: Meter) -> Iterator[bytes]:
    """Yield the text of a stored file in blocks of any length."""
    suffix = suffix_of(key)
    blocks = meter.blocks(path)
    if not suffix:
        return blocks
    if suffix == ".lzo":
        raise not_supported("Reading .lzo files")
    return _checked(_CODECS[suffix](blocks), key)


def _checked(blocks: Iterator[bytes], key: str) -> Iterator[bytes]:
    try:
        yield from blocks
    except (OSError, EOFError, ValueError, zlib.error, struct.error) as error:
        raise TrinoError("HIVE_CURSOR_ERROR", f"Failed to read file: {key}: {error}") from error


def _zlib(bits: int) -> Callable[[Iterator[bytes]], Iterator[bytes]]:
    def read(blocks: Iterator[bytes]) -> Iterator[bytes]:
        inflate = zlib.decompressobj(bits)
        fed = False
        for block in blocks:
            rest = block
            while rest:
                if inflate.eof:
                    rest = rest.lstrip(b"\0")
                    if not rest:
                        break
                    inflate = zlib.decompressobj(bits)
                fed = True
                yield inflate.decompress(rest, 4 * MIB)
                rest = inflate.unconsumed_tail or inflate.unused_data
        if fed and not inflate.eof:
            raise EOFError("Unexpected end of input stream")

    return read


def _bz2(blocks: Iterator[bytes]) -> Iterator[bytes]:
    inflate, fed = bz2.BZ2Decompressor(), False
    for block in blocks:
        rest = block
        while rest:
            if inflate.eof:
                inflate = bz2.BZ2Decompressor()
            fed = True
            yield inflate.decompress(rest, 4 * MIB)
            while not inflate.needs_input and not inflate.eof:
                yield inflate.decompress(b"", 4 * MIB)
            rest = inflate.unused_data
    if fed and not inflate.eof:
        raise EOFError("Unexpected end of input stream")


class _Blocks:
    """Blocks as the file that pyarrow's streams read."""

    closed = False

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._held = b""
        self._at = 0

    def _fill(self, count: int) -> int:
        """Hold `count` bytes if there are so many; return how many are held."""
        while len(self._held) - self._at < count:
            block = next(self._blocks, b"")
            if not block:
                break
            self._held, self._at = self._held[self._at :] + block, 0
        return len(self._held) - self._at

    def take(self, count: int) -> bytes:
        """Return exactly `count` bytes; empty at the end of the file."""
        held = self._fill(count)
        if held and held < count:
            raise EOFError("Unexpected end of input stream")
        return self.read(count) if held else b""

    def peek(self, count: int) -> bytes:
        """Return the next bytes without taking them."""
        self._fill(count)
        return self._held[self._at : self._at + count]

    def read(self, count: int = -1) -> bytes:
        """Return up to `count` bytes."""
        held = self._fill(1)
        end = self._at + (held if count < 0 else min(count, held))
        taken, self._at = self._held[self._at : end], end
        return taken

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def writable(self) -> bool:
        """Tell that it cannot be written."""
        return False

    def seekable(self) -> bool:
        """Tell that it cannot be sought."""
        return False

    def close(self) -> None:
        """Do nothing: the blocks close their file."""


def _arrow(codec: str) -> Callable[[Iterator[bytes]], Iterator[bytes]]:
    def read(blocks: Iterator[bytes]) -> Iterator[bytes]:
        pa = arrow()

        file = _Blocks(blocks)
        while file.peek(1):
            with pa.CompressedInputStream(pa.PythonFile(_as_file(file), "r"), codec) as stream:
                while block := stream.read(4 * MIB):
                    yield block

    return read


def _as_file(file: Any) -> BinaryIO:
    return file


def _framed(codec: str) -> Callable[[Iterator[bytes]], Iterator[bytes]]:
    def read(blocks: Iterator[bytes]) -> Iterator[bytes]:
        pa = arrow()

        file = _Blocks(blocks)
        head = file.peek(len(_SNAPPY_FRAME))
        if codec == "snappy" and head.startswith(_SNAPPY_FRAME):
            yield from _snappy_frames(file)
            return
        if codec == "lz4_raw" and head.startswith(_LZ4_FRAME):
            yield from _arrow("lz4")(iter(lambda: file.read(BLOCK_BYTES), b""))
            return
        unpack = pa.Codec(codec).decompress
        while length := file.take(4):
            whole = _length(length)
            done = 0
            while done < whole:
                chunk = file.take(_length(file.take(4)))
                size = snappy_length(chunk) if codec == "snappy" else whole - done
                out = unpack(chunk, decompressed_size=size, asbytes=True)
                done += len(out)
                yield out

    return read


def _length(four: bytes) -> int:
    if len(four) < 4:
        raise EOFError("Unexpected end of input stream")
    found: int = _LENGTH.unpack(four)[0]
    if found > CHUNK_BYTES_MAX:
        raise ValueError(f"A chunk of {found} bytes: the file is damaged, or in another framing")
    return found


def snappy_length(chunk: bytes) -> int:
    """Read the length of the text, a little-endian base 128 number, that opens a raw chunk."""
    size = shift = 0
    for byte in chunk[:5]:
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return size
    raise ValueError("The length of a snappy chunk is damaged")


def _snappy_frames(file: _Blocks) -> Iterator[bytes]:
    """Read snappy's own frame format: chunks of `[kind][length, 3 bytes][CRC][data]`."""
    pa = arrow()

    unpack = pa.Codec("snappy").decompress
    while head := file.take(4):
        body = file.take(int.from_bytes(head[1:4], "little"))
        if head[0] == 0:
            data = body[4:]
            yield unpack(data, decompressed_size=snappy_length(data), asbytes=True)
        elif head[0] == 1:
            yield body[4:]
        elif 2 <= head[0] <= 127:
            raise ValueError(f"A snappy frame of the unknown kind {head[0]}")


_CODECS: dict[str, Callable[[Iterator[bytes]], Iterator[bytes]]] = {
    ".gz": _zlib(31),
    ".deflate": _zlib(15),
    ".bz2": _bz2,
    ".zst": _arrow("zstd"),
    ".snappy": _framed("snappy"),
    ".lz4": _framed("lz4_raw"),
}
