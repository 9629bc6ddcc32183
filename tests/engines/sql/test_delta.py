"""Delta Lake tables, written by Delta's own library, read through Athena's API."""

from __future__ import annotations

import datetime
import json
import uuid
import zlib
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from pyroaring import BitMap

from tests.engines.sql.iceberg_tables import Athena


class Lake(Athena):
    """A server with the library's way to it."""

    @property
    def options(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.lakebed.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }

    def write(self, name: str, rows: pa.Table, **how) -> None:
        """Write rows to the table at s3://lake/NAME."""
        how.setdefault("mode", "append")
        write_deltalake(f"s3://lake/{name}", rows, storage_options=self.options, **how)

    def delta(self, name: str) -> DeltaTable:
        """Open the table with the library."""
        return DeltaTable(f"s3://lake/{name}", storage_options=self.options)

    def register(self, name: str) -> None:
        """Make the table known to Athena."""
        self.ok(
            f"CREATE EXTERNAL TABLE {name} LOCATION 's3://lake/{name}/' "
            "TBLPROPERTIES ('table_type' = 'DELTA')"
        )


@pytest.fixture
def lake(lakebed):
    return Lake(lakebed)


def three() -> pa.Table:
    return pa.table({"id": pa.array([1, 2, 3], pa.int64()), "p": ["a", "b", None]})


def test_the_newest_version_is_read(lake):
    lake.write("t", three())
    lake.register("t")
    assert lake.rows("SELECT * FROM t ORDER BY id") == [["1", "a"], ["2", "b"], ["3", None]]
    lake.delta("t").delete("id = 2")
    lake.write("t", pa.table({"id": [4], "p": ["d"]}))
    assert lake.rows("SELECT id FROM t ORDER BY id") == [["1"], ["3"], ["4"]]
    lake.write("t", three(), mode="overwrite")
    assert lake.rows("SELECT count(*), max(p) FROM t") == [["3", "b"]]


TYPES = [
    ("b", pa.bool_(), True, "boolean", "true"),
    ("i8", pa.int8(), -8, "tinyint", "-8"),
    ("i16", pa.int16(), 300, "smallint", "300"),
    ("i32", pa.int32(), 70000, "integer", "70000"),
    ("i64", pa.int64(), 1 << 40, "bigint", str(1 << 40)),
    ("f32", pa.float32(), 1.5, "real", "1.5"),
    ("f64", pa.float64(), 0.1, "double", "0.1"),
    ("d", pa.decimal128(9, 2), Decimal("12.30"), "decimal(9,2)", "12.30"),
    ("s", pa.string(), "é", "varchar", "é"),
    ("x", pa.binary(), b"\x01\xff", "varbinary", "01 ff"),
    ("day", pa.date32(), datetime.date(2024, 2, 29), "date", "2024-02-29"),
    (
        "at", pa.timestamp("us", "UTC"),
        datetime.datetime(2024, 1, 2, 3, 4, 5, 678900, datetime.UTC),
        "timestamp(3) with time zone", "2024-01-02 03:04:05.679 UTC",
    ),
    (
        "ntz", pa.timestamp("us"), datetime.datetime(2024, 1, 2, 3, 4, 5, 678901),
        "timestamp(6)", "2024-01-02 03:04:05.678901",
    ),
    ("l", pa.list_(pa.int16()), [1, None], "array(smallint)", "[1, null]"),
    ("m", pa.map_(pa.string(), pa.int8()), [("k", 1)], "map(varchar, tinyint)", "{k=1}"),
    ("r", pa.struct([("a", pa.int8()), ("B", pa.string())]), {"a": 1, "B": "x"},
     "row(a tinyint, b varchar)", "{a=1, b=x}"),
]  # fmt: skip


def test_types_are_those_of_trino(lake):
    schema = pa.schema([(name, kind) for name, kind, *_ in TYPES])
    lake.write("t", pa.Table.from_pylist([{one[0]: one[2] for one in TYPES}], schema=schema))
    lake.register("t")
    assert lake.rows("SELECT * FROM t") == [[shown for *_, shown in TYPES]]
    kinds = ", ".join(f"typeof({name})" for name, *_ in TYPES)
    assert lake.rows(f"SELECT {kinds} FROM t") == [[kind for *_, kind, _ in TYPES]]


