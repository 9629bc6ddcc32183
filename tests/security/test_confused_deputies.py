"""A session that may read one prefix asks engines, roles and other people's things to read more.

Whatever reads or writes on behalf of somebody asks with that somebody's permissions.
https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
"""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pandas as pd
import pytest
from botocore.exceptions import ClientError

from lakebed.testing import server
from tests.engines.sql.iceberg_tables import Athena

ACCOUNT = "000000000000"
CATALOG = f"arn:aws:glue:us-east-1:{ACCOUNT}"
SECRET = "the secret"


def may(actions: list[str], resources: list[str], **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


READS = [
    may(["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::lake/open/*"]),
    may(["s3:GetObject"], ["arn:aws:s3:::lake/closed/ice/metadata/*"]),
    may(["s3:ListBucket"], ["arn:aws:s3:::lake"]),
    may(["s3:*"], ["arn:aws:s3:::own", "arn:aws:s3:::own/*"]),
    may(["athena:*"], ["*"]),
    may(["glue:*Table*", "glue:*Partition*", "glue:GetDatabase*"],
        [f"{CATALOG}:catalog", f"{CATALOG}:database/*", f"{CATALOG}:table/*"]),
]  # fmt: skip
PARQUET = "ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'"
SYMLINK = (
    f"{PARQUET} STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat' "
    "OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'"
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """A strict server whose owner keeps `closed/`, as files and as tables."""
    with server("--mode", "strict") as running:
        owner = Athena(running)
        owner.s3.create_bucket(Bucket="own")
        path = tmp_path_factory.mktemp("frames") / "a.parquet"
        pd.DataFrame({"id": [1], "of": [SECRET]}).to_parquet(path)
        owner.s3.put_object(Bucket="lake", Key="closed/t/a.parquet", Body=path.read_bytes())
        closed = "closed (id bigint, of string) STORED AS PARQUET LOCATION 's3://lake/closed/t/'"
        owner.ok(f"CREATE EXTERNAL TABLE {closed}")
        owner.ok("CREATE VIEW seen AS SELECT * FROM closed")
        owner.ok(
            "CREATE TABLE ice (id bigint, of string) LOCATION 's3://lake/closed/ice/' "
            "TBLPROPERTIES ('table_type' = 'ICEBERG')"
        )
        owner.ok(f"INSERT INTO ice VALUES (1, '{SECRET}')")
        yield running


@pytest.fixture(scope="module")
def keys(lake):
    """The session's keys."""
    iam = lake.client("iam")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    made = iam.create_role(RoleName="analyst", AssumeRolePolicyDocument=json.dumps(document))
    document = {"Version": "2012-10-17", "Statement": READS}
    iam.put_role_policy(RoleName="analyst", PolicyName="p", PolicyDocument=json.dumps(document))
    ask = lake.client("sts").assume_role
    given = ask(RoleArn=made["Role"]["Arn"], RoleSessionName="ann")["Credentials"]
    return {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }


@pytest.fixture(scope="module")
def analyst(lake, keys):
    return Analyst(lake, keys)


class Analyst:
    """Who tries: a client of each service, and statements."""

    def __init__(self, lake: Any, keys: dict[str, str]) -> None:
        self.s3 = lake.client("s3", **keys)
        self.glue = lake.client("glue", **keys)
        self.athena = lake.client("athena", **keys)

    def run(self, text: str, output: str = "s3://own/results/") -> tuple[str, str]:
        """Run a statement; return its state, and why or what it answered."""
        started = self.athena.start_query_execution(
            QueryString=text,
            QueryExecutionContext={"Database": "db"},
            ResultConfiguration={"OutputLocation": output},
        )["QueryExecutionId"]
        while True:
            query = self.athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
            if query["Status"]["State"] not in ("QUEUED", "RUNNING"):
                break
            time.sleep(0.01)
        if query["Status"]["State"] == "SUCCEEDED":
            return "SUCCEEDED", str(self.athena.get_query_results(QueryExecutionId=started))
        return query["Status"]["State"], query["Status"]["StateChangeReason"]


def code_of(call: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call()
    return refused.value.response["Error"]["Code"]


def denied(answer: tuple[str, str], action: str) -> bool:
    wanted = rf"PERMISSION_DENIED: User: \S+analyst/ann is not authorized to perform: {action} "
    return answer[0] == "FAILED" and re.match(wanted, answer[1]) is not None


@pytest.mark.parametrize(
    "where", ["s3://lake/closed/t/", "s3://lake/open/../closed/t/", "s3://lake//closed/t/"]
)
def test_a_table_of_ones_own_over_other_files_reads_nothing(analyst, where):
    analyst.run("DROP TABLE IF EXISTS mine")
    analyst.run(
        f"CREATE EXTERNAL TABLE mine (id bigint, of string) STORED AS PARQUET LOCATION '{where}'"
    )
    state, said = analyst.run("SELECT * FROM mine")
    assert SECRET not in said
    assert denied((state, said), "s3:GetObject") or (where != "s3://lake/closed/t/")


@pytest.mark.parametrize("name", ["closed", "seen", "ice"])
def test_tables_and_views_of_others_are_read_as_whoever_asks(analyst, name):
    assert denied(analyst.run(f"SELECT * FROM {name}"), "s3:GetObject")


def test_a_manifest_of_links_leads_nowhere(lake, analyst):
    analyst.s3.put_object(Bucket="lake", Key="open/links/m", Body=b"s3://lake/closed/t/a.parquet\n")
    analyst.run(
        f"CREATE EXTERNAL TABLE links (id bigint, of string) {SYMLINK} LOCATION 's3://lake/open/links/'"
    )
    assert denied(analyst.run("SELECT * FROM links"), "s3:GetObject")


def test_metadata_of_ones_own_that_names_other_files_reads_nothing(lake, analyst):
    table = lake.client("glue").get_table(DatabaseName="db", Name="ice")["Table"]
    metadata = table["Parameters"]["metadata_location"].partition("s3://lake/")[2]
    body = lake.client("s3").get_object(Bucket="lake", Key=metadata)["Body"].read()
    analyst.s3.put_object(Bucket="lake", Key="open/copy/v1.metadata.json", Body=body)
    parameters = {
        "table_type": "ICEBERG",
        "metadata_location": "s3://lake/open/copy/v1.metadata.json",
    }
    made = {
        "Name": "copy", "TableType": "EXTERNAL_TABLE", "Parameters": parameters,
        "StorageDescriptor": table["StorageDescriptor"],
    }  # fmt: skip
    analyst.glue.create_table(DatabaseName="db", TableInput=made)
    assert denied(analyst.run("SELECT * FROM copy"), "s3:GetObject")


def test_a_log_of_ones_own_that_names_other_files_reads_nothing(analyst):
    fields = [{"name": "id", "type": "long", "nullable": True, "metadata": {}},
              {"name": "of", "type": "string", "nullable": True, "metadata": {}}]  # fmt: skip
    schema = json.dumps({"type": "struct", "fields": fields})
    lines = [
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {"metaData": {"id": "1", "format": {"provider": "parquet", "options": {}},
                      "schemaString": schema, "partitionColumns": [], "configuration": {}}},
        {"add": {"path": "s3://lake/closed/t/a.parquet", "partitionValues": {}, "size": 1,
                 "modificationTime": 1, "dataChange": True}},
    ]  # fmt: skip
    log = "\n".join(map(json.dumps, lines)).encode()
    key = "open/delta/_delta_log/00000000000000000000.json"
    analyst.s3.put_object(Bucket="lake", Key=key, Body=log)
    analyst.run(
        "CREATE EXTERNAL TABLE delta LOCATION 's3://lake/open/delta/' "
        "TBLPROPERTIES ('table_type' = 'DELTA')"
    )
    assert denied(analyst.run("SELECT * FROM delta"), "s3:GetObject")


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE made WITH (external_location = 's3://lake/closed/made/') AS SELECT 1 AS a",
        "UNLOAD (SELECT 1 AS a) TO 's3://lake/closed/unloaded/' WITH (format = 'PARQUET')",
        "INSERT INTO closed VALUES (2, 'mine')",
        "INSERT INTO ice VALUES (2, 'mine')",
        "DELETE FROM ice",
    ],
)
def test_nothing_is_written_where_one_may_not(lake, analyst, text):
    owner = lake.client("s3")

    def held() -> list[str]:
        listed = owner.list_objects_v2(Bucket="lake", Prefix="closed/")["Contents"]
        return [one["Key"] for one in listed]

    before = held()
    state, said = analyst.run(text)
    assert (state, "is not authorized to perform: s3:" in said) == ("FAILED", True)
    assert held() == before


def test_results_are_kept_and_read_only_where_one_may(lake, analyst):
    state, said = analyst.run("SELECT 1", output="s3://lake/closed/results/")
    assert (state, "s3:PutObject" in said) == ("FAILED", True)
    owners = Athena(lake, is_new=False).ok("SELECT of FROM closed")["QueryExecutionId"]
    assert code_of(lambda: analyst.athena.get_query_results(QueryExecutionId=owners)) in (
        "AccessDeniedException", "InvalidRequestException",
    )  # fmt: skip


def test_a_copy_needs_its_source(analyst):
    for source in (
        "lake/closed/t/a.parquet",
        "/lake/closed%2Ft%2Fa.parquet",
        "lake/open/../closed/t/a.parquet",
    ):
        copy = {"Bucket": "own", "Key": "copy", "CopySource": source}
        assert code_of(lambda copy=copy: analyst.s3.copy_object(**copy)) in (
            "AccessDenied",
            "NoSuchKey",
        )
