"""Parquet and ORC: columns from the schema in the file's footer.

https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html: the ORC classifier "reads the file
metadata", Parquet's "the schema at the end of the file". How they compress inside is their own
affair: `compressionType` is that of the file as a whole.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from lakebed.engines.crawl import Finding
from lakebed.engines.crawl.local import storages
from lakebed.engines.crawl.local.arrow_types import arrow, columns_of
from lakebed.engines.crawl.local.source import Source, UnreadableError

_PARQUET_MARK = b"PAR1"
_ORC_MARK = b"ORC"


def parquet(source: Source) -> Finding | None:
    """Take a Parquet file."""
    if source.compression != "none" or not source.text.startswith(_PARQUET_MARK):
        return None
    if not _ends_with(source.sample.path, _PARQUET_MARK):
        raise UnreadableError("The Parquet file has no footer: its end is missing.")
    pa = arrow()
    try:
        with open(source.sample.path, "rb") as file:
            read = arrow("pyarrow.parquet").ParquetFile(file)
            columns, rows = columns_of(read.schema_arrow), read.metadata.num_rows
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableError(f"The Parquet footer cannot be read: {error}") from error
    found = source.finding("parquet", columns, storages.PARQUET_STORAGE, _file(), 0)
    return msgspec.structs.replace(found, records=rows)


def orc(source: Source) -> Finding | None:
    """Take an ORC file."""
    if source.compression != "none" or not source.text.startswith(_ORC_MARK):
        return None
    if not _is_orc(source):
        return None
    pa = arrow()
    try:
        with open(source.sample.path, "rb") as file:
            read: Any = arrow("pyarrow.orc").ORCFile(file)
            columns, rows = columns_of(read.schema), read.nrows
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableError(f"The ORC footer cannot be read: {error}") from error
    found = source.finding("orc", columns, storages.ORC_STORAGE, _file(), 0)
    return msgspec.structs.replace(found, records=rows)


def _file() -> dict[str, str]:
    return {"typeOfData": "file"}


def _ends_with(path: Path, mark: bytes, before_last: int = 0) -> bool:
    """Tell whether a file ends with a mark (and so many bytes after it)."""
    length = len(mark) + before_last
    with open(path, "rb") as file:
        file.seek(-min(length, os.fstat(file.fileno()).st_size), os.SEEK_END)
        return file.read()[: len(mark)] == mark


def _is_orc(source: Source) -> bool:
    """Tell ORC from a text that begins with these letters: the last bytes name it again."""
    return b"\x00" in source.text or _ends_with(source.sample.path, _ORC_MARK, 1)
