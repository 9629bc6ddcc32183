"""The beginning of a file, decompressed: what classifiers look at.

A crawler reads the first megabyte, or the first 1,000 records, of a file. Compressed files are
known by their first bytes, Hadoop's own framings by their suffix.
https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html (which lists the compressed formats)
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lakebed.core.limits import CRAWL_SAMPLE_BYTES
from lakebed.engines.crawl import Column, Finding, Sample, Storage

_GZIP, _BZIP2, _ZIP = b"\x1f\x8b\x08", b"BZh", b"PK\x03\x04"
_LZ4, _SNAPPY = b"\x04\x22\x4d\x18", b"\xff\x06\x00\x00sNaPpY"
_MARKS = ((_GZIP, "gzip"), (_BZIP2, "bzip2"), (_ZIP, "zip"), (_LZ4, "lz4"), (_SNAPPY, "snappy"))
_ZSTANDARD = b"\x28\xb5\x2f\xfd"
_HADOOP = ((".snappy", "snappy"), (".lz4", "lz4"))
_SUFFIXES = {"gzip": ".gz", "bzip2": ".bz2", "lz4": ".lz4", "snappy": ".snappy"}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class UnreadableError(Exception):
    """The bytes of a file cannot be read as what they say they are; the message says why."""


@dataclass(slots=True)
class Source:
    """A file's first bytes, decompressed.

    `stretch` is how many times as long as `text` the whole file's text is (estimated if it is
    compressed). `is_whole` says that `text` is all of it.
    """

    sample: Sample
    compression: str
    text: bytes
    is_whole: bool
    stretch: float

    def lines(self) -> bytes:
        """Return the whole lines of the text, the last one too if it is the end of the file."""
        if self.is_whole:
            return self.text
        return self.text[: self.text.rfind(b"\n") + 1]

    def finding(
        self,
        classification: str,
        columns: tuple[Column, ...],
        storage: Storage,
        parameters: dict[str, str],
        seen: float,
    ) -> Finding:
        """Say what the file is; `seen` records were found in `text`."""
        return Finding(
            self.sample.key,
            classification,
            1.0,
            columns,
            self.compression,
            storage,
            parameters,
            round(seen * self.stretch),
        )


def opened(sample: Sample, limit: int = CRAWL_SAMPLE_BYTES) -> Source:
    """Read the beginning of a file."""
    with open(sample.path, "rb", buffering=0) as file:
        head = _filled(file.read(limit + 1), file, limit)
    if head.startswith(_ZSTANDARD):
        raise UnreadableError("Zstandard is not among the compressed formats of AWS Glue's guide.")
    compression = _compression(head, sample.key)
    if compression != "none":
        return _decompressed(sample, compression, limit)
    is_whole = len(head) <= limit
    text = head if is_whole else head[:limit]
    stretch = 1.0 if is_whole else max(sample.size, len(text)) / len(text)
    return Source(sample, "none", text.removeprefix(_BYTE_ORDER_MARK), is_whole, stretch)


def _filled(head: bytes, file: object, limit: int) -> bytes:
    """Read on where the system gave less than was asked for."""
    parts = [head]
    size = len(head)
    read = getattr(file, "read")  # noqa: B009 - a raw file, whose type differs by platform
    while size <= limit and (more := read(limit + 1 - size)):
        parts.append(more)
        size += len(more)
    return head if len(parts) == 1 else b"".join(parts)


def _compression(head: bytes, key: str) -> str:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    for suffix, name in _HADOOP:
        if key.endswith(suffix):
            return name
    return "none"


def _decompressed(sample: Sample, compression: str, limit: int) -> Source:
    parts: list[bytes] = []
    size = 0
    is_whole = True
    read = 0
    for part, consumed in _parts(sample, compression):
        parts.append(part)
        size += len(part)
        read = consumed
        if size > limit:
            is_whole = False
            break
    text = b"".join(parts)[:limit]
    share = min(1.0, read / sample.size) if sample.size else 1.0
    stretch = 1.0 if is_whole or not share else max(1.0, size / share / len(text))
    return Source(sample, compression, text.removeprefix(_BYTE_ORDER_MARK), is_whole, stretch)


def _parts(sample: Sample, compression: str) -> Iterator[tuple[bytes, int]]:
    """Yield pieces of the text, each with the stored bytes that were read so far."""
    if compression == "zip":
        yield from _unzipped(sample.path)
        return
    # Loaded here: most files are not compressed.
    from lakebed.dialect.errors import TrinoError
    from lakebed.engines.sql.duckdb.readers.stream import Meter, decompressed

    meter = Meter()
    try:
        for part in decompressed(str(sample.path), _SUFFIXES[compression], meter):
            yield part, meter.read_bytes
    except TrinoError as error:
        said = error.message.partition(f"{_SUFFIXES[compression]}: ")[2] or error.message
        raise UnreadableError(f"The {compression} data cannot be read: {said}") from error


def _unzipped(path: Path) -> Iterator[tuple[bytes, int]]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names):
                raise UnreadableError("Excel workbooks are not a format of AWS Glue's crawlers.")
            if len(names) != 1:
                raise UnreadableError(
                    f"Only a ZIP archive of one file can be classified; this has {len(names)}."
                )
            member = archive.getinfo(names[0])
            ratio = member.compress_size / max(1, member.file_size)
            done = 0
            with archive.open(member) as file:
                while part := file.read(CRAWL_SAMPLE_BYTES // 4):
                    done += len(part)
                    yield part, int(done * ratio)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UnreadableError(f"The zip data cannot be read: {error}") from error
