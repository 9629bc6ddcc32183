"""Which data files a scan reads, and which delete files each of them needs.

The manifests are read with PyIceberg and tested with its evaluators; the search for delete files is
our own, because PyIceberg refuses equality deletes. https://iceberg.apache.org/spec/#scan-planning
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false
# PyIceberg leaves type parameters open, and pyarrow has no types.

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.expressions.visitors import (
    _InclusiveMetricsEvaluator,  # pyright: ignore[reportPrivateUsage] - there is no public name
    expression_evaluator,
    inclusive_projection,
    manifest_evaluator,
)
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    ManifestContent,
    ManifestEntry,
    ManifestFile,
)
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot

from lakebed.engines.sql.duckdb.iceberg.files import LakeFiles

_ENTRIES_MAX = 400_000
_PATH_ID = 2147483546
"""The id of `file_path` in a positional delete file, by Iceberg's specification."""


class _Kept:
    """Manifests and manifest lists read by this worker, by local path: they never change."""

    def __init__(self) -> None:
        self._lists: OrderedDict[str, list[ManifestFile]] = OrderedDict()
        self._entries: OrderedDict[str, list[ManifestEntry]] = OrderedDict()
        self._count = 0

    def manifests(self, files: LakeFiles, snapshot: Snapshot) -> list[ManifestFile]:
        """Return the manifests of a snapshot."""
        path = _state(files, snapshot.manifest_list)
        if path not in self._lists:
            self._lists[path] = list(snapshot.manifests(files))
            while len(self._lists) > 256:
                self._lists.popitem(last=False)
        return self._lists[path]

    def entries(self, files: LakeFiles, manifest: ManifestFile) -> list[ManifestEntry]:
        """Return what a manifest says is alive."""
        path = _state(files, manifest.manifest_path)
        if path not in self._entries:
            found = manifest.fetch_manifest_entry(files)
            self._entries[path] = found
            self._count += len(found)
            while self._count > _ENTRIES_MAX and len(self._entries) > 1:
                self._count -= len(self._entries.popitem(last=False)[1])
        return self._entries[path]


_kept = _Kept()


def _state(files: LakeFiles, location: str) -> str:
    path = files.find([location])[location].path
    state = Path(path).stat()
    return f"{path}|{state.st_size}|{state.st_mtime_ns}"


def manifests_of(files: LakeFiles, snapshot: Snapshot | None) -> list[ManifestFile]:
    """Return the manifests of a snapshot, none without one."""
    return _kept.manifests(files, snapshot) if snapshot is not None else []


def entries_of(files: LakeFiles, manifest: ManifestFile) -> list[ManifestEntry]:
    """Return what a manifest says is alive."""
    return _kept.entries(files, manifest)


@dataclass(frozen=True, slots=True)
class Task:
    """A data file with the delete files that apply to it: positions, and rows by value.

    `deleted` returns more positions, as an Arrow array: those of Delta's deletion vectors.
    """

    entry: ManifestEntry
    positions: tuple[DataFile, ...] = ()
    equalities: tuple[ManifestEntry, ...] = ()
    deleted: Callable[[], Any] | None = None

    @property
    def has_deletes(self) -> bool:
        """Whether rows of the file may be deleted."""
        return bool(self.positions or self.equalities or self.deleted)

    @property
    def file(self) -> DataFile:
        """The data file."""
        return self.entry.data_file


@dataclass
class Plan:
    """The files of a snapshot that may hold rows of the answer."""

    snapshot: Snapshot | None
    said: BooleanExpression
    tasks: list[Task] = field(default_factory=list[Task])


def plan(
    files: LakeFiles,
    metadata: TableMetadata,
    schema: Schema,
    snapshot: Snapshot | None,
    said: BooleanExpression | None = None,
) -> Plan:
    """Find the data files of a snapshot that an expression does not exclude."""
    said = said or AlwaysTrue()
    tests = Tests(metadata, schema, said)
    chosen = [one for one in manifests_of(files, snapshot) if tests.of_manifest(one)]
    if chosen:
        files.find([one.manifest_path for one in chosen])
    data: list[ManifestEntry] = []
    deletes = _Deletes(schema)
    for manifest in chosen:
        for entry in entries_of(files, manifest):
            if not tests.of_partition(entry.data_file, manifest.partition_spec_id):
                continue
            if manifest.content == ManifestContent.DELETES:
                deletes.add(entry, metadata)
            elif tests.of_metrics(entry.data_file):
                data.append(entry)
    return Plan(snapshot, said, [deletes.task(one) for one in data])


