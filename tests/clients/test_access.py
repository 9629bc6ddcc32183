"""A second user may read one prefix, does exactly that, and the owner finds what was refused."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import awswrangler as wr
import boto3
import pandas as pd
import pytest
from botocore.exceptions import ClientError

from lakebed import testing
from tests.engines.sql.iceberg_tables import Athena
from tests.services.cloudtrail.trails import deliver

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cloudtrail.md"
ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/analyst"
CATALOG = f"arn:aws:glue:us-east-1:{ACCOUNT}"


def may(actions: list[str], resources: list[str], **more) -> dict:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


READS = [
    may(["s3:GetObject"], ["arn:aws:s3:::lake/open/*"]),
    may(["s3:ListBucket"], ["arn:aws:s3:::lake"],
        Condition={"StringLike": {"s3:prefix": ["open/*", "open"]}}),
    may(["s3:*"], ["arn:aws:s3:::results", "arn:aws:s3:::results/analyst/*"]),
    may(["athena:*"], ["*"]),
    may(["glue:GetDatabase*", "glue:GetTable*", "glue:GetPartition*"],
        [f"{CATALOG}:catalog", f"{CATALOG}:database/db", f"{CATALOG}:database/default",
         f"{CATALOG}:table/db/*"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = testing.start(tmp_path_factory.mktemp("strict") / "data", "--mode", "strict")
    owner = Athena(running)
    for bucket in ("results", "trail"):
        owner.s3.create_bucket(Bucket=bucket)
    for name in ("open", "closed"):
        frame = pd.DataFrame({"id": [1, 2], "of": [name, name]})
        path = running.data_dir / f"{name}.parquet"
        frame.to_parquet(path)
        owner.s3.put_object(Bucket="lake", Key=f"{name}/a.parquet", Body=path.read_bytes())
        owner.ok(
            f"CREATE EXTERNAL TABLE {name} (id bigint, of string) STORED AS PARQUET "
            f"LOCATION 's3://lake/{name}/'"
        )
    trail = running.client("cloudtrail")
    trail.create_trail(Name="audit", S3BucketName="trail")
    trail.start_logging(Name="audit")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def analyst(server):
    """Return a session of the role: a user may assume it, and nothing else."""
    iam = server.client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    document = {"Version": "2012-10-17", "Statement": [may(["sts:AssumeRole"], [ROLE])]}
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=json.dumps(document))
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/ann"}}  # fmt: skip
    iam.create_role(
        RoleName="analyst",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    document = {"Version": "2012-10-17", "Statement": READS}
    iam.put_role_policy(RoleName="analyst", PolicyName="p", PolicyDocument=json.dumps(document))
    sts = server.client(
        "sts",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    given = sts.assume_role(RoleArn=ROLE, RoleSessionName="ann")["Credentials"]
    return boto3.Session(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], "us-east-1"
    )


def refused(call) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call()
    said = error.value.response["Error"]
    return said["Code"], said["Message"]


def test_boto3_reads_the_prefix_and_nothing_else(server, analyst):
    s3 = analyst.client("s3", endpoint_url=server.url)
    assert s3.get_object(Bucket="lake", Key="open/a.parquet")["Body"].read()[:4] == b"PAR1"
    assert s3.list_objects_v2(Bucket="lake", Prefix="open/")["KeyCount"] == 1
    session = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/analyst/ann is not authorized to perform:"
    assert refused(lambda: s3.get_object(Bucket="lake", Key="closed/a.parquet")) == (
        "AccessDenied",
        f'{session} s3:GetObject on resource: "arn:aws:s3:::lake/closed/a.parquet" because no '
        "identity-based policy allows the s3:GetObject action",
    )
    for call in (
        lambda: s3.list_objects_v2(Bucket="lake", Prefix="closed/"),
        lambda: s3.list_objects_v2(Bucket="lake"),
        lambda: s3.put_object(Bucket="lake", Key="open/b", Body=b"x"),
        lambda: s3.delete_object(Bucket="lake", Key="open/a.parquet"),
        lambda: analyst.client("iam", endpoint_url=server.url).list_users(),
    ):
        assert refused(call)[0] == "AccessDenied"


def test_athena_answers_from_the_prefix_and_nothing_else(server, analyst, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    frame = wr.athena.read_sql_query(
        "SELECT id, of FROM open ORDER BY id", "db", boto3_session=analyst,
        ctas_approach=False, s3_output="s3://results/analyst/",
    )  # fmt: skip
    assert frame.values.tolist() == [[1, "open"], [2, "open"]]
    with pytest.raises(wr.exceptions.QueryFailed, match="PERMISSION_DENIED: User: "):
        wr.athena.read_sql_query(
            "SELECT id FROM closed", "db", boto3_session=analyst, ctas_approach=False,
            s3_output="s3://results/analyst/",
        )  # fmt: skip


def test_the_owner_finds_what_was_refused_by_sql(server, analyst):
    glue = analyst.client("glue", endpoint_url=server.url)
    assert refused(lambda: glue.delete_table(DatabaseName="db", Name="open"))[0] == (
        "AccessDeniedException"
    )
    owner = Athena(server, is_new=False)
    [block] = re.findall(r"```sql\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    create, select, _ = block.split(";")
    owner.ok(create)
    until, rows = time.monotonic() + 10, []
    while not any("DeleteTable" in row for row in rows) and time.monotonic() < until:
        deliver(server)
        rows = owner.rows(select)
    [found] = [row for row in rows if row[2] == "DeleteTable"]
    assert found[1:4] == [
        f"arn:aws:sts::{ACCOUNT}:assumed-role/analyst/ann", "DeleteTable", "AccessDeniedException",
    ]  # fmt: skip
