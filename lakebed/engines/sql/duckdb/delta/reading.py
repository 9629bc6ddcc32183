"""A scan of a Delta table: which data files of its newest version, and the text that reads them.

Files are dropped by the values of their partitions and by the statistics of the log, with the same
evaluator as Iceberg's; and read as Iceberg's: by the numbers of their fields, without deleted rows.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# PyIceberg leaves type parameters open, and pyarrow has no types.

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pyiceberg import types as ice
from pyiceberg.conversions import to_bytes
from pyiceberg.expressions.literals import literal
from pyiceberg.expressions.visitors import (
    _InclusiveMetricsEvaluator,  # pyright: ignore[reportPrivateUsage] - there is no public name
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat, ManifestEntry
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadataV2
from pyiceberg.table.name_mapping import NameMapping
from pyiceberg.transforms import IdentityTransform
from pyiceberg.typedef import Record

from lakebed.dialect import conversions, tree
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.grouping import references
from lakebed.engines.sql.duckdb.catalog import LakeCatalog, Shape, is_delta, member
from lakebed.engines.sql.duckdb.delta import log, schema, vectors
from lakebed.engines.sql.duckdb.iceberg import planning, pruning
from lakebed.engines.sql.duckdb.iceberg import reading as iceberg
from lakebed.engines.sql.duckdb.iceberg.types import to_trino

if TYPE_CHECKING:
    from lakebed.engines.sql.duckdb.scans import Scanner

HIDDEN = tuple(
    one for one in tree.HIDDEN_COLUMNS if one[0] in ("$path", "$file_size", "$file_modified_time")
)
"""What a query may name besides the columns."""


@dataclass(frozen=True, slots=True)
class DeltaTable:
    """A table in its newest version."""

    database: str
    name: str
    snapshot: log.Snapshot
    schema: schema.DeltaSchema


def location_of(shape: Shape) -> str:
    """Return where a table is: what Spark says beside a placeholder, else the catalog's word.

    https://docs.aws.amazon.com/athena/latest/ug/delta-lake-tables-syncing-metadata.html
    """
    descriptor = member(shape, "StorageDescriptor")
    given = member(member(descriptor, "SerdeInfo"), "Parameters").get("path")
    return str(given or descriptor.get("Location") or "")


def load(catalog: LakeCatalog, database: str, name: str) -> DeltaTable:
    """Read the log of a table that is known to be Delta's."""
    shape = catalog.shape(database, name)
    assert shape is not None
    assert is_delta(shape)
    snapshot = log.read(catalog.server, location_of(shape), f"{database}.{name}")
    return DeltaTable(database, name, snapshot, schema.of(snapshot))


def info(table: DeltaTable) -> tree.TableInfo:
    """Return the table as the analyser sees it: the columns of the log, not of the catalog."""
    columns = tuple((one.name.lower(), one.type) for one in table.schema.fields)
    return tree.TableInfo(
        "awsdatacatalog", table.database, table.name, columns, (), HIDDEN, prunes_by_any=True
    )


def source(scanner: Scanner, scan: tree.Scan) -> str:
    """Return the text that reads a scan's used columns as c0, c1, …"""
    table = load(scanner.catalog, scan.table.database, scan.table.name)
    made = table.schema.iceberg
    partitions = _partitions(table)
    said = pruning.expression(scan, made, scanner.catalog.evaluate)
    admits = _InclusiveMetricsEvaluator(made, said, case_sensitive=True).eval
    tasks: list[planning.Task] = []
    server = scanner.catalog.server
    tested = _tested(table, scan)
    for one in table.snapshot.files:
        file = _data_file(table, one, partitions, tested)
        if not admits(file):
            continue
        entry: Any = ManifestEntry.from_args(data_file=file, sequence_number=0)
        deleted = None
        if one.vector is not None:
            base = table.snapshot.location
            deleted = functools.partial(vectors.positions, server, base, one.vector)
        tasks.append(planning.Task(entry, deleted=deleted))
    job = iceberg.Job(
        scanner, scanner.catalog.iceberg_files(), _metadata(table, made, partitions), made, scan,
        _numbering(table),
    )  # fmt: skip
    return _typed(table, scan, iceberg.text_of(job, tasks))


def _tested(table: DeltaTable, scan: tree.Scan) -> list[schema.Field]:
    """Return the columns whose bounds the query's predicates ask for."""
    places = {ref.index for prune in scan.prunes for ref in references(prune) or ()}
    fields = table.schema.fields
    return [fields[at] for at in sorted(places) if at < len(fields)]


def _typed(table: DeltaTable, scan: tree.Scan, text: str) -> str:
    """Write the columns with Delta's types where Iceberg has no such: small integers, instants."""
    out: list[str] = []
    for at in sorted(scan.used):
        column = f"c{at}"
        if at < len(table.schema.fields):
            field = table.schema.fields[at]
            held = to_trino(field.nested.field_type)
            if held != field.type:
                column = f"{conversions.convert(column, held, field.type)} AS c{at}"
        out.append(column)
    if all(one == f"c{at}" for one, at in zip(out, sorted(scan.used), strict=True)):
        return text
    return f"SELECT {', '.join(out)} FROM ({text})"


def _partitions(table: DeltaTable) -> list[schema.Field]:
    by_name = {one.name: one for one in table.schema.fields}
    return [by_name[one] for one in table.snapshot.partition_columns]


