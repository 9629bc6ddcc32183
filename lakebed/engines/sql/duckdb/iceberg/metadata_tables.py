"""The metadata tables of an Iceberg table: `"t$snapshots"`, `"t$files"` and the like.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-table-metadata.html
Columns and their types are those of Trino's Iceberg connector.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false
# PyIceberg leaves type parameters open, and pyarrow has no types.

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pyiceberg.conversions import from_bytes
from pyiceberg.table.snapshots import Snapshot, ancestors_of
from pyiceberg.types import PrimitiveType

from lakebed.dialect import conversions, tree
from lakebed.dialect.types import (
    BIGINT,
    BOOLEAN,
    INTEGER,
    VARBINARY,
    VARCHAR,
    Type,
    array,
    duck_name,
    timestamp,
)
from lakebed.engines.sql.duckdb.catalog import LakeCatalog
from lakebed.engines.sql.duckdb.iceberg import partitions_table, planning, tables
from lakebed.engines.sql.duckdb.iceberg.files import LakeFiles
from lakebed.engines.sql.duckdb.iceberg.tables import IcebergTable
from lakebed.engines.sql.duckdb.readers.arrow import arrow

if TYPE_CHECKING:
    from lakebed.engines.sql.duckdb.scans import Scanner

_INSTANT = Type("timestamp with time zone", (3,))
_SUMMARY = Type("map", (), (VARCHAR, VARCHAR))
_COUNTS = Type("map", (), (INTEGER, BIGINT))
_BOUNDS = Type("map", (), (INTEGER, VARCHAR))

Columns = tuple[tuple[str, Type], ...]
Row = tuple[Any, ...]

_COLUMNS: dict[str, Columns] = {
    "snapshots": (
        ("committed_at", _INSTANT), ("snapshot_id", BIGINT), ("parent_id", BIGINT),
        ("operation", VARCHAR), ("manifest_list", VARCHAR), ("summary", _SUMMARY),
    ),
    "history": (
        ("made_current_at", _INSTANT), ("snapshot_id", BIGINT), ("parent_id", BIGINT),
        ("is_current_ancestor", BOOLEAN),
    ),
    "refs": (
        ("name", VARCHAR), ("type", VARCHAR), ("snapshot_id", BIGINT),
        ("max_reference_age_in_ms", BIGINT), ("min_snapshots_to_keep", INTEGER),
        ("max_snapshot_age_in_ms", BIGINT),
    ),
    "manifests": (
        ("path", VARCHAR), ("length", BIGINT), ("partition_spec_id", INTEGER),
        ("added_snapshot_id", BIGINT), ("added_data_files_count", INTEGER),
        ("added_rows_count", BIGINT), ("existing_data_files_count", INTEGER),
        ("existing_rows_count", BIGINT), ("deleted_data_files_count", INTEGER),
        ("deleted_rows_count", BIGINT),
        ("partition_summaries", array(Type("row", (), (BOOLEAN, BOOLEAN, VARCHAR, VARCHAR),
            ("contains_null", "contains_nan", "lower_bound", "upper_bound")))),
    ),
    "files": (
        ("content", INTEGER), ("file_path", VARCHAR), ("file_format", VARCHAR),
        ("record_count", BIGINT), ("file_size_in_bytes", BIGINT), ("column_sizes", _COUNTS),
        ("value_counts", _COUNTS), ("null_value_counts", _COUNTS), ("nan_value_counts", _COUNTS),
        ("lower_bounds", _BOUNDS), ("upper_bounds", _BOUNDS), ("key_metadata", VARBINARY),
        ("split_offsets", array(BIGINT)), ("equality_ids", array(INTEGER)),
    ),
}  # fmt: skip


def is_named(name: str) -> bool:
    """Tell whether a name is that of a metadata table."""
    return "$" in name


def info(
    catalog: LakeCatalog, database: str, name: str, version: tree.Version | None
) -> tree.TableInfo | None:
    """Return an Iceberg table, or a metadata table of one, as the analyser sees it."""
    base, _, kind = name.partition("$")
    table = tables.load(catalog, catalog.iceberg_files(), database, base)
    if not kind:
        return tables.info(table, version)
    if kind == "partitions":
        columns = partitions_table.columns(table)
    elif kind in _COLUMNS:
        columns = _COLUMNS[kind]
    else:
        return None
    return tree.TableInfo("awsdatacatalog", database, name, columns, (), (), version, True)


def source(scanner: Scanner, scan: tree.Scan) -> str:
    """Return the text of a metadata table's used columns."""
    catalog = scanner.catalog
    base, _, kind = scan.table.name.partition("$")
    files = catalog.iceberg_files()
    table = tables.load(catalog, files, scan.table.database, base)
    snapshot = tables.snapshot_of(table, scan.table.version)
    rows = _ROWS[kind](table, files, snapshot)
    used = sorted(scan.used)
    columns = scan.table.columns
    pa = arrow()
    made = pa.table(
        {
            "lbn": pa.array(range(len(rows)), pa.int64()),
            **{
                f"t{at}": pa.array([row[at] for row in rows], _arrow(columns[at][1])) for at in used
            },
        }
    )
    relation = scanner.register(made)
    texts = [f"{_typed(f't{at}', columns[at][1])} AS c{at}" for at in used]
    return f"SELECT {', '.join(texts) or '1 AS c0'} FROM {relation}"


