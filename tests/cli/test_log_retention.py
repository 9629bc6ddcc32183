"""Retention as the clock carries it out, and what is left of deleted groups: nothing."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from lakebed.services.logs._events import Batch, append
from lakebed.services.logs._upkeep import trim
from lakebed.services.logs.model import BLOCKS, GROUP_SIZES, LOG_STREAMS, LogStream
from lakebed.store import Range
from lakebed.store.sqlite import SqliteStore
from tests.cli.owner import owner
from tests.services.logs.events import events, messages, now

DAY = 86_400


def make(logs, group="/app", stream="one"):
    logs.create_log_group(logGroupName=group)
    names = {"logGroupName": group, "logStreamName": stream}
    logs.create_log_stream(**names)
    return names


def rows(server):
    """Count the rows of each table of events."""
    with sqlite3.connect(server.data_dir / "state" / "store.sqlite") as store:
        return {
            table: store.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("log_block", "log_block_events", "log_stream", "log_group_size")
        }


def test_blocks_past_the_retention_are_deleted_on_time(lakebed):
    logs = lakebed.client("logs")
    names = make(logs)
    for age in (6, 3, 0):
        made = events(str(age) * 200_000, at=now() - age * 1000 * DAY)
        logs.put_log_events(**names, logEvents=made)
    assert owner(lakebed, "log-retention")["done"] == {}
    logs.put_retention_policy(logGroupName="/app", retentionInDays=5)
    assert owner(lakebed, "log-retention")["done"] == {"expired": 1}
    assert rows(lakebed)["log_block_events"] == 2
    assert owner(lakebed, "log-retention", now=time.time() + 3 * DAY)["done"] == {"expired": 1}
    assert [text[0] for text in messages(logs.get_log_events(**names))] == ["0"]
    (group,) = logs.describe_log_groups()["logGroups"]
    assert group["storedBytes"] == 200_026


def test_a_stream_goes_on_after_its_last_block_expired(lakebed):
    logs = lakebed.client("logs")
    names = make(logs)
    logs.put_log_events(**names, logEvents=events("old", at=now() - 3 * 1000 * DAY))
    logs.put_retention_policy(logGroupName="/app", retentionInDays=1)
    assert owner(lakebed, "log-retention")["done"] == {"expired": 1}
    logs.put_log_events(**names, logEvents=events("new"))
    assert messages(logs.get_log_events(**names)) == ["new"]


def test_nothing_is_left_of_a_deleted_group(lakebed):
    logs = lakebed.client("logs")
    for group in ("/gone", "/kept"):
        names = make(logs, group)
        for _ in range(3):
            logs.put_log_events(**names, logEvents=events("x" * 250_000))
    logs.delete_log_group(logGroupName="/gone")
    assert owner(lakebed, "log-retention")["done"]["swept"] > 3
    assert rows(lakebed) == {
        "log_block": 3, "log_block_events": 3, "log_stream": 1, "log_group_size": 1,
    }  # fmt: skip
    assert owner(lakebed, "log-retention")["done"] == {}


class Place:
    """A store of its own, as a handler's context."""

    account = region = ""

    def __init__(self, folder: Path) -> None:
        self.store = SqliteStore(folder / "store.sqlite").main


def test_the_largest_group_gives_its_oldest_events(tmp_path):
    place = Place(tmp_path)
    for group, count in (("small", 1), ("large", 30)):
        LOG_STREAMS.put(place, LogStream(group, "s", "1", 0))
        for index in range(count):
            stream = LOG_STREAMS.get(place, group, "s")
            append(place, stream, Batch([index], ["x" * 200_000], [200_026]), 0)
    assert trim(place, 40 * 200_026) is None
    while trim(place, 15 * 200_026):
        pass
    assert [block.first for block in BLOCKS.scan(place, Range(("large",)))] == list(range(20, 30))
    assert BLOCKS.count(place, "small") == 1
    assert GROUP_SIZES.get(place, "large").stored_bytes == 10 * 200_026


def test_a_stream_fed_line_by_line_has_few_blocks(tmp_path):
    place = Place(tmp_path)
    LOG_STREAMS.put(place, LogStream("g", "s", "1", 0))
    for index in range(3000):
        stream = LOG_STREAMS.get(place, "g", "s")
        append(place, stream, Batch([index], ["x" * 100], [126]), index)
    blocks = list(BLOCKS.scan(place, Range(("g",))))
    assert sum(block.count for block in blocks) == 3000
    # 378 KB in blocks of at most 256 KiB, and a tail of each power of two at most.
    assert len(blocks) < 12
