"""A user drops a folder of mixed files by date into the lake, crawls it, and asks Athena."""

from __future__ import annotations

import time
from pathlib import Path

import awswrangler as wr
import pandas as pd

DAYS = ("2026-11-20", "2026-11-21")
ORDERS = "id,city,amount,paid\n{day}1,Bern,9.5,true\n{day}2,Rome,20.25,false\n"
EVENTS = (
    '{{"id": {day}1, "at": "2026-11-2{day}T10:00:00Z", "tags": ["a", "b"], "by": {{"n": "x"}}}}\n'
    '{{"id": {day}2, "at": "2026-11-2{day}T11:00:00Z", "tags": [], "by": null}}\n'
)


def drop(folder: Path) -> None:
    """Copy files into the lake's folder, as a person does: no client, no upload."""
    for day, date in enumerate(DAYS, 1):
        for kind in ("orders", "events", "prices"):
            (folder / kind / f"date={date}").mkdir(parents=True)
        (folder / "orders" / f"date={date}" / "a.csv").write_text(ORDERS.format(day=day))
        (folder / "events" / f"date={date}" / "a.json").write_text(EVENTS.format(day=day))
        prices = pd.DataFrame({"id": [day, day + 10], "price": [1.5, 2.5], "on": [date, date]})
        prices["on"] = pd.to_datetime(prices["on"])
        prices.to_parquet(folder / "prices" / f"date={date}" / "a.parquet")


def crawled(glue) -> str:
    """Run the crawler; return how it ended."""
    glue.start_crawler(Name="drop")
    until = time.monotonic() + 60
    while (crawler := glue.get_crawler(Name="drop")["Crawler"])["State"] != "READY":
        assert time.monotonic() < until
        time.sleep(0.05)
    return crawler["LastCrawl"]["Status"]


def test_a_drop_is_crawled_and_answered(lakebed):
    lakebed.client("s3").create_bucket(Bucket="lake")
    drop(lakebed.data_dir / "lake" / "lake" / "drop")
    until = time.monotonic() + 30
    while len(wr.s3.list_objects("s3://lake/drop/")) < 6 and time.monotonic() < until:
        time.sleep(0.1)
    wr.catalog.create_database("shop")
    glue = lakebed.client("glue")
    glue.create_crawler(
        Name="drop", Role="crawls", DatabaseName="shop",
        Targets={"S3Targets": [{"Path": "s3://lake/drop/"}]},
    )  # fmt: skip
    assert crawled(glue) == "SUCCEEDED"
    assert wr.catalog.get_table_types("shop", "orders") == {
        "id": "bigint", "city": "string", "amount": "double", "paid": "string", "date": "string",
    }  # fmt: skip
    assert wr.catalog.get_table_types("shop", "events") == {
        "id": "int", "at": "string", "tags": "array<string>", "by": "struct<n:string>",
        "date": "string",
    }  # fmt: skip
    assert wr.catalog.get_table_types("shop", "prices") == {
        "id": "bigint", "price": "double", "on": "timestamp", "date": "string",
    }  # fmt: skip
    assert sorted(wr.catalog.get_partitions("shop", "orders").values()) == [[day] for day in DAYS]
    joined = wr.athena.read_sql_query(
        """SELECT o.date, sum(o.amount) AS amount, max(cardinality(e.tags)) AS tags,
                  max(e.by.n) AS by, max(p."on") AS "on"
           FROM orders o JOIN events e ON e.id = o.id AND e.date = o.date
           JOIN prices p ON p.date = o.date WHERE o.city = 'Bern' OR e.by IS NULL
           GROUP BY o.date ORDER BY o.date""",
        "shop",
    )
    assert joined.values.tolist() == [[day, 59.5, 2, "x", pd.Timestamp(day)] for day in DAYS]
