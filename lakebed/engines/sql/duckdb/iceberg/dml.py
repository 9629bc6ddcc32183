"""INSERT, CREATE TABLE AS, DELETE and UPDATE of Iceberg tables.

Rows are deleted by their positions (merge on read), as Athena does:
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-updating-iceberg-table-data.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyiceberg.expressions import AlwaysTrue
from pyiceberg.manifest import DataFile
from pyiceberg.table.snapshots import Operation
from sqlglot import expressions as exp

from lakebed.dialect import analyse, tree
from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import Type
from lakebed.engines.sql.duckdb.catalog import Shape, folder, is_delta, is_iceberg
from lakebed.engines.sql.duckdb.ddl.lookup import qualified
from lakebed.engines.sql.duckdb.iceberg import (
    ddl,
    partitioning,
    planning,
    properties,
    snapshots,
)
from lakebed.engines.sql.duckdb.iceberg.tables import IcebergTable
from lakebed.engines.sql.duckdb.iceberg.types import storable, to_trino
from lakebed.engines.sql.duckdb.iceberg.writing import Writer
from lakebed.engines.sql.duckdb.planning import analysed, lowered
from lakebed.engines.sql.duckdb.readers.storage import HIDDEN_ROW_POSITION
from lakebed.engines.sql.duckdb.run import Run
from lakebed.engines.sql.duckdb.scans import Scanner
from lakebed.engines.sql.duckdb.writing.columns import fits, into_columns
from lakebed.engines.sql.duckdb.writing.publish import outcome

_CTAS = frozenset(
    {"table_type", "is_external", "location", "format", "write_compression", "partitioning",
     "compression_level", "vacuum_min_snapshots_to_keep", "vacuum_max_snapshot_age_seconds",
     "vacuum_max_metadata_files_to_keep", "optimize_rewrite_data_file_threshold",
     "optimize_rewrite_delete_file_threshold", "optimize_rewrite_min_data_file_size_bytes",
     "optimize_rewrite_max_data_file_size_bytes", "write_target_data_file_size_bytes"}
)  # fmt: skip
"""https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html#ctas-table-properties"""


def insert(run: Run, statement: st.Insert, shape: Shape) -> dict[str, Any]:
    """INSERT INTO an Iceberg table."""
    table = ddl.loaded(run, shape)
    full = f"awsdatacatalog.{table.database}.{table.name}"
    query = analysed(run, statement.query)
    text, scanner = lowered(run, into_columns(query, columns_of(table), statement.columns, full))
    run.prepare(text, scanner.paths)
    writer = Writer(run, run.catalog.iceberg_files(), table.metadata)
    count = writer.rows(text)
    scanned = run.scanned(scanner.meter.read_bytes)
    if writer.added:
        base = table.metadata.current_snapshot()
        change = snapshots.Change(Operation.APPEND, base, added=writer.added)
        snapshots.commit(run, table, change)
    return outcome(run, [], count, scanned)


def create_table_as(run: Run, statement: st.CreateTableAs, name: tuple[str, str]) -> dict[str, Any]:
    """CREATE TABLE AS with table_type = 'ICEBERG': the table appears with its rows."""
    given = statement.properties
    for key in given:
        if key not in _CTAS:
            raise TrinoError("INVALID_TABLE_PROPERTY", f"Unknown property '{key}'", 1, 1)
    if str(given.get("is_external", "true")).lower() != "false":
        message = "External keyword not supported for table type ICEBERG: set is_external = false"
        raise TrinoError("INVALID_TABLE_PROPERTY", message)
    if given.get("location") is None:
        message = "location is required in the WITH clause of an Iceberg table"
        raise TrinoError("INVALID_TABLE_PROPERTY", message)
    location = folder(str(given["location"]))
    if run.catalog.server.files(location):
        message = f"Target directory for table '{name[0]}.{name[1]}' already exists: {location}"
        raise TrinoError("HIVE_PATH_ALREADY_EXISTS", message)
    query = analysed(run, statement.query)
    columns = [(one, storable(kind)) for one, kind in analyse.named_columns(query)]
    asked = given.get("partitioning", ())
    items = (asked,) if isinstance(asked, str) else asked
    metadata = ddl.new_metadata(
        [(one, kind, None) for one, kind in columns],
        [partitioning.parse_transform(one) for one in items],
        location,
        properties.to_metadata(_texts(given), {}),
    )
    files = run.catalog.iceberg_files()
    writer = Writer(run, files, metadata)
    count = scanned = 0
    if statement.with_data:
        text, scanner = lowered(run, into_columns(query, columns, (), name[1]))
        run.prepare(text, scanner.paths)
        count = writer.rows(text)
        scanned = run.scanned(scanner.meter.read_bytes)
    table = IcebergTable(*name, {}, "", metadata)
    if writer.added:
        change = snapshots.Change(Operation.APPEND, added=writer.added)
        metadata = snapshots.first(run, table, change)
    ddl.create(run, name, metadata, statement.comment)
    return outcome(run, [], count, scanned)


