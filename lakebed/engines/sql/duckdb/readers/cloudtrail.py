"""CloudTrail's log files: one JSON document a file, `{"Records": [event, …]}`.

The input format com.amazon.emr.cloudtrail.CloudTrailInputFormat takes the records out, for the
JSON SerDe of Hive or for com.amazon.emr.hive.serde.CloudTrailSerde; a column that is a string where
the event has an object (requestParameters) is its JSON text.
https://docs.aws.amazon.com/athena/latest/ug/cloudtrail-logs.html
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, cast

import msgspec

from lakebed.core.limits import LINE_BYTES_MAX
from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.readers import json_lines
from lakebed.engines.sql.duckdb.readers.json_lines import Record
from lakebed.engines.sql.duckdb.readers.storage import Scan, Stored
from lakebed.engines.sql.duckdb.readers.stream import decompressed

INPUT_FORMAT = "com.amazon.emr.cloudtrail.CloudTrailInputFormat"
SERDE = "com.amazon.emr.hive.serde.CloudTrailSerde"
_BATCH_ROWS = 2048


def read(scan: Scan) -> list[str]:
    """Write the text that reads CloudTrail's files."""
    rules = json_lines.Dialect.of(scan.storage).rules
    used = [column for column in scan.columns if column.position >= 0]

    def batches() -> Iterator[tuple[int, list[Record]]]:
        for number, stored in enumerate(scan.files):
            for at in range(0, len(found := _records(scan, stored)), _BATCH_ROWS):
                yield number, found[at : at + _BATCH_ROWS]

    rows = json_lines.record_rows(used, batches, rules)
    return [scan.select(json_lines.record_values(scan), scan.register(rows), scan.files, "lbf")]


def _records(scan: Scan, stored: Stored) -> list[Record]:
    text = bytearray()
    for block in decompressed(stored.file.path, stored.file.key, scan.meter):
        text += block
        if len(text) > LINE_BYTES_MAX:
            raise _wrong(stored, f"it has more than {LINE_BYTES_MAX} bytes")
    if not text.strip():
        return []
    try:
        document: Any = msgspec.json.Decoder(float_hook=Decimal).decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _wrong(stored, str(error)) from error
    if not isinstance(document, dict):
        raise _wrong(stored, "it is no object")
    # A digest file has no records.
    found: Any = cast("Record", document).get("Records", [])
    if not isinstance(found, list):
        raise _wrong(stored, "Records is no array")
    records = cast("list[Record]", found)
    if set(map(type, records)) - {dict}:
        raise _wrong(stored, "a record is no object")
    return records


def _wrong(stored: Stored, reason: str) -> TrinoError:
    message = f"Failed to parse s3://{stored.bucket}/{stored.file.key} as JSON: {reason}"
    return TrinoError("HIVE_CURSOR_ERROR", message)
