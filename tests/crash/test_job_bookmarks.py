"""Jobs with a bookmark that are killed at any moment: nothing is skipped, and they say what is not.

Each round new files come and the job is run; most runs are stopped, or their driver, JVM or the
whole server is killed. Where the next run begins is checked each time, what was written at the end.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from lakebed import testing
from lakebed.core.settings import Settings
from tests.engines.sql.iceberg_tables import Athena
from tests.services.glue.job_runs import (
    SECONDS_MAX,
    Jobs,
    is_gone,
    shell_engine,
    spark_environment,
)

ENABLED = {"--job-bookmark-option": "job-bookmark-enable"}
ROUNDS = int(os.environ.get("LAKEBED_ROUNDS", "9"))
"""Of Spark, and a third as many with Iceberg; `LAKEBED_ROUNDS=50` by hand takes an hour."""
KILLED_IN_A_ROW_MAX = 4
WAYS = ("stop", "driver", "jvm", "server")
HEAD = """
import sys
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql.functions import lit
args = getResolvedOptions(sys.argv, ["JOB_NAME", "JOB_RUN_ID"])
glue = GlueContext(SparkContext.getOrCreate())
spark = glue.spark_session
job = Job(glue)
job.init(args["JOB_NAME"], args)
rows = glue.create_dynamic_frame.from_options(
    "s3", {"paths": ["s3://lake/in/"]}, "json", transformation_ctx="rows").toDF()
"""
FILES = """
spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
if rows.columns:
    rows.withColumn("run", lit(args["JOB_RUN_ID"])).write.mode("append").json("s3://lake/added/")
    rows.write.mode("overwrite").partitionBy("file").json("s3://lake/replaced/")
job.commit()
"""
MERGE = """
if rows.columns:
    rows.createOrReplaceTempView("new")
    spark.sql("merge into ice.db.merged m using new n on m.id = n.id and m.file = n.file "
              "when matched then update set * when not matched then insert *")
    rows.writeTo("ice.db.replaced").overwritePartitions()
job.commit()
"""
SHELL = """
import json, os, sys, time
from pathlib import Path
folder, run = Path(os.environ["LAKEBED_JOB_RUN_DIR"]), sys.argv[sys.argv.index("--JOB_RUN_ID") + 1]
lake = folder.parents[2] / "lake" / "lake"
read = json.loads((folder / "bookmark.json").read_text()).get("read", [])
listed = sorted(path.name for path in (lake / "in").iterdir())
for name in listed:
    if name not in read:
        rows = [json.loads(line) for line in (lake / "in" / name).read_text().splitlines()]
        for key, more in ((f"added/{name}-{run}", {"run": run}), (f"replaced/{name}", {})):
            text = "".join(json.dumps({**row, **more}) + "\\n" for row in rows)
            (lake / key).parent.mkdir(exist_ok=True)
            (folder / "new").write_text(text)
            (folder / "new").rename(lake / key)
        time.sleep(0.02)
