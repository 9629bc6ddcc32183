"""CREATE TABLE AS, INSERT INTO and UNLOAD: the files, the catalog, and nothing after a failure."""

from __future__ import annotations

import bz2
import gzip
import itertools
import zlib

import pyarrow.orc
import pyarrow.parquet
import pytest

from lakebed.core.errors import AwsError

ROWS = (
    "SELECT * FROM (VALUES (1, 'a', DATE '2024-01-01', 1.50, ARRAY[1, NULL], MAP(ARRAY['k'], "
    "ARRAY[1]), CAST(ROW(1, 'x') AS ROW(i integer, s varchar)), true, 2.5e0, "
    "TIMESTAMP '2024-01-01 01:02:03.004'), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
    "NULL)) AS t(id, name, day, price, list, map, pair, flag, ratio, at)"
)
READ_BACK = [
    ["1", "a", "2024-01-01", "1.50", "[1, null]", "{k=1}", "{i=1, s=x}", "true", "2.5",
     "2024-01-01 01:02:03.004"],
    ["2", "", "", "", "", "", "", "", "", ""],
]  # fmt: skip


@pytest.fixture
def numbers(console):
    console.lake.write("b", "n/a.csv", b"".join(b"%d,%d\n" % (n, n % 3) for n in range(100)))
    console.ok(
        "CREATE EXTERNAL TABLE n (id int, k int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        "LOCATION 's3://b/n/'"
    )
    return console


def files(console, prefix):
    return [key for key in console.lake.keys("b") if key.startswith(prefix)]


@pytest.mark.parametrize(
    ("kind", "codec"),
    [
        ("PARQUET", "GZIP"), ("PARQUET", "SNAPPY"), ("PARQUET", "ZSTD"), ("ORC", "ZLIB"),
        ("ORC", "SNAPPY"),
    ],
)  # fmt: skip
def test_every_type_is_written_and_read_by_arrow(console, kind, codec):
    console.ok(
        f"CREATE TABLE t WITH (format='{kind}', write_compression='{codec}', "
        f"external_location='s3://b/t/') AS {ROWS}"
    )
    (key,) = files(console, "t/")
    path = console.lake.path("b", key)
    table = pyarrow.parquet.read_table(path) if kind == "PARQUET" else pyarrow.orc.read_table(path)
    first = table.slice(0, 1).to_pylist()[0]
    assert (first["id"], first["name"], first["list"]) == (1, "a", [1, None])
    assert (first["pair"], str(first["price"])) == ({"i": 1, "s": "x"}, "1.50")
    assert table.slice(1).to_pylist()[0] == {**dict.fromkeys(first), "id": 2}


def test_parquet_comes_back_as_it_was(console):
    console.ok(f"CREATE TABLE t WITH (external_location='s3://b/t/') AS {ROWS}")
    assert console.rows("SELECT * FROM t ORDER BY id") == READ_BACK
    columns = console.lake.tables["default", "t"]["StorageDescriptor"]["Columns"]
    assert [one["Type"] for one in columns] == [
        "int", "varchar(1)", "date", "decimal(3,2)", "array<int>", "map<varchar(1),int>",
        "struct<i:int,s:string>", "boolean", "double", "timestamp",
    ]  # fmt: skip


UNPACK = {
    "GZIP": gzip.decompress, "NONE": bytes, "BZIP2": bz2.decompress,
    "DEFLATE": zlib.decompress, "ZSTD": lambda b: pyarrow.CompressedInputStream(
        pyarrow.BufferReader(b), "zstd").read(),
}  # fmt: skip
SUFFIX = {"GZIP": ".gz", "NONE": "", "BZIP2": ".bz2", "DEFLATE": ".deflate", "ZSTD": ".zst"}


@pytest.mark.parametrize("codec", UNPACK)
def test_text_is_hives_with_its_separators(console, codec):
    console.ok(
        f"CREATE TABLE t WITH (format='TEXTFILE', field_delimiter='|', "
        f"write_compression='{codec}', external_location='s3://b/t/') AS {ROWS}"
    )
    (key,) = files(console, "t/")
    assert key.endswith(SUFFIX[codec])
    text = bytes(UNPACK[codec](console.lake.path("b", key).read_bytes())).decode()
    assert sorted(text.splitlines()) == [
        "1|a|2024-01-01|1.50|1\x02\\N|k\x031|1\x02x|true|2.5|2024-01-01 01:02:03.004",
        "2" + "|\\N" * 9,
    ]


