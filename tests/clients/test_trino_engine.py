"""Stories on a real Trino, started by the server: the same API, the same answers.

`lakebed engine add trino` fetches it; LAKEBED_TRINO_HOME says where it is, if it is elsewhere.
"""

from __future__ import annotations

import time

import awswrangler as wr
import pandas as pd
import pytest

from lakebed import testing
from lakebed.core.settings import Settings
from lakebed.engines.sql.trino.child import ChildError, home, java
from tests.services.athena.athena_client import finish, rows, start

pytestmark = pytest.mark.slow

VALUES = (
    "SELECT 1 AS Foo, 1.50 AS d, 1e10 AS x, ARRAY[1, NULL] AS a, MAP(ARRAY['k'], ARRAY[true]) AS m,"
    " CAST(NULL AS varchar) AS n, X'AB01' AS b, DATE '2020-02-29' AS day, TIMESTAMP '2020-01-01 "
    "12:34:56' AS t, INTERVAL '2' DAY AS i"
)
ANSWER = ["1", "1.50", "1.0E10", "[1, null]", "{k=true}", None, "ab 01", "2020-02-29",
          "2020-01-01 12:34:56.000", "2 00:00:00.000"]  # fmt: skip


def is_there() -> bool:
    try:
        java()
    except ChildError:
        return False
    return (home(Settings().state_dir) / "lib").is_dir()


def ready(athena):
    """Wait until the first query is answered: Trino starts with it, and takes its time."""
    started = start(athena, "SELECT 1")
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        status = athena.get_query_execution(**started)["QueryExecution"]["Status"]
        if status["State"] not in ("QUEUED", "RUNNING"):
            assert status["State"] == "SUCCEEDED", status
            return
        time.sleep(0.2)
    raise AssertionError("Trino did not start")


@pytest.fixture(scope="module", params=["trino", "duckdb"])
def lake(request, tmp_path_factory):
    if request.param == "trino" and not is_there():
        pytest.skip("Trino is not here: LAKEBED_TRINO_HOME names no folder with its files")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAKEBED_SQL_ENGINE", request.param)
        with testing.server() as server:
            server.client("s3").create_bucket(Bucket="results")
            ready(server.client("athena"))
            yield server


@pytest.fixture(scope="module")
def athena(lake):
    return lake.client("athena")


def ask(athena, text):
    query = finish(athena, text)
    assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
    return rows(athena, query)


def test_values_look_the_same(athena):
    header, answer = ask(athena, VALUES)
    assert header == ["Foo", "d", "x", "a", "m", "n", "b", "day", "t", "i"]
    assert answer == ANSWER


def test_errors_are_the_same(athena):
    ended = finish(athena, "SELECT 1/0")["Status"]
    assert (ended["State"], ended["StateChangeReason"]) == (
        "FAILED", "DIVISION_BY_ZERO: Division by zero",
    )  # fmt: skip
    ended = finish(athena, "SELECT nope FROM (VALUES 1) t(x)")["Status"]["StateChangeReason"]
    assert ended == "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"


def test_tables_partitions_views_and_writing(lake, athena):
    s3 = lake.client("s3")
    s3.put_object(Bucket="results", Key="csv/d=1/a.csv", Body=b"1,x\n2,y\n")
    s3.put_object(Bucket="results", Key="csv/d=2/a.csv", Body=b"3,z\n")
    ask(athena, "CREATE DATABASE shop")
    ask(athena, "CREATE EXTERNAL TABLE shop.t (a int, b string) PARTITIONED BY (d int) ROW FORMAT "
                "DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://results/csv/'")  # fmt: skip
    ask(athena, "MSCK REPAIR TABLE shop.t")
    ask(athena, "CREATE VIEW shop.v AS SELECT d, count(*) AS n FROM shop.t GROUP BY d")
    assert ask(athena, "SELECT * FROM shop.v ORDER BY d")[1:] == [["1", "2"], ["2", "1"]]
    ask(athena, "CREATE TABLE shop.c WITH (format = 'PARQUET', partitioned_by = ARRAY['d'], "
                "external_location = 's3://results/c/') AS SELECT * FROM shop.t")  # fmt: skip
    ask(athena, "INSERT INTO shop.c VALUES (9, 'n', 3)")
    assert ask(athena, "SELECT a, b, d FROM shop.c WHERE d > 1 ORDER BY a")[1:] == [
        ["3", "z", "2"], ["9", "n", "3"],
    ]  # fmt: skip
    assert ask(athena, "SHOW PARTITIONS shop.c") == [["d=1"], ["d=2"], ["d=3"]]
    frame = wr.athena.read_sql_query("SELECT a, d FROM c", "shop", s3_output="s3://results/wr/")
    pd.testing.assert_frame_equal(
        frame.sort_values("a").reset_index(drop=True),
        pd.DataFrame({"a": [1, 2, 3, 9], "d": [1, 1, 2, 3]}, dtype="Int32"),
    )
