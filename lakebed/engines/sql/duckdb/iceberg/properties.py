"""The table properties Athena has for Iceberg tables, and what they are in a table's metadata.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html#querying-iceberg-table-properties
The names in the metadata are those of Iceberg where it has one; `athena.optimize.…` are what tables
made by Athena show (remembered).
"""

from __future__ import annotations

from collections.abc import Mapping

from pyiceberg.manifest import FileFormat
from pyiceberg.table.metadata import TableMetadata

from lakebed.dialect.errors import TrinoError

_COMPRESSIONS = {
    "PARQUET": ("ZSTD", "GZIP", "SNAPPY", "NONE"),
    "ORC": ("ZSTD", "ZLIB", "SNAPPY", "LZ4", "NONE"),
    "AVRO": ("ZSTD", "GZIP", "SNAPPY", "NONE"),
}
"""What each format may be compressed with; the first is the default.

https://docs.aws.amazon.com/athena/latest/ug/compression-support-iceberg.html
"""
_CODEC_KEYS = {
    "PARQUET": "write.parquet.compression-codec",
    "ORC": "write.orc.compression-codec",
    "AVRO": "write.avro.compression-codec",
}
_NUMBERS = {
    "optimize_rewrite_min_data_file_size_bytes": "athena.optimize.rewrite.min-data-file-size-bytes",
    "optimize_rewrite_max_data_file_size_bytes": "athena.optimize.rewrite.max-data-file-size-bytes",
    "optimize_rewrite_data_file_threshold": "athena.optimize.rewrite.data-file-threshold",
    "optimize_rewrite_delete_file_threshold": "athena.optimize.rewrite.delete-file-threshold",
    "vacuum_min_snapshots_to_keep": "history.expire.min-snapshots-to-keep",
    "vacuum_max_snapshot_age_seconds": "history.expire.max-snapshot-age-ms",
    "vacuum_max_metadata_files_to_keep": "write.metadata.previous-versions-max",
    "write_target_data_file_size_bytes": "write.target-file-size-bytes",
}
_SECONDS = "vacuum_max_snapshot_age_seconds"
_DEFAULTS = {
    "optimize_rewrite_data_file_threshold": 5,
    "optimize_rewrite_delete_file_threshold": 2,
    "vacuum_min_snapshots_to_keep": 1,
    "vacuum_max_snapshot_age_seconds": 432_000,
    "vacuum_max_metadata_files_to_keep": 100,
    "write_target_data_file_size_bytes": 536_870_912,
}


def to_metadata(given: Mapping[str, str], current: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata's properties for those of a statement; what Athena has not is refused.

    `current` are the table's properties so far, which say its format.
    """
    out: dict[str, str] = {}
    kind = current.get("write.format.default", "PARQUET").upper()
    if "format" in given:
        kind = given["format"].upper()
        if kind not in _COMPRESSIONS:
            raise _invalid(f"Unsupported value for table property 'format': {given['format']}")
        out["write.format.default"] = kind
    for key, value in given.items():
        if key in _NUMBERS:
            out[_NUMBERS[key]] = str(_number(key, value))
        elif key == "write_compression":
            out[_CODEC_KEYS[kind]] = _compression(kind, value)
        elif key == "compression_level":
            if kind != "PARQUET" or not value.isdigit():
                raise _invalid(f"Unsupported value for table property '{key}': {value}")
            out["write.parquet.compression-level"] = value
        elif key not in ("format", "table_type"):
            raise _invalid(f"Unsupported table property key: {key}")
    return out


def _invalid(message: str) -> TrinoError:
    return TrinoError("INVALID_TABLE_PROPERTY", message)


def _number(key: str, value: str) -> int:
    if not value.strip().isdigit():
        raise _invalid(f"Unsupported value for table property '{key}': {value}")
    return int(value) * (1000 if key == _SECONDS else 1)


def _compression(kind: str, value: str) -> str:
    codec = {"UNCOMPRESSED": "NONE", "DEFLATE": "GZIP"}.get(value.upper(), value.upper())
    if codec not in _COMPRESSIONS[kind]:
        raise _invalid(f"Unsupported compression for the format {kind}: {value}")
    return codec.lower()


def metadata_key(key: str, current: Mapping[str, str]) -> str:
    """Return the metadata's name of a property that Athena has."""
    if key == "write_compression":
        return _CODEC_KEYS[current.get("write.format.default", "PARQUET").upper()]
    if key == "format":
        return "write.format.default"
    if key not in _NUMBERS:
        raise _invalid(f"Unsupported table property key: {key}")
    return _NUMBERS[key]


def number(metadata: TableMetadata, key: str) -> int:
    """Return a number by Athena's name of it, its default if the table does not say."""
    given = metadata.properties.get(_NUMBERS[key])
    if given is not None and given.isdigit():
        return int(given) // (1000 if key == _SECONDS else 1)
    target = _DEFAULTS["write_target_data_file_size_bytes"]
    if key not in _DEFAULTS:
        target = number(metadata, "write_target_data_file_size_bytes")
        return int(target * (0.75 if "min" in key else 1.8))
    return _DEFAULTS[key]


def shown(metadata: TableMetadata) -> dict[str, str]:
    """Return a table's properties by Athena's names, as SHOW CREATE TABLE has them."""
    found = metadata.properties
    kind = found.get("write.format.default", "PARQUET").upper()
    out = {"table_type": "iceberg"}
    if "write.format.default" in found:
        out["format"] = kind.lower()
    codec = found.get(_CODEC_KEYS.get(kind, ""))
    if codec:
        out["write_compression"] = codec.lower()
    for key, name in _NUMBERS.items():
        if name in found:
            out[key] = str(number(metadata, key))
    return out


def data_format(metadata: TableMetadata) -> FileFormat:
    """Return the format new data files have."""
    return FileFormat(metadata.properties.get("write.format.default", "PARQUET").upper())


def parquet_codec(metadata: TableMetadata) -> str:
    """Return DuckDB's COPY options for the compression of Parquet files."""
    codec = codec_of(metadata, "PARQUET")
    level = metadata.properties.get("write.parquet.compression-level")
    name = {"NONE": "uncompressed", "UNCOMPRESSED": "uncompressed", "LZ4": "lz4_raw"}.get(
        codec, codec.lower()
    )
    if name not in ("uncompressed", "lz4_raw", "zstd", "gzip", "snappy"):
        raise TrinoError("NOT_SUPPORTED", f"Writing Parquet files compressed as {codec}")
    return f"'{name}'" + (f", COMPRESSION_LEVEL {int(level)}" if level and name == "zstd" else "")


def codec_of(metadata: TableMetadata, kind: str) -> str:
    """Return the codec of a format, in capitals."""
    given = metadata.properties.get(_CODEC_KEYS[kind])
    return (given or _COMPRESSIONS[kind][0]).upper()
