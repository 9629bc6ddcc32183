"""An Iceberg table as one statement sees it: what Glue says of it, and its metadata file.

A metadata file never changes, so its content is kept by this worker; that the file is there, and
that the query's principal may see it, is asked of the server each time.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from pyiceberg.schema import Schema
from pyiceberg.serializers import FromInputFile
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.snapshots import Snapshot

from lakebed.dialect import tree
from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.catalog import LakeCatalog, Shape, member
from lakebed.engines.sql.duckdb.iceberg.files import LakeFiles
from lakebed.engines.sql.duckdb.iceberg.types import to_trino
from lakebed.engines.sql.duckdb.readers.storage import HIDDEN_ROW_POSITION

METADATA_LOCATION = "metadata_location"
PREVIOUS_METADATA_LOCATION = "previous_metadata_location"
_KEPT_MAX = 64
_kept: OrderedDict[tuple[str, int, int], TableMetadata] = OrderedDict()
"""Parsed metadata by local path, size and time of change: the last ones read by this worker."""

HIDDEN = tuple(one for one in tree.HIDDEN_COLUMNS if one[0] in ("$path", "$file_modified_time")) + (
    HIDDEN_ROW_POSITION,
)
"""What a query may name besides the columns; the position is for DELETE, UPDATE and MERGE."""


@dataclass(frozen=True, slots=True)
class IcebergTable:
    """A table in the state that one metadata file describes."""

    database: str
    name: str
    shape: Shape
    location: str
    metadata: TableMetadata

    @property
    def full_name(self) -> str:
        """The name as Athena's errors have it."""
        return f"{self.database}.{self.name}"


def load(catalog: LakeCatalog, files: LakeFiles, database: str, name: str) -> IcebergTable:
    """Read the current metadata of a table that is known to be Iceberg's."""
    shape = catalog.shape(database, name)
    assert shape is not None
    location = member(shape, "Parameters").get(METADATA_LOCATION)
    if not location:
        message = f"Table is missing [{METADATA_LOCATION}] property: {database}.{name}"
        raise TrinoError("ICEBERG_INVALID_METADATA", message)
    return IcebergTable(database, name, shape, location, metadata_at(files, location))


def metadata_at(files: LakeFiles, location: str) -> TableMetadata:
    """Return the content of a metadata file."""
    try:
        found = files.find([location])[location]
    except TrinoError as error:
        message = f"Metadata not found in metadata location for table: {location}"
        raise TrinoError("ICEBERG_MISSING_METADATA", message) from error
    state = Path(found.path).stat()
    key = (found.path, state.st_size, state.st_mtime_ns)
    if key not in _kept:
        try:
            _kept[key] = FromInputFile.table_metadata(files.new_input(location))
        except ValueError as error:
            raise TrinoError("ICEBERG_INVALID_METADATA", f"{location}: {error}") from error
        while len(_kept) > _KEPT_MAX:
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    return _kept[key]


def snapshot_of(table: IcebergTable, version: tree.Version | None) -> Snapshot | None:
    """Return the snapshot a query reads: the current one (None in an empty table) or a past one.

    https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-time-travel-and-version-travel-queries.html
    """
    metadata = table.metadata
    if version is None:
        return metadata.current_snapshot()
    if version.timestamp_ms is not None:
        before = [one for one in metadata.snapshot_log if one.timestamp_ms <= version.timestamp_ms]
        if not before:
            message = f'No version history table "{table.database}"."{table.name}" at or before '
            raise TrinoError("INVALID_ARGUMENTS", message + version.text)
        return metadata.snapshot_by_id(before[-1].snapshot_id)
    if version.snapshot_id is not None:
        found = metadata.snapshot_by_id(version.snapshot_id)
        if found is None:
            message = f"Iceberg snapshot ID does not exists: {version.snapshot_id}"
            raise TrinoError("INVALID_ARGUMENTS", message)
        return found
    ref = metadata.refs.get(version.text)
    if ref is None:
        message = f"Cannot find snapshot with reference name: {version.text}"
        raise TrinoError("INVALID_ARGUMENTS", message)
    return metadata.snapshot_by_id(ref.snapshot_id)


def schema_of(table: IcebergTable, version: tree.Version | None) -> Schema:
    """Return the columns a query sees: those of the snapshot it names, of a branch the newest."""
    metadata = table.metadata
    if version is None:
        return metadata.schema()
    ref = metadata.refs.get(version.text) if version.is_name else None
    if ref is not None and ref.snapshot_ref_type is SnapshotRefType.BRANCH:
        return metadata.schema()
    found = snapshot_of(table, version)
    if found is None or found.schema_id is None:
        return metadata.schema()
    return metadata.schema_by_id(found.schema_id) or metadata.schema()


def info(table: IcebergTable, version: tree.Version | None) -> tree.TableInfo:
    """Return the table as the analyser sees it."""
    columns = tuple(
        (one.name.lower(), to_trino(one.field_type)) for one in schema_of(table, version).fields
    )
    return tree.TableInfo(
        "awsdatacatalog", table.database, table.name, columns, (), HIDDEN, version, True
    )
