"""Which files a query of a Hudi table reads, by the table's input format.

`HoodieParquetInputFormat` reads base files (a copy-on-write table, or the read-optimised view of a
merge-on-read table); `HoodieParquetRealtimeInputFormat` the rows as they are, log files merged in.
Merging is done by Hudi's own library, into Parquet files of the scratch folder: it sees links to
the files that the query's principal may see, and what it cannot merge it refuses by name.
https://docs.aws.amazon.com/athena/latest/ug/querying-hudi.html
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# pyarrow has no types.

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.engines.sql.duckdb.catalog import File, Shape, folder, member, split_location
from lakebed.engines.sql.duckdb.hudi import timeline as timelines
from lakebed.engines.sql.duckdb.hudi.slices import Group, groups_of
from lakebed.engines.sql.duckdb.readers.arrow import arrow

if TYPE_CHECKING:
    from lakebed.engines.sql.duckdb.catalog import LakeCatalog
    from lakebed.engines.sql.duckdb.partitions import Partition

BASE_FORMATS = (
    "org.apache.hudi.hadoop.HoodieParquetInputFormat",
    "com.uber.hoodie.hadoop.HoodieInputFormat",
)
REALTIME_FORMATS = (
    "org.apache.hudi.hadoop.realtime.HoodieParquetRealtimeInputFormat",
    "com.uber.hoodie.hadoop.realtime.HoodieRealtimeInputFormat",
)
_ROWS_A_GROUP = 100_000
_BY_COMPLETION = 8
"""The table version (Hudi 1.0) from which log files bear their own instants."""
_LIBRARY_ERRORS = ("HudiCoreError", "PanicException")
"""What the library raises; it exports no class of it."""


def files_of(catalog: LakeCatalog, shape: Shape, parts: Sequence[Partition]) -> list[list[File]]:
    """Return the files to read of each partition; those of merged file slices are new."""
    descriptor = member(shape, "StorageDescriptor")
    table = f"{shape['DatabaseName']}.{shape['Name']}"
    location = str(descriptor.get("Location"))
    merges = descriptor.get("InputFormat") in REALTIME_FORMATS
    if not merges and descriptor.get("InputFormat") not in BASE_FORMATS:
        raise not_supported(f"The input format {descriptor.get('InputFormat')} of {table}")
    known = timelines.read(catalog.server, location, table)
    if known.properties.get("hoodie.table.base.file.format", "PARQUET").upper() != "PARQUET":
        what = known.properties["hoodie.table.base.file.format"]
        raise not_supported(f"Base files in {what} of the Hudi table {table}")
    out: list[list[File]] = []
    merger = _Merger(known, catalog.scratch, table)
    listed = catalog.server.everything_of([part.location for part in parts])
    for part, files in zip(parts, listed, strict=True):
        relative = _relative(known.base, part.location, table)
        mine = [one for one in files if timelines.FOLDER not in one.key]
        if not relative:
            # Without partitions the files lie in the table's own folder.
            depth = split_location(known.base)[1].count("/")
            mine = [one for one in mine if one.key.count("/") == depth]
        groups = groups_of(known, relative, mine)
        plain = [one.base for one in groups.values() if not (merges and one.newest_logs)]
        chosen = [one for one in plain if one is not None]
        if merges:
            logged = {name: one for name, one in groups.items() if one.newest_logs}
            chosen += merger.merged(relative, logged) if logged else []
        out.append(chosen)
    return out


def _relative(base: str, location: str, table: str) -> str:
    """Return a partition's path below the table."""
    where, (_, prefix) = split_location(folder(location)), split_location(base)
    if where[0] != split_location(base)[0] or not where[1].startswith(prefix):
        raise not_supported(f"A partition of the Hudi table {table} outside its folder")
    return where[1][len(prefix) :].rstrip("/")


@dataclass(frozen=True, slots=True)
class _Merger:
    """Hands file slices to Hudi's library."""

    timeline: timelines.Timeline
    scratch: Path
    table: str

    def merged(self, relative: str, groups: dict[str, Group]) -> list[File]:
        """Merge the log files of file groups of a partition; one new file a group."""
        import hudi

        root = self.scratch / f"hudi-{uuid.uuid4().hex}"
        self._link(root, relative, groups)
        library: Any = hudi
        try:
            found = library.HudiTable(str(root), {"hoodie.metadata.enable": "false"})
            if int(self.timeline.properties.get("hoodie.table.version") or 0) >= _BY_COMPLETION:
                self._check(found.get_file_slices(), groups)
            reader = found.create_file_group_reader_with_options()
            return [
                self._written(root, one, _opened(reader, relative, one)) for one in groups.values()
            ]
        except Exception as error:
            if type(error).__name__ not in _LIBRARY_ERRORS:
                raise
            message = f"Cannot merge the log files of Hudi table {self.table}: {error}"
            raise TrinoError("HUDI_CANNOT_OPEN_SPLIT", message) from error

    def _link(self, root: Path, relative: str, groups: dict[str, Group]) -> None:
        """Make a folder that has the timeline and the files of the groups, and nothing else."""
        for one in self.timeline.files:
            _link(root / timelines.FOLDER / one.key.rpartition(timelines.FOLDER)[2], one)
        marker = root / relative / ".hoodie_partition_metadata"
        for group in groups.values():
            for one in group.files:
                _link(root / relative / one.key.rpartition("/")[2], one)
        if relative:
            depth = relative.count("/") + 1
            marker.write_text(f"commitTime=0\npartitionDepth={depth}\n")

    def _check(self, slices: list[Any], groups: dict[str, Group]) -> None:
        """Refuse file slices that the library sees otherwise: these tables order by completion."""
        known = {one.file_id: (one.base_file_name or "", set(one.log_file_names)) for one in slices}
        for name, group in groups.items():
            base = _name(group.base) if group.base else ""
            mine = (base, {_name(one) for one in group.newest_logs})
            if known.get(name) != mine:
                raise not_supported(f"Merging the file group {name} of the Hudi table {self.table}")

    def _written(self, root: Path, group: Group, batches: Any) -> File:
        """Write the merged rows, and return the file under the base file's (or a log's) key."""
        path = root / f"{uuid.uuid4().hex}.parquet"
        writer: Any = None
        for batch in batches:
            if writer is None:
                make = arrow("pyarrow.parquet").ParquetWriter
                writer = make(str(path), batch.schema, compression="none")
            writer.write_batch(batch, row_group_size=_ROWS_A_GROUP)
        key = (group.base or group.newest_logs[-1]).key
        if writer is None:
            return File(key, str(path), 0)
        writer.close()
        return File(key, str(path), path.stat().st_size)


def _opened(reader: Any, relative: str, group: Group) -> Any:
    """Return the merged batches; the library leaves out blocks whose instants are not complete."""
    within = f"{relative}/" if relative else ""
    base = f"{within}{_name(group.base)}" if group.base else ""
    logs = [f"{within}{_name(one)}" for one in group.newest_logs]
    return reader.read_file_slice_from_paths_stream(base, logs)


def _name(file: File) -> str:
    return file.key.rpartition("/")[2]


def _link(path: Path, file: File) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(Path(file.path).resolve())
