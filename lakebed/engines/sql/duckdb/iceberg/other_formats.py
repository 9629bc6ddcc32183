"""Data files in ORC and Avro, written through Arrow, with Iceberg's field ids in them."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false
# PyIceberg leaves type parameters open, and pyarrow has no types.

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
from pyiceberg import types as ice
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.manifest import FileFormat
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.utils.schema_conversion import AvroSchemaConversion

from lakebed.engines.sql.duckdb.iceberg import properties
from lakebed.engines.sql.duckdb.readers.arrow import arrow
from lakebed.engines.sql.duckdb.writing.avro import AvroFile

_ROWS = 50_000


def write(
    connection: duckdb.DuckDBPyConnection,
    text: str,
    path: Path,
    metadata: TableMetadata,
    kind: FileFormat,
) -> int:
    """Write the rows of a query into one file; return how many there were."""
    batches = connection.execute(text).to_arrow_reader(_ROWS)
    if kind == FileFormat.ORC:
        return _orc(batches, path, metadata)
    return _avro(batches, path, metadata)


def _orc(batches: Any, path: Path, metadata: TableMetadata) -> int:
    pa = arrow()
    schema: Any = schema_to_pyarrow(metadata.schema(), file_format=FileFormat.ORC)
    codec = {"NONE": "uncompressed"}.get(
        properties.codec_of(metadata, "ORC"), properties.codec_of(metadata, "ORC").lower()
    )
    count = 0
    with arrow("pyarrow.orc").ORCWriter(str(path), compression=codec) as writer:
        for batch in batches:
            count += batch.num_rows
            columns = [_typed(batch.column(at), schema.field(at).type) for at in range(len(schema))]
            writer.write(pa.Table.from_arrays(columns, schema=schema))
    return count


def _typed(column: Any, kind: Any) -> Any:
    """Give a column the type of its field, which differs in names and ids of what is inside.

    pyarrow's cast of a map from elsewhere ends the process: its values are taken one by one.
    """
    pa = arrow()
    return pa.array(column.to_pylist(), kind) if "map<" in str(kind) else column.cast(kind)


def _avro(batches: Any, path: Path, metadata: TableMetadata) -> int:
    schema = AvroSchemaConversion().iceberg_to_avro(metadata.schema(), schema_name="table")
    fields = metadata.schema().fields
    file = AvroFile(path, schema, properties.codec_of(metadata, "AVRO"))
    count = 0
    for batch in batches:
        count += batch.num_rows
        file.write_rows(
            [
                {one.name: _record(row[one.name], one.field_type) for one in fields}
                for row in batch.to_pylist()
            ]
        )
    file.close()
    return count


def _record(value: Any, kind: ice.IcebergType) -> Any:
    """Return a value as Avro has it: a map is a list of pairs."""
    if value is None:
        return None
    if isinstance(kind, ice.ListType):
        return [_record(one, kind.element_type) for one in value]
    if isinstance(kind, ice.MapType):
        return [
            {"key": _record(key, kind.key_type), "value": _record(held, kind.value_type)}
            for key, held in value
        ]
    if isinstance(kind, ice.StructType):
        return {one.name: _record(value[one.name.lower()], one.field_type) for one in kind.fields}
    return value
