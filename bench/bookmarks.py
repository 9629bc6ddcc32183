"""Bookmarks over a large lake: a run that finds ten new files among a million that were read.

Beside it the same run without a bookmark: it lists the same keys and reads as many files
(`boundedFiles`). And one whose source has nothing but the new files: what listing a million costs.

By hand, on a folder of `bench.scale.made`: `python -m bench.bookmarks FOLDER`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from bench import scale, servers
from bench.jobs import Jobs, spark
from bench.measure import Results, Sample
from lakebed import testing

OURS = "lakebed file"
KEYS, FOLDERS, NEW = 1_000_000, 1_000, 10
RUNS = 3
FIRST_SECOND = 1_700_000_000
FILES_A_SECOND = 100
BODY = b'{"a": 1}\n'
ENABLED = {"--job-bookmark-option": "job-bookmark-enable"}
SETTLE_SECONDS_MAX = 900.0
HEAD = """
import sys
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
args = getResolvedOptions(sys.argv, ["JOB_NAME", "path", "bound"])
glue = GlueContext(SparkContext.getOrCreate())
job = Job(glue)
job.init(args["JOB_NAME"], args)
options = {"paths": [args["path"]], "recurse": True}
if args["bound"] != "0":
    options["boundedFiles"] = args["bound"]
"""
SEED = """
from awsglue._spark.files import FileSource
FileSource(glue.spark_session, options["paths"], options, "json", {}, "in").files()
job.commit()
"""
"""Notes that all is read, without a million files being read by Spark first."""
READ = """
frame = glue.create_dynamic_frame.from_options("s3", options, "json", transformation_ctx="in")
print(frame.count())
job.commit()
"""


def story(runs: Path, repeats: int, results: Results) -> None:
    """Measure the three runs; `repeats` scales the keys."""
    if spark(results, "bookmark_run") is None:
        return
    keys = max(int(KEYS * repeats / 40), 1_000)
    folder = servers.new_folder(runs, "bookmarks")
    scale.made(folder, keys, min(FOLDERS, keys), BODY, ".json")
    _spread_times(folder)
    for name, seconds in measured(folder).items():
        results.add(name, OURS, Sample(seconds))


def _spread_times(folder: Path) -> None:
    """Let the objects have come a hundred a second, not all at once."""
    with sqlite3.connect(folder / "state" / "store.sqlite") as connection:
        number = f"CAST(substr(key, instr(key, '/') + 1, 8) AS INTEGER) / {FILES_A_SECOND}"
        text = f"'\"last_modified\":' || ({FIRST_SECOND} + {number}) || '.0'"
        whole = f"replace(CAST(value AS TEXT), '\"last_modified\":1.0', {text})"
        connection.execute(f"UPDATE s3_object SET value = CAST({whole} AS BLOB)")
    connection.close()


def measured(folder: Path) -> dict[str, float]:
    """Return the medians of the three runs, and what the bookmark adds, in seconds."""
    server = testing.start(folder, log=folder.parent / "bookmarks.log")
    try:
        jobs = Jobs(server)
        for name, script in (("seed", HEAD + SEED), ("all", HEAD + READ), ("few", HEAD + READ)):
            jobs.make(name, script, path="s3://bucket/", bound="0")
        _await_survey(server)
        took: dict[str, list[float]] = {"bookmark_run": [], "bookmark_none": [], "bookmark_few": []}
        # The seed's state is that of the job that reads: both are one job, of two scripts.
        jobs.run("seed", Arguments=ENABLED)
        _lend_script(jobs)
        for number in range(RUNS):
            for file in range(NEW):
                key = f"new-{number}/{file}.json"
                jobs.s3.put_object(Bucket=scale.BUCKET, Key=key, Body=BODY)
            took["bookmark_run"].append(_timed(jobs, "seed", ENABLED))
            took["bookmark_none"].append(_timed(jobs, "all", {"--bound": str(NEW)}))
            only = {"--path": f"s3://{scale.BUCKET}/new-{number}/"}
            took["bookmark_few"].append(_timed(jobs, "few", only))
    finally:
        server.stop()
    found = {name: statistics.median(seconds) for name, seconds in took.items()}
    return found | {"bookmark_adds": found["bookmark_run"] - found["bookmark_none"]}


def _lend_script(jobs: Jobs) -> None:
    """Let the job that has the bookmark run the script that reads."""
    jobs.s3.put_object(Bucket="bench", Key="seed.py", Body=(HEAD + READ).encode())


def _timed(jobs: Jobs, name: str, arguments: dict[str, str]) -> float:
    """Return how long a run took by its own account, after checking what it read."""
    time.sleep(5)  # A spare driver gets ready.
    begun = time.perf_counter()
    run = jobs.run(name, Arguments=arguments)
    seconds = time.perf_counter() - begun
    events = jobs.logs.get_log_events(
        logGroupName="/aws-glue/jobs/output", logStreamName=run, startFromHead=True
    )
    said = [event["message"] for event in events["events"]]
    if said != [str(NEW)]:
        raise RuntimeError(f"{name} read {said}, not {NEW} records")
    return seconds


def _await_survey(server: Any) -> None:
    """Wait until the server is idle: after its start it looks through the whole lake once."""
    until = time.monotonic() + SETTLE_SECONDS_MAX
    used = -1.0
    while time.monotonic() < until:
        time.sleep(3)
        ticks = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
        now = (float(ticks[11]) + float(ticks[12])) / os.sysconf("SC_CLK_TCK")
        if now - used < 0.3:
            return
        used = now


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        for name, seconds in measured(Path(sys.argv[1])).items():
            print(f"{name}: {seconds:.2f} s")