(folder / "new").write_text(json.dumps({"read": listed}))
(folder / "new").rename(folder / "bookmark.next.json")
time.sleep(0.02)
"""
ICE = "spark.sql.catalog.ice"
ICEBERG = {
    "--datalake-formats": "iceberg",
    "--conf": f"{ICE}=org.apache.iceberg.spark.SparkCatalog"
    f" --conf {ICE}.warehouse=s3://lake/warehouse"
    f" --conf {ICE}.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog"
    f" --conf {ICE}.io-impl=org.apache.iceberg.aws.s3.S3FileIO"
    " --conf spark.sql.extensions="
    "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
}


class Rounds:
    """A job of one data folder, over one server after the other; what came of its runs."""

    def __init__(self, folder: Path, seed: int, group: str) -> None:
        self.folder, self.group = folder, group
        self.random = random.Random(seed)
        self.jobs = self.serve()
        self.rows: list[tuple[str, int]] = []
        self.committed: list[str] = []
        self.uncommitted: list[str] = []
        """The runs since the last one that committed."""
        self.named: set[str] = set()
        self.usual_seconds = 1.0

    def serve(self) -> Jobs:
        """Start a server over the folder."""
        self.lakebed = testing.start(self.folder / "data", log=self.folder / "log")
        return Jobs(self.lakebed)

    def put_files(self) -> None:
        """Let files come: by S3, or by a hand, with a time at which others were not there yet."""
        for _ in range(self.random.randint(1, 3)):
            name = f"f{len(self.rows)}"
            count = self.random.randint(1, 3)
            self.rows += [(name, number) for number in range(count)]
            lines = [json.dumps({"file": name, "id": number}) for number in range(count)]
            text = "\n".join(lines).encode() + b"\n"
            if self.random.random() < 0.5:
                self.jobs.s3.put_object(Bucket="lake", Key=f"in/{name}.json", Body=text)
            else:
                self._drop(name, text, time.time() - self.random.uniform(0, 60))

    def _drop(self, name: str, text: bytes, at: float) -> None:
        """Move a file into the lake that was written before."""
        outside = self.folder / name
        outside.write_bytes(text)
        os.utime(outside, (at, at))
        inside = self.folder / "data" / "lake" / "lake" / "in" / f"{name}.json"
        inside.parent.mkdir(exist_ok=True)
        outside.rename(inside)

    def round(self) -> None:
        """Run the job, and most often end it at a random moment."""
        self.put_files()
        before = self.bookmark()
        began = time.monotonic()
        run = self.jobs.start(Arguments=ENABLED)
        is_ended = len(self.uncommitted) < KILLED_IN_A_ROW_MAX and self.random.random() < 0.8
        if is_ended:
            time.sleep(self.usual_seconds * self.random.uniform(0.1, 1.1))
            self.end(run, self.random.choice(WAYS))
        row = self.jobs.wait(run)
        if is_ended:
            self._check(row, before)
            return
        self._check_undisturbed(row)
        self.usual_seconds = time.monotonic() - began

    def _check(self, row: dict, before: tuple[str, str]) -> None:
        """Check that a bookmark moved as its run ended, and what the run said of those before."""
        run, state = row["Id"], row["JobRunState"]
        if state == "SUCCEEDED":
            assert self.bookmark()[0] == run
            said = [
                line
                for line in self.jobs.lines(run, "error", self.group)
                if "the bookmark was not moved by" in line
            ]
            named = set(re.findall(r"jr_[0-9a-f]+", said[0])) if said else set()
            assert named <= set(self.uncommitted)
            self.named |= named
            self.committed.append(run)
            self.uncommitted = []
        else:
            assert state in ("FAILED", "STOPPED"), row
            assert self.bookmark() == before, f"a run that ended {state} moved the bookmark"
            self.uncommitted.append(run)

    def bookmark(self) -> tuple[str, str]:
        """Return which run left the bookmark, and what it says."""
        try:
            found = self.jobs.glue.get_job_bookmark(JobName="job")["JobBookmarkEntry"]
        except self.jobs.glue.exceptions.EntityNotFoundException:
            return "", ""
        return found["RunId"], found["JobBookmark"]

    def end(self, run: str, way: str) -> None:
        """End a run, unless it has ended."""
        if way == "server":
            left = [*self._drivers(run), *self._jvms(run)]
            self.lakebed.kill()
            self.lakebed.process.stdout.close()
            # A JVM that ends cleans up below its targets: the next run must not write there yet.
            until = time.monotonic() + SECONDS_MAX
            while not all(is_gone(pid) for pid in left):
                assert time.monotonic() < until, "what a server ran outlives it"
            self.jobs = self.serve()
            return
        processes = self._drivers(run) if way == "driver" else self._jvms(run)
        if way == "stop" or not processes:
            self.jobs.glue.batch_stop_job_run(JobName="job", JobRunIds=[run])
        for pid in processes if way != "stop" else ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _drivers(self, run: str) -> list[int]:
        """Return the processes of a run's script: they are in its folder."""
        found: list[int] = []
        folder = str(self.folder / "data" / "state" / "jobs" / run)
        for place in Path("/proc").glob("[0-9]*/cwd"):
            with contextlib.suppress(OSError):
                if str(place.readlink()) == folder:
                    found.append(int(place.parent.name))
        return found

    def _jvms(self, run: str) -> list[int]:
        """Return the JVMs that a run's driver started."""
        found: list[int] = []
        for pid in self._drivers(run):
            with contextlib.suppress(OSError):
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
                found += [
                    int(child)
                    for child in children
                    if b"java" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[0]
                ]
        return found

    def finish(self) -> None:
        """Run the job undisturbed once all that came is listed."""
        until = time.monotonic() + SECONDS_MAX
        wanted = len({name for name, _ in self.rows})
        while self.jobs.s3.list_objects_v2(Bucket="lake", Prefix="in/")["KeyCount"] < wanted:
            assert time.monotonic() < until
            time.sleep(0.1)
        for _ in range(2):
            self._check_undisturbed(self.jobs.run(Arguments=ENABLED))

    def _check_undisturbed(self, row: dict) -> None:
        """Check that a run that nobody ended did what it should."""
        said = self.jobs.lines(row["Id"], "error", self.group)[-20:]
        assert row["JobRunState"] == "SUCCEEDED", (row.get("ErrorMessage"), said)
        self._check(row, ("", ""))

    def keys(self, prefix: str) -> list[str]:
        """Return the keys below a prefix."""
        pages = self.jobs.s3.get_paginator("list_objects_v2").paginate(Bucket="lake", Prefix=prefix)
        return [one["Key"] for page in pages for one in page.get("Contents", [])]

    def written(self, prefix: str) -> list[dict]:
        """Return the rows of the JSON files below a prefix, with their partition."""
        found = []
        for key in self.keys(prefix):
            body = self.jobs.s3.get_object(Bucket="lake", Key=key)["Body"].read()
            named = dict(re.findall(r"(\w+)=([^/]*)/", key))
            found += [json.loads(line) | named for line in body.splitlines()]
        return found


