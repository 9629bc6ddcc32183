"""How Athena reads what a crawler found: the formats and SerDe of each classification.

The texts are those of Athena's guide, and of tables that crawlers have made.
https://docs.aws.amazon.com/athena/latest/ug/supported-serdes.html
"""

from __future__ import annotations

from lakebed.engines.crawl import Storage

_TEXT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_AVRO = "org.apache.hadoop.hive.ql.io.avro.AvroContainer"
_ORC = "org.apache.hadoop.hive.ql.io.orc.Orc"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet."
_ION = "com.amazon.ionhiveserde.formats.Ion"
_ONE = {"serialization.format": "1"}

LAZY_SIMPLE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
JSON = "org.openx.data.jsonserde.JsonSerDe"
GROK = "com.amazonaws.glue.serde.GrokSerDe"

PARQUET_STORAGE = Storage(
    f"{_PARQUET}MapredParquetInputFormat",
    f"{_PARQUET}MapredParquetOutputFormat",
    f"{_PARQUET}serde.ParquetHiveSerDe",
    dict(_ONE),
)
ORC_STORAGE = Storage(f"{_ORC}InputFormat", f"{_ORC}OutputFormat", f"{_ORC}Serde", dict(_ONE))
ION_STORAGE = Storage(
    f"{_ION}InputFormat", f"{_ION}OutputFormat", "com.amazon.ionhiveserde.IonHiveSerDe"
)
NOT_HIVES = Storage()
"""XML and BSON: tables that Athena cannot read, only Glue's own jobs."""


def text(serde: str, parameters: dict[str, str]) -> Storage:
    """Return the storage of lines of text."""
    return Storage(_TEXT, _TEXT_OUT, serde, parameters)


def open_csv(delimiter: str, quote: str) -> Storage:
    """Return the storage of quoted text."""
    parameters = {"separatorChar": delimiter, "quoteChar": quote, "escapeChar": "\\"}
    return text(OPEN_CSV, parameters)


def avro(schema: str) -> Storage:
    """Return the storage of Avro files of a schema."""
    parameters = _ONE | {"avro.schema.literal": schema}
    serde = "org.apache.hadoop.hive.serde2.avro.AvroSerDe"
    return Storage(f"{_AVRO}InputFormat", f"{_AVRO}OutputFormat", serde, parameters)
