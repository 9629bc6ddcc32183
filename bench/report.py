"""Writes the results: goal beside value, minimum / median / maximum, and what missed."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Results, Sample
from bench.operations import OPERATIONS

COLUMNS = ("lakebed none", "lakebed file", "floor", "versitygw", "minio", "ministack", "moto")
BESIDE = (*COLUMNS, "Kafka", "Kafka, flush.messages=1")
OURS = ("lakebed file", "DuckDB", "lakebed none")


@dataclass(frozen=True, slots=True)
class Whole:
    """A row that is one number of ours: what it is, its unit, what it should reach."""

    title: str
    unit: str
    goal: float | None = None


WHOLE = {
    "start": Whole("start, CPU", "ms", 150),
    "idle": Whole("memory at rest", "MB", 60),
    "select_1": Whole("`SELECT 1` from start to SUCCEEDED, p50", "ms", 20),
    "select_1_first": Whole("the first `SELECT 1` of a server", "ms"),
    "flights": Whole("flights aggregate on Parquet, warm, by Athena's API", "ms"),
    "flights_direct": Whole("the same by DuckDB directly, warm", "ms"),
    "flights_over": Whole("difference of the two", "ms", 15),
    "scan_parquet_ratio": Whole(
        "6,001,215 rows of Parquet, five scans: geometric mean over DuckDB", "×", 1.15
    ),
    "scan_parquet_over": Whole("the same: largest difference", "ms", 15),
    "scan_csv_ratio": Whole("the same scans of CSV: geometric mean over DuckDB", "×", 1.25),
    "scan_csv_over": Whole("the same: largest difference", "ms"),
    "tpch_trino": Whole("TPC-H SF1, 22 queries: Trino's time over ours, geometric mean", "×"),
    "tpch_trino_least": Whole("the same: the least of them", "×"),
    "tpch_direct": Whole("TPC-H SF1: ours over DuckDB, geometric mean", "×", 1.15),
    "tpch_beyond": Whole("the same: the largest part beyond 1.3 × DuckDB", "ms", 15),
    "tpch_memory": Whole("TPC-H SF1: peak memory of a worker", "MB"),
    "tpch_memory_direct": Whole("the same of DuckDB", "MB"),
    "texts_one": Whole("parse, analyse, lower a SELECT of one table", "ms", 1.5),
    "texts_p50": Whole("parse, analyse, lower TPC-DS's 99 texts, p50", "ms", 10),
    "texts_p99": Whole("the same: the longest", "ms", 50),
    "results_1000": Whole("GetQueryResults of 1,000 rows of 11 columns", "ms", 5),
    "cancel": Whole("StopQueryExecution to CANCELLED, the longest of 5", "ms", 100),
    "crowd": Whole("50 count(DISTINCT) queries at once: all answered after", "s"),
    "planning_100k": Whole("planning a query of one of 100,000 partitions", "ms", 200),
    "put_64m": Whole("PUT 64 MiB by boto3", "MB/s"),
    "put_64m_cpu": Whole("the same: our CPU ÷ CPU of MD5 + SHA-256 + CRC-32", "×", 1.15),
    "put_64m_growth": Whole("the same: growth of memory", "MB", 8),
    "put_3g": Whole("PUT 3 GiB, payload not signed", "MB/s"),
    "put_3g_growth": Whole("the same: growth of memory", "MB", 8),
    "multipart": Whole("8 parts of 8 MiB by boto3, 8 threads", "MB/s"),
    "multipart_growth": Whole("the same: growth of memory", "MB", 16),
    "streams_growth": Whole("64 PUTs of 8 MiB at once: growth of memory", "MB", 100),
    "list_100k": Whole("LIST 1,000 of 100,000, CPU", "ms", 1.2),
    "list_1m": Whole("LIST 1,000 of 1,000,000 in one folder, CPU", "ms", 1.2),
    "list_1m_folders": Whole("LIST 1,000 of 1,000,000 in 100,000 folders, CPU", "ms", 1.2),
    "restart_1m": Whole("restart with 1,000,000 objects", "s", 2),
    "restart_1m_folders": Whole("the same, in 100,000 folders", "s", 2),
    "survey_1m": Whole("survey of 1,000,000 files after a start, in the background", "s"),
    "survey_1m_folders": Whole("the same, in 100,000 folders", "s"),
    "idle_1m": Whole("memory at rest with 1,000,000 objects", "MB"),
    "partitions_create": Whole("BatchCreatePartition of 100, 19 columns each", "ms", 15),
    "partitions_filter": Whole("GetPartitions matching 10 of 100,000 (moto: 10,000)", "ms", 20),
    "partitions_leading": Whole("the same, another 10: `day < … and hour = 5`", "ms", 20),
    "partitions_anywhere": Whole("the same by a pattern that every partition is read for", "ms"),
    "partitions_scan": Whole("GetPartitions of all 100,000 in 4 segments", "s", 5),
    "job_spare": Whole(
        "StartJobRun to a script's first line, a spare ready: the longest", "ms", 1000
    ),
    "job_spare_p50": Whole("the same, p50", "ms"),
    "job_cold": Whole("the same without a spare", "s", 10),
    "job_spare_memory": Whole("a spare at rest: memory", "MB", 600),
    "job_whole": Whole(
        "2,000,000 rows of CSV joined into partitioned Parquet: StartJobRun to SUCCEEDED", "s"
    ),
    "job_submit": Whole("the same script by `spark-submit`", "s"),
    "job_ratio": Whole("ours over `spark-submit`", "×", 1.05),
    "job_duckdb": Whole("the same work by DuckDB", "s"),
    "job_polars": Whole("the same work by Polars", "s"),
    "bookmark_run": Whole(
        "a bookmarked run over 1,000,000 keys that were read and 10 that are new", "s"
    ),
    "bookmark_none": Whole("the same without a bookmark (`boundedFiles` 10)", "s"),
    "bookmark_adds": Whole("what the bookmark adds", "s", 2),
    "bookmark_few": Whole("a run over a folder of 10 files", "s"),
    "decision": Whole("a decision: 10 policies of 4 statements, one with conditions", "µs", 20),
    "decision_cached": Whole("the same, asked again, without conditions", "µs", 5),
    "cipher_1k": Whole("AES-256-GCM over 1 KB", "µs"),
    "seal_1k": Whole("an encrypted file of 1 KB (goal: the cipher + 10 µs)", "µs"),
    "cipher_1m": Whole("AES-256-GCM over 1 MB", "µs"),
    "seal_1m": Whole("an encrypted file of 1 MB (goal: the cipher + 10 µs)", "µs"),
    "crawl_first": Whole("crawl of 100,000 CSV files in 1,000 folders, the first time", "s", 60),
    "crawl_first_floor": Whole("DuckDB's CSV reader over the same files", "s"),
    "crawl_memory": Whole("memory of server and its processes meanwhile, at most", "MB", 300),
    "crawl_partitions": Whole("crawl of 10,000 new partitions", "s", 20),
    "crawl_again": Whole("crawl of 1,000,000 objects that did not change", "s", 10),
    "kinesis_put_records": Whole(
        "PutRecords of 500 × 1 KB, 4 connections (at least 100,000)", "records/s"
    ),
    "kinesis_put_records_cpu": Whole("the same: CPU a record", "µs"),
    "kinesis_put_record": Whole("PutRecord of 1 KB, 16 connections (at least 8,000)", "a second"),
    "kinesis_put_record_cpu": Whole("the same: CPU a record", "µs"),
    "kinesis_get_records": Whole("GetRecords, one reader, JSON (at least 200)", "MB/s"),
    "kinesis_put_to_get": Whole("from PutRecord to GetRecords, polled back to back, p50", "ms", 3),
    "kinesis_memory_idle": Whole("memory after the puts and gets", "MB", 80),
    "kinesis_memory_1000_shards": Whole("growth by 1,000 shards with a record in each", "MB", 20),
    "kinesis_cbor": Whole("GetRecords, one reader, CBOR (at least 100)", "MB/s"),
    "kinesis_push": Whole("from PutRecord to SubscribeToShard's event, p50", "ms", 5),
    "kinesis_slow": Whole("growth of memory: 1 GiB put, a subscriber that reads nothing", "MB", 64),
    "kinesis_restart": Whole("killed server to a record put and got, large stream", "s", 2),
    "kinesis_restart_bytes": Whole("the same: size of the stream", "GB"),
    "logs_put_1": Whole("PutLogEvents of 1 event", "ms", 2),
    "logs_put_1_floor": Whole("the same bytes appended to a file and synced", "ms"),
    "logs_put_1000": Whole("PutLogEvents of 1,000 events of 100 B", "ms", 8),
    "logs_put_1000_floor": Whole("the same bytes appended to a file and synced", "ms"),
    "logs_page": Whole("GetLogEvents of the last 100 of 1,000,000 in a stream", "ms", 8),
    "logs_filter": Whole("FilterLogEvents for 100 of 1,000,000, all pages", "s", 1.5),
    "logs_filter_floor": Whole("the same lines of a file read by Python", "s"),
    "logs_query": Whole("a query of Insights: 100 of 1,000,000 counted", "s", 10),
    "ready": Whole("`lakebed.testing`: a server is ready", "ms", 500),
    "reset": Whole("`lakebed.testing`: `reset()`", "ms", 20),
}


def machine(load_before: str) -> list[str]:
    """Describe the machine without naming it."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return [
        f"- {os.cpu_count()} cores, {model}; {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}",
        f"- load average before: {load_before}",
    ]


