"""The metadata table `"t$partitions"`: a row a partition, with what is known of its values.

Its columns depend on the table: `partition` has the fields of all partition specs (by the first
name of each), `data` the columns of plain types that are not partitioned by themselves. As in
Trino's Iceberg connector, whose columns AWS's page shows:
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-table-metadata.html
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# PyIceberg leaves type parameters open.

from __future__ import annotations

from typing import Any
from uuid import UUID

from pyiceberg.conversions import from_bytes
from pyiceberg.manifest import DataFile, DataFileContent, ManifestContent
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.types import NestedField, PrimitiveType

from lakebed.dialect.types import BIGINT, Type
from lakebed.engines.sql.duckdb.iceberg import planning
from lakebed.engines.sql.duckdb.iceberg.files import LakeFiles
from lakebed.engines.sql.duckdb.iceberg.tables import IcebergTable
from lakebed.engines.sql.duckdb.iceberg.types import to_trino

Columns = tuple[tuple[str, Type], ...]
Row = tuple[Any, ...]
_METRICS = ("min", "max", "null_count", "nan_count")


def _partition_fields(table: IcebergTable) -> dict[int, NestedField]:
    """Return the partition fields of all specs by their numbers; of dropped columns there are none.

    https://iceberg.apache.org/spec/#partition-evolution
    """
    metadata = table.metadata
    schema = metadata.schema()
    found: dict[int, NestedField] = {}
    for _, spec in sorted(metadata.specs().items()):
        for one in spec.fields:
            try:
                source = schema.find_type(one.source_id)
            except ValueError:
                continue  # the column was dropped
            kind = one.transform.result_type(source)
            made = NestedField(one.field_id, one.name, kind, required=False)
            found.setdefault(one.field_id, made)
    return found


def _measured(table: IcebergTable) -> list[NestedField]:
    """Return the columns that `data` describes."""
    metadata = table.metadata
    same = {one.source_id for one in metadata.spec().fields if str(one.transform) == "identity"}
    return [
        one
        for one in metadata.schema().fields
        if one.field_id not in same and isinstance(one.field_type, PrimitiveType)
    ]


def columns(table: IcebergTable) -> Columns:
    """Return the columns of the metadata table."""
    out: list[tuple[str, Type]] = []
    fields = _partition_fields(table).values()
    if fields:
        out.append(("partition", _row([(one.name, to_trino(one.field_type)) for one in fields])))
    out += [("record_count", BIGINT), ("file_count", BIGINT), ("total_size", BIGINT)]
    described = [(one.name, to_trino(one.field_type)) for one in _measured(table)]
    if described:
        metrics = [
            (name, _row(list(zip(_METRICS, (kind, kind, BIGINT, BIGINT), strict=True))))
            for name, kind in described
        ]
        out.append(("data", _row(metrics)))
    return tuple(out)


def _row(members: list[tuple[str, Type]]) -> Type:
    names = tuple(name.lower() for name, _ in members)
    return Type("row", (), tuple(kind for _, kind in members), names)


class _Sums:
    """What is known of the files of a partition, added up."""

    def __init__(self) -> None:
        self.counts = [0, 0, 0]
        self.bounds: dict[int, list[Any]] = {}
        self.missing: set[tuple[int, int]] = set()

    def add(self, file: DataFile, fields: list[NestedField]) -> None:
        """Add a file; a number that one file does not tell is not known of the partition."""
        self.counts[0] += file.record_count
        self.counts[1] += 1
        self.counts[2] += file.file_size_in_bytes
        for one in fields:
            found = self.bounds.setdefault(one.field_id, [None, None, None, None])
            nulls = (file.null_value_counts or {}).get(one.field_id)
            is_empty = nulls is not None and nulls == file.record_count
            for at, (given, choose) in enumerate(
                ((file.lower_bounds, min), (file.upper_bounds, max))
            ):
                bound = (given or {}).get(one.field_id)
                if bound is None:
                    if not is_empty:
                        self.missing.add((one.field_id, at))
                    continue
                kind: Any = one.field_type
                value = from_bytes(kind, bound)
                found[at] = value if found[at] is None else choose(found[at], value)
            for at, count in ((2, nulls), (3, (file.nan_value_counts or {}).get(one.field_id))):
                if count is None:
                    self.missing.add((one.field_id, at))
                else:
                    found[at] = (found[at] or 0) + count

    def shown(self, fields: list[NestedField]) -> dict[str, Any]:
        """Return the members of `data`."""
        out: dict[str, Any] = {}
        for number, one in enumerate(fields):
            found = self.bounds[one.field_id]
            out[f"f{number}"] = {
                f"f{at}": None if (one.field_id, at) in self.missing else plain(found[at])
                for at in range(4)
            }
        return out


def plain(value: Any) -> Any:
    """Return a value as Arrow takes it."""
    return str(value) if isinstance(value, UUID) else value


def rows(table: IcebergTable, files: LakeFiles, snapshot: Snapshot | None) -> list[Row]:
    """Return a row for each partition that has data files."""
    specs = table.metadata.specs()
    fields, measured = _partition_fields(table), _measured(table)
    sums: dict[Any, _Sums] = {}
    for manifest in planning.manifests_of(files, snapshot):
        if manifest.content == ManifestContent.DELETES:
            continue
        for entry in planning.entries_of(files, manifest):
            one = entry.data_file
            if one.content != DataFileContent.DATA:
                continue
            spec = specs[one.spec_id]
            held = {part.field_id: one.partition[at] for at, part in enumerate(spec.fields)}
            key = tuple(held.get(number) for number in fields)
            sums.setdefault(key, _Sums()).add(one, measured)
    out: list[Row] = []
    for key, found in sums.items():
        values = {f"f{at}": plain(value) for at, value in enumerate(key)}
        first = (values,) if fields else ()
        last = (found.shown(measured),) if measured else ()
        out.append((*first, *found.counts, *last))
    return out
