"""Shards past their retention, as a running server removes them."""

from __future__ import annotations

import sqlite3
import time

from tests.cli.owner import owner

HOUR = 3600.0


def rows(server):
    """Count shards, and logs that are to be deleted."""
    with sqlite3.connect(server.data_dir / "state" / "store.sqlite") as store:
        return tuple(
            store.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("kinesis_shard", "kinesis_dropped_log")
        )


def test_closed_shards_go_once_their_records_have_expired(lakebed):
    kinesis = lakebed.client("kinesis")
    for name, hours in (("short", 24), ("long", 48)):
        kinesis.create_stream(StreamName=name, ShardCount=1)
        kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=hours)
        kinesis.update_shard_count(
            StreamName=name, TargetShardCount=2, ScalingType="UNIFORM_SCALING"
        )
    assert owner(lakebed, "stream-retention")["done"] == {}
    assert rows(lakebed)[0] == 6
    tomorrow = time.time() + 24 * HOUR
    assert owner(lakebed, "stream-retention", now=tomorrow)["done"] == {"expired": 1, "deleted": 1}
    ids = [one["ShardId"][-1] for one in kinesis.list_shards(StreamName="short")["Shards"]]
    assert ids == ["1", "2"]
    assert len(kinesis.list_shards(StreamName="long")["Shards"]) == 3
    later = tomorrow + 24 * HOUR
    assert owner(lakebed, "stream-retention", now=later)["done"] == {"expired": 1, "deleted": 1}
    assert owner(lakebed, "stream-retention", now=later)["done"] == {}
    assert rows(lakebed) == (4, 0)


def test_files_of_old_records_go(lakebed):
    kinesis = lakebed.client("kinesis")
    kinesis.create_stream(StreamName="old", ShardCount=1)
    kinesis.put_record(StreamName="old", Data=b"x", PartitionKey="k")
    (path,) = lakebed.data_dir.glob("state/streams/*/*.log")
    assert owner(lakebed, "stream-retention", now=time.time() + 25 * HOUR)["done"] == {}
    assert not path.exists()
    assert len(list(path.parent.glob("*.log"))) == 1


def test_files_of_a_deleted_stream_go(lakebed):
    kinesis = lakebed.client("kinesis")
    kinesis.create_stream(StreamName="gone", ShardCount=1)
    kinesis.put_record(StreamName="gone", Data=b"x", PartitionKey="k")
    assert len(list(lakebed.data_dir.glob("state/streams/*"))) == 1
    kinesis.delete_stream(StreamName="gone")
    assert owner(lakebed, "stream-retention")["done"] == {"deleted": 1}
    assert not list(lakebed.data_dir.glob("state/streams/*"))
    assert rows(lakebed) == (0, 0)


def test_many_shards_go_in_slices(lakebed):
    kinesis = lakebed.client("kinesis")
    kinesis.create_stream(StreamName="wide", ShardCount=150)
    kinesis.update_shard_count(
        StreamName="wide", TargetShardCount=300, ScalingType="UNIFORM_SCALING"
    )
    tomorrow = time.time() + 24 * HOUR
    assert owner(lakebed, "stream-retention", now=tomorrow)["done"] == {
        "expired": 150,
        "deleted": 150,
    }
    assert rows(lakebed) == (300, 0)
