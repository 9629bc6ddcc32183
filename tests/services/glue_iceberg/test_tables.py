"""Tables of the Iceberg REST endpoint: PyIceberg creates, reads, appends, evolves, conflicts."""

from __future__ import annotations

import threading

import pyarrow as pa
import pytest
from pyiceberg import types as ice
from pyiceberg.exceptions import (
    CommitFailedException,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.sorting import SortField, SortOrder
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform

from tests.engines.sql.iceberg_tables import Athena
from tests.services.glue_iceberg.rest_catalog import ACCOUNT, call, catalog

SCHEMA = Schema(
    ice.NestedField(1, "id", ice.LongType(), required=True),
    ice.NestedField(2, "name", ice.StringType(), doc="the name"),
    ice.NestedField(3, "at", ice.TimestampType()),
    ice.NestedField(
        4, "tags", ice.ListType(5, ice.StringType(), element_required=False), required=False
    ),
    identifier_field_ids=[1],
)
ROWS = pa.schema([pa.field("id", pa.int64(), False), ("name", pa.string())])


@pytest.fixture
def athena(lakebed):
    return Athena(lakebed)


@pytest.fixture
def rest(lakebed, athena):
    return catalog(lakebed)


def rows(*pairs: tuple[int, str]) -> pa.Table:
    return pa.Table.from_pylist([{"id": a, "name": b} for a, b in pairs], schema=ROWS)


def plain(rest, name: str = "t"):
    schema = Schema(
        ice.NestedField(1, "id", ice.LongType(), required=True),
        ice.NestedField(2, "name", ice.StringType()),
    )
    return rest.create_table(f"db.{name}", schema, location=f"s3://lake/{name}")


def test_a_table_is_created_with_all_that_was_given(athena, rest):
    spec = PartitionSpec(
        PartitionField(3, 1000, DayTransform(), "day"),
        PartitionField(1, 1001, BucketTransform(4), "part"),
    )
    order = SortOrder(SortField(2, IdentityTransform()))
    made = rest.create_table("db.T", SCHEMA, "s3://lake/t/", spec, order, {"k": "v"})
    assert made.metadata.format_version == 2
    found = rest.load_table("db.t")
    assert found.metadata == made.metadata
    assert found.schema().fields == SCHEMA.fields
    assert found.schema().identifier_field_ids == [1]
    assert [str(one.transform) for one in found.spec().fields] == ["day", "bucket[4]"]
    assert found.sort_order().fields == order.fields
    assert found.properties == {"k": "v"}
    assert found.location() == "s3://lake/t"
    table = athena.glue.get_table(DatabaseName="db", Name="t")["Table"]
    assert table["Parameters"]["metadata_location"] == found.metadata_location
    assert [(one["Name"], one["Type"]) for one in table["StorageDescriptor"]["Columns"]] == [
        ("id", "bigint"), ("name", "string"), ("at", "timestamp"), ("tags", "array<string>")
    ]  # fmt: skip
    assert athena.catalog().load_table("db.t").metadata == found.metadata


def test_rows_are_appended_read_and_deleted_by_both_sides(athena, rest):
    table = plain(rest)
    table.append(rows((1, "a"), (2, "b")))
    athena.ok("INSERT INTO t VALUES (3, 'c')")
    table = rest.load_table("db.t")
    table.append(rows((4, "d")))
    table.delete("id = 2")
    assert athena.rows("SELECT id, name FROM t ORDER BY id") == [["1", "a"], ["3", "c"], ["4", "d"]]
    assert sorted(rest.load_table("db.t").scan().to_arrow()["id"].to_pylist()) == [1, 3, 4]
    assert athena.rows('SELECT count(*) FROM "t$history"') == [["4"]]
    assert len(rest.load_table("db.t").metadata.metadata_log) == 4


def test_schema_spec_and_properties_evolve(athena, rest):
    table = plain(rest)
    table.append(rows((1, "a")))
    with table.update_schema() as schema:
        schema.add_column("n", ice.IntegerType(), doc="new")
        schema.rename_column("name", "title")
    with table.update_spec() as spec:
        spec.add_field("id", IdentityTransform(), "part")
    with table.transaction() as transaction:
        transaction.set_properties(k="v", gone="x")
    with table.transaction() as transaction:
        transaction.remove_properties("gone")
    with table.manage_snapshots() as snapshots:
        snapshots.create_tag(table.current_snapshot().snapshot_id, "first")
    kinds = [pa.field("id", pa.int64(), False), ("title", pa.string()), ("n", pa.int32())]
    table.append(pa.Table.from_pylist([{"id": 2, "title": "b", "n": 5}], schema=pa.schema(kinds)))
    assert athena.rows("SELECT id, title, n FROM t ORDER BY id") == [
        ["1", "a", None], ["2", "b", "5"]
    ]  # fmt: skip
    assert athena.rows("SELECT id FROM t FOR VERSION AS OF 'first'") == [["1"]]
    found = rest.load_table("db.t")
    assert found.properties == {"k": "v"}
    assert [one.name for one in found.spec().fields] == ["part"]
    assert found.metadata == athena.catalog().load_table("db.t").metadata


def test_of_two_commits_to_one_state_the_second_is_a_conflict(athena, rest):
    plain(rest)
    one, other = rest.load_table("db.t"), rest.load_table("db.t")
    with one.update_schema() as schema:
        schema.add_column("a", ice.IntegerType())
    late = other.update_schema().add_column("b", ice.IntegerType())
    with pytest.raises(CommitFailedException, match="current-schema-id is 1, not 0"):
        late.commit()
    assert [one.name for one in rest.load_table("db.t").schema().fields] == ["id", "name", "a"]


def test_writers_at_once_lose_nothing(lakebed, athena, rest):
    plain(rest)
    done: list[int] = []

    def write(first: int) -> None:
        mine = athena.catalog() if first % 20 else catalog(lakebed)
        for number in range(first, first + 4):
            for _ in range(30):
                try:
                    mine.load_table("db.t").append(rows((number, "x")))
                except CommitFailedException:
                    continue
                done.append(number)
                break

    threads = [threading.Thread(target=write, args=(at * 10,)) for at in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    found = sorted(rest.load_table("db.t").scan().to_arrow()["id"].to_pylist())
    assert found == sorted(done)
    assert len(done) == 16


def test_a_table_made_in_a_transaction_appears_with_its_rows(athena, rest):
    schema = Schema(ice.NestedField(1, "id", ice.LongType(), required=True),
                    ice.NestedField(2, "name", ice.StringType()))  # fmt: skip
    with rest.create_table_transaction("db.t", schema, "s3://lake/t") as transaction:
        assert not rest.table_exists("db.t")
        with transaction.update_snapshot().fast_append() as append:
            del append
        transaction.set_properties(k="v")
    table = rest.load_table("db.t")
    assert table.properties["k"] == "v"
    table.append(rows((1, "a")))
    assert athena.rows("SELECT * FROM t") == [["1", "a"]]


def test_tables_are_listed_and_dropped(athena, rest):
    plain(rest)
    plain(rest, "u")
    athena.glue.create_table(DatabaseName="db", TableInput={"Name": "hive"})
    assert rest.list_tables("db") == [("db", "t"), ("db", "u")]
    assert rest.table_exists("db.t")
    assert not rest.table_exists("db.hive")
    rest.load_table("db.t").append(rows((1, "a")))
    rest.drop_table("db.t")
    assert athena.keys("t/")
    rest.purge_table("db.u")
    assert athena.keys("u/") == []
    assert rest.list_tables("db") == []
    with pytest.raises(NoSuchTableError):
        rest.load_table("db.t")
    with pytest.raises(NoSuchTableError):
        rest.drop_table("db.hive")


def test_what_cannot_be_created_is_refused(athena, rest):
    plain(rest)
    with pytest.raises(TableAlreadyExistsError):
        plain(rest)
    assert call(
        rest_url(athena), "POST", f"catalogs/{ACCOUNT}/namespaces/db/tables",
        {"name": "x", "schema": {"type": "struct", "fields": []}},
    ) == (
        400,
        {
            "error": {
                "message": "A location is needed: the namespace db has none",
                "type": "BadRequestException",
                "code": 400,
            }
        },
    )  # fmt: skip
    status, found = call(
        rest_url(athena), "POST", f"catalogs/{ACCOUNT}/namespaces/db/tables",
        {"name": "x", "schema": {"type": "struct", "fields": []}, "location": "s3://lake/x",
         "properties": {"format-version": "3"}},
    )  # fmt: skip
    assert status == 400
    assert "format version 3" in found["error"]["message"]


def test_an_update_that_is_not_known_is_refused_by_name(athena, rest):
    plain(rest)
    path = f"catalogs/{ACCOUNT}/namespaces/db/tables/t"
    body = {"requirements": [], "updates": [{"action": "add-view-version"}]}
    status, found = call(rest_url(athena), "POST", path, body)
    assert status == 400
    assert "glue_iceberg.UpdateTable (add-view-version)" in found["error"]["message"]


def rest_url(athena: Athena):
    return athena.lakebed