class Tests:
    """The evaluators of an expression, made once for each partition spec."""

    def __init__(self, metadata: TableMetadata, schema: Schema, said: BooleanExpression) -> None:
        self._metadata, self._schema, self._said = metadata, schema, said
        self._all = isinstance(said, AlwaysTrue)
        self._projected: dict[int, BooleanExpression] = {}
        self._manifests: dict[int, Callable[[ManifestFile], bool]] = {}
        self._partitions: dict[int, Callable[[DataFile], bool]] = {}
        self._metrics = (
            None
            if self._all
            else _InclusiveMetricsEvaluator(schema, said, case_sensitive=True).eval
        )

    def _projection(self, spec_id: int) -> BooleanExpression:
        if spec_id not in self._projected:
            spec = self._metadata.specs()[spec_id]
            project = inclusive_projection(self._schema, spec)
            self._projected[spec_id] = project(self._said)
        return self._projected[spec_id]

    def of_manifest(self, manifest: ManifestFile) -> bool:
        """Tell whether a manifest may hold files of the answer."""
        if not manifest.has_added_files() and not manifest.has_existing_files():
            return False
        if self._all:
            return True
        spec_id = manifest.partition_spec_id
        if spec_id not in self._manifests:
            spec = self._metadata.specs()[spec_id]
            self._manifests[spec_id] = manifest_evaluator(
                spec, self._schema, self._projection(spec_id), case_sensitive=True
            )
        return self._manifests[spec_id](manifest)

    def of_partition(self, file: DataFile, spec_id: int) -> bool:
        """Tell whether a file's partition may hold rows of the answer."""
        if self._all:
            return True
        if spec_id not in self._partitions:
            spec = self._metadata.specs()[spec_id]
            partition_schema = Schema(*spec.partition_type(self._schema).fields)
            test = expression_evaluator(
                partition_schema, self._projection(spec_id), case_sensitive=True
            )
            self._partitions[spec_id] = lambda one: test(one.partition)
        return self._partitions[spec_id](file)

    def of_metrics(self, file: DataFile) -> bool:
        """Tell whether a file's bounds admit rows of the answer."""
        return self._metrics is None or self._metrics(file)


class _Deletes:
    """The delete files of a snapshot, by where they apply."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._by_path: dict[str, list[ManifestEntry]] = {}
        self._positions: dict[object, list[ManifestEntry]] = {}
        self._equalities: dict[object, list[ManifestEntry]] = {}

    def add(self, entry: ManifestEntry, metadata: TableMetadata) -> None:
        """Take a delete file."""
        file = entry.data_file
        if file.content == DataFileContent.EQUALITY_DELETES:
            # One of an unpartitioned spec applies to the whole table.
            spec = metadata.specs()[file.spec_id]
            key = None if spec.is_unpartitioned() else partition_of(file)
            self._equalities.setdefault(key, []).append(entry)
            return
        low, high = ((one or {}).get(_PATH_ID) for one in (file.lower_bounds, file.upper_bounds))
        if low is not None and low == high:
            self._by_path.setdefault(low.decode("utf-8"), []).append(entry)
        else:
            self._positions.setdefault(partition_of(file), []).append(entry)

    def task(self, data: ManifestEntry) -> Task:
        """Return a data file with what applies to it.

        Positional deletes apply to data as old as they are or older, equality deletes to older.
        """
        if not (self._by_path or self._positions or self._equalities):
            return Task(data)
        key, sequence = partition_of(data.data_file), data.sequence_number or 0
        placed = self._by_path.get(data.data_file.file_path, [])
        placed = placed + self._positions.get(key, [])
        positions = [one.data_file for one in placed if (one.sequence_number or 0) >= sequence]
        valued = self._equalities.get(None, []) + self._equalities.get(key, [])
        equalities = [one for one in valued if (one.sequence_number or 0) > sequence]
        return Task(data, tuple(positions), tuple(equalities))


def partition_of(file: DataFile) -> object:
    """Return a key of the partition a file is in."""
    values: Sequence[object] = [file.partition[at] for at in range(len(file.partition))]
    return (file.spec_id, *values)
