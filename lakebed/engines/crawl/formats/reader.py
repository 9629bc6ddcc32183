"""The child process that reads metadata: a request of tables in, an answer for each out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from lakebed.engines.crawl.formats import MetadataError, MetadataFiles, TableMetadata
from lakebed.engines.crawl.formats.delta import read_delta
from lakebed.engines.crawl.formats.hudi import read_hudi
from lakebed.engines.crawl.formats.iceberg import read_iceberg

_READERS: dict[str, Callable[[MetadataFiles], TableMetadata]] = {
    "delta": read_delta, "iceberg": read_iceberg, "hudi": read_hudi,
}  # fmt: skip


def answer(request: bytes) -> bytes:
    """Read each table of a request."""
    tables = msgspec.msgpack.decode(request, type=list[MetadataFiles], dec_hook=_path)
    return msgspec.msgpack.encode([_read(one) for one in tables])


def _path(kind: type, value: Any) -> Any:
    return Path(value) if issubclass(kind, Path) else value


def _read(table: MetadataFiles) -> TableMetadata:
    try:
        return _READERS[table.kind](table)
    except (MetadataError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        # What a file says may have any form; whatever is missing, this table alone is left out.
        detail = (
            str(error) if isinstance(error, MetadataError | OSError | ValueError) else repr(error)
        )
        return TableMetadata(message=detail)
