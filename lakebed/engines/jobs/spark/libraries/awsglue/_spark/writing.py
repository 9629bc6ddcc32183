"""A frame written as files.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import _outputs
from .._not_built import NotBuiltError
from .._options import flag
from .columnar_files import check_avro
from .frame import SparkFrame

FORMATS = ("csv", "json", "parquet", "glueparquet", "orc", "avro")
_READ_ONLY = ("xml", "ion", "grokLog")


def write(
    frame: SparkFrame,
    path: str,
    format: str,
    options: Mapping[str, Any],
    format_options: Mapping[str, Any],
) -> None:
    """Add the rows to the files below a path."""
    if format in _READ_ONLY:
        raise ValueError(f"Glue does not write format {format}")
    if format not in FORMATS:
        raise NotBuiltError(f"format {format} of an S3 sink")
    keys = partition_keys(options)
    adaptive = format == "glueparquet" or flag(format_options, "useGlueParquetWriter")
    frame = frame.drop_nulls() if adaptive else frame
    df = frame.df
    if not frame.schema.fields:
        return
    if format == "avro":
        check_avro(df.sparkSession)
    writer = df.write.mode("append").format("parquet" if adaptive else format)
    for name, value in _writer_options(format, options, format_options).items():
        writer = writer.option(name, value)
    if keys:
        writer = writer.partitionBy(*keys)
    writer.save(path)
    _outputs.wrote(path)


def partition_keys(options: Mapping[str, Any]) -> Sequence[str]:
    """Return what a sink's output is partitioned by."""
    given = options.get("partitionKeys") or ()
    return [given] if isinstance(given, str) else list(given)


def _writer_options(
    format: str, options: Mapping[str, Any], format_options: Mapping[str, Any]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    compression = options.get("compression") or format_options.get("compression")
    if compression:
        found["compression"] = {"bzip": "bzip2"}.get(compression, compression)
    if format == "csv":
        quote = str(format_options.get("quoteChar", '"'))
        found |= {
            "sep": format_options.get("separator", ","),
            "header": str(flag(format_options, "writeHeader", True)).lower(),
            "quote": "" if quote == "-1" else quote,
            "escape": format_options.get("escaper") or ('"' if quote == "-1" else quote),
            "emptyValue": "",
        }
    if "parquet" in format:
        sizes = {"blockSize": "parquet.block.size", "pageSize": "parquet.page.size"}
        found |= {sizes[name]: format_options[name] for name in sizes if name in format_options}
    return found