def test_partitions_are_read_in_the_order_of_the_schema(lake):
    schema = pa.schema(
        [("day", pa.date32()), ("id", pa.int64()), ("n", pa.int32()), ("p", pa.string())]
    )
    day = datetime.date(2024, 5, 6)
    rows = [{"day": day, "id": 1, "n": 7, "p": "a/b c"}, {"day": None, "id": 2, "n": 8, "p": None}]
    lake.write("t", pa.Table.from_pylist(rows, schema=schema), partition_by=["day", "n", "p"])
    lake.register("t")
    found = lake.rows("SELECT * FROM t ORDER BY id")
    assert found == [["2024-05-06", "1", "7", "a/b c"], [None, "2", "8", None]]
    assert lake.rows("SELECT id FROM t WHERE day = DATE '2024-05-06'") == [["1"]]
    assert lake.rows("SELECT id FROM t WHERE p IS NULL") == [["2"]]
    table = lake.glue.get_table(DatabaseName="db", Name="t")["Table"]
    assert [one["Name"] for one in table["PartitionKeys"]] == ["day", "n", "p"]
    assert lake.lines("SHOW PARTITIONS t") == [
        "day=2024-05-06/n=7/p=a%2Fb c",
        "day=__HIVE_DEFAULT_PARTITION__/n=8/p=__HIVE_DEFAULT_PARTITION__",
    ]


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (pa.bool_(), True, "true"),
        (pa.int8(), -5, "-5"),
        (pa.float64(), 2.5, "2.5"),
        (pa.decimal128(5, 2), Decimal("1.50"), "1.50"),
        (pa.timestamp("us"), datetime.datetime(2024, 1, 2, 3, 4, 5), "2024-01-02 03:04:05.000000"),
        (
            pa.timestamp("us", "UTC"),
            datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
            "2024-01-02 03:04:05.000 UTC",
        ),
    ],
)
def test_partitions_of_every_type(lake, kind, value, shown):
    schema = pa.schema([("id", pa.int64()), ("p", kind)])
    lake.write("t", pa.Table.from_pylist([{"id": 1, "p": value}], schema=schema), partition_by="p")
    lake.register("t")
    assert lake.rows("SELECT id, p FROM t") == [["1", shown]]


def scanned(lake: Lake, text: str) -> int:
    return lake.ok(text)["Statistics"]["DataScannedInBytes"]


def test_files_are_dropped_by_statistics_and_partitions(lake):
    for at in range(4):
        rows = [f"{at}-{n}-" + "x" * 50 for n in range(500)]
        lake.write("t", pa.table({"id": [at * 10] * 500, "s": rows, "p": [at] * 500}),
                   partition_by="p")  # fmt: skip
    lake.register("t")
    whole = scanned(lake, "SELECT max(s) FROM t")
    assert scanned(lake, "SELECT max(s) FROM t WHERE id = 20") < whole / 3
    assert scanned(lake, "SELECT max(s) FROM t WHERE p = 3") < whole / 3
    assert scanned(lake, "SELECT max(s) FROM t WHERE id > 30") == 0
    assert lake.rows("SELECT count(*), min(id) FROM t WHERE id >= 20") == [["1000", "20"]]


def test_a_checkpoint_is_the_start_and_old_commits_may_be_gone(lake):
    for at in range(3):
        lake.write("t", pa.table({"id": [at]}))
    lake.register("t")
    lake.delta("t").create_checkpoint()
    lake.s3.delete_object(Bucket="lake", Key="t/_delta_log/00000000000000000000.json")
    lake.s3.delete_object(Bucket="lake", Key="t/_delta_log/00000000000000000001.json")
    lake.write("t", pa.table({"id": [3]}))
    assert lake.rows("SELECT id FROM t ORDER BY id") == [["0"], ["1"], ["2"], ["3"]]
    lake.s3.delete_object(Bucket="lake", Key="t/_delta_log/00000000000000000002.checkpoint.parquet")
    assert lake.error("SELECT id FROM t") == (
        "DELTA_LAKE_INVALID_SCHEMA: Metadata not found in transaction log for db.t: "
        "version 0 is missing (s3://lake/t/)"
    )


