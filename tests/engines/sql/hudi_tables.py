"""Hudi tables written by hand, as Hudi 0.14 lays them out: there is no writer in Python.

https://hudi.apache.org/tech-specs/ describes the layout of the timeline, files and log blocks.
"""

from __future__ import annotations

import io
import json
import struct

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

from tests.engines.sql.iceberg_tables import Athena

META = ("_hoodie_commit_time", "_hoodie_commit_seqno", "_hoodie_record_key",
        "_hoodie_partition_path", "_hoodie_file_name")  # fmt: skip
AVRO = {"id": "long", "name": "string", "ts": "long", "p": "string"}
COW = "org.apache.hudi.hadoop.HoodieParquetInputFormat"
REALTIME = "org.apache.hudi.hadoop.realtime.HoodieParquetRealtimeInputFormat"


class HudiTable:
    """A table at s3://lake/NAME with the columns id, name, ts; `id` is the record key."""

    def __init__(self, athena: Athena, name: str = "t", merges: bool = False, **more: str) -> None:
        self.athena, self.name = athena, name
        self.kind = "MERGE_ON_READ" if merges else "COPY_ON_WRITE"
        properties = {
            "hoodie.table.name": name, "hoodie.table.type": self.kind, "hoodie.table.version": "6",
            "hoodie.timeline.layout.version": "1", "hoodie.table.base.file.format": "PARQUET",
            "hoodie.table.recordkey.fields": "id", "hoodie.table.precombine.field": "ts",
            "hoodie.populate.meta.fields": "true", "hoodie.table.partition.fields": "p",
            "hoodie.datasource.write.hive_style_partitioning": "true",
            "hoodie.compaction.payload.class":
                "org.apache.hudi.common.model.DefaultHoodieRecordPayload",
            "hoodie.table.create.schema": json.dumps(self.schema(meta=False)), **more,
        }  # fmt: skip
        body = "".join(f"{key}={value}\n" for key, value in properties.items())
        self.put(".hoodie/hoodie.properties", body.encode())

    def put(self, path: str, body: bytes) -> None:
        self.athena.s3.put_object(Bucket="lake", Key=f"{self.name}/{path}", Body=body)

    def schema(self, meta: bool = True) -> dict:
        fields = [{"name": one, "type": ["null", "string"], "default": None} for one in META]
        fields = fields if meta else []
        fields += [{"name": one, "type": ["null", kind], "default": None}
                   for one, kind in AVRO.items()]  # fmt: skip
        return {"type": "record", "name": "rec", "fields": fields}

    def rows(self, at: str, rows: list[tuple], partition: str, file: str) -> list[dict]:
        """Return rows of (id, name, ts) with Hudi's own columns."""
        return [
            dict(zip(META, (at, f"{at}_0_{n}", str(row[0]), partition, file), strict=True))
            | dict(zip(AVRO, (*row, partition.partition("=")[2]), strict=True))
            for n, row in enumerate(rows)
        ]

    def base(self, at: str, group: str, rows: list[tuple], partition: str = "p=a") -> str:
        """Write a base file and return its name."""
        file = f"{group}_0-1-1_{at}.parquet"
        kinds = {"id": pa.int64(), "name": pa.string(), "ts": pa.int64(), "p": pa.string()}
        schema = pa.schema([*((one, pa.string()) for one in META), *kinds.items()])
        sink = pa.BufferOutputStream()
        found = pa.Table.from_pylist(self.rows(at, rows, partition, file), schema=schema)
        pq.write_table(found, sink)
        folder = f"{partition}/" if partition else ""
        self.put(f"{folder}{file}", sink.getvalue().to_pybytes())
        self.put(f"{folder}.hoodie_partition_metadata", b"commitTime=1\npartitionDepth=1\n")
        return file

    def log(self, at: str, slice_at: str, group: str, blocks: list[bytes], number: int = 1,
            partition: str = "p=a") -> str:  # fmt: skip
        """Write a log file of the slice that began at `slice_at`."""
        file = f".{group}_{slice_at}.log.{number}_0-2-{at[-3:]}"
        folder = f"{partition}/" if partition else ""
        self.put(f"{folder}{file}", b"".join(blocks))
        return file

    def data_block(self, at: str, rows: list[tuple], partition: str = "p=a") -> bytes:
        """Return a block of inserted or updated rows."""
        content = struct.pack(">ii", 3, len(rows))
        for row in self.rows(at, rows, partition, ""):
            sink = io.BytesIO()
            fastavro.schemaless_writer(sink, self.schema(), row)
            content += struct.pack(">i", len(sink.getvalue())) + sink.getvalue()
        return _block(3, {0: at, 2: json.dumps(self.schema())}, content)

    def delete_block(self, at: str, ids: list[int], partition: str = "p=a") -> bytes:
        """Return a block of the keys of deleted rows."""
        fields = [{"name": one, "type": ["null", "string"]} for one in ("key", "partition")]
        fields.append({"name": "order", "type": ["null", "long"]})
        one = {"type": "record", "name": "one", "fields": fields}
        listed = {"name": "list", "type": {"type": "array", "items": one}}
        schema = {"type": "record", "name": "all", "fields": [listed]}
        sink = io.BytesIO()
        keys = [{"key": str(key), "partition": partition, "order": None} for key in ids]
        fastavro.schemaless_writer(sink, schema, {"list": keys})
        content = struct.pack(">ii", 3, len(sink.getvalue())) + sink.getvalue()
        return _block(1, {0: at, 2: json.dumps(self.schema())}, content)

    def rollback_block(self, at: str, target: str) -> bytes:
        """Return a block that takes back what an instant wrote."""
        return _block(0, {0: at, 1: target, 3: "0"}, b"")

    def commit(self, at: str, action: str = "commit", **more: object) -> None:
        """Complete an instant."""
        body = {"partitionToWriteStats": {}, "compacted": False, "extraMetadata": {},
                "operationType": "UPSERT", **more}  # fmt: skip
        schema = json.dumps(self.schema(meta=False))
        body["extraMetadata"] = {"schema": schema}
        for state in ("requested", "inflight"):
            name = f"{at}.{'inflight' if action == 'commit' and state == 'inflight' else ''}"
            name = name if name[-1] != "." else f"{at}.{action}.{state}"
            self.put(f".hoodie/{name}", b"")
        self.put(f".hoodie/{at}.{action}", json.dumps(body).encode())

    def register(self, name: str, reads: str = COW, partitions: tuple[str, ...] = ("p=a",)) -> None:
        """Make the table known to Athena, as the documentation's statements do."""
        columns = ", ".join(f"`{one}` string" for one in META)
        by = "PARTITIONED BY (p string)" if partitions else ""
        self.athena.ok(
            f"CREATE EXTERNAL TABLE {name} ({columns}, id bigint, name string, ts bigint) {by} "
            "ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' "
            f"STORED AS INPUTFORMAT '{reads}' OUTPUTFORMAT "
            "'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat' "
            f"LOCATION 's3://lake/{self.name}/'"
        )
        for one in partitions:
            value = one.partition("=")[2]
            self.athena.ok(
                f"ALTER TABLE {name} ADD PARTITION (p = '{value}') "
                f"LOCATION 's3://lake/{self.name}/{one}/'"
            )


def _block(kind: int, header: dict[int, str], content: bytes) -> bytes:
    """Return a block of a log file, format version 1."""
    written = struct.pack(">i", len(header))
    for key, value in header.items():
        body = value.encode()
        written += struct.pack(">ii", key, len(body)) + body
    inner = struct.pack(">ii", 1, kind) + written
    inner += struct.pack(">q", len(content)) + content + struct.pack(">i", 0)
    size = len(inner) + 8
    return b"#HUDI#" + struct.pack(">q", size) + inner + struct.pack(">q", size + 6)