def _texts(given: st.Properties) -> dict[str, str]:
    others = ("location", "partitioning", "is_external")
    return {key: str(value) for key, value in given.items() if key not in others}


def columns_of(table: IcebergTable) -> list[tuple[str, Type]]:
    """Return a table's columns with Trino's types."""
    fields = table.metadata.schema().fields
    return [(one.name.lower(), to_trino(one.field_type)) for one in fields]


def target_of(run: Run, name: st.Name, verb: str) -> IcebergTable:
    """Return the table whose rows a statement changes; only Iceberg tables' can be."""
    database, table = qualified(run, name)
    shape = run.catalog.shape(database, table)
    if shape is None:
        full = f"awsdatacatalog.{database}.{table}"
        raise TrinoError("TABLE_NOT_FOUND", f"Table '{full}' does not exist", 1, 1)
    if shape.get("TableType") == "VIRTUAL_VIEW":
        raise TrinoError("NOT_SUPPORTED", f"{verb} views is not supported", 1, 1)
    if is_delta(shape):
        message = f"Delta Lake table awsdatacatalog.{database}.{table} is read-only"
        raise TrinoError("NOT_SUPPORTED", message, 1, 1)
    if not is_iceberg(shape):
        message = "Modifying Hive table rows is only supported for transactional tables"
        raise TrinoError("NOT_SUPPORTED", message, 1, 1)
    return ddl.loaded(run, shape)


def hidden_column(name: str) -> exp.Column:
    """Return a reference to a hidden column."""
    return exp.Column(this=exp.to_identifier(name, quoted=True))


def located() -> list[exp.Expr]:
    """Return what says where a row is: its file, its position."""
    return [hidden_column("$path"), hidden_column(HIDDEN_ROW_POSITION[0])]


def delete(run: Run, statement: st.Delete) -> dict[str, Any]:
    """DELETE FROM an Iceberg table."""
    table = target_of(run, statement.name, "Deleting from")
    query = analysed(run, _select(located(), statement.target, statement.where))
    text, scanner = lowered(run, query)
    run.prepare(text, scanner.paths)
    count = _kept(run, text)
    changed = Changed(run, table, scanner)
    scanned = run.scanned(scanner.meter.read_bytes)
    if count:
        changed.delete("SELECT c0 AS file_path, c1 AS pos FROM lbm")
        changed.commit(Operation.DELETE)
    return outcome(run, [], count, scanned)


def update(run: Run, statement: st.Update) -> dict[str, Any]:
    """UPDATE an Iceberg table."""
    table = target_of(run, statement.name, "Updating")
    columns = columns_of(table)
    values = dict(statement.values)
    unknown = [name for name in values if name not in dict(columns)]
    if unknown:
        message = f"The UPDATE SET target column {unknown[0]} doesn't exist"
        raise TrinoError("COLUMN_NOT_FOUND", message, 1, 1)
    items = located()
    for name, _ in columns:
        plain = exp.Column(this=exp.to_identifier(name, quoted=True))
        items.append(values.get(name, plain))
    query = analysed(run, _select(items, statement.target, statement.where))
    have = [kind for _, kind in query.columns[2:]]
    check_types([kind for _, kind in columns], have, values, columns)
    text, scanner = lowered(run, converted(query, [None, None, *(kind for _, kind in columns)]))
    run.prepare(text, scanner.paths)
    count = _kept(run, text)
    changed = Changed(run, table, scanner)
    scanned = run.scanned(scanner.meter.read_bytes)
    if count:
        changed.delete("SELECT c0 AS file_path, c1 AS pos FROM lbm")
        named = ", ".join(f"c{at + 2} AS c{at}" for at in range(len(columns)))
        changed.writer.rows(f"SELECT {named} FROM lbm")
        changed.commit(Operation.OVERWRITE)
    return outcome(run, [], count, scanned)


