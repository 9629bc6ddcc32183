"""TPC-H's 22 queries at scale factor 1: Athena's API, Trino 476 and DuckDB on the same files.

Trino is warm and its tables are analysed; it reads them from its own lakebed, which is its Glue and
S3, and is asked by its own protocol. DuckDB reads the files itself, in a process of its own. The
queries are DuckDB's texts of TPC-H, each run in turns by the three.
"""

from __future__ import annotations

import contextlib
import json
import math
import multiprocessing
import os
import re
import resource
import statistics
import subprocess
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench import load, servers
from bench.measure import Results, Sample
from bench.queries import Athena
from lakebed import testing
from lakebed.dialect import analyse, lower, parse, tree
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import parse_type
from lakebed.engines.sql.trino.client import Client

_REPEATS = 3
_HIVE = {"INTEGER": "int", "VARCHAR": "string"}
_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
_START_SECONDS_MAX = 180.0
_WORKERS_START_SECONDS = 3.0
"""The first queries start more workers, which would take a core from those that are measured."""


def story(runs: Path, number: int, results: Results) -> None:
    """Measure the queries; without `make clients` or a Trino, without their columns."""
    made = _made(runs, "tpch", "1" if number >= 40 else "0.05")
    ours = _server(runs, made, "duckdb")
    theirs = _server(runs, made, "trino") if os.environ.get("LAKEBED_TRINO_HOME") else None
    try:
        trino = _trino(theirs, made) if theirs is not None else None
        with _Direct(made) as direct:
            _compare(Athena(ours.url), trino, direct, made, results)
            results.add("tpch_memory_direct", "DuckDB", Sample(direct.ask("")))
        results.add("tpch_memory", "lakebed file", Sample(_workers_peak(ours.process.pid)))
    finally:
        for server in (ours, theirs):
            if server is not None:
                server.stop()


def texts(runs: Path, number: int, results: Results) -> None:
    """Measure parsing, analysing and lowering alone: TPC-DS's 99 texts, and one table's SELECT."""
    del number
    made = _made(runs, "tpcds", "0.01")
    known = _Tables(made["columns"])
    took: list[float] = []
    for text in made["queries"].values():
        with contextlib.suppress(TrinoError):  # DuckDB's texts compare dates with texts
            took.append(_median(lambda text=text: _lowered(known, text)))
    took.sort()
    results.add("texts_p50", "lakebed file", Sample(statistics.median(took)))
    results.add("texts_p99", "lakebed file", Sample(took[-1]))
    one = (
        "SELECT ss_item_sk, sum(ss_quantity) AS n FROM store_sales WHERE ss_store_sk = 1 GROUP BY 1"
    )
    results.add("texts_one", "lakebed file", Sample(_median(lambda: _lowered(known, one))))


class _Tables:
    """A catalog that knows the tables of a benchmark."""

    def __init__(self, columns: dict[str, list[tuple[str, str]]]) -> None:
        self._tables = {
            table: tree.TableInfo(
                "awsdatacatalog", "bench", table,
                tuple((name, _type(kind)) for name, kind in found),
            )
            for table, found in columns.items()
        }  # fmt: skip

    def has_database(self, database: str) -> bool:
        return database == "bench"

    def table(
        self, database: str, name: str, version: tree.Version | None = None
    ) -> tree.TableInfo | None:
        del database, version
        return self._tables.get(name)

    def evaluate(self, expr: tree.Expr) -> str | None:
        del expr
        return None


def _type(kind: str) -> Any:
    return parse_type({"TIME": "varchar"}.get(kind, kind.lower()))


def _lowered(known: _Tables, text: str) -> str:
    statement = parse.parse(text)
    analyser = analyse.Analyser(known, "bench", text)
    query = analyser.query(statement.query)  # type: ignore[union-attr]
    analyse.used_columns(analyser.scans, query)
    return lower.Lowering(lambda scan: f"SELECT * FROM {scan.table.name}").query(query)


def _made(runs: Path, name: str, scale: str) -> dict[str, Any]:
    """Make a benchmark's tables by the generators among the clients."""
    folder = servers.new_folder(runs, name)
    script = servers.ROOT / "tests" / "clients" / "tpc_tables.py"
    python = servers.ROOT / ".venv" / "clients" / "bin" / "python"
    subprocess.run([str(python), str(script), name, scale, str(folder)], check=True)
    made: dict[str, Any] = json.loads((folder / "made.json").read_text())
    return {**made, "folder": folder}