def _arrow(kind: Type) -> Any:
    pa = arrow()
    if kind.name == "array":
        return pa.list_(_arrow(kind.inner[0]))
    if kind.name == "map":
        return pa.map_(_arrow(kind.inner[0]), _arrow(kind.inner[1]))
    if kind.name == "row":
        inner = [(f"f{at}", _arrow(one)) for at, one in enumerate(kind.inner)]
        return pa.struct(inner)
    return {
        "boolean": pa.bool_(), "integer": pa.int32(), "bigint": pa.int64(),
        "varbinary": pa.binary(), _INSTANT.name: pa.timestamp("ms" if kind == _INSTANT else "us"),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"), "real": pa.float32(), "double": pa.float64(),
        "decimal": pa.decimal128(*kind.numbers) if kind.name == "decimal" else None,
        "time": pa.int64(),
    }.get(kind.name) or pa.string()  # fmt: skip


def _typed(text: str, kind: Type) -> str:
    if kind.name == _INSTANT.name:
        return conversions.convert(f"CAST({text} AS TIMESTAMP)", timestamp(6), kind)
    if kind.name == "row":
        parts = [f"f{at} := " + _typed(f"struct_extract({text}, 'f{at}')", one)
                 for at, one in enumerate(kind.inner)]  # fmt: skip
        return f"CASE WHEN {text} IS NOT NULL THEN struct_pack({', '.join(parts)}) END"
    if kind.name == "time":
        return f"CAST({text} * 1000000 AS {duck_name(kind)})"
    return f"CAST({text} AS {duck_name(kind)})"


def _snapshots(table: IcebergTable, files: LakeFiles, snapshot: Snapshot | None) -> list[Row]:
    del files, snapshot
    rows: list[Row] = []
    for one in table.metadata.snapshots:
        summary = one.summary
        operation = summary.operation.value if summary is not None else None
        more = list(summary.additional_properties.items()) if summary is not None else []
        rows.append(
            (one.timestamp_ms, one.snapshot_id, one.parent_snapshot_id, operation,
             one.manifest_list, more)
        )  # fmt: skip
    return rows


def _history(table: IcebergTable, files: LakeFiles, snapshot: Snapshot | None) -> list[Row]:
    del files, snapshot
    metadata = table.metadata
    current = {one.snapshot_id for one in ancestors_of(metadata.current_snapshot(), metadata)}
    rows: list[Row] = []
    for entry in metadata.snapshot_log:
        found = metadata.snapshot_by_id(entry.snapshot_id)
        parent = found.parent_snapshot_id if found is not None else None
        ancestor = entry.snapshot_id in current
        rows.append((entry.timestamp_ms, entry.snapshot_id, parent, ancestor))
    return rows


def _refs(table: IcebergTable, files: LakeFiles, snapshot: Snapshot | None) -> list[Row]:
    del files, snapshot
    return [
        (name, one.snapshot_ref_type.value.upper(), one.snapshot_id, one.max_ref_age_ms,
         one.min_snapshots_to_keep, one.max_snapshot_age_ms)
        for name, one in table.metadata.refs.items()
    ]  # fmt: skip


def _manifests(table: IcebergTable, files: LakeFiles, snapshot: Snapshot | None) -> list[Row]:
    rows: list[Row] = []
    metadata = table.metadata
    for one in planning.manifests_of(files, snapshot):
        spec = metadata.specs()[one.partition_spec_id]
        kinds = [field.field_type for field in spec.partition_type(metadata.schema()).fields]
        summaries = [
            (part.contains_null, part.contains_nan,
             _human(spec.fields[at].transform, kinds[at], part.lower_bound),
             _human(spec.fields[at].transform, kinds[at], part.upper_bound))
            for at, part in enumerate(one.partitions or [])
        ]  # fmt: skip
        named = [dict(zip(("f0", "f1", "f2", "f3"), part, strict=True)) for part in summaries]
        rows.append(
            (one.manifest_path, one.manifest_length, one.partition_spec_id, one.added_snapshot_id,
             one.added_files_count, one.added_rows_count, one.existing_files_count,
             one.existing_rows_count, one.deleted_files_count, one.deleted_rows_count, named)
        )  # fmt: skip
    return rows


def _human(transform: Any, kind: Any, bound: bytes | None) -> str | None:
    if bound is None or not isinstance(kind, PrimitiveType):
        return None
    return transform.to_human_string(kind, from_bytes(kind, bound))


def _files(table: IcebergTable, files: LakeFiles, snapshot: Snapshot | None) -> list[Row]:
    rows: list[Row] = []
    schema = table.metadata.schema()

    def bounds(found: dict[int, bytes] | None) -> list[tuple[int, str]] | None:
        out: list[tuple[int, str]] = []
        for number, value in (found or {}).items():
            try:
                kind = schema.find_type(number)
            except ValueError:
                continue  # a column of an older schema, or of a delete file
            if isinstance(kind, PrimitiveType):
                out.append((number, _shown(kind, value)))
        return out if found is not None else None

    for manifest in planning.manifests_of(files, snapshot):
        for entry in planning.entries_of(files, manifest):
            one = entry.data_file
            counts: list[Any] = [one.column_sizes, one.value_counts, one.null_value_counts,
                      one.nan_value_counts]  # fmt: skip
            rows.append(
                (int(one.content), one.file_path, one.file_format.value, one.record_count,
                 one.file_size_in_bytes, *(list((few or {}).items()) if few is not None else None
                                           for few in counts),
                 bounds(one.lower_bounds), bounds(one.upper_bounds), one.key_metadata,
                 one.split_offsets, one.equality_ids)
            )  # fmt: skip
    return rows


def _shown(kind: PrimitiveType, value: bytes) -> str:
    from pyiceberg.transforms import IdentityTransform

    return IdentityTransform().to_human_string(kind, from_bytes(kind, value))


_ROWS: dict[str, Callable[[IcebergTable, LakeFiles, Snapshot | None], Sequence[Row]]] = {
    "snapshots": _snapshots,
    "history": _history,
    "refs": _refs,
    "manifests": _manifests,
    "files": _files,
    "partitions": partitions_table.rows,
}
