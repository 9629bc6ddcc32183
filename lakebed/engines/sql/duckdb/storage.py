"""How each file format is written down in the Data Catalog: SerDe, input and output format."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.engines.sql.duckdb.catalog import Shape

_TEXT = (
    "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    "org.apache.hadoop.mapred.TextInputFormat",
    "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
)
FORMATS = {
    "TEXTFILE": _TEXT,
    "JSON": ("org.openx.data.jsonserde.JsonSerDe", *_TEXT[1:]),
    "PARQUET": (
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    ),
    "ORC": (
        "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
        "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
        "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
    ),
    "AVRO": (
        "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
        "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
        "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat",
    ),
    "ION": (
        "com.amazon.ionhiveserde.IonHiveSerDe",
        "com.amazon.ionhiveserde.formats.IonInputFormat",
        "com.amazon.ionhiveserde.formats.IonOutputFormat",
    ),
    "SEQUENCEFILE": (
        "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        "org.apache.hadoop.mapred.SequenceFileInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
    ),
    "RCFILE": (
        "org.apache.hadoop.hive.serde2.columnar.LazyBinaryColumnarSerDe",
        "org.apache.hadoop.hive.ql.io.RCFileInputFormat",
        "org.apache.hadoop.hive.ql.io.RCFileOutputFormat",
    ),
}
"""SerDe, input format and output format by the word behind STORED AS."""

FORMAT_OF_SERDE = {
    FORMATS["PARQUET"][0]: "PARQUET",
    FORMATS["ORC"][0]: "ORC",
    FORMATS["AVRO"][0]: "AVRO",
    FORMATS["TEXTFILE"][0]: "TEXTFILE",
    FORMATS["JSON"][0]: "JSON",
    "org.apache.hive.hcatalog.data.JsonSerDe": "JSON",
}
"""The formats that can be written, by the SerDe that reads them."""


def descriptor(
    storage: tuple[str, str, str],
    columns: Sequence[Shape],
    location: str,
    serde_parameters: Mapping[str, str],
) -> Shape:
    """Return a StorageDescriptor as Athena writes it."""
    serde, reads, writes = storage
    return {
        "Columns": list(columns),
        "Location": location,
        "InputFormat": reads,
        "OutputFormat": writes,
        "Compressed": False,
        "NumberOfBuckets": -1,
        "SerdeInfo": {"SerializationLibrary": serde, "Parameters": dict(serde_parameters)},
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": {},
        "StoredAsSubDirectories": False,
    }


def table_input(
    name: str, storage: Shape, keys: Sequence[Shape], parameters: Mapping[str, str]
) -> dict[str, Any]:
    """Return the TableInput of an external table, with the parameters Athena adds to any."""
    return {
        "Name": name,
        "Owner": "hadoop",
        "Retention": 0,
        "StorageDescriptor": storage,
        "PartitionKeys": list(keys),
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            "EXTERNAL": "TRUE",
            **parameters,
            "transient_lastDdlTime": str(int(time.time())),
        },
    }
