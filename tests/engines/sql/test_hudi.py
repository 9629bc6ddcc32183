"""Hudi tables through Athena's API: copy-on-write, read-optimised and snapshot queries."""

from __future__ import annotations

import json

import pytest

from tests.engines.sql.hudi_tables import COW, REALTIME, HudiTable
from tests.engines.sql.iceberg_tables import Athena

T1, T2, T3, T4, T5 = (f"2024010{at}000000000" for at in range(1, 6))


@pytest.fixture
def athena(lakebed):
    return Athena(lakebed)


def rows(athena, name: str = "t") -> list[str]:
    return [f"{one[0]}{one[1]}" for one in athena.rows(f"SELECT id, name FROM {name} ORDER BY id")]


def test_of_each_file_group_the_newest_committed_file_is_read(athena):
    table = HudiTable(athena)
    table.base(T1, "g1", [(1, "a", 1), (2, "b", 1)])
    table.base(T1, "g2", [(3, "c", 1)])
    table.commit(T1)
    table.base(T2, "g1", [(1, "A", 2), (2, "b", 1)])
    table.base(T3, "g2", [(3, "not yet", 3)])
    table.put(f".hoodie/{T3}.commit.requested", b"")
    table.put(f".hoodie/{T3}.inflight", b"")
    table.commit(T2)
    table.register("t")
    assert rows(athena) == ["1A", "2b", "3c"]
    assert athena.rows('SELECT p, _hoodie_commit_time, "$path" FROM t WHERE id = 1') == [
        ["a", T2, f"s3://lake/t/p=a/g1_0-1-1_{T2}.parquet"]
    ]


def test_files_of_archived_instants_count(athena):
    table = HudiTable(athena)
    table.base(T1, "g1", [(1, "a", 1)])
    table.base(T3, "g2", [(2, "b", 1)])
    table.commit(T3)
    table.register("t")
    assert rows(athena) == ["1a", "2b"]


def test_replaced_file_groups_are_gone(athena):
    table = HudiTable(athena)
    table.base(T1, "g1", [(1, "a", 1)])
    table.base(T1, "g2", [(2, "b", 1)])
    table.commit(T1)
    table.base(T2, "g3", [(1, "clustered", 1)])
    table.commit(T2, "replacecommit", partitionToReplaceFileIds={"p=a": ["g1"], "p=b": ["g2"]})
    table.register("t")
    assert rows(athena) == ["1clustered", "2b"]


def test_a_table_without_partitions(athena):
    table = HudiTable(athena, **{"hoodie.table.partition.fields": ""})
    table.base(T1, "g1", [(1, "a", 1)], partition="")
    table.commit(T1)
    table.base(T2, "g1", [(1, "b", 2)], partition="")
    table.commit(T2)
    table.register("t", partitions=())
    assert rows(athena) == ["1b"]


def test_partitions_are_added_and_pruned(athena):
    table = HudiTable(athena)
    for one in ("a", "b"):
        table.base(T1, f"g-{one}", [(1, one * 2000, 1)], partition=f"p={one}")
    table.commit(T1)
    table.register("t", partitions=("p=a",))
    assert athena.lines("SHOW PARTITIONS t") == ["p=a"]
    athena.ok("ALTER TABLE t ADD PARTITION (p = 'b') LOCATION 's3://lake/t/p=b/'")
    assert athena.rows("SELECT p, substr(name, 1, 1) FROM t ORDER BY 1") == [["a", "a"], ["b", "b"]]
    athena.s3.put_object(Bucket="lake", Key=f"t/p=a/g-a_0-1-1_{T1}.parquet", Body=b"damaged")
    assert athena.rows("SELECT count(*) FROM t WHERE p = 'b'") == [["1"]]


@pytest.fixture
def merged(athena):
    """A merge-on-read table with updates, an insert, a delete; one write not done, one undone."""
    table = HudiTable(athena, merges=True)
    table.base(T1, "g1", [(1, "a", 1), (2, "b", 9), (3, "c", 1), (5, "e", 1)])
    table.base(T1, "g2", [(7, "g", 1)])
    table.commit(T1, "deltacommit")
    changes = [table.data_block(T2, [(1, "A", 5), (2, "late", 5), (4, "d", 5)]),
               table.delete_block(T2, [3])]  # fmt: skip
    table.log(T2, T1, "g1", changes)
    table.commit(T2, "deltacommit")
    table.log(T3, T1, "g1", [table.data_block(T3, [(1, "not done", 9)])], 2)
    table.put(f".hoodie/{T3}.deltacommit.requested", b"")
    table.log(T4, T1, "g1", [table.data_block(T4, [(5, "undone", 9)])], 3)
    table.log(T5, T1, "g1", [table.rollback_block(T5, T4)], 4)
    table.commit(T5, "rollback")
    table.register("t_ro", COW)
    table.register("t_rt", REALTIME)
    return table