def _server(runs: Path, made: dict[str, Any], engine: str) -> servers.Running:
    """Start a server with the tables in its lake, linked."""
    with testing.environment({"LAKEBED_SQL_ENGINE": engine}):
        server = servers.lakebed(runs, "file")
    for bucket in ("bench-tpch", "bench-results"):
        load.run(server.url, [load.signed(server.url, load.Request("s3", "PUT", f"/{bucket}", {}))])
    athena = Athena(server.url) if engine == "duckdb" else None
    lake = server.folder / "data" / "lake" / "bench-tpch"
    statements = ["CREATE DATABASE tpch"]
    for table, columns in made["columns"].items():
        (lake / table).mkdir(parents=True)
        os.link(made["folder"] / f"{table}.parquet", lake / table / "a.parquet")
        listed = ", ".join(f"{name} {_HIVE.get(kind, kind.lower())}" for name, kind in columns)
        place = f"LOCATION 's3://bench-tpch/{table}/'"
        statements.append(
            f"CREATE EXTERNAL TABLE tpch.{table} ({listed}) STORED AS PARQUET {place}"
        )
    asked = athena or Athena(server.url)
    for statement in statements:
        asked.query(statement)
    return server


def _trino(server: servers.Running, made: dict[str, Any]) -> Client:
    """Wait for the Trino of a server, and let it analyse the tables."""
    Athena(server.url).query("SELECT 1")
    config = next((server.folder / "data").rglob("etc/config.properties")).read_text()
    port = next(line for line in config.splitlines() if "http.port" in line).partition("=")[2]
    session = {"X-Trino-Catalog": "awsdatacatalog", "X-Trino-Schema": "tpch"}
    client = Client(f"http://127.0.0.1:{port}", session)
    for table in made["columns"]:
        _run(client, f"ANALYZE {table}")
    return client


def _run(client: Client, text: str) -> int:
    return sum(len(page) for _, page in client.run(text))


class _Direct:
    """DuckDB in a process of its own, over the same files."""

    def __init__(self, made: dict[str, Any]) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there, made), daemon=True)

    def __enter__(self) -> _Direct:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()

    def ask(self, text: str) -> float:
        """Run a query and return its milliseconds; without a text the peak of memory in MB."""
        self._here.send(text)
        return self._here.recv()


def _serve(channel: Connection, made: dict[str, Any]) -> None:
    import duckdb

    connection = duckdb.connect(config={"threads": 2})
    for table in made["columns"]:
        path = f"{made['folder']}/{table}.parquet"
        connection.execute(f"CREATE VIEW {table} AS FROM read_parquet('{path}')")
    while True:
        text = channel.recv()
        if not text:
            channel.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
            continue
        began = time.perf_counter()
        connection.execute(text).fetchall()
        channel.send((time.perf_counter() - began) * 1000)


def _compare(
    athena: Athena,
    trino: Client | None,
    direct: _Direct,
    made: dict[str, Any],
    results: Results,
) -> None:
    over_direct: list[float] = []
    over_trino: list[float] = []
    beyond: list[float] = []
    for table in made["columns"]:
        athena.query(f"SELECT count(*) FROM {table}", "tpch")
    time.sleep(_WORKERS_START_SECONDS)
    for number, text in made["queries"].items():
        query = text.strip().removesuffix(";")
        ours = _median(lambda query=query: athena.query(query, "tpch"))
        its = _median(lambda query=query: direct.ask(query))
        over_direct.append(ours / its)
        beyond.append(ours - 1.3 * its)
        shown = f"tpch {number}: ours {ours:.0f} ms, DuckDB {its:.0f} ms"
        if trino is not None:
            theirs = _median(lambda query=query: _run(trino, query))
            over_trino.append(theirs / ours)
            shown += f", Trino {theirs:.0f} ms"
        print(shown, flush=True)
    results.add("tpch_direct", "lakebed file", Sample(_geomean(over_direct)))
    results.add("tpch_beyond", "lakebed file", Sample(max(beyond)))
    if over_trino:
        results.add("tpch_trino", "lakebed file", Sample(_geomean(over_trino)))
        results.add("tpch_trino_least", "lakebed file", Sample(min(over_trino)))


def _geomean(values: list[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, values)))


def _median(work: Callable[[], object]) -> float:
    took: list[float] = []
    for _ in range(_REPEATS + 1):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took[1:])


def _workers_peak(server: int) -> float:
    """Return the largest resident memory a child of the server ever had, in MB."""
    peaks = [0.0]
    for status in Path("/proc").glob("[0-9]*/status"):
        found = dict(re.findall(r"^(PPid|VmHWM):\s+(\d+)", status.read_text(), re.M))
        if found.get("PPid") == str(server):
            peaks.append(int(found.get("VmHWM", 0)) / 1024)
    return max(peaks)
