"""Crawls: a large tree for the first time, new partitions, a larger tree that did not change.

The objects are small CSV files, made without a server. The floor reads them with DuckDB's own CSV
reader, types and all: what a crawl adds are listings, a look at each file by AWS's rules, and the
catalog.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from bench import load, scale
from bench.catalog import Catalog
from bench.measure import Results, Sample
from lakebed import testing

COLUMN = "lakebed file"
BODY = b"id,name,price,city\n" + b"".join(
    b"%d,n%d,%d.5,Berlin\n" % (at, at, at) for at in range(20)
)
FULL_REPEATS = 40
OBJECTS, FOLDERS = 100_000, 1000
PARTITIONS = 10_000
LARGE, LARGE_FOLDERS = 1_000_000, 10_000


def story(runs: Path, repeats: int, results: Results) -> None:
    """Measure a fresh folder for each row; `repeats` scales how many objects there are."""

    def part(count: int) -> int:
        return max(count * repeats // FULL_REPEATS, 10)

    folder = scale.made(runs / "tree", part(OBJECTS), part(FOLDERS), BODY, ".csv")
    with _Crawler(folder) as crawler:
        results.add("crawl_first", COLUMN, Sample(crawler.crawl({})))
        results.add("crawl_memory", COLUMN, Sample(crawler.peak_bytes / 1e6))
    results.add("crawl_first_floor", COLUMN, Sample(_read(folder)))
    shutil.rmtree(folder)
    folder = scale.made(runs / "partitions", part(PARTITIONS), part(PARTITIONS), BODY, ".csv")
    with _Crawler(folder) as crawler:
        results.add("crawl_partitions", COLUMN, Sample(crawler.crawl({})))
    shutil.rmtree(folder)
    folder = scale.made(runs / "large", part(LARGE), part(LARGE_FOLDERS), BODY, ".csv")
    with _Crawler(folder) as crawler:
        crawler.crawl({"SampleSize": 1})
        results.add("crawl_again", COLUMN, Sample(crawler.crawl({"SampleSize": 1})))
    shutil.rmtree(folder)


class _Crawler:
    """A server on a folder of objects, and its crawls; `peak_bytes` is the most memory seen."""

    def __init__(self, folder: Path) -> None:
        self._server = testing.start(folder, log=folder.parent / "server.log")
        self._glue = Catalog(self._server.url)
        self._is_made = False
        self.peak_bytes = 0

    def __enter__(self) -> _Crawler:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def crawl(self, more: dict[str, Any]) -> float:
        """Crawl the bucket; return the seconds until the crawler is READY again."""
        if not self._is_made:
            target = {"Path": f"s3://{scale.BUCKET}/", **more}
            self._glue.call(
                "CreateCrawler",
                {
                    "Name": "bench",
                    "Role": "bench",
                    "DatabaseName": "bench",
                    "Targets": {"S3Targets": [target]},
                },
            )
            self._is_made = True
        stopped = threading.Event()
        watch = threading.Thread(target=self._watch, args=(stopped.is_set,))
        watch.start()
        began = time.perf_counter()
        self._glue.call("StartCrawler", {"Name": "bench"})
        while (crawler := self._crawler())["State"] != "READY":
            time.sleep(0.05)
        took = time.perf_counter() - began
        stopped.set()
        watch.join()
        if crawler["LastCrawl"]["Status"] != "SUCCEEDED":
            raise RuntimeError(crawler["LastCrawl"])
        return took

    def _crawler(self) -> dict[str, Any]:
        return json.loads(self._glue.call("GetCrawler", {"Name": "bench"})[0])["Crawler"]

    def _watch(self, is_over: Callable[[], bool]) -> None:
        while not is_over():
            self.peak_bytes = max(self.peak_bytes, load.resident_bytes(self._server.process.pid))
            time.sleep(0.1)


def _read(folder: Path) -> float:
    began = time.perf_counter()
    files = str(folder / "lake" / scale.BUCKET / "*" / "*.csv")
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        connection.execute("SELECT count(*), sum(price) FROM read_csv(?)", [files]).fetchall()
    return time.perf_counter() - began
