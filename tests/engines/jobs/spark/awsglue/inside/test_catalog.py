"""Tables of the Data Catalog as sources, and what keeps their files."""

import json

import botocore.exceptions
import pytest

JSON_SERDE = "org.openx.data.jsonserde.JsonSerDe"
CSV_SERDE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"


@pytest.fixture
def table(catalog, prefix):
    """Make a table `t` below a prefix of the bucket."""

    def made(columns: str, keys: str = "", serde: str = JSON_SERDE, **parameters):
        def parsed(text):
            return [dict(zip(("Name", "Type"), one.split(), strict=True))
                    for one in text.split(", ") if one]  # fmt: skip

        catalog.create_table(
            DatabaseName=catalog.database,
            TableInput={
                "Name": "t",
                "Parameters": parameters,
                "PartitionKeys": parsed(keys),
                "StorageDescriptor": {
                    "Columns": parsed(columns),
                    "Location": f"s3://glue-in/{prefix}/",
                    "SerdeInfo": {"SerializationLibrary": serde},
                },
            },
        )

    return made


@pytest.fixture
def part(catalog, s3, prefix):
    """Put an object and make the partition that it is in."""

    def made(folder: str, *values: str, body: dict, name: str = "x.json"):
        s3.put_object(
            Bucket="glue-in", Key=f"{prefix}/{folder}/{name}", Body=json.dumps(body).encode()
        )
        catalog.create_partition(
            DatabaseName=catalog.database,
            TableName="t",
            PartitionInput={
                "Values": list(values),
                "StorageDescriptor": {"Location": f"s3://glue-in/{prefix}/{folder}/"},
            },
        )

    return made


@pytest.fixture
def read(glue, catalog):
    def made(**options):
        return glue.create_dynamic_frame.from_catalog(catalog.database, "t", **options)

    return made


def test_records_have_the_columns_of_the_table(table, s3, read, rows, tree, prefix):
    table("id bigint, name string, none date")
    s3.put_object(Bucket="glue-in", Key=f"{prefix}/a.json", Body=b'{"id": 1, "x": 2, "name": "a"}')
    assert rows(read()) == [{"id": 1, "name": "a", "none": None}]
    assert tree(read()) == ["root", "|-- id: long", "|-- name: string", "|-- none: date"]


def test_cells_that_are_not_of_the_columns_type_make_a_choice(table, s3, read, rows, prefix):
    table("id bigint, n int, t string", serde=CSV_SERDE,
          **{"classification": "csv", "skip.header.line.count": "1", "delimiter": ";"})  # fmt: skip
    s3.put_object(Bucket="glue-in", Key=f"{prefix}/a.csv", Body=b"h;h;h\n1;2;a\nx;;b\n;3;\n")
    made = read()
    assert rows(made) == [
        {"id": None, "n": 3, "t": ""},
        {"id": {"long": 1, "string": None}, "n": 2, "t": "a"},
        {"id": {"long": None, "string": "x"}, "n": None, "t": "b"},
    ]
    cast = made.resolveChoice(specs=[("id", "cast:long")])
    assert [row["id"] for row in rows(cast)] == [1, None, None]


def test_partitions_are_columns_wherever_they_are(table, part, read, rows):
    table("a int", "y int, m string")
    part("y=2025/m=01", "2025", "01", body={"a": 1})
    part("elsewhere/deep", "2026", "02", body={"a": 2}, name="sub/x.json")
    assert rows(read()) == [{"a": 1, "y": 2025, "m": "01"}, {"a": 2, "y": 2026, "m": "02"}]


def test_a_predicate_prunes_before_anything_is_listed(
    table, part, read, rows, s3, catalog, monkeypatch
):
    from awsglue import _listing

    table("a int", "y int, m string")
    for year in (2024, 2025, 2026):
        part(f"y={year}/m=01", str(year), "01", body={"a": year})
    listed = []
    plain = _listing._objects
    monkeypatch.setattr(
        _listing, "_objects", lambda *given: (listed.append(given[2]), plain(*given))[1]
    )
    assert [r["a"] for r in rows(read(push_down_predicate="(y >= 2025 and m == '01')"))] == [
        2025, 2026
    ]  # fmt: skip
    assert [key.split("/")[1] for key in listed] == ["y=2025", "y=2026"]
    given = {"catalogPartitionPredicate": "y = 2024"}
    assert [row["a"] for row in rows(read(additional_options=given))] == [2024]
    assert read(push_down_predicate="y = 1").count() == 0
    with pytest.raises(ValueError, match=r"can not be resolved against partition columns: \[y, m"):
        read(push_down_predicate="a = 1")