def check_files(rounds: Rounds) -> None:
    """Check what was replaced and what was added, row by row."""
    replaced = [(row["file"], row["id"]) for row in rounds.written("replaced/")]
    assert Counter(replaced) == Counter(rounds.rows)
    added: Counter[tuple[str, int]] = Counter()
    for row in rounds.written("added/"):
        if row["run"] in rounds.committed:
            added[row["file"], row["id"]] += 1
        else:
            assert row["run"] in rounds.named, "rows of a run that no later one named"
    assert added == Counter(rounds.rows)
    assert [key for key in rounds.keys("") if "_temporary" in key or ".spark-st" in key] == []


@contextlib.contextmanager
def rounds_of(folder: Path, engines: Path, seed: int, group: str):
    """Rounds in a folder; no server is left."""
    with testing.environment({"LAKEBED_ENGINES_DIR": str(engines)}):
        rounds = Rounds(folder, seed, group)
        try:
            rounds.jobs.s3.create_bucket(Bucket="lake")
            yield rounds
        finally:
            rounds.lakebed.stop()


def test_python_jobs_that_are_killed_skip_nothing(tmp_path):
    with rounds_of(tmp_path, shell_engine(tmp_path / "engines"), 1, "python-jobs") as rounds:
        rounds.jobs.shell(SHELL)
        rounds.usual_seconds = 0.3
        for _ in range(3):
            rounds.round()
        rounds.finish()
        check_files(rounds)


def spark_rounds(tmp_path, seed):
    """Rounds that run Spark, if it is on this machine."""
    spark_environment()
    engines = Settings(engines_dir=os.environ.get("LAKEBED_ENGINES_DIR", "")).engines_folder
    return rounds_of(tmp_path, engines, seed, "jobs")


@pytest.mark.slow
def test_spark_jobs_that_are_killed_skip_nothing_and_name_what_may_be_there_twice(tmp_path):
    with spark_rounds(tmp_path, 2) as rounds:
        rounds.jobs.spark(HEAD + FILES)
        rounds.put_files()
        assert rounds.jobs.run(Arguments=ENABLED)["JobRunState"] == "SUCCEEDED"
        rounds.committed.append(rounds.bookmark()[0])
        rounds.usual_seconds = 4.0
        for _ in range(ROUNDS):
            rounds.round()
        rounds.finish()
        check_files(rounds)
        assert len(rounds.named) >= ROUNDS // 4


@pytest.mark.slow
def test_iceberg_tables_of_jobs_that_are_killed_hold_what_undisturbed_ones_do(tmp_path):
    if not spark_environment().has("iceberg"):
        pytest.skip("no Iceberg here: lakebed engine add spark-3.5 --with iceberg")
    with spark_rounds(tmp_path, 3) as rounds:
        athena = Athena(rounds.lakebed, is_new=False)
        athena.glue.create_database(DatabaseInput={"Name": "db"})
        for name in ("merged", "replaced"):
            athena.ok(
                f"CREATE TABLE db.{name} (file string, id bigint) PARTITIONED BY (file) "
                f"LOCATION 's3://lake/{name}/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
            )
        rounds.jobs.spark(HEAD + MERGE, DefaultArguments=ICEBERG)
        rounds.usual_seconds = 9.0
        for _ in range(ROUNDS // 3):
            rounds.round()
        rounds.finish()
        athena = Athena(rounds.lakebed, is_new=False)
        wanted = sorted([name, str(number)] for name, number in rounds.rows)
        for name in ("merged", "replaced"):
            assert sorted(athena.rows(f"SELECT file, id FROM db.{name}")) == wanted
