"""`python -m bench [--only ROW …] [--quick] [--runs N] [--output FILE]`: speed beside the peers."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import (
    bookmarks,
    catalog,
    crawls,
    decisions,
    jobs,
    kinesis,
    kinesis_limits,
    logs,
    queries,
    report,
    scale,
    scans,
    sealing,
    servers,
    streams,
    tpch,
)
from bench.measure import OBJECTS_ONLY, PEERS, Results, floor_session, session
from bench.operations import OPERATIONS

RUNS = 3
QUICK_SCALE = 0.05
STORIES: dict[str, Callable[[Path, int, Results], None]] = {
    "select_1": queries.select_one,
    "flights": queries.flights,
    "scans": scans.story,
    "tpch": tpch.story,
    "texts": tpch.texts,
    "crawls": crawls.story,
    "decisions": decisions.story,
    "jobs": jobs.story,
    "bookmarks": bookmarks.story,
    "kinesis": kinesis.story,
    "kinesis_limits": kinesis_limits.story,
    "logs": logs.story,
    "sealing": sealing.story,
    "testing": queries.for_tests,
}
STORY_REPEATS = 40
COLUMNS = ("lakebed none", "lakebed file", "floor", "versitygw", "minio", "ministack", "moto")


def main() -> int:
    """Measure and write the report; 1 if a row could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    choices = [*OPERATIONS, *STORIES, "start", "large", "listings", "partitions"]
    parser.add_argument("--only", action="append", choices=choices)
    parser.add_argument("--quick", action="store_true", help="one short run, without the peers")
    parser.add_argument(
        "--columns", default=",".join(COLUMNS), help="which, by comma: " + ", ".join(COLUMNS)
    )
    parser.add_argument("--runs", type=int, default=0, help=f"how many runs (default {RUNS})")
    parser.add_argument("--keep", action="store_true", help="delete no file at the end")
    parser.add_argument("--output", type=Path, help="where the report goes (- for the screen)")
    asked = parser.parse_args()
    chosen: list[str] = asked.only or [*OPERATIONS, *STORIES, "large", "listings", "partitions"]
    number = asked.runs or (1 if asked.quick else RUNS)
    columns = [
        column
        for column in asked.columns.split(",")
        if column not in OBJECTS_ONLY or servers.executable(column)
    ]
    if asked.quick:
        columns = [column for column in columns if column not in PEERS]
    before = " ".join(f"{value:.2f}" for value in os.getloadavg())
    if {"ministack", "moto"} & set(columns):
        servers.install_peers()
    results = Results()
    runs = servers.SCRATCH / "runs" / time.strftime("%Y%m%dT%H%M%S")
    try:
        if "listings" in chosen:
            # Once: a million files take minutes to make.
            scale.story(runs, QUICK_SCALE if asked.quick else 1.0, results)
        for turn in range(number):
            print(f"bench: run {turn + 1} of {number}", flush=True)
            _one_run(runs, chosen, columns, QUICK_SCALE if asked.quick else 1.0, results)
    finally:
        # ext4 makes files dearer for minutes after this: wait, or --keep, before the next bench.
        if not asked.keep:
            shutil.rmtree(runs, ignore_errors=True)
    versions = _peer_versions() if {"ministack", "moto"} & set(columns) else "not run"
    page = report.text(results, report.machine(before), versions)
    if asked.output is None and not asked.only and not asked.quick:
        asked.output = servers.ROOT / "bench" / "RESULTS.md"
    if asked.output is None or str(asked.output) == "-":
        print(page)
    else:
        asked.output.write_text(page)
    return 1 if results.failures else 0


def _one_run(
    runs: Path, chosen: list[str], columns: list[str], scale: float, results: Results
) -> None:
    rows = {name: row for name, row in OPERATIONS.items() if name in chosen}
    for column in columns:
        if column == "floor":
            floor_session(runs, rows, scale, results)
        elif rows or "start" in chosen:
            session(runs, column, rows, scale, results)
    if "partitions" in chosen:
        catalog.story(runs, columns, scale, results)
    if "large" in chosen:
        streams.story(runs, columns, scale, results)
    for name, story in STORIES.items():
        if name in chosen:
            try:
                story(runs, max(int(STORY_REPEATS * scale), 3), results)
            except Exception as error:  # noqa: BLE001 (a story that fails is a row that says so)
                results.fail(name, "lakebed file", error)


def _peer_versions() -> str:
    shown = subprocess.run(
        [
            str(servers.PEERS / "bin" / "python"), "-c",
            "from importlib.metadata import version as v;"
            "print('MiniStack', v('ministack') + ', moto', v('moto'))",
        ],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return shown.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
