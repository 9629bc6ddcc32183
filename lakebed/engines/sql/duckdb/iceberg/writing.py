"""Rows of a query into data files, and positions of rows into delete files.

A partitioned table's rows are kept apart in DuckDB first: so it is known how many partitions there
are before a file is written, and their values need not be read back from names of folders.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false
# PyIceberg leaves type parameters open, and pyarrow has no types.

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyiceberg import types as ice
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.typedef import Record

from lakebed.dialect import lower, temporal
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import INSTANT, Type
from lakebed.engines.sql.duckdb import udf
from lakebed.engines.sql.duckdb.iceberg import partitioning, properties
from lakebed.engines.sql.duckdb.iceberg.files import LakeFiles
from lakebed.engines.sql.duckdb.iceberg.types import to_trino
from lakebed.engines.sql.duckdb.readers.arrow import arrow
from lakebed.engines.sql.duckdb.run import Run

_POSITIONS = Schema(
    ice.NestedField(2147483546, "file_path", ice.StringType(), required=True),
    ice.NestedField(2147483545, "pos", ice.LongType(), required=True),
)
WRITERS_MAX = 100
"""https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html: 100 partitions at once."""


@dataclass
class Writer:
    """Writes the files of one statement; `added` and `deleting` are what a commit then adds."""

    run: Run
    files: LakeFiles
    metadata: TableMetadata
    added: list[DataFile] = field(default_factory=list[DataFile])
    deleting: list[DataFile] = field(default_factory=list[DataFile])

    @property
    def schema(self) -> Schema:
        """The table's current columns."""
        return self.metadata.schema()

    def rows(self, text: str) -> int:
        """Write the rows of a query whose columns c0, c1, … are the table's; return how many."""
        values = [
            f"{stored(f'lbr.c{at}', to_trino(one.field_type))} AS v{at}"
            for at, one in enumerate(self.schema.fields)
        ]
        source = f"SELECT {', '.join(values)} FROM ({text}) AS lbr"
        spec = self.metadata.spec()
        if spec.is_unpartitioned():
            return self._file(source, Record())
        keys = [
            partitioning.text_of(
                one.transform, f"lbs.v{self._place(one.source_id)}",
                self.schema.find_type(one.source_id),
            )
            for one in spec.fields
        ]  # fmt: skip
        named = ", ".join(f"{key} AS p{at}" for at, key in enumerate(keys))
        self._execute(f"CREATE TEMP TABLE lbw AS SELECT *, {named} FROM ({source}) AS lbs")
        names = [f"p{at}" for at in range(len(keys))]
        parts = self._execute(f"SELECT DISTINCT {', '.join(names)} FROM lbw").fetchall()
        if len(parts) > WRITERS_MAX:
            message = f"Exceeded limit of {WRITERS_MAX} open writers for partitions"
            raise TrinoError("ICEBERG_TOO_MANY_OPEN_PARTITIONS", message)
        count = sum(self._part(names, part) for part in parts)
        self._execute("DROP TABLE lbw")
        return count

    def _place(self, field_id: int) -> int:
        found = [at for at, one in enumerate(self.schema.fields) if one.field_id == field_id]
        if not found:
            message = "A partition by a member of a struct is not built in lakebed yet"
            raise TrinoError("NOT_SUPPORTED", message)
        return found[0]

    def _part(self, names: Sequence[str], part: Sequence[Any]) -> int:
        tests = " AND ".join(f"{name} IS NOT DISTINCT FROM ?" for name in names)
        values = ", ".join(f"v{at}" for at in range(len(self.schema.fields)))
        self.run.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE lbo AS SELECT {values} FROM lbw WHERE {tests}",
            list(part),
        )
        return self._file("SELECT * FROM lbo", Record(*part))

    def _file(self, source: str, partition: Record) -> int:
        """Write one data file."""
        names = ", ".join(
            f"lbs.v{at} AS {lower.identifier(one.name)}"
            for at, one in enumerate(self.schema.fields)
        )
        text = f"SELECT {names} FROM ({source}) AS lbs"
        path = self.run.scratch / f"data-{uuid.uuid4().hex}"
        written = properties.data_format(self.metadata)
        if written != FileFormat.PARQUET:
            from lakebed.engines.sql.duckdb.iceberg import other_formats

            udf.define(self.run.connection, text)
            count = other_formats.write(self.run.connection, text, path, self.metadata, written)
        else:
            ids = _ids(self.schema.fields)
            codec = properties.parquet_codec(self.metadata)
            options = f"FORMAT parquet, FIELD_IDS {{{ids}}}, COMPRESSION {codec}"
            copy = f"COPY ({text}) TO {lower.quoted(str(path))} ({options})"
            count = self._execute(copy).fetchall()[0][0]
        if count:
            self.added.append(self._data_file(path, count, partition, written))
        return count

    def _data_file(
        self, path: Path, count: int, partition: Record, written: FileFormat
    ) -> DataFile:
        spec = self.metadata.spec()
        suffix = written.value.lower()
        folder = partition_folder(self.metadata, partition)
        place = f"{folder}{self.run.id}-{uuid.uuid4()}.{suffix}"
        statistics: dict[str, Any] = {}
        if written == FileFormat.PARQUET:
            statistics = parquet_statistics(path, self.schema, dict(self.metadata.properties))
        size = path.stat().st_size
        self.files.put_file(place, path)
        make: Any = DataFile.from_args
        made = make(
            content=DataFileContent.DATA, file_path=place, file_format=written,
            partition=partition, file_size_in_bytes=size, sort_order_id=None,
            equality_ids=None, key_metadata=None,
            **{"record_count": count, **statistics},
        )  # fmt: skip
        made.spec_id = spec.spec_id
        return made

    def _execute(self, text: str) -> Any:
        udf.define(self.run.connection, text)
        return self.run.connection.execute(text)

    def positions(self, positions: Any, targets: dict[str, DataFile]) -> None:
        """Write the positions of deleted rows, one file for each data file they are in.

        `positions` is an Arrow table of `file_path` and `pos`.
        """
        pa = arrow()
        ordered = positions.sort_by([("file_path", "ascending"), ("pos", "ascending")])
        counted = ordered.group_by("file_path", use_threads=False).aggregate([("pos", "count")])
        first = 0
        schema = pa.schema(
            [
                pa.field("file_path", pa.string(), False, {"PARQUET:field_id": "2147483546"}),
                pa.field("pos", pa.int64(), False, {"PARQUET:field_id": "2147483545"}),
            ]
        )
        for place, count in zip(
            counted.column("file_path").to_pylist(),
            counted.column("pos_count").to_pylist(),
            strict=True,
        ):
            some = ordered.slice(first, count).cast(schema)
            first += count
            self._delete_file(some, targets[place])

    def _delete_file(self, rows: Any, target: DataFile) -> None:
        path = self.run.scratch / f"deletes-{uuid.uuid4().hex}"
        arrow("pyarrow.parquet").write_table(rows, str(path), compression="zstd")
        folder = target.file_path.rpartition("/")[0]
        place = f"{folder}/{self.run.id}-{uuid.uuid4()}-deletes.parquet"
        # Readers find the data file of a delete file by the bounds of its paths, which must be
        # whole: no mode of the table's own cuts them.
        given = {"write.metadata.metrics.default": "full"}
        statistics = parquet_statistics(path, _POSITIONS, given)
        size = path.stat().st_size
        self.files.put_file(place, path)
        make: Any = DataFile.from_args
        made = make(
                content=DataFileContent.POSITION_DELETES, file_path=place,
                file_format=FileFormat.PARQUET, partition=target.partition,
                file_size_in_bytes=size, sort_order_id=None,
                equality_ids=None, key_metadata=None, **statistics,
            )  # fmt: skip
        made.spec_id = target.spec_id
        self.deleting.append(made)


