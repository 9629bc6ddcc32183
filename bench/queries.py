"""The rows that are a whole story: a query from start to SUCCEEDED, and a server for a test."""

from __future__ import annotations

import http.client
import json
import statistics
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench import load, servers
from bench.measure import Results, Sample
from lakebed import testing
from lakebed.cli import tour

AGGREGATE = (
    "SELECT carrier, count(*) AS flights, avg(arr_delay) AS late FROM {table} "
    "WHERE dep_delay > 0 GROUP BY carrier ORDER BY carrier"
)
WARM = 3
PATIENCE_SECONDS = 0.03
ASKED_FROM = 0.85


class Athena:
    """Athena's calls over one kept connection, each signed when it is made."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._least: dict[str, float] = {}
        place = urlsplit(url)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port)
        self._connection.connect()

    def call(self, operation: str, value: dict[str, Any]) -> Any:
        """Make one call; RuntimeError if it is refused."""
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"AmazonAthena.{operation}",
        }
        request = load.Request("athena", "POST", "/", headers, json.dumps(value).encode())
        self._connection.sock.sendall(load.signed(self._url, request))
        response = http.client.HTTPResponse(self._connection.sock, method="POST")
        response.begin()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{operation}: {response.status} {body[:300]!r}")
        return json.loads(body)

    def query(self, text: str, database: str | None = None) -> tuple[str, float]:
        """Run a query; return its id and the milliseconds it took.

        It is first asked for shortly before it has ever been done, because asking takes a core
        from a query that needs both; after 30 ms a pause is made between two questions, too.
        """
        value: dict[str, Any] = {
            "QueryString": text,
            "ResultConfiguration": {"OutputLocation": "s3://bench-results/"},
        }
        if database is not None:
            value["QueryExecutionContext"] = {"Database": database}
        began = time.perf_counter()
        known = self.call("StartQueryExecution", value)["QueryExecutionId"]
        time.sleep(self._least.get(text, 0.0) * ASKED_FROM)
        while True:
            answer = self.call("GetQueryExecution", {"QueryExecutionId": known})
            status = answer["QueryExecution"]["Status"]
            if status["State"] == "SUCCEEDED":
                took = time.perf_counter() - began
                self._least[text] = min(took, self._least.get(text, took))
                return known, took * 1000
            if status["State"] in ("FAILED", "CANCELLED"):
                raise RuntimeError(f"the query ended {status}")
            if time.perf_counter() - began > PATIENCE_SECONDS:
                time.sleep(PATIENCE_SECONDS / 10)

    def rows(self, known: str) -> list[list[str | None]]:
        """Return the result's rows, without their head."""
        answer = self.call("GetQueryResults", {"QueryExecutionId": known})
        rows = answer["ResultSet"]["Rows"][1:]
        return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows]


def _results_bucket(url: str) -> None:
    load.run(url, [load.signed(url, load.Request("s3", "PUT", "/bench-results", {}))])


def select_one(runs: Path, number: int, results: Results) -> None:
    """`SELECT 1`, from StartQueryExecution to SUCCEEDED: the median of `number`."""
    server = servers.lakebed(runs, "file")
    try:
        _results_bucket(server.url)
        athena = Athena(server.url)
        took = [athena.query("SELECT 1")[1] for _ in range(number + WARM)]
        results.add("select_1_first", "lakebed file", Sample(took[0]))
        results.add("select_1", "lakebed file", Sample(statistics.median(took[WARM:])))
    finally:
        server.stop()


def flights(runs: Path, number: int, results: Results) -> None:
    """The warm aggregate over a year of flights in Parquet, by Athena and by DuckDB itself."""
    folder = servers.new_folder(runs, "flights")
    running = testing.start(folder / "data", log=folder / "server.log")
    try:
        with testing.environment(running.environment):
            state = tour.Tour(running.session(), tour._data())  # pyright: ignore[reportPrivateUsage] (the tour's data, read in one place)
            for step in (tour.upload, tour.catalog, tour.rewrite):
                step(state)
        _results_bucket(running.url)
        athena = Athena(running.url)
        text = AGGREGATE.format(table="flights_by_month")
        known = [athena.query(text, "nyc") for _ in range(number + WARM)]
        direct, expected = _direct(folder / "data/lake/tour/parquet/flights", number)
        rows = athena.rows(known[-1][0])
        if [(row[0], int(row[1] or 0), round(float(row[2] or 0), 6)) for row in rows] != expected:
            raise RuntimeError(f"Athena's rows differ from DuckDB's: {rows} {expected}")
        ours = statistics.median(milliseconds for _, milliseconds in known[WARM:])
        results.add("flights", "lakebed file", Sample(ours))
        results.add("flights_direct", "DuckDB", Sample(direct))
        results.add("flights_over", "lakebed file", Sample(ours - direct))
    finally:
        running.stop()


def _direct(folder: Path, number: int) -> tuple[float, list[tuple[str, int, float]]]:
    import duckdb

    database = duckdb.connect()
    source = f"read_parquet('{folder}/*/*', hive_partitioning = true)"
    text = AGGREGATE.format(table=source)
    took: list[float] = []
    rows: list[tuple[Any, ...]] = []
    for _ in range(number + WARM):
        began = time.perf_counter()
        rows = database.execute(text).fetchall()
        took.append((time.perf_counter() - began) * 1000)
    expected = [(carrier, count, round(late, 6)) for carrier, count, late in rows]
    return statistics.median(took[WARM:]), expected


def for_tests(runs: Path, number: int, results: Results) -> None:
    """What replaces a mock: how soon a server is ready, how long a reset takes."""
    folder = servers.new_folder(runs, "testing")
    began = time.perf_counter()
    server = testing.start(folder / "data", log=folder / "server.log")
    results.add("ready", "lakebed file", Sample((time.perf_counter() - began) * 1000))
    try:
        took: list[float] = []
        for _ in range(number):
            _results_bucket(server.url)
            began = time.perf_counter()
            server.reset()
            took.append((time.perf_counter() - began) * 1000)
        results.add("reset", "lakebed file", Sample(statistics.median(took)))
    finally:
        server.stop()
