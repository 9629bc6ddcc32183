"""Glue jobs: how soon a script's first line runs, and a whole job beside plain `spark-submit`.

Needs the environment `spark-3.5` (`lakebed engine add spark-3.5`); without it the rows are left out
and that is said. DuckDB and Polars do the same work in the same run, for honesty.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import duckdb

from bench import servers
from bench.measure import Results, Sample
from lakebed.core.settings import Settings
from lakebed.engines.jobs.environments import Environment
from lakebed.testing import LakebedServer

OURS = "lakebed file"
ROLE = "arn:aws:iam::000000000000:role/bench"
STARTS = 5
SPARE_SECONDS_MAX = 120
ITEMS, ORDERS = 2_000_000, 500_000
FIRST_LINE = "import time; print(time.time())"
JOB = """
import sys, time
begun = time.time()
from pyspark.sql import SparkSession
base, out = sys.argv[sys.argv.index("--base") + 1], sys.argv[sys.argv.index("--out") + 1]
spark = SparkSession.builder.getOrCreate()
items = spark.read.csv(base + "items", schema="id bigint, n int, price double, day date")
orders = spark.read.csv(base + "orders", schema="id bigint, kind string")
joined = items.join(orders, "id").selectExpr("*", "year(day) AS year")
joined.write.mode("overwrite").partitionBy("year").parquet(out)
spark.read.parquet(out).groupBy("kind").sum("price").collect()
"""


def story(runs: Path, repeats: int, results: Results) -> None:
    """Measure starts and one whole job; `repeats` scales the rows."""
    environment = spark(results, "job_spare")
    if environment is None:
        return
    folder = runs / "jobs"
    shutil.rmtree(folder, ignore_errors=True)
    _write(folder, repeats / 40)
    server = servers.lakebed(runs, "file")
    try:
        jobs = Jobs(server)
        _starts(jobs, results)
        ours = _whole(jobs, server, folder)
    finally:
        server.stop()
    plain = _submitted(environment, folder)
    results.add("job_whole", OURS, Sample(ours))
    results.add("job_submit", OURS, Sample(plain))
    results.add("job_ratio", OURS, Sample(ours / plain))
    results.add("job_duckdb", OURS, Sample(_timed(lambda: _duckdb(folder))))
    _polars(folder, results)


def spark(results: Results, name: str) -> Environment | None:
    """Return the environment that jobs run in; where it is not there, the results say so."""
    settings = Settings(engines_dir=os.environ.get("LAKEBED_ENGINES_DIR", ""))
    environment = Environment("spark-3.5", settings.engines_folder / "spark-3.5")
    if environment.is_complete:
        return environment
    results.fail(name, OURS, RuntimeError("run `lakebed engine add spark-3.5`"))
    return None


class Jobs:
    """Glue over a server."""

    def __init__(self, server: servers.Running | LakebedServer) -> None:
        import boto3

        keys: Any = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        made: Any = boto3.Session(region_name="us-east-1", **keys)
        clients = [made.client(name, endpoint_url=server.url) for name in ("glue", "s3", "logs")]
        self.glue, self.s3, self.logs = clients
        self.s3.create_bucket(Bucket="bench")

    def make(self, name: str, script: str, **arguments: str) -> None:
        """Make a job."""
        self.s3.put_object(Bucket="bench", Key=f"{name}.py", Body=script.encode())
        command = {"Name": "glueetl", "ScriptLocation": f"s3://bench/{name}.py"}
        given = {f"--{key}": value for key, value in arguments.items()}
        self.glue.create_job(Name=name, Role=ROLE, Command=command, DefaultArguments=given)

    def run(self, name: str, **members: Any) -> str:
        """Run a job to its end; return the run's id."""
        run: str = self.glue.start_job_run(JobName=name, **members)["JobRunId"]
        while True:
            row = self.glue.get_job_run(JobName=name, RunId=run)["JobRun"]
            if row["JobRunState"] == "SUCCEEDED":
                return run
            if row["JobRunState"] not in ("STARTING", "RUNNING", "WAITING"):
                raise RuntimeError(row.get("ErrorMessage", row["JobRunState"]))
            time.sleep(0.02)

    def first_line(self, name: str, **members: Any) -> float:
        """Return how many seconds after StartJobRun a script's first line ran."""
        begun = time.time()
        run = self.run(name, **members)
        events = self.logs.get_log_events(
            logGroupName="/aws-glue/jobs/output", logStreamName=run, startFromHead=True
        )
        return float(events["events"][0]["message"]) - begun


def _starts(jobs: Jobs, results: Results) -> None:
    jobs.make("first", FIRST_LINE)
    memory: list[float] = []
    took: list[float] = []
    for _ in range(STARTS):
        memory.append(_spare_megabytes())
        took.append(jobs.first_line("first"))
    results.add("job_spare", OURS, Sample(max(took) * 1000))
    results.add("job_spare_p50", OURS, Sample(statistics.median(took) * 1000))
    results.add("job_spare_memory", OURS, Sample(statistics.median(memory)))
    # A heap of another size than the spare's: a driver of its own.
    cold = jobs.first_line("first", Arguments={"--conf": "spark.driver.memory=1g"})
    results.add("job_cold", OURS, Sample(cold))


