"""Files of rows, one open for each partition and bucket, in the formats DuckDB does not write."""

from __future__ import annotations

import bz2
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pyarrow

from lakebed.engines.sql.duckdb.writing.options import Options

# pyarrow tells type checkers nothing.
pa: Any = pyarrow
_BLOCK = 256 << 10


class RowFile(Protocol):
    """An open file of rows."""

    def write(self, batch: Any) -> None:
        """Append rows."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


def open_file(path: Path, schema: Any, options: Options) -> RowFile:
    """Open a file for rows of a schema; text and JSON have one column, `line`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if options.format == "PARQUET":
        return _Parquet(path, schema, options)
    if options.format == "ORC":
        return _Orc(path, options)
    if options.format == "AVRO":
        from lakebed.engines.sql.duckdb.writing.avro import AvroFile

        return AvroFile(path, schema, options.compression)
    return _Lines(path, options)


class _Parquet:
    def __init__(self, path: Path, schema: Any, options: Options) -> None:

        from pyarrow.parquet import ParquetWriter

        codec, level = options.compression.lower(), options.level
        self._writer: Any = ParquetWriter(
            str(path), schema, compression=codec, compression_level=level
        )

    def write(self, batch: Any) -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        self._writer.close()


class _Orc:
    def __init__(self, path: Path, options: Options) -> None:
        from pyarrow.orc import ORCWriter

        codec = {"NONE": "uncompressed"}.get(options.compression, options.compression.lower())
        self._writer: Any = ORCWriter(str(path), compression=codec)

    def write(self, batch: Any) -> None:
        self._writer.write(pa.Table.from_batches([batch]))

    def close(self) -> None:
        self._writer.close()


class _Lines:
    """Lines of text through a compressor; Hadoop's framing where that is what readers expect."""

    def __init__(self, path: Path, options: Options) -> None:
        self._file = path.open("wb")
        self._compress, self._finish = _compressor(options.compression)
        self._left = bytearray()

    def write(self, batch: Any) -> None:
        lines = batch.column(0).to_pylist()
        self._left += ("\n".join(lines) + "\n").encode()
        while len(self._left) >= _BLOCK:
            self._file.write(self._compress(bytes(self._left[:_BLOCK])))
            del self._left[:_BLOCK]

    def close(self) -> None:
        if self._left:
            self._file.write(self._compress(bytes(self._left)))
        self._file.write(self._finish())
        self._file.close()


def _compressor(codec: str) -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    if codec == "NONE":
        return bytes, bytes
    if codec == "BZIP2":
        packer = bz2.BZ2Compressor()
        return packer.compress, packer.flush
    if codec in ("GZIP", "DEFLATE"):
        deflater = zlib.compressobj(6, zlib.DEFLATED, 31 if codec == "GZIP" else 15)
        return deflater.compress, deflater.flush
    arrow = pa.Codec({"ZSTD": "zstd", "SNAPPY": "snappy", "LZ4": "lz4_raw"}[codec])
    if codec == "ZSTD":
        return lambda block: arrow.compress(block, asbytes=True), bytes

    def framed(block: bytes) -> bytes:
        # Hadoop's BlockCompressorStream: length of the block, then length and bytes of each chunk.
        packed = arrow.compress(block, asbytes=True)
        return struct.pack(">II", len(block), len(packed)) + packed

    return framed, bytes
