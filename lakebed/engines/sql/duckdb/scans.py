"""Reading a catalog table: which partitions, which files, and the DuckDB text that reads them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb

from lakebed.dialect import tree
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.types import Type, duck_name
from lakebed.engines.sql.duckdb import information_schema, partitions, symlinks
from lakebed.engines.sql.duckdb.catalog import (
    File,
    LakeCatalog,
    ServiceError,
    Shape,
    is_delta,
    is_hudi,
    is_plain,
    member,
    split_location,
)
from lakebed.engines.sql.duckdb.readers import (
    avro,
    cloudtrail,
    grok,
    ion,
    json_lines,
    lazy_simple,
    open_csv,
    orc,
    parquet,
    regex,
)
from lakebed.engines.sql.duckdb.readers.storage import (
    Scan,
    Storage,
    Stored,
    columns_of_files,
    hidden_text,
)
from lakebed.engines.sql.duckdb.readers.stream import Meter, Rows

if TYPE_CHECKING:
    from lakebed.engines.sql.duckdb.iceberg.planning import Plan

Reader = Callable[[Scan], list[str]]
_READERS: dict[str, Reader] = {
    lazy_simple.SERDE: lazy_simple.read,
    open_csv.SERDE: open_csv.read,
    parquet.SERDE: parquet.read,
    json_lines.OPENX: json_lines.read,
    **dict.fromkeys(json_lines.HIVE, json_lines.read),
    **dict.fromkeys(regex.SERDES, regex.read),
    grok.SERDE: grok.read,
    orc.SERDE: orc.read,
    avro.SERDE: avro.read,
    ion.SERDE: ion.read,
    cloudtrail.SERDE: cloudtrail.read,
}


@dataclass
class Scanner:
    """Writes the sources of a query's scans and remembers every file they may open.

    `scans` are the query's, those to come included: what all of them need is asked for at once.
    `paths` are the files that DuckDB itself opens; `meter` counts what Python reads in its stead.
    """

    catalog: LakeCatalog
    connection: duckdb.DuckDBPyConnection
    scans: Sequence[tree.Scan] = ()
    paths: list[str] = field(default_factory=list[str])
    meter: Meter = field(default_factory=Meter)
    plans: list[tuple[tree.TableInfo, Plan]] = field(
        default_factory=list[tuple[tree.TableInfo, "Plan"]]
    )
    """The files of Iceberg tables that scans read."""
    _known: dict[str, str] = field(default_factory=dict[str, str])
    _listings: dict[str, list[File]] | None = None
    _footers: set[str] = field(default_factory=set[str])
    _relations: int = 0

    def source(self, scan: tree.Scan) -> str:
        """Return the text that reads a scan's used columns as c0, c1, …"""
        if scan.relation not in self._known:
            self._known[scan.relation] = self._source(scan)
        return self._known[scan.relation]

    def _source(self, scan: tree.Scan) -> str:
        if scan.table.database == information_schema.NAME:
            return information_schema.source(self.catalog, self.connection, scan)
        if scan.table.is_iceberg:
            from lakebed.engines.sql.duckdb.iceberg import metadata_tables, reading

            if metadata_tables.is_named(scan.table.name):
                return metadata_tables.source(self, scan)
            return reading.source(self, scan)
        shape = self.catalog.shape(scan.table.database, scan.table.name)
        assert shape is not None
        if is_delta(shape):
            from lakebed.engines.sql.duckdb.delta import reading as delta

            return delta.source(self, scan)
        found = partitions.chosen(self.catalog.server, self.connection, scan, shape)
        listed = self._listed(shape, found)
        files = [
            (part, Stored(one, split_location(part.location)[0], 0))
            for part, of in zip(found, listed, strict=True)
            for one in of
            if one.size
        ]
        # By identity: partitions that are stored alike share their Storage, and hashing one costs.
        groups: dict[int, dict[int, tuple[partitions.Partition, list[Stored]]]] = {}
        for part, stored in self._kept(scan, files):
            parts = groups.setdefault(id(part.storage), {})
            parts.setdefault(id(part), (part, []))[1].append(stored)
        texts: list[str] = []
        for parts in groups.values():
            texts += self._read(scan, list(parts.values()))
        if texts:
            return " UNION ALL ".join(texts)
        columns = (f"CAST(NULL AS {duck_name(kind)}) AS c{at}" for at, (_, kind) in _used(scan))
        return f"SELECT {', '.join(columns) or '1 AS c0'} WHERE false"

    def _listed(
        self, shape: Shape, parts: Sequence[partitions.Partition]
    ) -> Sequence[Sequence[File]]:
        """Return the files of each partition; of a Hudi table those that hold its newest rows."""
        if is_hudi(shape):
            from lakebed.engines.sql.duckdb.hudi import reading

            return reading.files_of(self.catalog, shape, parts)
        if symlinks.is_symlinks(shape):
            return symlinks.files_of(self.catalog.server, [part.location for part in parts])
        if shape.get("PartitionKeys"):
            return self.catalog.server.files_of([part.location for part in parts])
        if self._listings is None:
            self._listings = {}
            # What fails here is asked for again by the scan it belongs to, and fails there.
            with contextlib.suppress(ServiceError, TrinoError):
                self._look_ahead(self._listings)
        location = parts[0].location
        if location not in self._listings:
            self._listings[location] = self.catalog.server.files(location)
        found = self._listings[location]
        if not found and not location.endswith("/"):
            # A crawler's table of one file: its location is the file.
            found = [one for one in self.catalog.server.exactly([location]) if one is not None]
        return [found]

    def _look_ahead(self, listings: dict[str, list[File]]) -> None:
        """List at once the query's tables without partitions, and read their Parquet footers."""
        storages: dict[str, Storage] = {}
        for scan in self.scans:
            shape = self.catalog.shapes.get((scan.table.database, scan.table.name), {})
            descriptor = member(shape, "StorageDescriptor")
            is_listed = is_plain(shape) and not symlinks.is_symlinks(shape)
            if is_listed and not shape.get("PartitionKeys") and not scan.file_prunes:
                storages[descriptor["Location"]] = Storage.of(descriptor, shape)
        found = self.catalog.server.files_of(list(storages))
        listings.update(zip(storages, found, strict=True))
        paths = [
            one.path
            for location, storage in storages.items() if storage.serde == parquet.SERDE
            for one in listings[location] if one.size
        ]  # fmt: skip
        parquet.read_footers(self.connection, paths, self._footers)

    def _kept(
        self, scan: tree.Scan, files: list[tuple[partitions.Partition, Stored]]
    ) -> list[tuple[partitions.Partition, Stored]]:
        """Keep the files that the predicates over hidden columns accept."""
        if not scan.file_prunes:
            return files
        keys = [name for name, _ in scan.table.partition_columns]
        names = [name for name, _ in scan.table.hidden_columns]
        values = [
            tuple(hidden_text(name, stored, keys, part.values) for name in names)
            for part, stored in files
        ]
        kinds = [kind for _, kind in scan.table.hidden_columns]
        rows = partitions.Rows(len(scan.table.all_columns), kinds, values)
        kept = partitions.kept(self.connection, scan.relation, scan.file_prunes, rows)
        return [files[at] for at in kept]

    def _read(
        self,
        scan: tree.Scan,
        parts: list[tuple[partitions.Partition, list[Stored]]],
    ) -> list[str]:
        storage = parts[0][0].storage
        reader = reader_of(storage)
        first, last = len(scan.table.columns), len(scan.table.all_columns)
        used = _used(scan)
        data = [one for one in used if one[0] < first]
        names = tuple(name for name, _ in scan.table.partition_columns)
        joined = "/".join(f"{k}={v}" for k, v in zip(names, parts[0][0].values, strict=True))
        where = f"{scan.table.database}.{scan.table.name}|{joined}"
        job = Scan(
            storage,
            scan.table.database,
            scan.table.name,
            columns_of_files(storage, data, _by_name(storage), where),
            [(at, at - first, kind) for at, (_, kind) in used if first <= at < last],
            [(at, name) for at, (name, _) in used if at >= last],
            [part.values for part, _ in parts],
            names,
            [Stored(f.file, f.bucket, at) for at, (_, files) in enumerate(parts) for f in files],
            self.connection,
            self.register,
            self.meter,
            self.catalog.server.files,
            footers=self._footers,
        )
        texts = reader(job)
        self.paths += job.opened
        return texts

    def plans_of(self, database: str, name: str) -> list[Plan]:
        """Return what the scans of the current state of an Iceberg table read."""
        return [
            plan
            for table, plan in self.plans
            if (table.database, table.name, table.version) == (database, name, None)
        ]

    def register(self, rows: Rows) -> str:
        """Make Arrow rows a relation of the database."""
        self._relations += 1
        name = f"lbs{self._relations}"
        self.connection.register(name, rows)
        return name


def _used(scan: tree.Scan) -> list[tuple[int, tuple[str, Type]]]:
    columns = scan.table.all_columns + scan.table.hidden_columns
    return [(at, columns[at]) for at in sorted(scan.used)]


def reader_of(storage: Storage) -> Reader:
    """Return what reads a storage descriptor's files."""
    if storage.input_format == cloudtrail.INPUT_FORMAT:
        return cloudtrail.read
    found = _READERS.get(storage.serde)
    if found is None:
        raise not_supported(f"Reading files of the SerDe {storage.serde or '(none)'}")
    return found


def _by_name(storage: Storage) -> bool:
    """Tell whether the files' columns are found by their names, not by their order."""
    if storage.serde == parquet.SERDE:
        return not storage.flag(parquet.BY_ORDER)
    if storage.serde == orc.SERDE:
        return not orc.by_order(storage)
    named = (*json_lines.HIVE, json_lines.OPENX, avro.SERDE, ion.SERDE, cloudtrail.SERDE)
    return storage.serde in named
