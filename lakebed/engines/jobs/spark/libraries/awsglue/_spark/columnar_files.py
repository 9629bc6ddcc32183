"""Files that carry their schema: Parquet, ORC and Avro."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import gluetypes as g
from .._not_built import NotBuiltError
from . import columns as c
from .frame import SparkFrame
from .modules import functions
from .scans import Scan, own, with_origins


def read(scan: Scan, format: str, columns: Sequence[tuple[str, g.DataType]] = ()) -> SparkFrame:
    """Return the rows of the files; `columns` are those of a table, found by name."""
    if format == "avro":
        check_avro(scan.session)
    options: Mapping[str, Any] = {} if format == "avro" else {"mergeSchema": "true"}
    df = scan.load(format, **{**options, **scan.reader_options})
    held = own(df, scan)
    if columns:
        held = _of_table(held, columns)
    schema = with_origins(scan, g.StructType([one.field() for one in held]))
    origins = [functions.col(f"`{name}`") for name, _, _ in scan.origins]
    return SparkFrame.of(df.select(*[one.value.alias(one.name) for one in held], *origins), schema)


def check_avro(session: Any) -> None:
    """Raise where Spark was started without its Avro module."""
    try:
        session._jvm.java.lang.Class.forName(
            "org.apache.spark.sql.avro.AvroFileFormat",
            False,
            session._jvm.java.lang.Thread.currentThread().getContextClassLoader(),
        )
    except Exception as problem:
        if "ClassNotFoundException" not in str(problem):
            raise
        hint = "Spark was started without its module spark-avro: give its jar with --extra-jars"
        raise NotBuiltError("format avro", hint) from problem


def _of_table(held: list[c.Column], columns: Sequence[tuple[str, g.DataType]]) -> list[c.Column]:
    by_name = {one.name.lower(): one for one in held}
    found: list[c.Column] = []
    for name, kind in columns:
        missing = c.Column(name, functions.lit(None), g.NullType())
        one = by_name.get(name.lower(), missing)
        found.append(c.Column(name, c.cast(one, kind), kind))
    return found
