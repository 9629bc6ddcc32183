"""OPTIMIZE and VACUUM of Iceberg tables.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-data-optimization.html
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false
# PyIceberg leaves type parameters open, and pyarrow has no types.

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from pyiceberg.manifest import ManifestContent
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRefType
from pyiceberg.table.snapshots import Operation, Snapshot, ancestors_of
from pyiceberg.table.update import RemoveSnapshotsUpdate, SetPropertiesUpdate, TableUpdate
from sqlglot import expressions as exp

from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb import results
from lakebed.engines.sql.duckdb.catalog import split_location
from lakebed.engines.sql.duckdb.iceberg import (
    commits,
    dml,
    planning,
    properties,
    reading,
    snapshots,
    tables,
)
from lakebed.engines.sql.duckdb.iceberg.files import LakeFiles
from lakebed.engines.sql.duckdb.iceberg.tables import IcebergTable
from lakebed.engines.sql.duckdb.iceberg.writing import Writer
from lakebed.engines.sql.duckdb.planning import analysed, lowered
from lakebed.engines.sql.duckdb.run import Run
from lakebed.engines.sql.duckdb.writing.publish import outcome


def optimize(run: Run, statement: st.Optimize) -> dict[str, Any]:
    """OPTIMIZE … REWRITE DATA USING BIN_PACK: small files and files with deleted rows, anew.

    The WHERE chooses whole files: the partitions and files that may hold such rows.
    """
    table = dml.target_of(run, statement.name, "Optimizing")
    target = exp.Table(
        this=exp.to_identifier(table.name, quoted=True),
        db=exp.to_identifier(table.database, quoted=True),
    )
    made = exp.Select(expressions=[exp.Star()], from_=exp.From(this=target))
    if statement.where is not None:
        made.set("where", exp.Where(this=statement.where))
    query = analysed(run, made)
    _, scanner = lowered(run, query)
    plan = scanner.plans_of(table.database, table.name)[0]
    chosen = _chosen(table.metadata, plan.tasks)
    if not chosen:
        return outcome(run, [], 0, 0)
    info = tables.info(table, None)
    scan = reading.tree.Scan("lbz", info, set(range(len(info.columns))))
    files = run.catalog.iceberg_files()
    job = reading.Job(scanner, files, table.metadata, table.metadata.schema(), scan)
    text = reading.text_of(job, chosen)
    run.prepare(text, scanner.paths)
    writer = Writer(run, files, table.metadata)
    writer.rows(text)
    scanned = run.scanned(scanner.meter.read_bytes)
    removed = {task.file.file_path for task in chosen}
    change = snapshots.Change(
        Operation.REPLACE, table.metadata.current_snapshot(), True, plan.said,
        added=writer.added, removed=removed | _dangling(files, table, removed), needed=removed,
        keeps_rows=True,
    )  # fmt: skip
    snapshots.commit(run, table, change)
    return outcome(run, [], 0, scanned)


def _chosen(metadata: TableMetadata, tasks: Sequence[planning.Task]) -> list[planning.Task]:
    """Return the data files to be rewritten, a partition at a time, by the table's thresholds."""
    least = properties.number(metadata, "optimize_rewrite_min_data_file_size_bytes")
    most = properties.number(metadata, "optimize_rewrite_max_data_file_size_bytes")
    files_min = properties.number(metadata, "optimize_rewrite_data_file_threshold")
    deletes_min = properties.number(metadata, "optimize_rewrite_delete_file_threshold")
    groups: dict[object, list[planning.Task]] = {}
    for task in tasks:
        groups.setdefault(planning.partition_of(task.file), []).append(task)
    out: list[planning.Task] = []
    for group in groups.values():
        sized = [one for one in group if not least <= one.file.file_size_in_bytes <= most]
        picked = sized if len(sized) >= files_min else []
        paths = {one.file.file_path for one in picked}
        out += picked
        out += [
            one
            for one in group
            if one.file.file_path not in paths
            and (
                len(one.positions) + len(one.equalities) >= deletes_min
                or one.file.spec_id != metadata.default_spec_id
            )
        ]
    return out


def _dangling(files: LakeFiles, table: IcebergTable, removed: set[str]) -> set[str]:
    """Return the delete files that apply to no data file that stays."""
    snapshot = table.metadata.current_snapshot()
    plan = planning.plan(files, table.metadata, table.metadata.schema(), snapshot)
    needed: set[str] = set()
    for task in plan.tasks:
        if task.file.file_path not in removed:
            needed |= {one.file_path for one in task.positions}
            needed |= {one.data_file.file_path for one in task.equalities}
    every: set[str] = set()
    for manifest in planning.manifests_of(files, snapshot):
        if manifest.content == ManifestContent.DELETES:
            entries = planning.entries_of(files, manifest)
            every |= {one.data_file.file_path for one in entries}
    return every - needed


