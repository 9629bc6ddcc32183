"""The child process that tells which files a table of files knows already."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# pyarrow has no types.

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow
import pyarrow.parquet

from lakebed.engines.crawl.media import Seen
from lakebed.engines.crawl.media.table import SCHEMA

_pa: Any = pyarrow
_parquet: Any = pyarrow.parquet
_COLUMNS = ("path", "size_bytes", "etag")


def answer(request: bytes) -> bytes:
    """Read the file of a request; what is no table of files knows nothing."""
    out: list[Seen] = []
    try:
        with _parquet.ParquetFile(msgspec.msgpack.decode(request, type=str)) as found:
            if found.schema_arrow.equals(SCHEMA):
                for batch in found.iter_batches(columns=list(_COLUMNS)):
                    out += [Seen(*row.values()) for row in batch.to_pylist()]
    except (OSError, _pa.ArrowInvalid):
        out = []
    return msgspec.msgpack.encode(out)