def test_the_file_of_a_row_can_be_asked(lake):
    lake.write("t", three())
    lake.register("t")
    [path] = [key for key in lake.keys("t/") if key.endswith(".parquet")]
    assert lake.rows('SELECT DISTINCT "$path" FROM t') == [[f"s3://lake/{path}"]]
    size = lake.s3.head_object(Bucket="lake", Key=path)["ContentLength"]
    assert lake.rows('SELECT DISTINCT "$file_size" FROM t') == [[str(size)]]
    lake.write("t", three())
    assert lake.rows(f"SELECT count(*) FROM t WHERE \"$path\" = 's3://lake/{path}'") == [["3"]]
    lake.rows('SELECT "$file_modified_time" FROM t')


class Log:
    """A table whose log is written by hand, for what the library does not write."""

    def __init__(self, lake: Lake, name: str = "t") -> None:
        self.lake, self.name = lake, name
        self.version = 0

    def commit(self, *actions: dict) -> None:
        body = "\n".join(json.dumps(one) for one in actions)
        key = f"{self.name}/_delta_log/{self.version:020d}.json"
        self.lake.s3.put_object(Bucket="lake", Key=key, Body=body.encode())
        self.version += 1

    def start(self, fields: list[dict], features=(), **configuration: str) -> None:
        protocol: dict = {"minReaderVersion": 1, "minWriterVersion": 2}
        if features:
            protocol = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features,
                        "writerFeatures": features}  # fmt: skip
        metadata = {
            "id": "0", "format": {"provider": "parquet", "options": {}}, "partitionColumns": [],
            "schemaString": json.dumps({"type": "struct", "fields": fields}),
            "configuration": configuration,
        }  # fmt: skip
        self.commit({"protocol": protocol}, {"metaData": metadata})

    def add(self, path: str, rows: pa.Table, **more) -> dict:
        sink = pa.BufferOutputStream()
        pq.write_table(rows, sink)
        body = sink.getvalue().to_pybytes()
        self.lake.s3.put_object(Bucket="lake", Key=f"{self.name}/{path}", Body=body)
        return {"add": {"path": path, "partitionValues": {}, "size": len(body),
                        "modificationTime": 0, "dataChange": True, **more}}  # fmt: skip


def column(name: str, kind: object, **metadata: object) -> dict:
    return {"name": name, "type": kind, "nullable": True, "metadata": metadata}


def mapped(name: str, kind: object, number: int, physical: str) -> dict:
    given = {"delta.columnMapping.id": number, "delta.columnMapping.physicalName": physical}
    return column(name, kind, **given)


@pytest.mark.parametrize("mode", ["name", "id"])
def test_columns_are_found_by_what_they_are_mapped_to(lake, mode):
    log = Log(lake)
    inner = {"type": "struct", "fields": [mapped("New", "integer", 4, "col-4")]}
    fields = [mapped("a b", "long", 1, "col-1"), mapped("c", "string", 2, "col-2"),
              mapped("r", inner, 3, "col-3")]  # fmt: skip
    log.start(fields, ["columnMapping"], **{"delta.columnMapping.mode": mode})
    names = ["col-1", "x", "col-3"] if mode == "name" else ["one", "two", "three"]
    numbered = [
        pa.field(name, kind, metadata={"PARQUET:field_id": str(at)} if mode == "id" else {})
        for name, kind, at in zip(names, (pa.int64(), pa.string()), (1, 9), strict=False)
    ]
    member = pa.field("col-4", pa.int32(), metadata={"PARQUET:field_id": "4"})
    numbered.append(pa.field(names[2], pa.struct([member]), metadata={"PARQUET:field_id": "3"}))
    rows = pa.table([[7], ["lost"], [{"col-4": 5}]], schema=pa.schema(numbered))
    stats = {"numRecords": 1, "minValues": {"col-1": 7}, "maxValues": {"col-1": 7}}
    log.commit(log.add("f1.parquet", rows, stats=json.dumps(stats)))
    lake.register("t")
    assert lake.rows('SELECT "a b", c, r.new FROM t WHERE "a b" = 7') == [["7", None, "5"]]
    assert lake.rows('SELECT count(*) FROM t WHERE "a b" = 8') == [["0"]]
    assert lake.lines("SHOW COLUMNS IN t") == ["a b".ljust(20), "c".ljust(20), "r".ljust(20)]


Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def encoded(content: bytes) -> str:
    out = ""
    for at in range(0, len(content), 4):
        number = int.from_bytes(content[at : at + 4], "big")
        letters = ""
        for _ in range(5):
            number, rest = divmod(number, 85)
            letters = Z85[rest] + letters
        out += letters
    return out