def vacuum(run: Run, statement: st.Vacuum) -> dict[str, Any]:
    """VACUUM: forget old snapshots and metadata files, delete what no snapshot needs.

    https://docs.aws.amazon.com/athena/latest/ug/vacuum-statement.html
    """
    table = dml.target_of(run, statement.name, "Vacuuming")
    files = run.catalog.iceberg_files()
    expired: set[int] = set()

    def attempt(current: IcebergTable) -> Sequence[TableUpdate]:
        expired.clear()
        expired.update(_expired(current.metadata))
        if not expired:
            return []
        return [RemoveSnapshotsUpdate.model_validate({"snapshot-ids": sorted(expired)})]

    kept = properties.number(table.metadata, "vacuum_max_metadata_files_to_keep")
    after = commits.retried(run, table, attempt)
    if len(after.metadata.metadata_log) > kept:
        key = "write.metadata.previous-versions-max"
        held = [SetPropertiesUpdate(updates={key: str(kept)})]
        after = commits.retried(run, after, lambda _: held)
    _delete_orphans(run, files, table, after)
    return results.lines(run.scratch, [], [])


def _expired(metadata: TableMetadata) -> set[int]:
    """Return the snapshots that are old, and neither the last ones nor named by a reference."""
    age = properties.number(metadata, "vacuum_max_snapshot_age_seconds")
    least = properties.number(metadata, "vacuum_min_snapshots_to_keep")
    oldest = int((time.time() - age) * 1000)
    kept: set[int] = set()
    for name, ref in metadata.refs.items():
        head = metadata.snapshot_by_id(ref.snapshot_id)
        if ref.snapshot_ref_type != SnapshotRefType.BRANCH:
            kept.add(ref.snapshot_id)
            continue
        least_here = ref.min_snapshots_to_keep or (least if name == MAIN_BRANCH else 1)
        for at, one in enumerate(ancestors_of(head, metadata)):
            if at < max(1, least_here) or one.timestamp_ms >= oldest:
                kept.add(one.snapshot_id)
            else:
                break
    return {
        one.snapshot_id
        for one in metadata.snapshots
        if one.snapshot_id not in kept and one.timestamp_ms < oldest
    }


def _files_of(files: LakeFiles, found: Iterable[Snapshot]) -> set[str]:
    """Return everything that snapshots are made of."""
    out: set[str] = set()
    for snapshot in found:
        out.add(snapshot.manifest_list)
        try:
            manifests = planning.manifests_of(files, snapshot)
        except TrinoError:
            continue  # It is gone already.
        for manifest in manifests:
            if manifest.manifest_path in out:
                continue
            out.add(manifest.manifest_path)
            entries = planning.entries_of(files, manifest)
            out |= {one.data_file.file_path for one in entries}
    return out


def _delete_orphans(run: Run, files: LakeFiles, before: IcebergTable, after: IcebergTable) -> None:
    """Delete what the expired snapshots had alone, and files that no snapshot ever had.

    A file that is younger than the oldest snapshot may keep is left: its commit may be under way.
    """
    metadata = after.metadata
    gone = {one.snapshot_id for one in before.metadata.snapshots}
    gone -= {one.snapshot_id for one in metadata.snapshots}
    lost = [one for one in before.metadata.snapshots if one.snapshot_id in gone]
    needed = _files_of(files, metadata.snapshots)
    needed |= {after.location, *(one.metadata_file for one in metadata.metadata_log)}
    needed |= {one.statistics_path for one in metadata.statistics}
    doomed = _files_of(files, lost) - needed if lost else set[str]()
    doomed |= {one.metadata_file for one in before.metadata.metadata_log} - needed
    for place in doomed:
        files.delete(place)
    age = properties.number(metadata, "vacuum_max_snapshot_age_seconds")
    _delete_unknown(run, metadata, needed, time.time() - age)


def _delete_unknown(run: Run, metadata: TableMetadata, needed: set[str], oldest: float) -> None:
    """Delete old files of the table's folder that it does not know."""
    from pathlib import Path

    scheme = metadata.location.split("://", 1)[0]
    bucket, _ = split_location(metadata.location)
    for one in run.catalog.server.files(metadata.location):
        place = f"{scheme}://{bucket}/{one.key}"
        if place in needed:
            continue
        try:
            changed = Path(one.path).stat().st_mtime
        except FileNotFoundError:
            continue
        if changed < oldest:
            run.catalog.server.delete(place)
