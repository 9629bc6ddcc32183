"""A table of the Data Catalog as a source: partitions are pruned before anything is listed.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-partitions.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import gluetypes as g
from .._catalog import JDBC_KINDS, Catalog, Partition, Table
from .._listing import Listed, split
from .._not_built import NotBuiltError
from .._paths import quoted
from . import columns as c
from . import open_tables
from .files import FileSource, empty
from .frame import SparkFrame
from .modules import functions
from .scans import FOLDER, folder
from .types import to_spark


@dataclass
class TableSource:
    """What a script asked of a table."""

    session: Any
    database: str
    name: str
    predicate: str = ""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    transformation_ctx: str = ""
    catalog_id: str | None = None

    def read(self) -> SparkFrame:
        """Return the records of the table."""
        catalog = Catalog(self.catalog_id)
        table = catalog.table(self.database, self.name)
        kind = table.parameters.get("classification", "").lower()
        lake = open_tables.format_of(table)
        if lake:
            raise NotBuiltError(
                f"a DynamicFrame of the {lake} table {self.database}.{self.name}",
                "create_data_frame.from_catalog reads it, with --datalake-formats",
            )
        if kind in JDBC_KINDS:
            return self._by_jdbc(table, kind)
        options = {**_of_table(table), **self.options}
        if table.partition_keys:
            return self._partitioned(catalog, table, options)
        if self.predicate and self.predicate.strip():
            raise ValueError(
                "User's pushdown predicate: "
                f"{self.predicate} can not be resolved against partition columns: []"
            )
        return self._source(table, [table.location], options).read()

    def _by_jdbc(self, table: Table, kind: str) -> SparkFrame:
        from .jdbc import JdbcSource

        given = dict(table.parameters)
        given |= {"dbtable": table.location.partition(".")[2], **self.options}
        return JdbcSource(self.session, kind, given, self.transformation_ctx).read()

    def _source(self, table: Table, paths: Sequence[str], options: Mapping[str, Any]) -> FileSource:
        given = {"recurse": True, **options, "paths": paths}
        return FileSource(
            self.session,
            paths,
            given,
            table.format,
            {**table.format_options(), **self.options},
            self.transformation_ctx,
            table.columns,
        )

    def _partitioned(
        self, catalog: Catalog, table: Table, options: Mapping[str, Any]
    ) -> SparkFrame:
        expression = str(options.get("catalogPartitionPredicate") or "")
        found = list(catalog.partitions(self.database, self.name, expression))
        found = selected(self.session, table, found, self.predicate)
        keys = [g.Field(name, kind) for name, kind in table.partition_keys]
        if not found:
            fields = [g.Field(name, kind) for name, kind in table.columns]
            return empty(self.session, g.StructType([*fields, *keys]))
        source = self._source(table, [one.location for one in found], options)
        source.origins = [(FOLDER, g.StringType(), folder())]
        frame = source.read()
        folders = _values_by_folder(source.due, found)
        return _with_values(self.session, frame, keys, folders)


def selected(
    session: Any, table: Table, partitions: Sequence[Partition], predicate: str
) -> list[Partition]:
    """Return the partitions whose values fulfil a predicate of Spark SQL's."""
    if not predicate or not predicate.strip() or not partitions:
        return list(partitions)
    keys = table.partition_keys
    rows = [(at, *one.values) for at, one in enumerate(partitions)]
    names = ", ".join([f"{quoted(FOLDER)} int", *(f"{quoted(name)} string" for name, _ in keys)])
    df = session.createDataFrame(rows, names)
    typed = [functions.col(quoted(name)).cast(to_spark(kind)).alias(name) for name, kind in keys]
    try:
        kept = df.select(quoted(FOLDER), *typed).where(predicate).collect()
    except Exception as problem:
        if type(problem).__name__ not in ("AnalysisException", "ParseException"):
            raise
        columns = ", ".join(name for name, _ in keys)
        raise ValueError(
            f"User's pushdown predicate: {predicate} can not be resolved against "
            f"partition columns: [{columns}]"
        ) from problem
    return [partitions[row[0]] for row in sorted(kept)]


def _values_by_folder(
    files: Sequence[Listed], partitions: Sequence[Partition]
) -> dict[str, tuple[str, ...]]:
    """Return the values of the partition that each folder of files is in, or is below."""
    known = {_folder(one.location): one.values for one in partitions}
    found: dict[str, tuple[str, ...]] = {}
    for one in files:
        folder = above = one.path.rpartition("/")[0]
        while folder not in found:
            if above in known:
                found[folder] = known[above]
            above = above.rpartition("/")[0]
    return found


def _with_values(
    session: Any,
    frame: SparkFrame,
    keys: Sequence[g.Field],
    folders: Mapping[str, tuple[str, ...]],
) -> SparkFrame:
    """Add the values of its partition to each row, found by the folder of its file."""
    df, schema = frame.df, frame.schema
    kept = [one for one in c.top(schema) if one.name != FOLDER]
    fields = g.StructType([*(one.field() for one in kept), *keys])
    rows = [(folder, *values) for folder, values in folders.items()]
    names = [f"{FOLDER}_", *(f"\0value{at}" for at in range(len(keys)))]
    typed = ", ".join(f"{quoted(name)} string" for name in names)
    values = functions.broadcast(session.createDataFrame(rows, typed))
    both = df.join(values, df[quoted(FOLDER)] == values[quoted(f"{FOLDER}_")])
    chosen = [df[quoted(one.name)].alias(one.name) for one in kept]
    for at, key in enumerate(keys):
        column = c.Column(key.name, functions.col(f"`\0value{at}`"), g.StringType())
        chosen.append(c.cast(column, key.dataType).alias(key.name))
    return SparkFrame.of(both.select(*chosen), fields)


def _folder(location: str) -> str:
    scheme, bucket, key = split(location)
    key = key.rstrip("/")
    return f"file://{key}" if scheme == "file" else f"{scheme}://{bucket}/{key}"


def _of_table(table: Table) -> dict[str, Any]:
    """Return the options of a source that a table's parameters give."""
    names = ("groupFiles", "groupSize", "recurse", "exclusions", "compressionType")
    found: dict[str, Any] = {n: table.parameters[n] for n in names if table.parameters.get(n)}
    if found.get("compressionType") == "none":
        del found["compressionType"]
    return found
