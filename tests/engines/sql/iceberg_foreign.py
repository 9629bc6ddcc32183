"""Files that other engines add to a table: equality deletes (Flink, Firehose)."""

from __future__ import annotations

import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Operation
from pyiceberg.typedef import Record

from lakebed.engines.sql.duckdb.iceberg import snapshots, tables
from lakebed.engines.sql.duckdb.iceberg.files import LakeFiles


class _Server:
    """What a worker may ask of its server, done by boto3."""

    def __init__(self, athena, folder: Path) -> None:
        self.athena, self.folder = athena, folder

    def exactly(self, locations):
        from lakebed.engines.sql.duckdb.catalog import File

        out = []
        for location in locations:
            bucket, key = location.removeprefix("s3://").split("/", 1)
            body = self.athena.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            path = self.folder / uuid.uuid4().hex
            path.write_bytes(body)
            out.append(File(key, str(path), len(body)))
        return out

    def put(self, location, path):
        bucket, key = location.removeprefix("s3://").split("/", 1)
        self.athena.s3.put_object(Bucket=bucket, Key=key, Body=Path(path).read_bytes())

    def ask(self, operation, request):
        return getattr(self.athena.glue, operation)(**request)


class _Catalog:
    def __init__(self, server, files) -> None:
        self.server, self._files = server, files

    def iceberg_files(self):
        return self._files

    def shape(self, database, name):
        return self.server.athena.glue.get_table(DatabaseName=database, Name=name)["Table"]

    def forget(self, database, name):
        pass


class _Run:
    id = "another-engine"

    def __init__(self, catalog) -> None:
        self.catalog = catalog


def add_equality_deletes(athena, name: str, values: dict[str, list], buckets: int) -> None:
    """Delete rows by values, in each of the table's buckets, as Flink does."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        server = _Server(athena, Path(folder))
        files = LakeFiles(server, Path(folder))
        run = _Run(_Catalog(server, files))
        table = tables.load(run.catalog, files, "db", name)
        metadata: TableMetadata = table.metadata
        ids = {one: metadata.schema().find_field(one).field_id for one in values}
        path = Path(folder) / "deletes.parquet"
        schema = pa.schema(
            [
                pa.field(one, pa.string(), True, {"PARQUET:field_id": str(number)})
                for one, number in ids.items()
            ]
        )
        added = []
        for bucket in range(buckets):
            pq.write_table(pa.table(values, schema=schema), path)
            place = f"s3://lake/{name}/data/eq-{uuid.uuid4()}.parquet"
            made = DataFile.from_args(
                content=DataFileContent.EQUALITY_DELETES, file_path=place,
                file_format=FileFormat.PARQUET, partition=Record(bucket),
                record_count=len(next(iter(values.values()))),
                file_size_in_bytes=path.stat().st_size, column_sizes={}, value_counts={},
                null_value_counts={}, nan_value_counts={}, lower_bounds={}, upper_bounds={},
                key_metadata=None, split_offsets=None, equality_ids=list(ids.values()),
                sort_order_id=None,
            )  # fmt: skip
            made.spec_id = metadata.default_spec_id
            files.put_file(place, path)
            added.append(made)
        change = snapshots.Change(Operation.DELETE, metadata.current_snapshot(), deleting=added)
        snapshots.commit(run, table, change)
