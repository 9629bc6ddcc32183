"""Writes a table of Arrow's as a Parquet or ORC file, with the options of Firehose's serializers.

Left out: `MaxPaddingBytes`, `EnablePadding` and ORC's `BlockSizeBytes`, which align files to blocks
of HDFS. https://docs.aws.amazon.com/firehose/latest/APIReference/API_ParquetSerDe.html
"""

from __future__ import annotations

from typing import Any

from lakebed.engines.delivery import FileForm
from lakebed.engines.sql.duckdb.readers.arrow import arrow

_PARQUET = {"UNCOMPRESSED": "none", "GZIP": "gzip", "SNAPPY": "snappy"}
_ORC = {"NONE": "uncompressed", "ZLIB": "zlib", "SNAPPY": "snappy"}
_BLOCK_BYTES = 256 * 1024 * 1024
_PAGE_BYTES = 1024 * 1024
_STRIPE_BYTES = 64 * 1024 * 1024
_ROW_INDEX_STRIDE = 10_000


def written(form: FileForm, table: Any) -> bytes:
    """Return the bytes of a file."""
    sink = arrow().BufferOutputStream()
    if form.kind == "orc":
        _write_orc(form, table, sink)
    else:
        _write_parquet(form, table, sink)
    return sink.getvalue().to_pybytes()


def _write_parquet(form: FileForm, table: Any, sink: Any) -> None:
    """Write Parquet; a timestamp has 96 bits, as Hive's writer has it, which Firehose uses."""
    rows = max(1, table.num_rows)
    row_bytes = max(1, table.nbytes // rows)
    arrow("pyarrow.parquet").write_table(
        table,
        sink,
        compression=_PARQUET[form.compression],
        use_dictionary=form.has_dictionary,
        row_group_size=max(1, (form.block_bytes or _BLOCK_BYTES) // row_bytes),
        data_page_size=form.page_bytes or _PAGE_BYTES,
        data_page_version="2.0" if form.version == "V2" else "1.0",
        use_deprecated_int96_timestamps=True,
        store_schema=False,
    )


def _write_orc(form: FileForm, table: Any, sink: Any) -> None:
    names = list(table.column_names)
    bloom = [names.index(name) for name in form.bloom_columns if name in names]
    arrow("pyarrow.orc").write_table(
        table,
        sink,
        file_version="0.11" if form.version == "V0_11" else "0.12",
        stripe_size=form.stripe_bytes or _STRIPE_BYTES,
        compression=_ORC[form.compression],
        row_index_stride=form.row_index_stride or _ROW_INDEX_STRIDE,
        padding_tolerance=form.padding_tolerance,
        dictionary_key_size_threshold=form.dictionary_threshold,
        bloom_filter_columns=bloom or None,
        bloom_filter_fpp=form.bloom_probability,
    )