def _spare_megabytes() -> float:
    """Wait until the spare has done its warming; return what it holds."""
    until = time.monotonic() + SPARE_SECONDS_MAX
    before = -1.0
    while time.monotonic() < until:
        time.sleep(2)
        used, held = _processes()
        if held and used == before:
            return held
        before = used
    raise RuntimeError("no spare came to rest")


def _processes() -> tuple[float, float]:
    """Return the CPU ticks and the megabytes of the drivers of this machine."""
    ticks = pages = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            command = (stat.parent / "cmdline").read_bytes()
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if b"programs/spark.py" in command or b"org.apache.spark.deploy.SparkSubmit" in command:
            ticks += float(fields[11]) + float(fields[12])
            pages += float(fields[21])
    return ticks // 5, pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def _whole(jobs: Jobs, server: servers.Running, folder: Path) -> float:
    """Run the job over the lake; return seconds from StartJobRun to SUCCEEDED."""
    for name in ("items", "orders"):
        for file in sorted((folder / name).iterdir()):
            jobs.s3.upload_file(str(file), "bench", f"{name}/{file.name}")
    jobs.make("whole", JOB, base="s3://bench/", out="s3://bench/out")
    _spare_megabytes()
    del server
    return _timed(lambda: jobs.run("whole"))


def _submitted(environment: Environment, folder: Path) -> float:
    """Run the same script by plain `spark-submit` over the same files."""
    script = folder / "job.py"
    script.write_text(JOB)
    command = [
        str(environment.python), str(environment.spark_home / "bin" / "spark-submit"),
        "--master", f"local[{os.cpu_count()}]", "--driver-memory", "6g",
        str(script), "--base", f"file://{folder}/", "--out", f"file://{folder}/plain",
    ]  # fmt: skip
    variables = {
        **os.environ,
        "JAVA_HOME": str(environment.java.parents[1]),
        "SPARK_HOME": str(environment.spark_home),
        "PYSPARK_PYTHON": str(environment.python),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }

    def submit() -> None:
        subprocess.run(command[1:], env=variables, check=True, capture_output=True)

    return _timed(submit)


def _timed(work: Any) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _write(folder: Path, scale: float) -> None:
    """Write the tables as CSV, in two files each."""
    connection = duckdb.connect()
    items, orders = int(ITEMS * scale) or 1000, int(ORDERS * scale) or 250
    for name, query in (
        ("items", f"SELECT x % {orders} AS id, x % 50 AS n, (x % 9973) / 7 AS price, "
                  "DATE '1992-01-01' + CAST(x % 2500 AS INTEGER) AS day FROM range({}, {}) t(x)"),
        ("orders", "SELECT x AS id, 'kind-' || x % 5 AS kind FROM range({}, {}) t(x)"),
    ):  # fmt: skip
        (folder / name).mkdir(parents=True)
        count = items if name == "items" else orders
        for part, (low, high) in enumerate(((0, count // 2), (count // 2, count))):
            file = folder / name / f"{part}.csv"
            text = query.format(low, high)
            connection.execute(f"COPY ({text}) TO '{file}' (FORMAT csv, HEADER false)")


def _duckdb(folder: Path) -> None:
    connection = duckdb.connect()
    items = (
        f"read_csv('{folder}/items/*.csv', header=false, columns={{'id': 'BIGINT', 'n': 'INT', "
        "'price': 'DOUBLE', 'day': 'DATE'})"
    )
    orders = (
        f"read_csv('{folder}/orders/*.csv', header=false, "
        "columns={'id': 'BIGINT', 'kind': 'VARCHAR'})"
    )
    connection.execute(
        f"COPY (SELECT *, year(day) AS year FROM {items} AS i JOIN {orders} AS o USING (id)) "
        f"TO '{folder}/duckdb' (FORMAT parquet, PARTITION_BY (year), OVERWRITE)"
    )
    connection.execute(
        f"SELECT kind, sum(price) FROM '{folder}/duckdb/*/*.parquet' GROUP BY kind"
    ).fetchall()


def _polars(folder: Path, results: Results) -> None:
    try:
        import polars as pl
    except ImportError as error:
        results.fail("job_polars", OURS, error)
        return
    library: Any = pl

    def work() -> None:
        items = library.read_csv(
            f"{folder}/items/*.csv", has_header=False, try_parse_dates=True,
            new_columns=["id", "n", "price", "day"],
        )  # fmt: skip
        orders = library.read_csv(
            f"{folder}/orders/*.csv", has_header=False, new_columns=["id", "kind"]
        )
        joined = items.join(orders, on="id").with_columns(year=library.col("day").dt.year())
        joined.write_parquet(f"{folder}/polars", partition_by="year")
        found = library.read_parquet(f"{folder}/polars/**/*.parquet")
        found.group_by("kind").agg(library.col("price").sum())

    results.add("job_polars", OURS, Sample(_timed(work)))