def bitmap(*positions: int) -> bytes:
    body = BitMap(positions).serialize()
    head = (1681511377).to_bytes(4, "little") + (1).to_bytes(8, "little")
    return head + (0).to_bytes(4, "little") + body


@pytest.mark.parametrize("where", ["inline", "file", "absolute"])
def test_rows_of_deletion_vectors_are_gone(lake, where):
    log = Log(lake)
    log.start([column("id", "long")], ["deletionVectors"])
    content = bitmap(1, 3)
    if where == "inline":
        padded = content + b"\0" * (-len(content) % 4)
        vector = {"storageType": "i", "pathOrInlineDv": encoded(padded)}
    else:
        name = uuid.uuid4()
        body = len(content).to_bytes(4, "big") + content + zlib.crc32(content).to_bytes(4, "big")
        key = f"t/ab/deletion_vector_{name}.bin"
        lake.s3.put_object(Bucket="lake", Key=key, Body=b"\1" + body)
        vector = {"storageType": "u", "pathOrInlineDv": "ab" + encoded(name.bytes), "offset": 1}
        if where == "absolute":
            vector = {"storageType": "p", "pathOrInlineDv": f"s3://lake/{key}", "offset": 1}
    vector |= {"sizeInBytes": len(content), "cardinality": 2}
    rows = pa.table({"id": [10, 11, 12, 13, 14]})
    stats = json.dumps({"numRecords": 5, "minValues": {"id": 10}, "maxValues": {"id": 14},
                        "nullCount": {"id": 0}, "tightBounds": False})  # fmt: skip
    plain = log.add("a%20b.parquet", rows, stats=stats)
    lake.s3.copy_object(Bucket="lake", Key="t/a b.parquet",
                        CopySource={"Bucket": "lake", "Key": "t/a%20b.parquet"})  # fmt: skip
    log.commit(plain)
    log.commit(
        {"remove": {"path": "a%20b.parquet", "dataChange": True, "deletionTimestamp": 0}},
        {"add": {**plain["add"], "deletionVector": vector}},
        log.add("more.parquet", pa.table({"id": [20, 21]})),
    )
    lake.register("t")
    assert lake.rows("SELECT id FROM t ORDER BY id") == [[str(n)] for n in (10, 12, 14, 20, 21)]
    assert lake.rows("SELECT count(*) FROM t WHERE id < 14") == [["2"]]


def test_a_feature_that_is_not_built_is_refused_by_name(lake):
    log = Log(lake)
    log.start([column("id", "long")], ["variantType"])
    assert lake.error(
        "CREATE EXTERNAL TABLE t LOCATION 's3://lake/t/' TBLPROPERTIES ('table_type'='DELTA')"
    ) == (
        "NOT_SUPPORTED: The feature variantType of the Delta Lake table db.t is not built in "
        "lakebed yet"
    )


@pytest.mark.parametrize(
    "parameters", [{"spark.sql.sources.provider": "delta"}, {"classification": "delta"}]
)
def test_tables_of_other_engines_are_known_by_their_properties(lake, parameters):
    lake.write("t", three())
    lake.glue.create_table(
        DatabaseName="db",
        TableInput={
            "Name": "t",
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters,
            "StorageDescriptor": {
                "Columns": [{"Name": "col", "Type": "array<string>"}],
                "Location": "s3://lake/t-__PLACEHOLDER__",
                "SerdeInfo": {"Parameters": {"path": "s3://lake/t/"}},
            },
        },
    )
    assert lake.rows("SELECT id, p FROM t WHERE id > 1 ORDER BY id") == [["2", "b"], ["3", None]]