def partition_folder(metadata: TableMetadata, partition: Record) -> str:
    """Return where files of a partition are put."""
    given = metadata.properties.get("write.data.path")
    base = (given or f"{metadata.location.rstrip('/')}/data").rstrip("/")
    spec = metadata.spec()
    if spec.is_unpartitioned():
        return f"{base}/"
    return f"{base}/{spec.partition_to_path(partition, metadata.schema())}/"


def parquet_statistics(path: Path, schema: Schema, given: dict[str, str]) -> dict[str, Any]:
    """Return what a Parquet file's footer says of it, as a manifest keeps it."""
    footer = arrow("pyarrow.parquet").read_metadata(str(path))
    found = data_file_statistics_from_parquet_metadata(
        parquet_metadata=footer,
        stats_columns=compute_statistics_plan(schema, given),
        parquet_column_mapping=parquet_path_to_id_mapping(schema),
    )
    return found.to_serialized_dict()


def stored(text: str, kind: Type) -> str:
    """Write a value as data files have it: members named, instants as such."""
    if kind.name == INSTANT:
        return f"timezone('UTC', {temporal.moment(text, kind)})"
    if kind.name == "time":
        return f"(TIME '00:00:00' + to_microseconds(({text}) // 1000000))"
    if kind.name == "array":
        inner = stored("lbe", kind.inner[0])
        return text if inner == "lbe" else f"list_transform({text}, lambda lbe: {inner})"
    if kind.name == "map":
        key, value = stored("lbe.key", kind.inner[0]), stored("lbe.value", kind.inner[1])
        if (key, value) == ("lbe.key", "lbe.value"):
            return text
        entries = f"list_transform(map_entries({text}), lambda lbe: struct_pack(k := {key}, v := "
        return f"CASE WHEN {text} IS NULL THEN NULL ELSE map_from_entries({entries}{value})) END"
    if kind.name == "row":
        members = ", ".join(
            f"{lower.identifier(name)} := " + stored(f"struct_extract({text}, 'f{at}')", inner)
            for at, (name, inner) in enumerate(zip(kind.fields, kind.inner, strict=True))
        )
        return f"CASE WHEN {text} IS NULL THEN NULL ELSE struct_pack({members}) END"
    return text


def _ids(fields: Sequence[ice.NestedField]) -> str:
    """Write DuckDB's FIELD_IDS of columns."""
    return ", ".join(f"{lower.identifier(one.name)}: {_id(one)}" for one in fields)


def _id(field: ice.NestedField) -> str:
    kind = field.field_type
    if isinstance(kind, ice.ListType):
        inner = f"element: {_id(kind.element_field)}"
    elif isinstance(kind, ice.MapType):
        inner = f"key: {_id(kind.key_field)}, value: {_id(kind.value_field)}"
    elif isinstance(kind, ice.StructType):
        inner = ", ".join(f"{lower.identifier(one.name.lower())}: {_id(one)}"
                          for one in kind.fields)  # fmt: skip
    else:
        return str(field.field_id)
    return f"{{__duckdb_field_id: {field.field_id}, {inner}}}"
