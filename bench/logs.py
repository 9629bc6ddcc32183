"""CloudWatch Logs: batches written, a million events filtered, pages from the end, a query.

Times are a client's, over one kept connection, with requests signed beforehand. The floor of
writing is the same bytes appended to a file and synced; that of filtering is Python reading them
again, line by line.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

from bench.catalog import Catalog
from bench.measure import Results, Sample, starts

COLUMN = "lakebed file"
EVENTS = 1_000_000
BATCH = 1000
LARGE = 10_000
TERM = "needle"
NAMES = {"logGroupName": "bench", "logStreamName": "one"}


def story(runs: Path, repeats: int, results: Results) -> None:
    """Measure a fresh server; `repeats` scales how many events there are."""
    count = EVENTS * repeats // 40 // LARGE * LARGE or LARGE
    server = starts(COLUMN)(runs)
    try:
        logs = Catalog(server.url, "logs", "Logs_20140328")
        logs.call("CreateLogGroup", {"logGroupName": "bench"})
        logs.call("CreateLogStream", NAMES)
        _write(logs, runs, results)
        _read(logs, runs, count, results)
    finally:
        server.stop()


def batch(count: int, number: int = 0) -> list[dict[str, Any]]:
    """Return events of about a hundred bytes, a few a millisecond, one in 10,000 with the term."""
    begin = int(time.time() * 1000) - 3_000_000 + 2000 * number
    return [
        {
            "timestamp": begin + at // 5,
            "message": f"2026-11-21 INFO request {at} "
            + (TERM if at % LARGE == 7 else "served in 12 ms, 4096 bytes, path /index.html"),
        }
        for at in range(count)
    ]


def _write(logs: Catalog, runs: Path, results: Results) -> None:
    for row, count in (("logs_put_1", 1), ("logs_put_1000", BATCH)):
        body = json.dumps(batch(count)).encode()
        other = {"logGroupName": "bench", "logStreamName": row}
        logs.call("CreateLogStream", other)
        took = [
            logs.call("PutLogEvents", {**other, "logEvents": batch(count, number)})[1]
            for number in range(30)
        ]
        results.add(row, COLUMN, Sample(statistics.median(took)))
        results.add(f"{row}_floor", COLUMN, Sample(_synced(runs / "floor", body, 30)))


def _synced(path: Path, data: bytes, times: int) -> float:
    """Return the milliseconds of appending bytes to a file and syncing it, the median."""
    took: list[float] = []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        for _ in range(times):
            began = time.perf_counter()
            os.write(descriptor, data)
            os.fdatasync(descriptor)
            took.append((time.perf_counter() - began) * 1000)
    finally:
        os.close(descriptor)
    return statistics.median(took)


def _read(logs: Catalog, runs: Path, count: int, results: Results) -> None:
    with (runs / "lines").open("w") as file:
        for number in range(count // LARGE):
            made = batch(LARGE, number)
            logs.call("PutLogEvents", {**NAMES, "logEvents": made})
            file.writelines(event["message"] + "\n" for event in made)
    took = [logs.call("GetLogEvents", {**NAMES, "limit": 100})[1] for _ in range(20)]
    results.add("logs_page", COLUMN, Sample(statistics.median(took)))
    found, seconds = _filtered(logs)
    if found != count // LARGE:
        raise RuntimeError(f"{found} events were found")
    results.add("logs_filter", COLUMN, Sample(seconds))
    began = time.perf_counter()
    with (runs / "lines").open() as file:
        assert sum(TERM in line for line in file) == found
    results.add("logs_filter_floor", COLUMN, Sample(time.perf_counter() - began))
    results.add("logs_query", COLUMN, Sample(_queried(logs)))


def _filtered(logs: Catalog) -> tuple[int, float]:
    """Return how many events a filter finds in all pages, and the seconds it takes."""
    request: dict[str, Any] = {
        "logGroupName": "bench", "filterPattern": TERM, "logStreamNames": ["one"],
    }  # fmt: skip
    found, milliseconds = 0, 0.0
    while True:
        body, took = logs.call("FilterLogEvents", request)
        answer = json.loads(body)
        found += len(answer["events"])
        milliseconds += took
        if "nextToken" not in answer:
            return found, milliseconds / 1000
        request["nextToken"] = answer["nextToken"]


def _queried(logs: Catalog) -> float:
    """Return the seconds of a query of Insights over all events."""
    began = time.perf_counter()
    now = int(time.time())
    request = {
        "logGroupName": "bench", "startTime": now - 7200, "endTime": now + 60,
        "queryString": f"filter @message like /{TERM}/ | stats count(*) by bin(5m)",
    }  # fmt: skip
    started = json.loads(logs.call("StartQuery", request)[0])
    while True:
        answer = json.loads(logs.call("GetQueryResults", started)[0])
        if answer["status"] == "Complete":
            return time.perf_counter() - began
        if answer["status"] != "Running":
            raise RuntimeError(f"the query is {answer['status']}")
        time.sleep(0.01)
