"""`lakebed job preview`: nodes of a visual job, their rows and their SQL."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from tests.cli.commands import lakebed as command
from tests.services.athena.athena_client import finish
from tests.services.glue.visual_nodes import CSV, EQUAL, job_of

RESULTS = {"ResultConfiguration": {"OutputLocation": "s3://code/q/"}}
ROLE = "arn:aws:iam::000000000000:role/glue"
NODES = {
    "node-1": {"S3CsvSource": {**CSV, "Recurse": True}},
    "node-2": {"CatalogSource": {"Name": "People", "Database": "shop", "Table": "people"}},
    "node-3": {"Filter": {"Name": "Only a", "Inputs": ["node-1"], "LogicalOperator": "AND",
                          "Filters": [EQUAL]}},
    "node-4": {"Join": {"Name": "Both", "Inputs": ["node-3", "node-2"], "JoinType": "left",
                        "Columns": [{"From": "node-3", "Keys": [["kind"]]},
                                    {"From": "node-2", "Keys": [["id"]]}]}},
    "node-5": {"CustomCode": {"Name": "Code", "Inputs": ["node-4"], "ClassName": "C", "Code": ""}},
    "node-6": {"S3JsonSource": {"Name": "Lines", "Paths": ["s3://lake/lines"], "OutputSchemas": [
        {"Columns": [{"Name": "a", "Type": "bigint"}, {"Name": "b", "Type": "string"}]}]}},
    "node-8": {"S3DeltaSource": {"Name": "Delta", "Paths": ["s3://lake/delta/"]}},
    "node-9": {"CatalogIcebergSource": {"Name": "Ice", "Database": "shop", "Table": "ice"}},
    "node-10": {"Union": {"Name": "Open", "Inputs": ["node-8", "node-9"], "UnionType": "ALL"}},
    "node-7": {"S3ParquetSource": {"Name": "Parquet", "Paths": ["s3://lake/p/"]}},
}  # fmt: skip


@pytest.fixture
def job(lakebed):
    s3, glue = lakebed.client("s3"), lakebed.client("glue")
    for bucket in ("code", "lake"):
        s3.create_bucket(Bucket=bucket)
    for key, text in (
        ("orders/a.csv", 'kind,"what, it is"\na,"x, y"\nb,z\n'),
        ("people/a", "a\x01Ada\n"),
        ("lines/a.json", '{"a": 1, "b": "x"}\n{"a": 2}\n'),
    ):
        s3.put_object(Bucket="lake", Key=key, Body=text.encode())
    glue.create_database(DatabaseInput={"Name": "shop"})
    glue.create_table(
        DatabaseName="shop",
        TableInput={
            "Name": "people",
            "TableType": "EXTERNAL_TABLE",
            "StorageDescriptor": {
                "Columns": [{"Name": "id", "Type": "string"}, {"Name": "name", "Type": "string"}],
                "Location": "s3://lake/people/",
                "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
                "SerdeInfo": {
                    "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
                },
            },
        },
    )
    location = {"Name": "glueetl", "ScriptLocation": "s3://code/v.py"}
    glue.create_job(Name="v", Role=ROLE, Command=location, CodeGenConfigurationNodes=NODES)
    glue.create_job(Name="plain", Role=ROLE, Command=location)
    return lakebed


def run(lakebed, *arguments):
    done = command("job", lakebed.data_dir, "preview", *arguments)
    return done.returncode, done.stdout, done.stderr


def test_the_nodes_of_a_job_are_listed(job):
    status, out, _ = run(job, "v")
    assert status == 0
    assert out.splitlines()[:3] == [
        "node-1  S3CsvSource  Orders",
        "node-2  CatalogSource  People",
        "node-6  S3JsonSource  Lines",
    ]
    assert "node-4  Join  Both  <- node-3, node-2" in out


def test_files_and_tables_are_read_and_nothing_is_left_behind(job):
    status, out, err = run(job, "v", "Both", "--json", "-d", "shop")
    assert (status, err) == (0, "")
    assert json.loads(out) == [{"kind": "a", "what, it is": "x, y", "id": "a", "name": "Ada"}]
    tables = job.client("glue").get_tables(DatabaseName="shop")["TableList"]
    assert [one["Name"] for one in tables] == ["people"]


def test_files_of_json_have_the_columns_their_node_says(job):
    assert run(job, "v", "node-6", "--csv", "-d", "shop") == (0, "a,b\n1,x\n2,\n", "")


def test_tables_of_delta_lake_and_of_the_catalog_are_read_and_nothing_is_left_behind(job):
    rows = pa.table({"n": pa.array([1, 2], pa.int32())})
    write_deltalake("s3://lake/delta", rows, storage_options={"AWS_ENDPOINT_URL": job.url})
    athena = job.client("athena")
    finish(athena, "create table shop.ice (n int) location 's3://lake/ice/' "
           "tblproperties ('table_type' = 'ICEBERG')", **RESULTS)  # fmt: skip
    finish(athena, "insert into shop.ice values (3)", **RESULTS)
    assert run(job, "v", "Open", "--csv", "-d", "shop") == (0, "n\n1\n2\n3\n", "")
    tables = job.client("glue").get_tables(DatabaseName="shop")["TableList"]
    assert [one["Name"] for one in tables] == ["ice", "people"]


def test_the_query_is_shown_instead_of_run(job):
    assert run(job, "v", "People", "--sql", "--rows", "3") == (
        0,
        'SELECT * FROM (SELECT * FROM (SELECT * FROM "shop"."people") LIMIT 20000) LIMIT 3\n',
        "",
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("v", "Code"), "CustomCode of node node-5 has no equivalent in SQL"),
        (("plain", "x"), "plain is no visual job: it has no nodes"),
        (("none", "x"), "EntityNotFoundException: Job none not found."),
        (("v", "Parquet"),
         "the columns of node node-7 are not known: its OutputSchemas would say them"),
    ],
)  # fmt: skip
def test_what_has_no_preview_says_why(job, arguments, said):
    assert run(job, *arguments, "-d", "shop") == (1, "", f"lakebed job: {said}\n")


def test_files_that_are_not_there_are_said_to_be_missing(job):
    job.client("s3").delete_object(Bucket="lake", Key="orders/a.csv")
    said = "lakebed job: there is nothing below s3://lake/orders/: a preview reads folders of files"
    assert run(job, "v", "node-1", "-d", "shop") == (1, "", f"{said}\n")


def test_a_job_of_csv_without_a_header_wants_columns(job):
    nodes = job_of("S3CsvSource")
    nodes["node-1"]["S3CsvSource"] = {**CSV, "WithHeader": False}
    update = {"Role": ROLE, "CodeGenConfigurationNodes": nodes,
              "Command": {"Name": "glueetl", "ScriptLocation": "s3://code/v.py"}}  # fmt: skip
    job.client("glue").update_job(JobName="v", JobUpdate=update)
    status, _, err = run(job, "v", "node-1")
    assert (status, err) == (
        1, "lakebed job: the columns of node node-1 are not known: its OutputSchemas would say "
        "them\n",
    )  # fmt: skip