def test_json_lines(console):
    console.ok(f"CREATE TABLE t WITH (format='JSON', external_location='s3://b/t/') AS {ROWS}")
    (key,) = files(console, "t/")
    first = sorted(gzip.decompress(console.lake.path("b", key).read_bytes()).splitlines())[0]
    assert first.decode() == (
        '{"id":1,"name":"a","day":"2024-01-01","price":1.50,"list":[1,null],"map":{"k":1},'
        '"pair":{"i":1,"s":"x"},"flag":true,"ratio":2.5,"at":"2024-01-01 01:02:03.004"}'
    )


@pytest.mark.parametrize("kind", ["PARQUET", "ORC", "AVRO", "JSON", "TEXTFILE"])
def test_partitions_become_folders_and_entries(numbers, kind):
    numbers.ok(
        f"CREATE TABLE p WITH (format='{kind}', external_location='s3://b/p/', "
        "partitioned_by=ARRAY['k', 'name']) AS SELECT id, nullif(k, 2) AS k, 'a/b c' AS name FROM n"
    )
    folders = {key.rsplit("/", 1)[0] for key in files(numbers, "p/")}
    assert folders == {f"p/k={k}/name=a%2Fb c" for k in ("0", "1", "__HIVE_DEFAULT_PARTITION__")}
    parts = numbers.lake.partitions["default", "p"]
    assert set(parts) == {(k, "a/b c") for k in ("0", "1", "__HIVE_DEFAULT_PARTITION__")}
    assert parts["0", "a/b c"]["StorageDescriptor"]["Location"] == "s3://b/p/k=0/name=a%2Fb c/"


def test_buckets_hold_the_rows_that_hash_there(numbers):
    numbers.ok(
        "CREATE TABLE p WITH (external_location='s3://b/p/', bucketed_by=ARRAY['id'], "
        "bucket_count=4) AS SELECT id, 'x' AS name FROM n"
    )
    found = {
        key.split("/")[1][:6]: pyarrow.parquet.read_table(numbers.lake.path("b", key))["id"]
        for key in files(numbers, "p/")
    }
    for bucket in range(4):
        ids = sorted(found[f"{bucket:06d}"].to_pylist())
        assert ids == list(range(bucket, 100, 4))
    storage = numbers.lake.tables["default", "p"]["StorageDescriptor"]
    assert (storage["BucketColumns"], storage["NumberOfBuckets"]) == (["id"], 4)
    assert numbers.rows("SELECT count(*), sum(id) FROM p") == [["100", "4950"]]


def test_buckets_by_text_follow_hives_hash():
    from lakebed.engines.sql.duckdb.writing.buckets import of_bigint, of_text

    assert [of_text(one) for one in ("", "a", "ab", "hello", "é")] == [0, 97, 3105, 99162322, -1978]
    assert [of_bigint(n) for n in (0, 5, 1 << 32, -1)] == [0, 5, 1, 0]


def test_no_data_makes_an_empty_table(numbers):
    numbers.ok("CREATE TABLE e AS SELECT * FROM n WITH NO DATA")
    assert numbers.rows("SELECT * FROM e") == []


@pytest.mark.parametrize("kind", ["PARQUET", "JSON", "TEXTFILE"])
def test_insert_adds_files_and_rows(numbers, kind):
    numbers.ok(
        f"CREATE TABLE t WITH (format='{kind}', external_location='s3://b/t/') AS "
        "SELECT 1 AS a, CAST('x' AS varchar) AS b"
    )
    outcome = numbers.ok("INSERT INTO t SELECT id, 'y' FROM n WHERE id < 2")
    assert (outcome.statement_type, outcome.substatement_type) == ("DML", "INSERT")
    assert outcome.update_count == 2
    assert outcome.manifest.read_text().splitlines() == list(outcome.output_objects)
    numbers.ok("INSERT INTO t (b) VALUES ('only b')")
    assert numbers.rows("SELECT * FROM t ORDER BY a, b") == [
        ["0", "y"], ["1", "x"], ["1", "y"], ["", "only b"],
    ]  # fmt: skip