def check_types(
    wanted: Sequence[Type],
    have: Sequence[Type],
    named: object,
    columns: Sequence[tuple[str, Type]],
) -> None:
    """Refuse values that their columns do not take."""
    assert isinstance(named, dict)
    pairs = [
        (one, other)
        for (name, _), one, other in zip(columns, wanted, have, strict=True)
        if name in named
    ]
    if not all(fits(other, one) for one, other in pairs):
        first = ", ".join(str(one) for one, _ in pairs)
        second = ", ".join(str(other) for _, other in pairs)
        message = "UPDATE table column types don't match SET expressions: "
        shown = f"Table: [{first}], Expressions: [{second}]"
        raise TrinoError("TYPE_MISMATCH", message + shown, 1, 1)


def converted(query: tree.Query, wanted: Sequence[Type | None]) -> tree.Query:
    """Give a query's columns the types that are wanted (None: as they are)."""
    items: list[tree.Expr] = []
    columns: list[tuple[str | None, Type]] = []
    for at, ((name, have), want) in enumerate(zip(query.columns, wanted, strict=True)):
        ref = tree.Ref(have, "u", at)
        items.append(ref if want is None or want == have else tree.Convert(want, ref))
        columns.append((name, want or have))
    return tree.Query(tree.Select(tuple(items), tree.Derived("u", query)), tuple(columns))


def _select(items: Sequence[exp.Expr], target: exp.Expr, where: exp.Expr | None) -> exp.Select:
    made = exp.Select(expressions=list(items), from_=exp.From(this=target))
    if where is not None:
        made.set("where", exp.Where(this=where))
    return made


def _kept(run: Run, text: str) -> int:
    """Run a query into a table of its own; return how many rows it has."""
    run.connection.execute(f"CREATE TEMP TABLE lbm AS {text}")
    return run.connection.execute("SELECT count(*) FROM lbm").fetchall()[0][0]


class Changed:
    """The changes of one statement to a table's rows, on their way to a commit."""

    def __init__(self, run: Run, table: IcebergTable, scanner: Scanner) -> None:
        self._run, self._table = run, table
        self.writer = Writer(run, run.catalog.iceberg_files(), table.metadata)
        self._removed: set[str] = set()
        self._needed: set[str] = set()
        self._plans = scanner.plans_of(table.database, table.name)
        self._files: dict[str, planning.Task] = {
            task.file.file_path: task for plan in self._plans for task in plan.tasks
        }

    def delete(self, positions: str) -> None:
        """Delete the rows that a query locates; a file that loses all its rows goes as a whole."""
        connection: Any = self._run.connection
        found = connection.execute(positions).to_arrow_table()
        counted = self._run.connection.execute(
            f"SELECT file_path, count(*) FROM ({positions}) GROUP BY ALL"
        ).fetchall()
        whole = [place for place, count in counted if count == self._alive(place)]
        self._removed |= set(whole)
        self._needed |= {str(place) for place, _ in counted}
        if whole:
            from lakebed.engines.sql.duckdb.readers.arrow import arrow

            compute, pa = arrow("pyarrow.compute"), arrow()
            gone = compute.is_in(found.column("file_path"), pa.array(whole, pa.string()))
            found = found.filter(compute.invert(gone))
        if found.num_rows:
            targets: dict[str, DataFile] = {place: task.file for place, task in self._files.items()}
            self.writer.positions(found, targets)

    def _alive(self, place: str) -> int:
        """Return how many rows of a file are not deleted; -1 if that would have to be read."""
        task = self._files[place]
        return task.file.record_count if not (task.positions or task.equalities) else -1

    def commit(self, operation: Operation) -> None:
        """Commit what was deleted and written."""
        said = self._plans[0].said if len(self._plans) == 1 else AlwaysTrue()
        change = snapshots.Change(
            operation, self._table.metadata.current_snapshot(), True, said,
            self.writer.added, self.writer.deleting, self._removed, self._needed,
        )  # fmt: skip
        snapshots.commit(self._run, self._table, change)
