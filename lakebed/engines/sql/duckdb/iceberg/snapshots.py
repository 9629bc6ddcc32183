"""Snapshots: data and delete files added, files removed, checked against what others committed.

https://iceberg.apache.org/spec/#snapshots
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.manifest import (
    DataFile,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    ManifestWriter,
    ManifestWriterV1,
    ManifestWriterV2,
    write_manifest_list,
)
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRefType
from pyiceberg.table.snapshots import (
    Operation,
    Snapshot,
    SnapshotSummaryCollector,
    Summary,
    ancestors_of,
    update_snapshot_summaries,
)
from pyiceberg.table.update import (
    AddSnapshotUpdate,
    SetSnapshotRefUpdate,
    TableUpdate,
    update_table_metadata,
)

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.iceberg import commits, planning
from lakebed.engines.sql.duckdb.iceberg.files import LakeFiles
from lakebed.engines.sql.duckdb.iceberg.tables import IcebergTable
from lakebed.engines.sql.duckdb.run import Run

_CODEC = "deflate"
"""What manifests are compressed with."""
MANIFESTS_MAX = 100
"""So many data manifests are merged into one (Iceberg's `commit.manifest.min-count-to-merge`)."""


@dataclass
class Change:
    """What a statement does to a table, as it found it at the snapshot `base`.

    `said` is what every row it read satisfies: rows that others added meanwhile and that may
    satisfy it, too, are a conflict, as is the loss of a file in `needed`. Both matter only if
    `validates`: an INSERT has read nothing of the table. One that `keeps_rows` has nothing to do
    with rows that others add, only with those they delete.
    """

    operation: Operation
    base: Snapshot | None = None
    validates: bool = False
    said: BooleanExpression = field(default_factory=AlwaysTrue)
    added: list[DataFile] = field(default_factory=list[DataFile])
    deleting: list[DataFile] = field(default_factory=list[DataFile])
    removed: set[str] = field(default_factory=set[str])
    needed: set[str] = field(default_factory=set[str])
    keeps_rows: bool = False


def commit(run: Run, table: IcebergTable, change: Change) -> IcebergTable:
    """Commit a change; ICEBERG_COMMIT_ERROR if what others did meanwhile contradicts it."""
    version = table.metadata.format_version
    if version > 2:
        message = f"Writing to an Iceberg table of format version {version}"
        raise TrinoError("NOT_SUPPORTED", f"{message} is not built in lakebed yet")
    if change.deleting and version < 2:
        message = "Iceberg table updates require at least format version 2"
        raise TrinoError("NOT_SUPPORTED", message)

    def attempt(current: IcebergTable) -> list[TableUpdate]:
        if current.metadata.table_uuid != table.metadata.table_uuid:
            raise commits.failed(table)
        if current.metadata.current_schema_id != table.metadata.current_schema_id or (
            current.metadata.default_spec_id != table.metadata.default_spec_id
        ):
            raise commits.failed(table)
        if change.validates:
            _validate(run.catalog.iceberg_files(), current, change)
        return _Producer(run, current, change).updates()

    return commits.retried(run, table, attempt)


def first(run: Run, table: IcebergTable, change: Change) -> TableMetadata:
    """Return the metadata of a table that is created with its rows, not in the catalog yet."""
    updates = _Producer(run, table, change).updates()
    return update_table_metadata(table.metadata, tuple(updates))


def _validate(files: LakeFiles, table: IcebergTable, change: Change) -> None:
    """Refuse a change that is no longer what it would be on the newest state."""
    metadata = table.metadata
    head = metadata.current_snapshot()
    if (head.snapshot_id if head else None) == (change.base.snapshot_id if change.base else None):
        return
    since = _since(metadata, head, change.base)
    if since is None:
        raise commits.failed(table)
    tests = planning.Tests(metadata, metadata.schema(), change.said)
    alive: set[str] = set()
    for manifest in planning.manifests_of(files, head):
        is_new = manifest.added_snapshot_id in since
        if not is_new and not change.needed:
            continue
        for entry in planning.entries_of(files, manifest):
            alive.add(entry.data_file.file_path)
            added = entry.status == ManifestEntryStatus.ADDED and entry.snapshot_id in since
            if added and _conflicts(entry, manifest, tests, change.keeps_rows):
                raise commits.failed(table)
    if not change.needed <= alive:
        raise commits.failed(table)


def _conflicts(
    entry: ManifestEntry, manifest: ManifestFile, tests: planning.Tests, keeps_rows: bool
) -> bool:
    file = entry.data_file
    if keeps_rows and manifest.content == ManifestContent.DATA:
        return False
    if not tests.of_partition(file, manifest.partition_spec_id):
        return False
    return manifest.content == ManifestContent.DELETES or tests.of_metrics(file)


def _since(
    metadata: TableMetadata, head: Snapshot | None, base: Snapshot | None
) -> set[int] | None:
    """Return the snapshots after `base`; None if it is no ancestor: the table was rolled back."""
    found: set[int] = set()
    for one in ancestors_of(head, metadata):
        if base is not None and one.snapshot_id == base.snapshot_id:
            return found
        found.add(one.snapshot_id)
    return found if base is None else None


class _DeleteManifestWriter(ManifestWriterV2):
    """Writes a manifest of delete files, which PyIceberg has no writer for."""

    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": "deletes"}


class _Producer:
    """Makes the snapshot of a change on top of a table's current one."""

    def __init__(self, run: Run, table: IcebergTable, change: Change) -> None:
        self._files = run.catalog.iceberg_files()
        self._query_id = run.id
        self._metadata = table.metadata
        self._change = change
        self._id = table.metadata.new_snapshot_id()
        self._uuid = uuid.uuid4()
        self._count = 0
        self._removed: list[DataFile] = []

    def updates(self) -> list[TableUpdate]:
        """Write manifests and their list; return what the metadata file changes."""
        metadata = self._metadata
        parent = metadata.current_snapshot()
        parent_id = parent.snapshot_id if parent is not None else None
        manifests = [
            *self._added(self._change.added, ManifestContent.DATA),
            *self._added(self._change.deleting, ManifestContent.DELETES),
            *self._kept(parent),
        ]
        sequence = metadata.next_sequence_number()
        base = f"{metadata.location.rstrip('/')}/metadata"
        place = f"{base}/snap-{self._id}-1-{self._uuid}.avro"
        with write_manifest_list(
            metadata.format_version, self._files.new_output(place), self._id, parent_id,
            sequence, _CODEC,
        ) as writer:  # fmt: skip
            writer.add_manifests(manifests)
        made: dict[str, Any] = {
            "snapshot-id": self._id,
            "parent-snapshot-id": parent_id,
            "sequence-number": sequence,
            "timestamp-ms": max(int(time.time() * 1000), metadata.last_updated_ms),
            "manifest-list": place,
            "summary": self._summary(parent),
            "schema-id": metadata.current_schema_id,
        }
        named: dict[str, Any] = {
            "ref-name": MAIN_BRANCH, "type": SnapshotRefType.BRANCH, "snapshot-id": self._id,
        }  # fmt: skip
        snapshot, moved = Snapshot(**made), SetSnapshotRefUpdate(**named)
        return [AddSnapshotUpdate(snapshot=snapshot), moved]

    def _writer(self, spec_id: int, content: ManifestContent) -> ManifestWriter:
        metadata = self._metadata
        spec = metadata.specs()[spec_id]
        place = f"{metadata.location.rstrip('/')}/metadata/{self._uuid}-m{self._count}.avro"
        self._count += 1
        kind = ManifestWriterV1 if metadata.format_version == 1 else ManifestWriterV2
        if content == ManifestContent.DELETES:
            kind = _DeleteManifestWriter
        return kind(spec, metadata.schema(), self._files.new_output(place), self._id, _CODEC)

    def _added(self, added: Sequence[DataFile], content: ManifestContent) -> Iterator[ManifestFile]:
        for spec_id in sorted({one.spec_id for one in added}):
            with self._writer(spec_id, content) as writer:
                for one in added:
                    if one.spec_id == spec_id:
                        writer.add(_entry(self._id, one))
            yield writer.to_manifest_file()

    def _kept(self, parent: Snapshot | None) -> Iterator[ManifestFile]:
        """Yield what the new snapshot has of the old: manifests as they are, rewritten, merged."""
        kept = planning.manifests_of(self._files, parent)
        if self._change.removed:
            kept = [one for manifest in kept for one in self._without_removed(manifest)]
        plain = [
            one
            for one in kept
            if one.content == ManifestContent.DATA
            and one.partition_spec_id == self._metadata.default_spec_id
        ]
        if len(plain) < MANIFESTS_MAX:
            yield from kept
            return
        yield self._merged(plain)
        yield from (one for one in kept if one not in plain)

    def _merged(self, manifests: Sequence[ManifestFile]) -> ManifestFile:
        with self._writer(self._metadata.default_spec_id, ManifestContent.DATA) as writer:
            for manifest in manifests:
                for entry in planning.entries_of(self._files, manifest):
                    writer.existing(entry)
        return writer.to_manifest_file()

    def _without_removed(self, manifest: ManifestFile) -> Iterator[ManifestFile]:
        entries = planning.entries_of(self._files, manifest)
        gone = {one.data_file.file_path for one in entries} & self._change.removed
        if not gone:
            if entries:
                yield manifest
            return
        with self._writer(manifest.partition_spec_id, manifest.content) as writer:
            for entry in entries:
                if entry.data_file.file_path in gone:
                    self._removed.append(entry.data_file)
                    writer.delete(entry)
                else:
                    writer.existing(entry)
        yield writer.to_manifest_file()

    def _summary(self, parent: Snapshot | None) -> Summary:
        metadata = self._metadata
        collector = SnapshotSummaryCollector()
        for one in (*self._change.added, *self._change.deleting):
            collector.add_file(one, metadata.schema(), metadata.specs()[one.spec_id])
        for one in self._removed:
            collector.remove_file(one, metadata.schema(), metadata.specs()[one.spec_id])
        # PyIceberg counts no replacement; what it counts of an overwrite is the same.
        operation = self._change.operation
        counted = Operation.OVERWRITE if operation == Operation.REPLACE else operation
        found = update_snapshot_summaries(
            Summary(operation=counted, **collector.build(), trino_query_id=self._query_id),
            parent.summary if parent is not None else None,
        )
        return Summary(operation=operation, **found.additional_properties)


def _entry(snapshot_id: int, file: DataFile) -> ManifestEntry:
    return ManifestEntry.from_args(
        status=ManifestEntryStatus.ADDED,
        snapshot_id=snapshot_id,
        sequence_number=None,
        file_sequence_number=None,
        data_file=file,
    )
