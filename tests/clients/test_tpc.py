"""TPC-H's 22 and TPC-DS's 99 queries are answered as a real Trino answers them on the same lake."""

from __future__ import annotations

import csv
import json
import math
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lakebed import testing
from tests.clients import clients
from tests.clients.test_trino_engine import is_there, ready
from tests.services.athena.athena_client import finish

pytestmark = pytest.mark.slow

SCALE = "0.01"
HIVE = {"INTEGER": "int", "VARCHAR": "string", "TIME": "string"}
PARQUET = {
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    },
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
}


def made(name: str, folder: Path) -> dict:
    """Let the clients' environment make a benchmark's tables."""
    folder.mkdir()
    clients.client("aws")
    script = Path(__file__).with_name("tpc_tables.py")
    command = [str(clients.BIN / "python"), str(script), name, SCALE, str(folder)]
    subprocess.run(command, check=True, timeout=300)
    return json.loads((folder / "made.json").read_text())


@pytest.fixture(scope="module")
def benchmarks(tmp_path_factory):
    root = tmp_path_factory.mktemp("tpc")
    return root, {name: made(name, root / name) for name in ("tpch", "tpcds")}


def fill(server, root: Path, benchmarks: dict) -> None:
    """Put every table into the lake and the catalog."""
    s3, glue = server.client("s3"), server.client("glue")
    s3.create_bucket(Bucket="results")
    for name, one in benchmarks.items():
        glue.create_database(DatabaseInput={"Name": name})
        for table, columns in one["columns"].items():
            key = f"{name}/{table}/"
            body = (root / name / f"{table}.parquet").read_bytes()
            s3.put_object(Bucket="results", Key=f"{key}a.parquet", Body=body)
            listed = [{"Name": n, "Type": HIVE.get(kind, kind.lower())} for n, kind in columns]
            storage = {"Columns": listed, "Location": f"s3://results/{key}", **PARQUET}
            glue.create_table(
                DatabaseName=name,
                TableInput={"Name": table, "StorageDescriptor": storage,
                            "TableType": "EXTERNAL_TABLE"},
            )  # fmt: skip


def answers(engine: str, root: Path, benchmarks: dict) -> dict:
    """Return what an engine answers to every query: its error, or header, types and rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAKEBED_SQL_ENGINE", engine)
        with testing.server() as server:
            fill(server, root, benchmarks)
            athena, s3 = server.client("athena"), server.client("s3")
            ready(athena)

            def ask(name: str, text: str):
                context = {"Database": name}
                query = finish(athena, text, QueryExecutionContext=context)
                if query["Status"]["State"] != "SUCCEEDED":
                    return query["Status"]["StateChangeReason"].partition(":")[0]
                known = query["QueryExecutionId"]
                found = athena.get_query_results(QueryExecutionId=known, MaxResults=1)
                types = [
                    (one["Type"], one["Precision"], one["Scale"])
                    for one in found["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
                ]
                body = s3.get_object(Bucket="results", Key=f"q/{known}.csv")["Body"].read()
                header, *rows = csv.reader(body.decode().splitlines())
                return header, types, rows

            with ThreadPoolExecutor(2) as pool:
                asked = {
                    (name, number): pool.submit(ask, name, text.strip().removesuffix(";"))
                    for name, one in benchmarks.items()
                    for number, text in one["queries"].items()
                }
                return {known: future.result() for known, future in asked.items()}


def same(ours, theirs) -> bool:
    """Compare two answers: floating numbers may differ in their last places, rows in order."""
    if isinstance(ours, str) or isinstance(theirs, str):
        return ours == theirs
    if ours[:2] != theirs[:2] or len(ours[2]) != len(theirs[2]):
        return False
    rough = [at for at, kind in enumerate(ours[1]) if kind[0] in ("double", "float")]

    def key(row):
        return [value for at, value in enumerate(row) if at not in rough]

    def close(one: str, other: str) -> bool:
        return one == other or (
            bool(one and other) and math.isclose(float(one), float(other), rel_tol=1e-9)
        )

    pairs = zip(sorted(ours[2], key=key), sorted(theirs[2], key=key), strict=True)
    return all(
        key(one) == key(other) and all(close(one[at], other[at]) for at in rough)
        for one, other in pairs
    )


def test_every_query_is_answered_as_trino_does(benchmarks):
    if not is_there():
        pytest.skip("Trino is not here: LAKEBED_TRINO_HOME names no folder with its files")
    root, given = benchmarks
    ours, theirs = (answers(engine, root, given) for engine in ("duckdb", "trino"))
    assert len(theirs) == 22 + 99
    assert [known for known, answer in theirs.items() if isinstance(answer, str)] == []
    assert [known for known in theirs if not same(ours[known], theirs[known])] == []