def test_what_athena_cannot_do_with_delta_tables_is_refused(lake):
    lake.write("t", three())
    lake.register("t")
    name = "awsdatacatalog.db.t"
    refused = {
        "INSERT INTO t VALUES (1, 'a')": f"Delta Lake table {name} is read-only: INSERT is not "
        "supported",
        "DELETE FROM t WHERE id = 1": f"Delta Lake table {name} is read-only",
        "UPDATE t SET id = 1": f"Delta Lake table {name} is read-only",
        "ALTER TABLE t ADD COLUMNS (x int)": "ALTER TABLE ADD COLUMNS is not supported for "
        "Delta Lake table db.t",
        "MSCK REPAIR TABLE t": "MSCK REPAIR TABLE is not supported for Delta Lake table db.t",
        "SELECT * FROM t FOR VERSION AS OF 1": "This connector does not support versioned tables",
    }
    for text, message in refused.items():
        assert message in lake.error(text), text
    more = lake.error(
        "CREATE EXTERNAL TABLE u (id int) LOCATION 's3://lake/t/' "
        "TBLPROPERTIES ('table_type' = 'DELTA')"
    )
    assert more.startswith("INVALID_TABLE_PROPERTY: Delta Lake table db.u: CREATE TABLE statements")
    assert lake.lines("SHOW CREATE TABLE t") == [
        "CREATE EXTERNAL TABLE", "  `db.t`", "LOCATION", "  's3://lake/t/'", "TBLPROPERTIES (",
        "  'table_type'='DELTA')",
    ]  # fmt: skip
    lake.ok("DROP TABLE t")
    assert [key for key in lake.keys("t/") if key.endswith(".parquet")]


PAIRS = pa.map_(pa.string(), pa.string())
ADD = pa.struct(
    [
        ("path", pa.string()),
        ("partitionValues", PAIRS),
        ("size", pa.int64()),
        ("stats_parsed", pa.struct([
            ("numRecords", pa.int64()),
            ("minValues", pa.struct([("id", pa.int64())])),
            ("maxValues", pa.struct([("id", pa.int64())])),
        ])),
    ]
)  # fmt: skip
CHECKPOINT = pa.schema(
    [
        ("protocol", pa.struct([("minReaderVersion", pa.int32())])),
        ("metaData", pa.struct([
            ("schemaString", pa.string()),
            ("partitionColumns", pa.list_(pa.string())),
            ("configuration", PAIRS),
        ])),
        ("add", ADD),
        ("sidecar", pa.struct([("path", pa.string())])),
    ]
)  # fmt: skip


def parquet(rows: list[dict]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema=CHECKPOINT), sink)
    return sink.getvalue().to_pybytes()


def checkpointed(lake: Lake) -> tuple[list[dict], list[dict]]:
    """Return the actions of a table of two files: the table's, and those of the files."""
    log = Log(lake)
    schema = json.dumps({"type": "struct", "fields": [column("id", "long")]})
    head = [
        {"protocol": {"minReaderVersion": 1}},
        {
            "metaData": {
                "schemaString": schema,
                "partitionColumns": [],
                "configuration": [("delta.checkpointInterval", "2")],
            }
        },  # fmt: skip
    ]
    adds = []
    for at in (1, 2):
        made = log.add(f"f{at}.parquet", pa.table({"id": [at]}))["add"]
        bounds = {"numRecords": 1, "minValues": {"id": at}, "maxValues": {"id": at}}
        adds.append({"add": {"path": made["path"], "size": made["size"], "partitionValues": [],
                             "stats_parsed": bounds}})  # fmt: skip
    return head, adds


def put(lake: Lake, name: str, body: bytes) -> None:
    lake.s3.put_object(Bucket="lake", Key=f"t/_delta_log/{name}", Body=body)


