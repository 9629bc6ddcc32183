"""Iceberg tables over time: versions, references, schemas that change, OPTIMIZE and VACUUM."""

from __future__ import annotations

import time

import pytest
from pyiceberg.types import LongType

from tests.engines.sql.iceberg_tables import Athena


@pytest.fixture
def athena(lakebed):
    return Athena(lakebed)


def snapshots(athena, name):
    return [
        one[0]
        for one in athena.rows(f'SELECT snapshot_id FROM "{name}$snapshots" ORDER BY committed_at')
    ]


def test_time_travel_by_snapshot_moment_and_name(athena):
    athena.create("t", "id bigint, name string")
    athena.ok("INSERT INTO t VALUES (1, 'a')")
    time.sleep(0.01)
    [[between]] = athena.rows('SELECT CAST(max(committed_at) AS varchar) FROM "t$snapshots"')
    athena.ok("ALTER TABLE t ADD COLUMNS (more int)")
    athena.ok("INSERT INTO t VALUES (2, 'b', 3)")
    first, second = snapshots(athena, "t")
    assert athena.rows(f"SELECT * FROM t FOR VERSION AS OF {first}") == [["1", "a"]]
    assert athena.rows(f"SELECT count(more) FROM t FOR VERSION AS OF {second} AS x") == [["1"]]
    assert athena.rows(f"SELECT * FROM t FOR TIMESTAMP AS OF TIMESTAMP '{between}'") == [["1", "a"]]
    assert athena.rows("SELECT count(*) FROM t FOR TIMESTAMP AS OF current_timestamp") == [["2"]]
    [[added]] = athena.rows(
        f"SELECT count(*) FROM t n LEFT JOIN t FOR VERSION AS OF {first} o ON n.id = o.id "
        "WHERE o.id IS NULL"
    )
    assert added == "1"
    table = athena.catalog().load_table("db.t")
    table.manage_snapshots().create_tag(int(first), "start").create_branch(
        int(second), "work"
    ).commit()
    assert athena.rows("SELECT * FROM t FOR VERSION AS OF 'start'") == [["1", "a"]]
    assert athena.rows("SELECT count(*) FROM t FOR VERSION AS OF 'work'") == [["2"]]
    assert sorted(athena.rows('SELECT name, type, snapshot_id FROM "t$refs"')) == [
        ["main", "BRANCH", second], ["start", "TAG", first], ["work", "BRANCH", second],
    ]  # fmt: skip
    assert "Iceberg snapshot ID does not exists: 5" in athena.error(
        "SELECT * FROM t FOR VERSION AS OF 5"
    )
    assert "Cannot find snapshot with reference name: x" in athena.error(
        "SELECT * FROM t FOR VERSION AS OF 'x'"
    )
    assert "No version history" in athena.error(
        "SELECT * FROM t FOR TIMESTAMP AS OF (current_timestamp - interval '1' day)"
    )


