"""Metrics as the clock sees them: kept as long as AWS keeps them, and never without bound."""

from __future__ import annotations

import sqlite3
import time

from lakebed.services.cloudwatch._upkeep import is_too_much, trim
from lakebed.services.cloudwatch.model import BLOCKS, METRICS, Block, Metric, Point
from lakebed.store.sqlite import SqliteStore
from tests.cli.owner import owner
from tests.services.cloudwatch.metrics import minute, put, statistics

DAY = 86_400


def spans(server):
    """Count the blocks of points of each span, and the metrics."""
    with sqlite3.connect(server.data_dir / "state" / "store.sqlite") as store:
        rows = store.execute("SELECT span, count(*) FROM metric_block GROUP BY span").fetchall()
        return dict(rows), store.execute("SELECT count(*) FROM metric").fetchone()[0]


def test_points_go_when_nobody_can_ask_for_them(lakebed):
    cloudwatch = lakebed.client("cloudwatch")
    first = minute(3)
    put(cloudwatch, "m", (first, 1.0), StorageResolution=1)
    assert owner(lakebed, "metric-retention")["done"] == {}
    assert spans(lakebed) == ({1: 1, 60: 1, 300: 1, 3600: 1}, 1)
    left = []
    for days in (1, 16, 66, 458):
        later = time.time() + days * DAY
        assert owner(lakebed, "metric-retention", now=later)["done"]["expired"] >= 1
        left.append(spans(lakebed))
        if days == 66:
            (point,) = statistics(cloudwatch, "m", first // 3600 * 3600, first + 60, 3600, "Sum")
            assert point["Sum"] == 1
    assert left == [({60: 1, 300: 1, 3600: 1}, 1), ({300: 1, 3600: 1}, 1), ({3600: 1}, 1), ({}, 0)]


def test_above_the_bound_the_oldest_go(tmp_path):
    store = SqliteStore(tmp_path / "store.sqlite")

    class Everywhere:
        account, region = "0" * 12, "us-east-1"

        def __init__(self, transaction):
            self.store = transaction

    point = Point(0, "None", 1, 1, 1, 1)
    with store.transaction() as transaction:
        scope = Everywhere(transaction)
        for n in range(5):
            METRICS.put(scope, Metric("0" * 12, "us-east-1", "App", f"m{n}", "[]", f"{n}", 100 - n))
            for span, begin in ((60, n), (3600, n)):
                BLOCKS.put(scope, Block(f"{n}", span, begin, (point,)))
        assert is_too_much(scope, 5, 10) == (False, False)
        assert is_too_much(scope, 4, 9) == (True, True)
        assert trim(scope, metrics=True, blocks=True) == 1
        assert [one.name for one in METRICS.scan(scope)] == ["m0", "m1", "m2", "m3"]
        assert sorted((one.metric, one.span) for one in BLOCKS.scan(scope)) == [
            (f"{n}", span) for n in range(4) for span in (60, 3600)
        ]
        assert trim(scope, metrics=False, blocks=True) == 4
        assert {one.span for one in BLOCKS.scan(scope)} == {3600}
        assert trim(scope, metrics=False, blocks=False) == 0
    store.close()
