"""CREATE TABLE AS, INSERT INTO and UNLOAD."""

from __future__ import annotations

from typing import Any

from lakebed.dialect import analyse, tree
from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.types import Type, hive_name, parse_type
from lakebed.engines.sql.duckdb import results, storage
from lakebed.engines.sql.duckdb.catalog import (
    Shape,
    columns_of,
    folder,
    is_delta,
    is_hudi,
    is_iceberg,
    members,
)
from lakebed.engines.sql.duckdb.ddl.lookup import qualified
from lakebed.engines.sql.duckdb.planning import analysed, lowered
from lakebed.engines.sql.duckdb.run import Run
from lakebed.engines.sql.duckdb.writing import options as how
from lakebed.engines.sql.duckdb.writing.columns import into_columns
from lakebed.engines.sql.duckdb.writing.output import (
    WRITERS_MAX,
    File,
    Output,
    too_many_writers,
)
from lakebed.engines.sql.duckdb.writing.publish import Publication, outcome, place_of

TABLE_PROPERTIES = frozenset(
    {"format", "external_location", "partitioned_by", "write_compression", "parquet_compression",
     "orc_compression", "compression_level", "field_delimiter", "is_external", "table_type",
     "bucketed_by", "bucket_count"}
)  # fmt: skip
_UNLOAD_PROPERTIES = frozenset(
    {"format", "compression", "compression_level", "field_delimiter", "partitioned_by"}
)


def create_table_as(run: Run, statement: st.CreateTableAs) -> dict[str, Any]:
    """Write a query's rows as a new table; leave nothing behind if that fails."""
    properties = statement.properties
    kind = str(properties.get("table_type", "HIVE")).upper()
    if kind not in ("HIVE", "ICEBERG"):
        raise not_supported(f"A table of the type {kind}", 1, 1)
    is_iceberg = kind == "ICEBERG"
    options = how.Options() if is_iceberg else how.of_properties(properties, TABLE_PROPERTIES)
    database, name = qualified(run, statement.name)
    if not run.catalog.has_database(database):
        raise TrinoError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", 1, 1)
    if run.catalog.shape(database, name) is not None:
        if statement.if_not_exists:
            return {"row_count": 0}
        message = f"Destination table 'awsdatacatalog.{database}.{name}' already exists"
        raise TrinoError("TABLE_ALREADY_EXISTS", message, 1, 1)
    if is_iceberg:
        from lakebed.engines.sql.duckdb.iceberg import dml

        return dml.create_table_as(run, statement, (database, name))
    given = properties.get("external_location")
    location = folder(str(given) if given else f"{folder(run.output_location)}tables/{run.id}/")
    require_empty(run, location, f"table '{database}.{name}'")
    query = analysed(run, statement.query)
    columns = analyse.named_columns(query)
    _check_partitions(columns, options)
    count, scanned, files = 0, 0, list[File]()
    if statement.with_data:
        count, scanned, files = _written(run, query, columns, options)
    table = _table(name, location, columns, options)
    if statement.comment:
        table["Parameters"]["comment"] = statement.comment
    with Publication(run) as publication:
        publication.create_table(database, table)
        _publish(publication, {**table, "DatabaseName": database}, files)
    return outcome(run, publication.objects, count, scanned)


def insert(run: Run, statement: st.Insert) -> dict[str, Any]:
    """Add a query's rows to a table, in new files."""
    shape = _target(run, statement)
    if is_iceberg(shape):
        from lakebed.engines.sql.duckdb.iceberg import dml

        return dml.insert(run, statement, shape)
    options = how.of_table(shape)
    columns = _columns(shape)
    query = inserted(run, statement, analysed(run, statement.query))
    count, scanned, files = _written(run, query, columns, options)
    with Publication(run) as publication:
        _publish(publication, shape, files)
    return outcome(run, publication.objects, count, scanned)


def inserted(run: Run, statement: st.Insert, query: tree.Query) -> tree.Query:
    """Return the query with the columns of the table its rows go to; refuse what does not fit."""
    shape = _target(run, statement)
    if is_iceberg(shape):
        from lakebed.engines.sql.duckdb.iceberg import ddl, dml

        columns = dml.columns_of(ddl.loaded(run, shape))
    else:
        columns = _columns(shape)
    full = ".".join(("awsdatacatalog", *qualified(run, statement.name)))
    return into_columns(query, columns, statement.columns, full)


def _columns(shape: Shape) -> list[tuple[str, Type]]:
    return [
        (one["Name"].lower(), parse_type(one.get("Type") or "string"))
        for one in [*columns_of(shape), *members(shape, "PartitionKeys")]
    ]


def _target(run: Run, statement: st.Insert) -> Shape:
    database, name = qualified(run, statement.name)
    shape = run.catalog.shape(database, name)
    full = f"awsdatacatalog.{database}.{name}"
    if shape is None:
        raise TrinoError("TABLE_NOT_FOUND", f"Table '{full}' does not exist", 1, 1)
    if shape.get("TableType") == "VIRTUAL_VIEW":
        raise TrinoError("NOT_SUPPORTED", "Inserting into views is not supported", 1, 1)
    if is_delta(shape):
        message = f"Delta Lake table {full} is read-only: INSERT is not supported"
        raise TrinoError("NOT_SUPPORTED", message, 1, 1)
    if is_hudi(shape):
        message = f"Hudi table {full} is read-only: INSERT is not supported"
        raise TrinoError("NOT_SUPPORTED", message, 1, 1)
    return shape