def test_a_missing_table_is_glues_own_error(read):
    with pytest.raises(botocore.exceptions.ClientError, match="EntityNotFoundException"):
        read()


def test_formats_that_are_not_read_are_named(table, read):
    table("a int", serde="x.Other", classification="parquetish")
    with pytest.raises(NotImplementedError, match="reading a table of classification parquetish"):
        read()


def test_resolve_choice_by_the_table(table, frame, rows, catalog):
    table("v bigint, w string")
    made = frame({"v": 1, "w": 1}, {"v": "2", "w": "x"})
    found = made.resolveChoice(choice="match_catalog", database=catalog.database, table_name="t")
    assert rows(found) == [{"v": 1, "w": "1"}, {"v": 2, "w": "x"}]


def test_schema_of_a_table_as_sparks(glue, table, catalog):
    table("a int, l array<struct<x:bigint>>", "y string")
    found = glue.get_catalog_schema_as_spark_schema(catalog.database, "t")
    assert found.simpleString() == "struct<a:int,l:array<struct<x:bigint>>,y:string>"


def keys(s3, prefix) -> list[str]:
    found = s3.list_objects_v2(Bucket="glue-in", Prefix=f"{prefix}/").get("Contents", ())
    return [one["Key"].removeprefix(f"{prefix}/") for one in found]


def test_purge_a_path(glue, s3, prefix):
    for name in ("a/1", "a/2"):
        s3.put_object(Bucket="glue-in", Key=f"{prefix}/{name}", Body=b"x")
    path = f"s3://glue-in/{prefix}/a/"
    glue.purge_s3_path(path)
    assert keys(s3, prefix) == ["a/1", "a/2"]
    glue.purge_s3_path(path, {"retentionPeriod": 0, "excludeStorageClasses": ["STANDARD"]})
    assert keys(s3, prefix) == ["a/1", "a/2"]
    manifest = {"retentionPeriod": 0, "manifestFilePath": f"s3://glue-in/{prefix}/m"}
    glue.purge_s3_path(path, manifest, "ctx")
    assert keys(s3, prefix) == ["m/ctx/Failed.csv", "m/ctx/Success.csv"]
    said = s3.get_object(Bucket="glue-in", Key=f"{prefix}/m/ctx/Success.csv")["Body"].read()
    assert said.decode().splitlines() == [
        f"glue-in,{prefix}/a/1,1,STANDARD", f"glue-in,{prefix}/a/2,1,STANDARD"
    ]  # fmt: skip


def test_purge_a_table_and_its_empty_partitions(glue, table, part, s3, catalog, prefix):
    table("a int", "y string")
    part("y=1", "1", body={"a": 1})
    part("y=2", "2", body={"a": 2})
    options = {"retentionPeriod": 0, "partitionPredicate": "y == '1'"}
    glue.purge_table(catalog.database, "t", options)
    assert keys(s3, prefix) == ["y=2/x.json"]
    left = catalog.get_partitions(DatabaseName=catalog.database, TableName="t")["Partitions"]
    assert [one["Values"] for one in left] == [["2"]]


def test_transition(glue, s3, prefix):
    s3.put_object(Bucket="glue-in", Key=f"{prefix}/a", Body=b"x", Metadata={"k": "v"})
    path = f"s3://glue-in/{prefix}/"
    with pytest.raises(ValueError, match="accountId is mandatory"):
        glue.transition_s3_path(path, "STANDARD_IA", {"retentionPeriod": 0})
    given = {"retentionPeriod": 0, "accountId": "000000000000", "roleArn": "arn:aws:iam::0:role/r"}
    glue.transition_s3_path(path, "STANDARD_IA", given)
    found = s3.head_object(Bucket="glue-in", Key=f"{prefix}/a")
    assert (found["StorageClass"], found["Metadata"]) == ("STANDARD_IA", {"k": "v"})
    with pytest.raises(ValueError, match="COLD is no storage class"):
        glue.transition_s3_path(path, "COLD", given)
