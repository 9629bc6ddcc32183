"""How rows are to be written: format, compression, partitions, buckets.

https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html#ctas-table-properties
https://docs.aws.amazon.com/athena/latest/ug/unload.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.engines.sql.duckdb.catalog import Shape, member
from lakebed.engines.sql.duckdb.storage import FORMAT_OF_SERDE

COMPRESSIONS = {
    "PARQUET": ("GZIP", "NONE", "SNAPPY", "ZSTD", "LZ4"),
    "ORC": ("ZLIB", "NONE", "SNAPPY", "ZSTD", "LZ4"),
    "AVRO": ("DEFLATE", "NONE", "GZIP", "SNAPPY", "ZSTD", "BZIP2"),
    "JSON": ("GZIP", "NONE", "DEFLATE", "BZIP2", "ZSTD", "SNAPPY", "LZ4"),
    "TEXTFILE": ("GZIP", "NONE", "DEFLATE", "BZIP2", "ZSTD", "SNAPPY", "LZ4"),
}
"""What each format may be compressed with; the first is the default."""

SUFFIXES = {
    "GZIP": ".gz", "BZIP2": ".bz2", "DEFLATE": ".deflate", "ZSTD": ".zst", "SNAPPY": ".snappy",
    "LZ4": ".lz4", "NONE": "",
}  # fmt: skip
"""What the name of a compressed text file ends in."""

_LEVELS = range(1, 23)


class Buckets(msgspec.Struct, frozen=True):
    """Into how many files rows go, and by which columns."""

    columns: tuple[str, ...]
    count: int


class Options(msgspec.Struct, frozen=True):
    """How to write rows; `partitioned` are the last columns of the query."""

    format: str = "PARQUET"
    compression: str = "GZIP"
    level: int | None = None
    partitioned: tuple[str, ...] = ()
    buckets: Buckets | None = None
    delimiter: str = "\x01"
    null: str = "\\N"


def invalid(message: str) -> TrinoError:
    """Return what Trino says of a property it cannot use."""
    return TrinoError("INVALID_TABLE_PROPERTY", message)


def of_properties(given: st.Properties, known: Collection[str]) -> Options:
    """Read the WITH properties of a CREATE TABLE AS or UNLOAD."""
    for key in given:
        if key not in known:
            raise TrinoError("INVALID_TABLE_PROPERTY", f"Unknown property '{key}'", 1, 1)
    kind = _format(str(given.get("format", "PARQUET")))
    codec = _compression(kind, _asked_compression(kind, given))
    level = _number(given, "compression_level")
    if level is not None and (codec != "ZSTD" or level not in _LEVELS):
        raise invalid("compression_level is a number from 1 to 22, and for ZSTD only")
    return Options(
        kind,
        codec,
        level,
        _names(given, "partitioned_by"),
        _buckets(given),
        str(given.get("field_delimiter", "\x01")),
    )


def of_table(shape: Shape) -> Options:
    """Return how rows are added to an existing table."""
    storage = shape["StorageDescriptor"]
    serde = member(storage, "SerdeInfo")
    library = serde.get("SerializationLibrary") or ""
    kind = FORMAT_OF_SERDE.get(library)
    if kind is None:
        raise not_supported(f"INSERT INTO a table of the SerDe {library or '(none)'}")
    if (storage.get("NumberOfBuckets") or 0) > 0 and storage.get("BucketColumns"):
        raise TrinoError("NOT_SUPPORTED", "Inserting into bucketed tables is not supported")
    properties = member(shape, "Parameters")
    keys = {"PARQUET": "parquet.compression", "ORC": "orc.compress", "AVRO": "avro.output.codec"}
    asked = properties.get("write.compression") or properties.get(keys.get(kind, "")) or ""
    parameters = member(serde, "Parameters")
    names = tuple(one["Name"].lower() for one in shape.get("PartitionKeys") or ())
    delimiter = parameters.get("field.delim") or parameters.get("serialization.format") or "\x01"
    return Options(
        kind,
        _compression(kind, str(asked)),
        partitioned=names,
        delimiter=chr(int(delimiter)) if delimiter.isdigit() else delimiter,
        null=parameters.get("serialization.null.format", "\\N"),
    )


def _asked_compression(kind: str, given: st.Properties) -> str:
    own = {"PARQUET": "parquet_compression", "ORC": "orc_compression"}.get(kind, "")
    return str(given.get("write_compression") or given.get("compression") or given.get(own) or "")


def _format(name: str) -> str:
    if name.upper() not in COMPRESSIONS:
        if name.upper() in ("ION", "RCFILE", "SEQUENCEFILE"):
            raise not_supported(f"Writing the format {name.upper()}", 1, 1)
        known = ", ".join(sorted(COMPRESSIONS))
        raise invalid(f"Unable to set table property 'format' to '{name}': one of {known}")
    return name.upper()


def _compression(kind: str, asked: str) -> str:
    codec = asked.upper() or COMPRESSIONS[kind][0]
    codec = {"UNCOMPRESSED": "NONE"}.get(codec, codec)
    if codec not in COMPRESSIONS[kind]:
        raise invalid(f"The compression {codec} is not one of {kind}: {COMPRESSIONS[kind]}")
    return codec


def _names(given: st.Properties, key: str) -> tuple[str, ...]:
    value = given.get(key, ())
    return tuple(name.lower() for name in ((value,) if isinstance(value, str) else value))


def _number(given: Mapping[str, Any], key: str) -> int | None:
    value = given.get(key)
    if value is None:
        return None
    if not str(value).isdigit():
        raise invalid(f"Unable to set table property '{key}' to '{value}'")
    return int(value)


def _buckets(given: st.Properties) -> Buckets | None:
    names, count = _names(given, "bucketed_by"), _number(given, "bucket_count")
    if not names and count is None:
        return None
    if not names or not count:
        raise invalid("bucketed_by and bucket_count must be given together")
    return Buckets(names, count)