def test_the_read_optimised_table_shows_compacted_rows(athena, merged):
    assert rows(athena, "t_ro") == ["1a", "2b", "3c", "5e", "7g"]


def test_the_realtime_table_shows_the_rows_as_they_are(athena, merged):
    assert rows(athena, "t_rt") == ["1A", "2b", "4d", "5e", "7g"]
    assert athena.rows('SELECT DISTINCT "$path" FROM t_rt WHERE id = 4') == [
        [f"s3://lake/t/p=a/g1_0-1-1_{T1}.parquet"]
    ]
    assert athena.rows("SELECT count(*) FROM t_rt WHERE p = 'b'") == [["0"]]


def test_after_a_compaction_both_show_the_same(athena, merged):
    merged.base(T5, "g1", [(1, "A", 5), (2, "b", 9), (4, "d", 5), (5, "e", 1)])
    merged.commit(T5, "commit")
    assert rows(athena, "t_ro") == rows(athena, "t_rt") == ["1A", "2b", "4d", "5e", "7g"]


def test_a_file_group_of_log_files_alone(athena):
    table = HudiTable(athena, merges=True)
    table.log(T1, T1, "g1", [table.data_block(T1, [(1, "a", 1)])])
    table.commit(T1, "deltacommit")
    table.register("t_ro", COW)
    table.register("t_rt", REALTIME)
    table.log(T2, T2, "g2", [table.data_block(T2, [(2, "not done", 1)])])
    table.put(f".hoodie/{T2}.deltacommit.requested", b"")
    table.log(T3, T3, "g3", [table.data_block(T3, [(3, "gone", 1)]), table.delete_block(T3, [3])])
    table.commit(T3, "deltacommit")
    assert rows(athena, "t_ro") == []
    assert rows(athena, "t_rt") == ["1a"]


def test_log_files_behind_a_compaction_that_is_not_done_are_not_left_out(athena, merged):
    merged.put(f".hoodie/{T4}.compaction.requested", b"")
    merged.log(T5, T4, "g1", [merged.data_block(T5, [(1, "newest", 20)])])
    merged.commit(T5, "deltacommit")
    assert rows(athena, "t_rt") == ["1newest", "2b", "4d", "5e", "7g"]
    assert rows(athena, "t_ro") == ["1a", "2b", "3c", "5e", "7g"]


def test_a_merger_of_the_tables_own_is_refused(athena):
    payload = {"hoodie.compaction.payload.class": "com.example.Mine"}
    table = HudiTable(athena, merges=True, **payload)
    table.base(T1, "g1", [(1, "a", 1)])
    table.log(T2, T1, "g1", [table.data_block(T2, [(1, "b", 2)])])
    table.commit(T1, "deltacommit")
    table.commit(T2, "deltacommit")
    table.register("t_rt", REALTIME)
    assert athena.error("SELECT * FROM t_rt").startswith(
        "HUDI_CANNOT_OPEN_SPLIT: Cannot merge the log files of Hudi table db.t_rt: This table "
        "merges with a merger of its own"
    )


def test_what_is_no_hudi_table_or_cannot_be_read_is_refused(athena):
    table = HudiTable(athena, **{"hoodie.bootstrap.base.path": "s3://lake/old/"})
    table.base(T1, "g1", [(1, "a", 1)])
    table.commit(T1)
    table.register("t")
    assert athena.error("SELECT * FROM t") == (
        "NOT_SUPPORTED: The Hudi table db.t, which was bootstrapped over other files, is not "
        "built in lakebed yet"
    )
    assert athena.error("INSERT INTO t SELECT * FROM t").endswith(
        "Hudi table awsdatacatalog.db.t is read-only: INSERT is not supported"
    )
    athena.s3.delete_object(Bucket="lake", Key="t/.hoodie/hoodie.properties")
    assert athena.error("SELECT * FROM t") == (
        "HUDI_INVALID_METADATA: Hudi table db.t at s3://lake/t has no .hoodie/hoodie.properties"
    )


def test_the_timeline_of_later_versions(athena):
    """Hudi 1.0 keeps the timeline in a folder, with the time of completion in the names."""
    table = HudiTable(athena, **{"hoodie.table.version": "8"})
    table.base(T1, "g1", [(1, "a", 1)])
    table.base(T2, "g1", [(1, "b", 2)])
    table.base(T3, "g1", [(1, "not done", 2)])
    body = json.dumps({"extraMetadata": {}}).encode()
    table.put(f".hoodie/timeline/{T1}_{T1}.commit", body)
    table.put(f".hoodie/timeline/{T2}_{T2}.commit", body)
    table.put(f".hoodie/timeline/{T3}.inflight", b"")
    table.register("t")
    assert rows(athena) == ["1b"]