def _three(samples: list[Sample], value: Callable[[Sample], float]) -> str:
    values = sorted(value(sample) for sample in samples)
    if not values:
        return "–"
    digits = 1 if values[-1] < 10 else 0
    middle = statistics.median(values)
    return f"{values[0]:,.{digits}f} / **{middle:,.{digits}f}** / {values[-1]:,.{digits}f}"


def median(samples: list[Sample]) -> float:
    """Return the median value."""
    return statistics.median(sample.value for sample in samples)


def _cell(results: Results, row: str, column: str) -> str:
    samples = results.samples.get((row, column))
    if samples:
        return _three(samples, lambda sample: sample.value)
    return "failed" if (row, column) in results.failures else "–"


def _ratio(results: Results, row: str, column: str) -> str:
    # MinIO syncs what it writes: it stands beside what syncs as well.
    is_synced = column == "minio" and OPERATIONS[row].is_write
    mode = "lakebed file" if is_synced else "lakebed none"
    ours, theirs = results.samples.get((row, mode)), results.samples.get((row, column))
    if not ours or not theirs:
        return ""
    return f" ({median(theirs) / median(ours):.1f}×)"


def _operations(results: Results) -> list[str]:
    lines = [
        "| operation | durability | goal | CPU µs | ops/s | floor | versitygw | MinIO | MiniStack "
        "| moto_server |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, row in OPERATIONS.items():
        for column, goal in (("lakebed none", row.goal), ("lakebed file", row.goal_synced)):
            samples = results.samples.get((name, column))
            if not samples and (name, column) not in results.failures:
                continue
            beside = [""] * len(COLUMNS[2:])
            if column == "lakebed none":
                beside = [
                    _cell(results, name, other) + _ratio(results, name, other)
                    for other in COLUMNS[2:]
                ]
            mode = column.split()[1] if row.is_write else "any"
            ops = _three(samples or [], lambda sample: sample.ops)
            shown = f"≤ {goal:g}" if goal else "–"
            cells = [row.title, mode, shown, _cell(results, name, column), ops, *beside]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def _whole(results: Results) -> list[str]:
    lines = ["| what | goal | lakebed | beside |", "|---|---|---|---|"]
    for name, row in WHOLE.items():
        columns = [column for known, column in results.samples if known == name]
        if not columns:
            failed = [text for (known, _), text in results.failures.items() if known == name]
            lines += [f"| {row.title} | {row.goal or '–'} | failed: {text} | |" for text in failed]
            continue
        ours = next((one for one in OURS if one in columns), columns[0])
        beside = [
            f"{other}: {_cell(results, name, other)}"
            for other in columns
            if other != ours and other in BESIDE
        ]
        goal = f"≤ {row.goal:g} {row.unit}" if row.goal else "–"
        shown = f"{_cell(results, name, ours)} {row.unit}"
        lines.append(f"| {row.title} | {goal} | {shown} | {'; '.join(beside)} |")
    return lines


def missed(results: Results) -> list[str]:
    """Say which goals were not reached, and what could not be measured."""
    found: list[str] = []
    for name, row in OPERATIONS.items():
        for column, goal in (("lakebed none", row.goal), ("lakebed file", row.goal_synced)):
            samples = results.samples.get((name, column))
            if goal and samples and median(samples) > goal:
                mode = f", durability {column.split()[1]}" if row.is_write else ""
                found.append(f"- {row.title}{mode}: {median(samples):.0f} µs, goal {goal:g} µs")
    for name, row in WHOLE.items():
        samples = next(
            (results.samples[name, one] for one in OURS if (name, one) in results.samples), None
        )
        if row.goal and samples and median(samples) > row.goal:
            value = f"{median(samples):.1f} {row.unit}"
            found.append(f"- {row.title}: {value}, goal {row.goal:g} {row.unit}")
    found += [f"- {row} on {column}: {text}" for (row, column), text in results.failures.items()]
    return found or ["Nothing."]


def text(results: Results, head: list[str], versions: str) -> str:
    """Return the whole report as Markdown."""
    return "\n".join(
        [
            "# Speed",
            "",
            "Written by `make bench`. CPU µs an operation (what the server's process used, read "
            "from the scheduler, divided by an exact count of requests), minimum / **median** / "
            "maximum of the runs; 16 connections with one request outstanding each; requests "
            "signed beforehand, every status checked. A fresh server and a new folder each run.",
            "",
            *head,
            f"- peers: {versions}",
            "",
            "The *floor* is uvloop and httptools answering canned bytes to the same requests: the "
            "share of the kernel, the event loop and the parser. A factor in brackets is how many "
            "times our own cost (durability none) the other one costs. The peers keep objects in "
            "memory and do not verify signatures by default; ours are files on disk, and every "
            "signature is verified. Durability `file` syncs each object before its answer.",
            "",
            *_operations(results),
            "",
            *_whole(results),
            "",
            "## What missed",
            "",
            *missed(results),
            "",
        ]
    )
