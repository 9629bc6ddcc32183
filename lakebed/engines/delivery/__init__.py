"""What becomes of a buffer of records on its way to a destination: pure work, no AWS in it.

`orders.carry_out` takes an `Order` (records, what is to be done with them) and returns an `Outcome`
(parts that are ready to be put, records that could not be treated). What is another's program or
another's bytes (JQ, compressed records, conversion) is done in a child process (`child`).
https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

PROCESSING_FAILED = "processing-failed"
DECOMPRESSION_FAILED = "decompression-failed"
CONVERSION_FAILED = "format-conversion-failed"
TABLE_FAILED = "iceberg-failed"
PARTITIONS_EXCEEDED = "activePartitionExceeded"
"""What `!{firehose:error-output-type}` is of a record that could not be treated."""


class Record(msgspec.Struct, frozen=True, array_like=True):
    """A record as it came: when (milliseconds), its bytes, its number in the stream it is from."""

    arrival: int
    data: bytes
    sequence_number: str = ""
    sub_sequence_number: int = 0


class Processing(msgspec.Struct, frozen=True):
    """What is done with each record, in this order; empty is not done.

    `sub_records` is JSON or DELIMITED with its `sub_delimiter`; `query` a JQ program whose object
    names the partition keys, `keys` those that each record must have; `delimiter` is put behind.
    """

    decompression: str = ""
    is_message_extracted: bool = False
    sub_records: str = ""
    sub_delimiter: bytes = b""
    query: str = ""
    keys: tuple[str, ...] = ()
    delimiter: bytes = b""


class Column(msgspec.Struct, frozen=True):
    """A column of a table: its name and Hive's text of its type."""

    name: str
    type: str


class JsonForm(msgspec.Struct, frozen=True):
    """How records' JSON is read: by OpenX's SerDe or by Hive's (`is_hive`).

    `keys` are the JSON keys of columns that have another name; `timestamp_formats` are Hive's.
    """

    is_hive: bool = False
    is_case_insensitive: bool = True
    has_dots_as_underscores: bool = False
    keys: Mapping[str, str] = {}
    timestamp_formats: tuple[str, ...] = ()


class FileForm(msgspec.Struct, frozen=True):
    """How columns are written: `kind` is parquet or orc, numbers are 0 where nothing was said."""

    kind: str = "parquet"
    compression: str = "SNAPPY"
    block_bytes: int = 0
    page_bytes: int = 0
    has_dictionary: bool = False
    version: str = ""
    stripe_bytes: int = 0
    row_index_stride: int = 0
    padding_tolerance: float = 0.05
    dictionary_threshold: float = 0.0
    bloom_columns: tuple[str, ...] = ()
    bloom_probability: float = 0.05


class Conversion(msgspec.Struct, frozen=True):
    """JSON to a file of columns."""

    columns: tuple[Column, ...]
    json: JsonForm = JsonForm()
    file: FileForm = FileForm()


class Order(msgspec.Struct, frozen=True):
    """A buffer's records and what is to be done with them.

    `is_apart` leaves the records apart (what sends records, not objects, asks for them). `active`
    are the keys of partitions that are among the `partitions_max` whether records are theirs or
    not.
    """

    records: list[Record]
    processing: Processing = Processing()
    is_partitioned: bool = False
    partitions_max: int = 500
    compression: str = "UNCOMPRESSED"
    object_name: str = "records"
    conversion: Conversion | None = None
    is_apart: bool = False
    active: list[Mapping[str, str]] = []


class Part(msgspec.Struct, frozen=True):
    """What is one object: its partition keys, its bytes, when its oldest record came.

    `records` are there in the place of `data` where they were to be left apart, and `metadata` is
    what the query found of each.
    """

    keys: Mapping[str, str]
    data: bytes
    oldest: int
    count: int
    records: list[Record] = []
    metadata: list[Mapping[str, str]] = []


class Failure(msgspec.Struct, frozen=True):
    """A record, as it came, that could not be treated, and why."""

    kind: str
    code: str
    message: str
    record: Record


class Outcome(msgspec.Struct, frozen=True):
    """What became of an order."""

    parts: list[Part]
    failures: list[Failure]


def needs_child(order: Order) -> bool:
    """Tell whether an order runs what the server must not run itself."""
    processing = order.processing
    return bool(order.conversion or processing.query or processing.decompression)
