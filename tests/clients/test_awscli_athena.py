"""The AWS CLI over the catalog and Athena: a table from JSON to an answer, and its errors."""

from __future__ import annotations

import json
import subprocess
import time

import pytest

from tests.clients.clients import client, environment, run

pytestmark = pytest.mark.slow


def test_a_table_is_described_and_queried_by_the_cli(lakebed, tmp_path):
    def aws(*words):
        text = run(lakebed, client("aws"), *words, "--output", "json", folder=tmp_path)
        return json.loads(text) if text else None

    (tmp_path / "people.csv").write_text("1,Ann\n2,Bob\n")
    run(lakebed, client("aws"), "s3", "mb", "s3://cli", folder=tmp_path)
    run(lakebed, client("aws"), "s3", "cp", "people.csv", "s3://cli/people/", folder=tmp_path)
    aws("glue", "create-database", "--database-input", '{"Name": "cli"}')
    table = {
        "Name": "people",
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {
            "Columns": [{"Name": "id", "Type": "int"}, {"Name": "name", "Type": "string"}],
            "Location": "s3://cli/people/",
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
                "Parameters": {"field.delim": ","},
            },
        },
    }
    aws("glue", "create-table", "--database-name", "cli", "--table-input", json.dumps(table))
    names = aws("glue", "get-tables", "--database-name", "cli", "--query", "TableList[].Name")
    assert names == ["people"]
    started = aws(
        "athena", "start-query-execution", "--query-string", "SELECT * FROM people ORDER BY id",
        "--query-execution-context", "Database=cli",
        "--result-configuration", "OutputLocation=s3://cli/results/",
    )  # fmt: skip
    name = ("--query-execution-id", started["QueryExecutionId"])
    until = time.monotonic() + 30
    state = ("athena", "get-query-execution", *name, "--query", "QueryExecution.Status.State")
    while aws(*state) not in ("SUCCEEDED", "FAILED") and time.monotonic() < until:
        time.sleep(0.1)
    values = "ResultSet.Rows[].Data[].VarCharValue"
    rows = aws("athena", "get-query-results", *name, "--query", values)
    assert rows == ["id", "name", "1", "Ann", "2", "Bob"]
    text = run(lakebed, client("aws"), "s3", "cp", f"s3://cli/results/{name[1]}.csv", "-",
               folder=tmp_path)  # fmt: skip
    assert text == '"id","name"\n"1","Ann"\n"2","Bob"\n'


def test_an_error_is_shown_as_aws_shows_it(lakebed, tmp_path):
    done = subprocess.run(
        [client("aws"), "glue", "get-table", "--database-name", "nope", "--name", "t"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env=environment(lakebed, tmp_path),
    )  # fmt: skip
    assert done.returncode in (254, 255)  # version 1 of the CLI says 255
    assert "(EntityNotFoundException) when calling the GetTable operation" in done.stderr
    assert "Database nope not found." in done.stderr