def test_a_checkpoint_in_parts_counts_when_it_is_whole(lake):
    head, adds = checkpointed(lake)
    name = f"{7:020d}.checkpoint"
    put(lake, f"{name}.{1:010d}.{2:010d}.parquet", parquet([*head, adds[0]]))
    assert "Metadata not found in transaction log for db.t" in lake.error(
        "CREATE EXTERNAL TABLE t LOCATION 's3://lake/t/' TBLPROPERTIES ('table_type'='DELTA')"
    )
    put(lake, f"{name}.{2:010d}.{2:010d}.parquet", parquet([adds[1]]))
    lake.register("t")
    assert lake.rows("SELECT id FROM t ORDER BY id") == [["1"], ["2"]]
    lake.s3.put_object(Bucket="lake", Key="t/f1.parquet", Body=b"damaged")
    assert lake.rows("SELECT id FROM t WHERE id > 1") == [["2"]]


@pytest.mark.parametrize("form", ["json", "parquet"])
def test_a_checkpoint_of_version_2_has_sidecars(lake, form):
    head, adds = checkpointed(lake)
    put(lake, "_sidecars/one.parquet", parquet(adds))
    rows = [*head, {"sidecar": {"path": "one.parquet"}}]
    name = f"{3:020d}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.{form}"
    body = parquet(rows) if form == "parquet" else "\n".join(map(json.dumps, rows)).encode()
    put(lake, name, body)
    lake.register("t")
    assert lake.rows("SELECT id FROM t ORDER BY id") == [["1"], ["2"]]
    lake.s3.delete_object(Bucket="lake", Key="t/_delta_log/_sidecars/one.parquet")
    put(lake, f"{4:020d}.json", b"{}\n")
    assert lake.error("SELECT id FROM t").endswith(
        "A part of a checkpoint is missing: s3://lake/t/_delta_log/_sidecars/one.parquet"
    )


def test_moments_as_spark_stores_them(lake):
    """Spark writes INT96, and cuts the bounds in the log to milliseconds."""
    log = Log(lake)
    log.start([column("at", "timestamp")])
    moment = datetime.datetime(2024, 1, 2, 3, 4, 5, 678900)
    sink = pa.BufferOutputStream()
    rows = pa.table({"at": pa.array([moment], pa.timestamp("ns"))})
    pq.write_table(rows, sink, use_deprecated_int96_timestamps=True)
    body = sink.getvalue().to_pybytes()
    lake.s3.put_object(Bucket="lake", Key="t/f.parquet", Body=body)
    cut = "2024-01-02T03:04:05.678Z"
    stats = {"numRecords": 1, "minValues": {"at": cut}, "maxValues": {"at": cut}}
    add = {"path": "f.parquet", "partitionValues": {}, "size": len(body)}
    log.commit({"add": {**add, "stats": json.dumps(stats)}})
    lake.register("t")
    assert lake.rows("SELECT at FROM t") == [["2024-01-02 03:04:05.679 UTC"]]
    found = "SELECT count(*) FROM t WHERE at {} TIMESTAMP '2024-01-02 03:04:05.679 UTC'"
    assert lake.rows(found.format("=")) == [["1"]]
    assert lake.rows(found.format(">")) == [["0"]]


def test_files_of_an_older_schema_are_read_by_the_new_one(lake):
    lake.write("t", pa.table({"id": pa.array([1], pa.int32())}))
    lake.register("t")
    wider = pa.table({"id": pa.array([2], pa.int32()), "more": [{"a": 1}]})
    lake.write("t", wider, schema_mode="merge")
    assert lake.rows("SELECT * FROM t ORDER BY id") == [["1", None], ["2", "{a=1}"]]
    assert lake.lines("DESCRIBE t") == [
        f"{'id':20}\t{'int':20}\t{'':20}", f"{'more':20}\tstruct<a:bigint>    \t{'':20}"
    ]  # fmt: skip


def test_a_scan_that_no_file_satisfies_is_empty(lake):
    lake.write("t", three())
    lake.register("t")
    assert lake.rows("SELECT * FROM t WHERE id IN (7, 8)") == []
    assert lake.rows("SELECT id FROM t WHERE id IN (3, 8) OR p = 'a' ORDER BY 1") == [["1"], ["3"]]
    lake.delta("t").delete()
    assert lake.rows("SELECT count(*) FROM t") == [["0"]]