def _metadata(table: DeltaTable, made: Schema, partitions: list[schema.Field]) -> TableMetadataV2:
    spec = PartitionSpec(
        *(
            PartitionField(one.nested.field_id, 1000 + at, IdentityTransform(), one.name)
            for at, one in enumerate(partitions)
        ),
        spec_id=0,
    )
    mapping = NameMapping([one.mapped for one in table.schema.fields])
    make: Any = TableMetadataV2
    return make(
        location=table.snapshot.location, last_column_id=made.highest_field_id, schemas=[made],
        current_schema_id=made.schema_id, partition_specs=[spec], default_spec_id=0,
        last_partition_id=1000 + len(partitions),
        properties={"schema.name-mapping.default": mapping.model_dump_json()},
    )  # fmt: skip


def _numbering(table: DeltaTable) -> str:
    """Name what numbers the fields of files: themselves, or this schema's name mapping."""
    if table.schema.by_id:
        return ""
    return hashlib.sha256(table.snapshot.schema_text.encode()).hexdigest()


def _data_file(
    table: DeltaTable,
    file: log.Added,
    partitions: list[schema.Field],
    tested: list[schema.Field],
) -> DataFile:
    """Return a file as a manifest of Iceberg's would list it, with the bounds of some columns."""
    count = int(file.statistics.get("numRecords") or 0)
    bounds = _Bounds(count)
    values: list[Any] = []
    for one in partitions:
        values.append(_partition_value(table, one, file.partition.get(one.physical)))
        if one in tested:
            bounds.exactly(one.nested, values[-1])
    for one in tested:
        if one not in partitions:
            bounds.between(one, file.statistics)
    make: Any = DataFile.from_args
    made = make(
        content=DataFileContent.DATA, file_path=file.location, file_format=FileFormat.PARQUET,
        partition=Record(*values), file_size_in_bytes=file.size, sort_order_id=None,
        equality_ids=None, key_metadata=None, record_count=max(count, 1),
        value_counts=bounds.counts, null_value_counts=bounds.nulls, nan_value_counts={},
        lower_bounds=bounds.lower, upper_bounds=bounds.upper,
    )  # fmt: skip
    made.spec_id = 0
    return made


def _partition_value(table: DeltaTable, field: schema.Field, text: str | None) -> Any:
    if text is None:
        return None
    try:
        return _read(text, field.nested.field_type).value
    except (ValueError, TypeError, ArithmeticError) as error:
        message = f"Invalid partition value '{text}' for {field.type} partition key: {field.name}"
        full = f"{message} ({table.database}.{table.name})"
        raise TrinoError("DELTA_LAKE_INVALID_SCHEMA", full) from error


def _read(text: str, kind: ice.IcebergType) -> Any:
    """Read a value of a partition or of statistics, as Iceberg keeps it."""
    if isinstance(kind, ice.BooleanType):
        return literal(text.lower() == "true")
    if isinstance(kind, ice.TimestampType | ice.TimestamptzType):
        moment = datetime.fromisoformat(text.replace(" ", "T"))
        if isinstance(kind, ice.TimestamptzType):
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return literal(aware.astimezone(UTC)).to(kind)
        return literal(moment.replace(tzinfo=None)).to(kind)
    if isinstance(kind, ice.BinaryType):
        return literal(text.encode())
    return literal(text).to(kind)


class _Bounds:
    """What is known of the values of a file, by the numbers of the fields."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.counts: dict[int, int] = {}
        self.nulls: dict[int, int] = {}
        self.lower: dict[int, bytes] = {}
        self.upper: dict[int, bytes] = {}

    def exactly(self, field: ice.NestedField, value: Any) -> None:
        """Note the one value of a partition's column."""
        number, kind = field.field_id, field.field_type
        rows = max(self._count, 1)  # the log need not say how many rows a file has
        self.counts[number], self.nulls[number] = rows, rows if value is None else 0
        if value is not None and isinstance(kind, ice.PrimitiveType):
            if isinstance(value, float) and value != value:
                return
            self.lower[number] = self.upper[number] = to_bytes(kind, value)

    def between(self, field: schema.Field, statistics: Mapping[str, Any]) -> None:
        """Note the smallest and the largest value, and how many are missing."""
        number, kind = field.nested.field_id, field.nested.field_type
        missing = _said(statistics, "nullCount", field.physical)
        if isinstance(missing, int) and self._count:
            self.counts[number], self.nulls[number] = self._count, missing
        if not isinstance(kind, ice.PrimitiveType):
            return
        low = _bound(_said(statistics, "minValues", field.physical), kind)
        high = _bound(_said(statistics, "maxValues", field.physical), kind, is_upper=True)
        if low is not None and high is not None:
            self.lower[number], self.upper[number] = low, high


def _said(statistics: Mapping[str, Any], what: str, name: str) -> Any:
    found = statistics.get(what)
    return found.get(name) if isinstance(found, Mapping) else None


def _bound(value: Any, kind: ice.PrimitiveType, is_upper: bool = False) -> bytes | None:
    """Return a bound as a manifest keeps it, None for one that says nothing.

    Moments are cut to milliseconds in the log, and shown rounded: the largest may be one more.
    """
    if value is None or isinstance(kind, ice.BooleanType | ice.BinaryType):
        return None
    try:
        text = value.isoformat() if hasattr(value, "isoformat") else str(value)
        if isinstance(kind, ice.TimestampType | ice.TimestamptzType) and is_upper:
            moment = datetime.fromisoformat(text.replace(" ", "T"))
            text = (moment + timedelta(milliseconds=1)).isoformat()
        if isinstance(kind, ice.DecimalType):
            return to_bytes(kind, Decimal(text).quantize(Decimal(1).scaleb(-kind.scale)))
        read = _read(text, kind).value
        return None if isinstance(read, float) and read != read else to_bytes(kind, read)
    except (ValueError, TypeError, ArithmeticError, OverflowError):
        return None
