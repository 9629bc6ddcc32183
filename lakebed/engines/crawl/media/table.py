"""The child process that writes the Parquet file of a table of files."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# pyarrow has no types.

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow
import pyarrow.compute
import pyarrow.parquet

from lakebed.engines.crawl.media import COLUMNS, MediaFacts, TableWork

_pa: Any = pyarrow
_parquet: Any = pyarrow.parquet
_compute: Any = pyarrow.compute
_KINDS = {
    "string": _pa.string(), "bigint": _pa.int64(), "int": _pa.int32(), "double": _pa.float64(),
    "timestamp": _pa.timestamp("ms"),
}  # fmt: skip
SCHEMA = _pa.schema([(one.name, _KINDS[one.type]) for one in COLUMNS])
_ROWS_TOGETHER = 10_000


def answer(request: bytes) -> bytes:
    """Write the file of a request; the answer is empty."""
    work = msgspec.msgpack.decode(request, type=TableWork, dec_hook=_path)
    with _parquet.ParquetWriter(work.target, SCHEMA, compression="zstd") as writer:
        if work.previous is not None:
            _copy(work, writer)
        for begin in range(0, max(len(work.fresh), 1), _ROWS_TOGETHER):
            rows = [_row(one) for one in work.fresh[begin : begin + _ROWS_TOGETHER]]
            writer.write_table(_pa.Table.from_pylist(rows, schema=SCHEMA))
    return b""


def _path(kind: type, value: Any) -> Any:
    return Path(value) if issubclass(kind, Path) else value


def _copy(work: TableWork, writer: Any) -> None:
    """Copy the rows of files that are as they were."""
    kept = _pa.array(work.kept, _pa.string())
    with _parquet.ParquetFile(work.previous) as previous:
        for batch in previous.iter_batches(_ROWS_TOGETHER):
            chosen = batch.filter(_compute.is_in(batch.column("path"), value_set=kept))
            writer.write_table(_pa.Table.from_batches([chosen]).cast(SCHEMA))


def _row(facts: MediaFacts) -> dict[str, Any]:
    row = msgspec.structs.asdict(facts)
    row["modified"] = datetime.fromtimestamp(facts.modified, UTC).replace(tzinfo=None)
    row["taken"] = _moment(facts.taken)
    return row


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        # A camera may say the 31st of February.
        return None
