"""The rows of a large table: whole scans beside DuckDB itself, planning, paging, a crowd, cancel.

The data has the columns, types and sizes of TPC-H's lineitem at scale factor 1 (6,001,215 rows),
made by arithmetic instead of dbgen: the queries are TPC-H's one-table ones and their like.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench import catalog, load, servers
from bench.measure import Results, Sample
from bench.queries import Athena

ROWS = 6_001_215
CROWD = 50
PLANNED = 100_000
_REPEATS = 3
_COLUMNS = (
    ("l_orderkey", "bigint", "n // 4"),
    ("l_partkey", "bigint", "hash(n) % 200000"),
    ("l_quantity", "decimal(12,2)", "CAST(1 + hash(n + 1) % 50 AS DECIMAL(12,2))"),
    ("l_extendedprice", "decimal(12,2)", "CAST((hash(n + 2) % 10000000) / 100 AS DECIMAL(12,2))"),
    ("l_discount", "decimal(12,2)", "CAST((hash(n + 3) % 11) / 100 AS DECIMAL(12,2))"),
    ("l_tax", "decimal(12,2)", "CAST((hash(n + 4) % 9) / 100 AS DECIMAL(12,2))"),
    ("l_returnflag", "string", "['A', 'N', 'R'][1 + CAST(hash(n + 5) % 3 AS INT)]"),
    ("l_linestatus", "string", "['O', 'F'][1 + CAST(hash(n + 6) % 2 AS INT)]"),
    ("l_shipdate", "date", "DATE '1992-01-01' + CAST(hash(n + 7) % 2526 AS INT)"),
    ("l_shipmode", "string", "['AIR', 'RAIL', 'SHIP', 'MAIL'][1 + CAST(hash(n + 8) % 4 AS INT)]"),
    ("l_comment", "string", "md5(CAST(n AS VARCHAR))"),
)
_QUERIES = {
    "q1": "SELECT l_returnflag, l_linestatus, sum(l_quantity) AS a, sum(l_extendedprice) AS b, "
    "sum(l_extendedprice * (1 - l_discount)) AS c, count(*) AS d FROM {t} "
    "WHERE l_shipdate <= DATE '1998-09-02' GROUP BY 1, 2 ORDER BY 1, 2",
    "q6": "SELECT sum(l_extendedprice * l_discount) AS revenue FROM {t} WHERE l_shipdate >= "
    "DATE '1994-01-01' AND l_shipdate < DATE '1995-01-01' AND l_discount BETWEEN "
    "CAST(0.05 AS DECIMAL(12,2)) AND CAST(0.07 AS DECIMAL(12,2)) AND l_quantity < 24",
    "modes": "SELECT l_shipmode, count(*) AS n, min(l_shipdate) AS f, max(l_shipdate) AS l "
    "FROM {t} GROUP BY 1 ORDER BY 1",
    "parts": "SELECT count(DISTINCT l_partkey) AS n FROM {t}",
    "prefix": "SELECT count(*) AS n FROM {t} WHERE l_comment LIKE 'ab%'",
}


def story(runs: Path, number: int, results: Results) -> None:
    """Measure the scans, and what happens around queries."""
    import duckdb

    share = min(1.0, number / 40)
    server = servers.lakebed(runs, "file")
    try:
        athena = _lake(server.url, server.folder / "data" / "lake" / "bench-scans", share)
        lake = server.folder / "data" / "lake" / "bench-scans"
        database = duckdb.connect(config={"threads": 2})
        parquet = f"read_parquet('{lake}/parquet/*')"
        _compare(athena, database, ("parquet", parquet), results)
        kinds = ", ".join(f"'{name}': '{_duck(kind)}'" for name, kind, _ in _COLUMNS)
        csv = f"read_csv('{lake}/csv/*', delim='|', header=false, columns={{{kinds}}})"
        _compare(athena, database, ("csv", csv), results)
        _page(athena, results)
        _cancel(athena, results)
        _crowd(server.url, results)
        _plan(athena, server.url, int(PLANNED * share), results)
    finally:
        server.stop()


def _duck(kind: str) -> str:
    return {"string": "VARCHAR"}.get(kind, kind.upper())


def _lake(url: str, folder: Path, share: float) -> Athena:
    """Write the data as files of the lake, and tables over them."""
    import duckdb

    for bucket in ("bench-scans", "bench-results", "bench"):
        load.run(url, [load.signed(url, load.Request("s3", "PUT", f"/{bucket}", {}))])
    values = ", ".join(f"CAST({text} AS {_duck(kind)}) AS {name}" for name, kind, text in _COLUMNS)
    source = f"SELECT {values} FROM range({int(ROWS * share)}) AS r(n)"
    with duckdb.connect() as database:
        for kind, options in (("parquet", "FORMAT parquet, COMPRESSION snappy"),
                              ("csv", "FORMAT csv, DELIMITER '|', HEADER false")):  # fmt: skip
            (folder / kind).mkdir(parents=True)
            database.execute(f"COPY ({source}) TO '{folder}/{kind}/0' ({options})")
    athena = Athena(url)
    athena.query("CREATE DATABASE tables")
    columns = ", ".join(f"{name} {kind}" for name, kind, _ in _COLUMNS)
    for kind, form in (("parquet", "STORED AS PARQUET"),
                       ("csv", "ROW FORMAT DELIMITED FIELDS TERMINATED BY '|'")):  # fmt: skip
        athena.query(
            f"CREATE EXTERNAL TABLE {kind} ({columns}) {form} LOCATION 's3://bench-scans/{kind}/'",
            "tables",
        )
    return athena


def _median(work: Callable[[], object]) -> float:
    took: list[float] = []
    for _ in range(_REPEATS + 1):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took[1:])


def _compare(athena: Athena, database: Any, table: tuple[str, str], results: Results) -> None:
    """Run every query by Athena and by DuckDB over the same file, in turns."""
    name, source = table
    ratios: list[float] = []
    over: list[float] = []
    for text in _QUERIES.values():
        mine, its = text.format(t=name), text.format(t=source)
        ours = _median(lambda mine=mine: athena.query(mine, "tables"))
        direct = _median(lambda its=its: database.execute(its).fetchall())
        ratios.append(ours / direct)
        over.append(ours - direct)
    ratio = math.exp(statistics.fmean(map(math.log, ratios)))
    results.add(f"scan_{name}_ratio", "lakebed file", Sample(ratio))
    results.add(f"scan_{name}_over", "lakebed file", Sample(max(over)))


def _page(athena: Athena, results: Results) -> None:
    known, _ = athena.query("SELECT * FROM parquet LIMIT 5000", "tables")
    took: list[float] = []
    for _ in range(20):
        began = time.perf_counter()
        athena.call("GetQueryResults", {"QueryExecutionId": known, "MaxResults": 1000})
        took.append((time.perf_counter() - began) * 1000)
    results.add("results_1000", "lakebed file", Sample(statistics.median(took)))


_LONG = "SELECT count(*) AS n FROM parquet a CROSS JOIN parquet b WHERE a.l_tax < b.l_tax"


def _cancel(athena: Athena, results: Results) -> None:
    context = {"Database": "tables"}
    value = {"QueryString": _LONG, "QueryExecutionContext": context,
             "ResultConfiguration": {"OutputLocation": "s3://bench-results/"}}  # fmt: skip
    took: list[float] = []
    for _ in range(5):
        known = {"QueryExecutionId": athena.call("StartQueryExecution", value)["QueryExecutionId"]}
        while _state(athena, known) != "RUNNING":
            time.sleep(0.01)
        time.sleep(0.3)
        began = time.perf_counter()
        athena.call("StopQueryExecution", known)
        while _state(athena, known) != "CANCELLED":
            time.sleep(0.001)
        took.append((time.perf_counter() - began) * 1000)
    results.add("cancel", "lakebed file", Sample(max(took)))


def _state(athena: Athena, known: dict[str, str]) -> str:
    return athena.call("GetQueryExecution", known)["QueryExecution"]["Status"]["State"]


def _crowd(url: str, results: Results) -> None:
    """Fifty at once, each with a connection of its own; RuntimeError if one is lost."""
    text = _QUERIES["parts"].format(t="parquet")
    began = time.perf_counter()
    with ThreadPoolExecutor(CROWD) as crowd:
        rows = list(crowd.map(lambda _: _answer(url, text), range(CROWD)))
    if len(set(rows)) != 1 or not rows[0]:
        raise RuntimeError(f"the answers of a crowd differ: {set(rows)}")
    results.add("crowd", "lakebed file", Sample(time.perf_counter() - began))


def _answer(url: str, text: str) -> str:
    athena = Athena(url)
    known, _ = athena.query(text, "tables")
    return str(athena.rows(known)[0][0])


def _plan(athena: Athena, url: str, count: int, results: Results) -> None:
    """Ask one partition of many: what the plan takes."""
    server = catalog.Catalog(url)
    catalog.create(server, count)
    text = f"SELECT count(column_1) AS n FROM events WHERE day = '{catalog.day_of(7)}' AND hour = 5"
    took: list[float] = []
    for _ in range(5):
        known, _ = athena.query(text, "bench")
        query = athena.call("GetQueryExecution", {"QueryExecutionId": known})["QueryExecution"]
        took.append(query["Statistics"]["QueryPlanningTimeInMillis"])
    results.add("planning_100k", "lakebed file", Sample(statistics.median(took)))