def test_views_and_joins_over_iceberg(athena):
    athena.create("t", "id bigint, name string")
    athena.ok("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    athena.ok("CREATE VIEW v AS SELECT id * 10 AS ten, name FROM t WHERE id > 1")
    assert athena.rows("SELECT * FROM v") == [["20", "b"]]
    athena.ok("INSERT INTO t SELECT ten, name FROM v")
    assert athena.rows("SELECT max(id) FROM t") == [["20"]]


def test_columns_keep_their_values_under_new_names_places_and_types(athena):
    athena.create("t", "id int, name string, price float, d decimal(5,2), s struct<a:int,b:int>")
    athena.ok(
        "INSERT INTO t VALUES (1, 'a', REAL '1.5', DECIMAL '1.25', "
        "CAST(ROW(1, 2) AS ROW(a integer, b integer)))"
    )
    athena.ok("ALTER TABLE t CHANGE COLUMN id key bigint")
    athena.ok("ALTER TABLE t CHANGE price cost double COMMENT 'in francs' FIRST")
    athena.ok("ALTER TABLE t CHANGE d d decimal(9,2)")
    athena.ok("ALTER TABLE t DROP COLUMN name")
    athena.ok("ALTER TABLE t ADD COLUMNS (name int, tags array<string>)")
    athena.ok("INSERT INTO t VALUES (2e0, 3000000000, DECIMAL '1234567.25', NULL, 7, ARRAY['x'])")
    assert athena.rows("SELECT * FROM t ORDER BY key") == [
        ["1.5", "1", "1.25", "{a=1, b=2}", None, None],
        ["2.0", "3000000000", "1234567.25", None, "7", "[x]"],
    ]
    assert [one["key"] for one in athena.read("t")] == [1, 3000000000]
    assert athena.rows("SELECT name FROM t WHERE key = 1 AND cost < 2") == [[None]]
    columns = athena.glue.get_table(DatabaseName="db", Name="t")["Table"]["StorageDescriptor"]
    current = [
        (one["Name"], one["Type"])
        for one in columns["Columns"]
        if one["Parameters"]["iceberg.field.current"] == "true"
    ]
    assert current == [
        ("cost", "double"), ("key", "bigint"), ("d", "decimal(9,2)"),
        ("s", "struct<a:int,b:int>"), ("name", "int"), ("tags", "array<string>"),
    ]  # fmt: skip
    assert "Cannot change column type" in athena.error("ALTER TABLE t CHANGE key key int")
    assert "Duplicate column name" in athena.error("ALTER TABLE t ADD COLUMNS (key int)")
    assert "Invalid column reference" in athena.error("ALTER TABLE t DROP COLUMN none")
    athena.ok("ALTER TABLE t REPLACE COLUMNS (key bigint, fresh string)")
    assert athena.rows("SELECT * FROM t ORDER BY key") == [["1", None], ["3000000000", None]]


def test_members_of_structs_are_found_by_their_ids(athena):
    athena.create("t", "id int, s struct<a:int,b:array<struct<x:int,y:string>>>")
    athena.ok(
        "INSERT INTO t VALUES (1, CAST(ROW(1, ARRAY[ROW(2, 'z')]) AS "
        "ROW(a integer, b array(row(x integer, y varchar)))))"
    )
    table = athena.catalog().load_table("db.t")
    with table.update_schema() as update:
        update.rename_column("s.a", "renamed")
        update.rename_column("s.b.element.y", "why")
        update.add_column(("s", "added"), LongType())
        update.move_first("s.b.element.y")
    assert athena.rows("SELECT s FROM t") == [["{renamed=1, b=[{why=z, x=2}], added=null}"]]
    assert athena.rows("SELECT s.renamed, s.b[1].why, s.added FROM t") == [["1", "z", None]]


def test_properties_are_set_and_unset(athena):
    athena.create("t", "id bigint")
    athena.ok(
        "ALTER TABLE t SET TBLPROPERTIES ('write_compression' = 'snappy', "
        "'vacuum_max_snapshot_age_seconds' = '60')"
    )
    assert "  'write_compression'='snappy'," in athena.lines("SHOW CREATE TABLE t")
    properties = athena.catalog().load_table("db.t").properties
    assert properties["write.parquet.compression-codec"] == "snappy"
    assert properties["history.expire.max-snapshot-age-ms"] == "60000"
    athena.ok("ALTER TABLE t UNSET TBLPROPERTIES ('vacuum_max_snapshot_age_seconds')")
    properties = athena.catalog().load_table("db.t").properties
    assert "history.expire.max-snapshot-age-ms" not in properties
    assert "Unsupported table property key: x" in athena.error(
        "ALTER TABLE t SET TBLPROPERTIES ('x' = '1')"
    )


def test_a_renamed_table_keeps_its_rows(athena):
    athena.create("t", "id bigint")
    athena.ok("INSERT INTO t VALUES 1")
    athena.ok("ALTER TABLE t RENAME TO u")
    assert athena.rows("SELECT * FROM u") == [["1"]]
    assert "TABLE_NOT_FOUND" in athena.error("SELECT * FROM t")
    athena.ok("INSERT INTO u VALUES 2")
    assert athena.rows("SELECT count(*) FROM u") == [["2"]]


def test_optimize_makes_one_file_of_many(athena):
    athena.create("t", "id bigint, part string", "PARTITIONED BY (part)")
    for at in range(6):
        athena.ok(f"INSERT INTO t VALUES ({at}, 'a'), ({at + 10}, 'b')")
    athena.ok("DELETE FROM t WHERE id = 3")
    files = 'SELECT count(*) FROM "t$files" WHERE content = 0'
    assert athena.rows(files) == [["11"]]
    query = athena.ok("OPTIMIZE t REWRITE DATA USING BIN_PACK WHERE part = 'a'")
    assert (query["StatementType"], query["SubstatementType"]) == ("DML", "OPTIMIZE")
    assert athena.rows(files) == [["7"]]
    athena.ok("OPTIMIZE t REWRITE DATA USING BIN_PACK")
    assert athena.rows(files) == [["2"]]
    athena.ok("OPTIMIZE t REWRITE DATA USING BIN_PACK")
    rows = [0, 1, 2, 4, 5, 10, 11, 12, 13, 14, 15]
    assert [one["id"] for one in athena.read("t")] == rows
    operations = athena.rows('SELECT operation FROM "t$snapshots" ORDER BY committed_at DESC')
    assert operations[:2] == [["replace"], ["replace"]]
    assert operations[2] != ["replace"]


def test_vacuum_forgets_old_snapshots_and_deletes_their_files(athena):
    athena.create("t", "id bigint", vacuum_max_snapshot_age_seconds="1",
                  vacuum_max_metadata_files_to_keep="2")  # fmt: skip
    for at in range(3):
        athena.ok(f"INSERT INTO t VALUES {at}")
    athena.ok("DELETE FROM t WHERE id = 0")
    athena.s3.put_object(Bucket="lake", Key="t/data/orphan.parquet", Body=b"x")
    before = athena.keys("t/")
    time.sleep(1.2)
    query = athena.ok("VACUUM t")
    assert (query["StatementType"], query["SubstatementType"]) == ("DML", "VACUUM")
    after = athena.keys("t/")
    assert len(after) < len(before)
    assert len(snapshots(athena, "t")) == 1
    assert athena.rows("SELECT count(*), min(id) FROM t") == [["2", "1"]]
    assert [one["id"] for one in athena.read("t")] == [1, 2]
    assert "t/data/orphan.parquet" not in after
    assert len([one for one in after if one.endswith(".metadata.json")]) <= 3
    assert len([one for one in after if "snap-" in one]) == 1
    assert len([one for one in after if one.startswith("t/data/")]) == 2


def test_moments_with_zones_times_and_identifiers(athena):
    athena.ok(
        "CREATE TABLE z WITH (table_type = 'ICEBERG', is_external = false, "
        "location = 's3://lake/z/', partitioning = ARRAY['day(at)']) AS "
        "SELECT TIMESTAMP '2024-03-01 01:30:00.123456 Europe/Zurich' AS at, "
        "TIME '10:11:12.5' AS t, "
        "UUID '12151fd2-7586-11e9-8f9e-2a86e4085a59' AS u"
    )
    assert athena.rows("SELECT * FROM z") == [
        ["2024-03-01 00:30:00.123456 UTC", "10:11:12.500000",
         "12151fd2-7586-11e9-8f9e-2a86e4085a59"]
    ]  # fmt: skip
    assert athena.rows("SELECT count(*) FROM z WHERE at > TIMESTAMP '2024-03-01 00:00:00 UTC'") == [
        ["1"]
    ]
    [row] = athena.read("z")
    assert str(row["at"]) == "2024-03-01 00:30:00.123456+00:00"
    assert (str(row["t"]), str(row["u"])) == (
        "10:11:12.500000", "12151fd2-7586-11e9-8f9e-2a86e4085a59",
    )  # fmt: skip
    assert any("at_day=2024-03-01" in one for one in athena.keys("z/data/"))


def test_partitions_show_what_is_known_of_their_values(athena):
    athena.create("t", "id bigint, p string, x double, at timestamp", "PARTITIONED BY (p)")
    athena.ok(
        "INSERT INTO t VALUES (1, 'a', nan(), TIMESTAMP '2024-01-02 03:04:05'), (5, 'a', 2, NULL), "
        "(7, 'b', NULL, NULL)"
    )
    shown = 'SELECT partition.p, record_count, file_count, data FROM "t$partitions" ORDER BY 1'
    moment = "2024-01-02 03:04:05.000000"
    [[*first, data], second] = athena.rows(shown)
    assert first == ["a", "2", "1"]
    assert data.startswith("{id={min=1, max=5, null_count=0, nan_count=null}, x={min=")
    assert data.endswith(f"at={{min={moment}, max={moment}, null_count=1, nan_count=null}}}}")
    assert second[:3] == ["b", "1", "1"]
    assert second[3].endswith("at={min=null, max=null, null_count=1, nan_count=null}}")


def test_partitions_of_former_specs_are_shown(athena):
    athena.create("t", "id bigint, p string", "PARTITIONED BY (p)")
    athena.ok("INSERT INTO t VALUES (1, 'a')")
    with athena.catalog().load_table("db.t").update_spec() as spec:
        spec.remove_field("p")
        spec.add_field("id", "identity", "id")
    athena.ok("INSERT INTO t VALUES (2, 'a')")
    assert athena.rows(
        'SELECT partition.p, partition.id, record_count FROM "t$partitions" ORDER BY 2'
    ) == [[None, "2", "1"], ["a", None, "1"]]
