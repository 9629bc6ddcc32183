"""Avro files of Arrow's rows, as Hive's AvroSerDe reads them.

The container is written here, and the rows in it by fastavro, because its own codecs need packages
that pyarrow already brings: https://avro.apache.org/docs/1.12.0/specification/#object-container-files
"""

from __future__ import annotations

import bz2
import io
import json
import os
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import fastavro as fastavro_untyped
import pyarrow

from lakebed.dialect.errors import not_supported

# They tell type checkers nothing, or not all.
pa: Any = pyarrow
fastavro: Any = fastavro_untyped

_HEADER = {
    "type": "record",
    "name": "header",
    "fields": [
        {"name": "magic", "type": {"type": "fixed", "name": "magic", "size": 4}},
        {"name": "meta", "type": {"type": "map", "values": "bytes"}},
        {"name": "sync", "type": {"type": "fixed", "name": "sync", "size": 16}},
    ],
}
_CODECS = {
    "NONE": "null", "DEFLATE": "deflate", "GZIP": "deflate", "BZIP2": "bzip2",
    "SNAPPY": "snappy", "ZSTD": "zstandard",
}  # fmt: skip


def _deflated(block: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(block) + packer.flush()


def _snappy(block: bytes) -> bytes:
    packed: bytes = pa.Codec("snappy").compress(block, asbytes=True)
    return packed + struct.pack(">I", zlib.crc32(block))


_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "null": bytes,
    "deflate": _deflated,
    "bzip2": bz2.compress,
    "snappy": _snappy,
    "zstandard": lambda block: pa.Codec("zstd").compress(block, asbytes=True),
}


class AvroFile:
    """An object container file; a batch of rows is a block of it.

    The schema is Arrow's, or Avro's own.
    """

    def __init__(self, path: Path, schema: Any, compression: str) -> None:
        codec = _CODECS[compression]
        shape: Any = avro_schema(schema) if isinstance(schema, pa.Schema) else schema
        self._schema: Any = fastavro.parse_schema(shape)
        self._pack = _PACKERS[codec]
        self._sync = os.urandom(16)
        self._file = path.open("wb")
        meta = {"avro.schema": json.dumps(shape).encode(), "avro.codec": codec.encode()}
        header = {"magic": b"Obj\x01", "meta": meta, "sync": self._sync}
        fastavro.schemaless_writer(self._file, _HEADER, header)

    def write(self, batch: Any) -> None:
        """Append a block of rows."""
        self.write_rows(batch.to_pylist(maps_as_pydicts="strict"))

    def write_rows(self, values: Sequence[Any]) -> None:
        """Append a block of rows, each a dictionary."""
        rows = io.BytesIO()
        for row in values:
            fastavro.schemaless_writer(rows, self._schema, row)
        packed = self._pack(rows.getvalue())
        for number in (len(values), len(packed)):
            fastavro.schemaless_writer(self._file, "long", number)
        self._file.write(packed + self._sync)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


_SIMPLE = {
    "bool": "boolean", "int8": "int", "int16": "int", "int32": "int", "int64": "long",
    "float": "float", "double": "double", "string": "string", "large_string": "string",
    "binary": "bytes", "large_binary": "bytes",
}  # fmt: skip


def avro_schema(schema: Any) -> dict[str, Any]:
    """Return the record of a schema; every field may be null."""
    fields = [
        {"name": field.name, "type": ["null", _type(field.type, field.name)], "default": None}
        for field in schema
    ]
    return {"type": "record", "name": "row", "fields": fields}


def _type(kind: Any, path: str) -> Any:
    simple = _SIMPLE.get(str(kind))
    if simple is not None:
        return simple
    if isinstance(kind, pa.Decimal128Type):
        scale = {"precision": kind.precision, "scale": kind.scale}
        return {"type": "bytes", "logicalType": "decimal", **scale}
    if pa.types.is_date(kind):
        return {"type": "int", "logicalType": "date"}
    if pa.types.is_timestamp(kind):
        return {"type": "long", "logicalType": "timestamp-millis"}
    if isinstance(kind, pa.MapType):
        return {"type": "map", "values": ["null", _type(kind.item_type, f"{path}_value")]}
    if isinstance(kind, pa.ListType | pa.LargeListType):
        return {"type": "array", "items": ["null", _type(kind.value_type, f"{path}_item")]}
    if isinstance(kind, pa.StructType):
        return {**avro_schema(pa.schema(list(kind))), "name": f"{path}_record"}
    raise not_supported(f"Writing a column of type {kind} as AVRO")
