"""Avro: org.apache.hadoop.hive.serde2.avro.AvroSerDe.

The table's schema is `avro.schema.literal` or the object at `avro.schema.url`; without either the
file's own schema counts. Columns are found by name; fastavro resolves the file's schema against the
table's (defaults, promotions, aliases).
https://docs.aws.amazon.com/athena/latest/ug/avro-serde.html
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from lakebed.core.limits import MIB
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import APPROXIMATE, INTEGERS, Type
from lakebed.engines.sql.duckdb.readers import json_lines
from lakebed.engines.sql.duckdb.readers.arrow import arrow
from lakebed.engines.sql.duckdb.readers.arrow_values import Rules, Value
from lakebed.engines.sql.duckdb.readers.json_lines import Record
from lakebed.engines.sql.duckdb.readers.storage import Scan, Stored
from lakebed.engines.sql.duckdb.readers.stream import snappy_length

SERDE = "org.apache.hadoop.hive.serde2.avro.AvroSerDe"
_BATCH_ROWS = 4096
_EPOCH = datetime(1970, 1, 1)


def read(scan: Scan) -> list[str]:
    """Write the text that reads Avro files."""
    wanted = _schema(scan)
    codecs()
    used = [column for column in scan.columns if column.position >= 0]

    def batches() -> Iterator[tuple[int, list[Record]]]:
        for number, stored in enumerate(scan.files):
            for records in _records(stored, wanted):
                yield number, records
            scan.meter.read_bytes += stored.file.size

    rows = json_lines.record_rows(used, batches, Rules(convert))
    return [scan.select(json_lines.record_values(scan), scan.register(rows), scan.files, "lbf")]


def _schema(scan: Scan) -> Any:
    literal = scan.storage.option("avro.schema.literal")
    table = dict(scan.storage.table)
    literal = literal or table.get("avro.schema.literal", "")
    url = scan.storage.option("avro.schema.url") or table.get("avro.schema.url", "")
    if not literal and not url:
        return None
    if not literal:
        found = [one for one in scan.find(url.rpartition("/")[0]) if url.endswith("/" + one.key)]
        if not found or found[0].size > 16 * MIB:
            raise TrinoError("HIVE_INVALID_METADATA", f"Unable to read the Avro schema at {url}")
        literal = Path(found[0].path).read_text("utf-8")
    import fastavro
    from fastavro.schema import SchemaParseException

    try:
        return fastavro.parse_schema(msgspec.json.decode(literal))
    except (msgspec.DecodeError, SchemaParseException, KeyError) as error:
        message = f"Unable to parse the Avro schema: {error}"
        raise TrinoError("HIVE_INVALID_METADATA", message) from error


def codecs() -> None:
    """Teach fastavro the codecs for which it would need packages of their own."""
    readers: dict[str, Any] = vars(import_module("fastavro.read"))["BLOCK_READERS"]
    readers |= {"snappy": _unsnapped, "zstandard": _unpacked}


def _unsnapped(file: BinaryIO) -> io.BytesIO:
    """Read a block: its length, a chunk of snappy, a CRC."""
    packed = _sized(file)[:-4]
    size = snappy_length(packed)
    unpack: Any = arrow().Codec("snappy").decompress
    return io.BytesIO(unpack(packed, decompressed_size=size, asbytes=True))


def _unpacked(file: BinaryIO) -> io.BytesIO:
    pa = arrow()
    with pa.CompressedInputStream(pa.BufferReader(_sized(file)), "zstd") as stream:
        return io.BytesIO(stream.read())


def _sized(file: BinaryIO) -> bytes:
    """Read bytes after their number, which Avro writes zigzag in groups of seven bits."""
    number = shift = 0
    while True:
        byte = file.read(1)[0]
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
    return file.read((number >> 1) ^ -(number & 1))


def _records(stored: Stored, wanted: Any) -> Iterator[list[Record]]:
    import fastavro

    where = f"s3://{stored.bucket}/{stored.file.key}"
    with open(stored.file.path, "rb") as file:
        try:
            reader: Any = fastavro.reader(file, wanted)
            rows: Iterator[Record] = reader
            while found := list(islice(rows, _BATCH_ROWS)):
                yield found
        except (ValueError, EOFError, KeyError, IndexError, OSError) as error:
            raise TrinoError("HIVE_CURSOR_ERROR", f"Failed to read {where}: {error}") from error


def convert(value: Value, kind: Type) -> Value:
    """Convert a value that fastavro decoded; ValueError for what is none of the type."""
    if kind.name in ("varchar", "char"):
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        return json_lines.sized(text, kind)
    if kind.name == "timestamp":
        return _moment(value)
    if kind.name == "date":
        return value if isinstance(value, date) else date(1970, 1, 1) + timedelta(days=value)
    if kind.name == "varbinary":
        return bytes(value) if isinstance(value, bytes) else str(value).encode()
    if kind.name == "decimal":
        return Decimal(value).quantize(Decimal(1).scaleb(-kind.numbers[1]))
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if kind.name in APPROXIMATE and numeric:
        return float(value)
    if kind.name in INTEGERS and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind.name == "boolean" and isinstance(value, bool):
        return value
    raise ValueError("no value of the type")


def _moment(value: Value) -> datetime:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, int) and not isinstance(value, bool):
        return _EPOCH + timedelta(milliseconds=value)
    raise ValueError("no value of the type")