def unload(run: Run, statement: st.Unload) -> dict[str, Any]:
    """Write a query's rows to a location, without a table."""
    if "format" not in statement.properties:
        message = "UNLOAD needs the property 'format'"
        raise TrinoError("MISSING_REQUIRED_PROPERTY", message, 1, 1)
    options = how.of_properties(statement.properties, _UNLOAD_PROPERTIES)
    location = folder(statement.location)
    if not location.startswith("s3://"):
        raise TrinoError("INVALID_TABLE_PROPERTY", f"{statement.location} is no s3:// location")
    require_empty(run, location, "UNLOAD")
    query = analysed(run, statement.query)
    if options.format in ("TEXTFILE", "JSON") and not options.partitioned:
        named = zip(results.names(query.columns), query.columns, strict=True)
        columns = [(name, kind) for name, (_, kind) in named]
    else:
        columns = analyse.named_columns(query)
    _check_partitions(columns, options)
    count, scanned, files = _written(run, query, columns, options)
    with Publication(run) as publication:
        for file in files if count else ():  # without rows there is no file, as on Athena
            publication.put(file, place_of(location, options.partitioned, file.values))
    return outcome(run, publication.objects, count, scanned)


def _written(
    run: Run, query: tree.Query, columns: list[tuple[str, Type]], options: how.Options
) -> tuple[int, int, list[File]]:
    text, scanner = lowered(run, query)
    output = Output(run, columns, options)
    run.prepare(text, scanner.paths)
    if copy := output.copy_options():
        count, files = output.copied(text, copy)
    else:
        from lakebed.engines.sql.duckdb.writing.batches import Batches

        count, files = Batches(output).write(text)
    if len(files) > WRITERS_MAX and (output.keys or options.buckets):
        raise too_many_writers()
    return count, run.scanned(scanner.meter.read_bytes), files


def require_empty(run: Run, location: str, what: str) -> None:
    """Refuse to write where something is already."""
    if run.catalog.server.files(location):
        message = f"Target directory for {what} already exists: {location}"
        raise TrinoError("HIVE_PATH_ALREADY_EXISTS", message)


def _check_partitions(columns: list[tuple[str, Type]], options: how.Options) -> None:
    """Refuse partitions and buckets that the columns do not allow."""
    names = [name for name, _ in columns]
    keys = options.partitioned
    missing = [name for name in keys if name not in names]
    if missing:
        raise how.invalid(f"Partition columns {missing} not present in schema")
    if keys and tuple(names[len(names) - len(keys) :]) != keys:
        message = "Partition keys must be the last columns in the table and in the same order "
        given = f"as the table properties: [{', '.join(keys)}]"
        raise TrinoError("HIVE_COLUMN_ORDER_MISMATCH", message + given)
    if keys and len(keys) == len(names):
        raise how.invalid("Table contains only partition columns")
    for name in options.buckets.columns if options.buckets else ():
        if name not in names:
            raise how.invalid(f"Bucketing columns [{name}] not present in schema")
        if name in keys:
            raise how.invalid(f"Bucketing columns [{name}] are also partition columns")


def _table(
    name: str, location: str, columns: list[tuple[str, Type]], options: how.Options
) -> dict[str, Any]:
    """Return the TableInput of a table that a query makes."""
    shapes = [{"Name": column, "Type": hive_name(kind)} for column, kind in columns]
    count = len(shapes) - len(options.partitioned)
    parameters = {"serialization.format": "1"}
    if options.format == "TEXTFILE":
        separator = options.delimiter
        parameters = {"field.delim": separator, "serialization.format": separator}
    formats = storage.FORMATS[options.format]
    made = storage.descriptor(formats, shapes[:count], location, parameters)
    made["SerdeInfo"]["Name"] = name
    if options.buckets is not None:
        made["BucketColumns"] = list(options.buckets.columns)
        made["NumberOfBuckets"] = options.buckets.count
    properties = {"has_encrypted_data": "false"}
    if options.format in ("PARQUET", "ORC"):
        key = {"PARQUET": "parquet.compression", "ORC": "orc.compress"}[options.format]
        properties[key] = options.compression
    return storage.table_input(name, made, shapes[count:], properties)


def _publish(publication: Publication, shape: Shape, files: list[File]) -> None:
    """Put files where their partitions are, and add the partitions that are new."""
    location = shape["StorageDescriptor"]["Location"]
    keys = [one["Name"].lower() for one in members(shape, "PartitionKeys")]
    places = {file.values: place_of(location, keys, file.values) for file in files}
    known: dict[tuple[str, ...], str] = {}
    if keys and places:
        request = {
            "DatabaseName": shape["DatabaseName"],
            "TableName": shape["Name"],
            "PartitionsToGet": [{"Values": list(values)} for values in places],
        }
        answer = publication.server.ask("batch_get_partition", request)
        for one in members(answer, "Partitions"):
            known[tuple(one["Values"])] = one["StorageDescriptor"]["Location"]
    for file in files:
        publication.put(file, known.get(file.values, places[file.values]))
    if keys:
        made = {
            key: value for key, value in shape["StorageDescriptor"].items() if key != "Location"
        }
        added = {values: place for values, place in places.items() if values not in known}
        publication.add_partitions(shape, made, added)
