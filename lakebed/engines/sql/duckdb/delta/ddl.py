"""The statements about Delta tables that Athena has: CREATE EXTERNAL TABLE, SHOW …, DESCRIBE.

https://docs.aws.amazon.com/athena/latest/ug/delta-lake-tables.html
"""

from __future__ import annotations

from typing import Any

from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb import results
from lakebed.engines.sql.duckdb.catalog import Shape
from lakebed.engines.sql.duckdb.delta import log, reading, schema
from lakebed.engines.sql.duckdb.run import Run
from lakebed.engines.sql.duckdb.storage import FORMATS, descriptor, table_input

_ONLY = (
    "Delta Lake table {}: CREATE TABLE statements that include more than the LOCATION and "
    "table_type property are not allowed"
)
"""What AWS's page says; the sentence of Athena's own error is not documented."""


def create(run: Run, name: tuple[str, str], statement: st.CreateTable) -> Shape:
    """Return the TableInput of a table whose columns are those of its log.

    https://docs.aws.amazon.com/athena/latest/ug/delta-lake-tables-getting-started.html
    """
    full = f"{name[0]}.{name[1]}"
    given = (
        statement.columns, statement.partitions, statement.serde, statement.serde_properties,
        statement.input_format, statement.buckets, statement.comment,
    )  # fmt: skip
    if any(given) or len(statement.properties) > 1:
        raise TrinoError("INVALID_TABLE_PROPERTY", _ONLY.format(full))
    location = str(statement.location)
    snapshot = log.read(run.catalog.server, location, full)
    fields = schema.of(snapshot).fields
    keys = snapshot.partition_columns
    # As Spark writes it: a reader that does not know Delta must not take the files for the table.
    storage = descriptor(
        FORMATS["SEQUENCEFILE"],
        [_column(one) for one in fields if one.name not in keys],
        location.rstrip("/"),
        {"serialization.format": "1", "path": location},
    )
    by_name = {one.name: one for one in fields}
    partitions = [_column(by_name[one]) for one in keys]
    return table_input(name[1], storage, partitions, {"table_type": "DELTA"})


def _column(field: schema.Field) -> Shape:
    made = {"Name": field.name.lower(), "Type": field.glue}
    return {**made, "Comment": field.comment} if field.comment else made


def synchronised(run: Run, shape: Shape) -> Shape:
    """Return a table with the columns of its log, which those in the catalog may lag behind."""
    table = reading.load(run.catalog, shape["DatabaseName"], shape["Name"])
    keys = table.snapshot.partition_columns
    by_name = {one.name: one for one in table.schema.fields}
    columns = [_column(one) for one in table.schema.fields if one.name not in keys]
    storage = {**shape["StorageDescriptor"], "Columns": columns}
    partitions = [_column(by_name[one]) for one in keys]
    return {**shape, "StorageDescriptor": storage, "PartitionKeys": partitions}


def show_create_table(run: Run, shape: Shape) -> dict[str, Any]:
    """SHOW CREATE TABLE: the statement that makes the table."""
    lines = [
        "CREATE EXTERNAL TABLE",
        f"  `{shape['DatabaseName']}.{shape['Name']}`",
        "LOCATION",
        f"  '{reading.location_of(shape)}'",
        "TBLPROPERTIES (",
        "  'table_type'='DELTA')",
    ]
    return results.lines(run.scratch, [[line] for line in lines], ["createtab_stmt"])


def partition_values(run: Run, shape: Shape) -> list[tuple[str | None, ...]]:
    """Return the partitions that have files, each by its values."""
    table = reading.load(run.catalog, shape["DatabaseName"], shape["Name"])
    by_name = {one.name: one.physical for one in table.schema.fields}
    keys = [by_name[one] for one in table.snapshot.partition_columns]
    found = {tuple(file.partition.get(key) for key in keys) for file in table.snapshot.files}
    return sorted(found, key=lambda values: [str(one) for one in values])