def test_insert_goes_to_the_partitions_of_the_rows(numbers):
    numbers.ok(
        "CREATE EXTERNAL TABLE t (id int) PARTITIONED BY (k int) STORED AS PARQUET "
        "LOCATION 's3://b/t/'"
    )
    numbers.ok("ALTER TABLE t ADD PARTITION (k=1) LOCATION 's3://b/one/'")
    numbers.ok("INSERT INTO t SELECT id, k FROM n")
    assert numbers.lines("SHOW PARTITIONS t") == ["k=0", "k=1", "k=2"]
    assert [len(files(numbers, one)) for one in ("t/k=0/", "t/k=1/", "one/")] == [1, 0, 1]
    assert numbers.rows("SELECT k, count(*) FROM t GROUP BY 1 ORDER BY 1") == [
        ["0", "34"], ["1", "33"], ["2", "33"],
    ]  # fmt: skip


def test_values_are_assigned_as_trino_does(numbers):
    """Numbers to numbers, days to days: SQLAlchemy inserts a datetime into a date column."""
    numbers.ok(
        "CREATE EXTERNAL TABLE a (d date, i int, x decimal(5,1), ts timestamp, l array<int>) "
        "STORED AS PARQUET LOCATION 's3://lake/a/'"
    )
    numbers.ok(
        "INSERT INTO a VALUES (TIMESTAMP '2012-10-15 12:57:18', BIGINT '5', 2.25e0, "
        "DATE '2020-01-01', ARRAY[2.5])"
    )
    assert numbers.rows("SELECT * FROM a") == [
        ["2012-10-15", "5", "2.3", "2020-01-01 00:00:00.000", "[3]"]
    ]
    assert numbers.error("INSERT INTO a (i) VALUES BIGINT '3000000000'") == (
        "NUMERIC_VALUE_OUT_OF_RANGE", "Out of range for integer: 3000000000",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("INSERT INTO n SELECT 1", "TYPE_MISMATCH",
         "line 1:1: Insert query has mismatched column types: Table: [integer, integer], "
         "Query: [integer]"),
        ("INSERT INTO n SELECT 1, 'x'", "TYPE_MISMATCH",
         "line 1:1: Insert query has mismatched column types: Table: [integer, integer], "
         "Query: [integer, varchar(1)]"),
        ("INSERT INTO n (nope) SELECT 1", "COLUMN_NOT_FOUND",
         "line 1:1: Insert column name does not exist in target table: nope"),
        ("INSERT INTO n (id, id) SELECT 1, 2", "DUPLICATE_COLUMN_NAME",
         "line 1:1: Insert column name is specified more than once: id"),
        ("INSERT INTO nope SELECT 1", "TABLE_NOT_FOUND",
         "line 1:1: Table 'awsdatacatalog.default.nope' does not exist"),
        ("CREATE TABLE t WITH (nope='1') AS SELECT 1 a", "INVALID_TABLE_PROPERTY",
         "line 1:1: Unknown property 'nope'"),
        ("CREATE TABLE t WITH (bucketed_by=ARRAY['a']) AS SELECT 1 a", "INVALID_TABLE_PROPERTY",
         "bucketed_by and bucket_count must be given together"),
        ("CREATE TABLE t WITH (partitioned_by=ARRAY['a']) AS SELECT 1 a, 2 b",
         "HIVE_COLUMN_ORDER_MISMATCH",
         "Partition keys must be the last columns in the table and in the same order as the table "
         "properties: [a]"),
        ("CREATE TABLE n AS SELECT 1 a", "TABLE_ALREADY_EXISTS",
         "line 1:1: Destination table 'awsdatacatalog.default.n' already exists"),
        ("UNLOAD (SELECT 1 a) TO 's3://b/n/' WITH (format='JSON')", "HIVE_PATH_ALREADY_EXISTS",
         "Target directory for UNLOAD already exists: s3://b/n/"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_refused(numbers, text, name, message):
    before = numbers.lake.keys("b")
    assert numbers.error(text) == (name, message)
    assert numbers.lake.keys("b") == before
    assert set(numbers.lake.tables) == {("default", "n")}


@pytest.mark.parametrize("kind", ["PARQUET", "ORC"])
def test_more_than_a_hundred_partitions_are_refused(numbers, kind):
    numbers.lake.write("b", "n/b.csv", b"200,1\n")
    text = (
        f"CREATE TABLE p WITH (format='{kind}', external_location='s3://b/p/', "
        "partitioned_by=ARRAY['id']) AS SELECT k, id FROM n"
    )
    assert numbers.error(text) == (
        "HIVE_TOO_MANY_OPEN_PARTITIONS",
        "Exceeded limit of 100 open writers for partitions/buckets",
    )
    assert (files(numbers, "p/"), ("default", "p") in numbers.lake.tables) == ([], False)


@pytest.mark.parametrize("step", ["create_table", "batch_create_partition", "put"])
def test_a_failed_write_leaves_nothing_behind(numbers, step, monkeypatch):
    calls = itertools.count()

    async def refuse(*_):
        if next(calls) == (1 if step == "put" else 0):
            raise AwsError("InternalError", "the disk is full")
        return await kept(*_)

    if step == "put":
        kept = numbers.lake.put
        monkeypatch.setattr(numbers.lake, "put", refuse)
    else:

        def fail(request):
            raise AwsError("InternalServiceException", "no")

        monkeypatch.setattr(numbers.lake, step, fail)
    numbers.run(
        "CREATE TABLE p WITH (external_location='s3://b/p/', partitioned_by=ARRAY['k']) "
        "AS SELECT id, k FROM n"
    )
    assert (files(numbers, "p/"), ("default", "p") in numbers.lake.tables) == ([], False)


def test_unload_writes_files_without_a_table(numbers):
    outcome = numbers.ok(
        "UNLOAD (SELECT id, k FROM n WHERE id < 10) TO 's3://b/u' "
        "WITH (format='TEXTFILE', field_delimiter=',', compression='NONE', "
        "partitioned_by=ARRAY['k'])"
    )
    assert (outcome.statement_type, outcome.substatement_type) == ("DML", "UNLOAD")
    assert outcome.update_count == 10
    folders = sorted(key.rsplit("/", 1)[0] for key in files(numbers, "u/"))
    assert folders == ["u/k=0", "u/k=1", "u/k=2"]
    assert sorted(outcome.output_objects) == [f"s3://b/{key}" for key in files(numbers, "u/")]
    assert set(numbers.lake.tables) == {("default", "n")}
    numbers.ok("UNLOAD (SELECT 1, 'x') TO 's3://b/w/' WITH (format='JSON', compression='none')")
    (key,) = files(numbers, "w/")
    assert numbers.lake.path("b", key).read_text() == '{"_col0":1,"_col1":"x"}\n'


def test_an_unload_of_no_rows_writes_nothing(console):
    outcome = console.ok(
        "UNLOAD (SELECT 1 AS a WHERE false) TO 's3://b/none/' WITH (format='PARQUET')"
    )
    assert (outcome.manifest, outcome.output_objects) == (None, ())
    assert console.lake.keys("b") == []


@pytest.mark.parametrize("codec", ["DEFLATE", "NONE", "GZIP", "SNAPPY", "ZSTD", "BZIP2"])
def test_avro_comes_back_in_every_codec(console, codec):
    console.ok(
        f"CREATE TABLE t WITH (format='AVRO', write_compression='{codec}', "
        f"external_location='s3://b/t/') AS {ROWS}"
    )
    (key,) = files(console, "t/")
    assert console.lake.path("b", key).read_bytes().startswith(b"Obj\x01")
    assert console.rows("SELECT * FROM t ORDER BY id") == READ_BACK


@pytest.mark.parametrize(
    ("kind", "codec"), [("ORC", "ZLIB"), ("JSON", "GZIP"), ("JSON", "LZ4"), ("TEXTFILE", "SNAPPY")]
)
def test_what_is_written_is_read_again(console, kind, codec):
    console.ok(
        f"CREATE TABLE t WITH (format='{kind}', write_compression='{codec}', "
        f"external_location='s3://b/t/') AS {ROWS}"
    )
    assert console.rows("SELECT * FROM t ORDER BY id") == READ_BACK
