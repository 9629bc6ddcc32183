"""What a server grants its queries: memory for so many at a time, and bytes a day for each user."""

from __future__ import annotations

import time

import pytest

from lakebed import testing
from lakebed.cli.engines import StartError, open_engines
from lakebed.core.settings import Settings
from tests.services.glue.test_databases import error_of

LONG = (
    "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x), "
    "UNNEST(sequence(1, 10000)) b(y), UNNEST(sequence(1, 100)) c(z) WHERE x * y % 7 = 3"
)
ROWS = "SELECT count(*) FROM shop.orders"
# Of a larger file DuckDB now and then reads the second of its blocks of 32 MB twice, and counts it.
SIZE = 30_000_000
ROW = b"1," + b"9" * 97 + b"\n"
MIB = 1 << 20


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A server with room for one query at a time, whose users may scan 45 MB a day."""
    folder = tmp_path_factory.mktemp("limits")
    (folder / "data").mkdir()
    (folder / "data" / "lakebed.toml").write_text(
        f"scan_bytes_per_day = {SIZE * 3 // 2}\n"
        f"[sql]\nmemory_bytes = {256 * MIB}\nmemory_total_bytes = {300 * MIB}\n"
    )
    running = testing.start(folder / "data", log=folder / "log")
    running.client("s3").create_bucket(Bucket="lake")
    running.client("s3").put_object(
        Bucket="lake", Key="orders/a.csv", Body=ROW * (SIZE // len(ROW))
    )
    glue = running.client("glue")
    glue.create_database(DatabaseInput={"Name": "shop"})
    storage = {
        "Columns": [{"Name": "id", "Type": "int"}, {"Name": "n", "Type": "string"}],
        "Location": "s3://lake/orders/",
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "SerdeInfo": {
            "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
            "Parameters": {"field.delim": ","},
        },
    }
    table = {"Name": "orders", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
    glue.create_table(DatabaseName="shop", TableInput=table)
    yield running
    running.stop()


@pytest.fixture
def user(served):
    """Athena's client as a user of a name."""

    def make(name):
        iam = served.client("iam")
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return served.client(
            "athena", aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )  # fmt: skip

    return make


def start(athena, text):
    output = {"OutputLocation": "s3://lake/results/"}
    answer = athena.start_query_execution(QueryString=text, ResultConfiguration=output)
    return answer["QueryExecutionId"]


def state(athena, id):
    return athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]["Status"]["State"]


def ended(athena, text):
    """Run a query to its end and return it."""
    id = start(athena, text)
    while state(athena, id) in ("QUEUED", "RUNNING"):
        time.sleep(0.05)
    return athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]


def test_a_query_waits_until_there_is_memory_for_it(served):
    athena = served.client("athena")
    first = start(athena, LONG)
    while state(athena, first) == "QUEUED":
        time.sleep(0.05)
    second = start(athena, "SELECT 1")
    time.sleep(0.5)
    assert (state(athena, first), state(athena, second)) == ("RUNNING", "QUEUED")
    athena.stop_query_execution(QueryExecutionId=first)
    while state(athena, second) in ("QUEUED", "RUNNING"):
        time.sleep(0.05)
    assert state(athena, second) == "SUCCEEDED"


def test_a_user_scans_so_much_a_day(served, user):
    ann = user("ann")
    first = ended(ann, ROWS)
    assert first["Status"]["State"] == "SUCCEEDED"
    assert first["Statistics"]["DataScannedInBytes"] == SIZE
    # Half as much is left of the day as the table has.
    second = ended(ann, ROWS)
    assert second["Status"]["State"] == "CANCELLED"
    assert "Bytes scanned limit was exceeded" in second["Status"]["StateChangeReason"]
    code, sentence, status = error_of(lambda: start(ann, ROWS))
    assert (code, status) == ("InvalidRequestException", 400)
    assert sentence.startswith(
        "Bytes scanned limit was exceeded: the queries of arn:aws:iam::000000000000:user/ann "
        "have scanned "
    )
    assert ended(user("bob"), ROWS)["Status"]["State"] == "SUCCEEDED"


def test_the_root_scans_as_much_as_it_likes(served):
    athena = served.client("athena")
    for _ in range(3):
        assert ended(athena, ROWS)["Status"]["State"] == "SUCCEEDED"


def test_sessions_of_a_role_share_what_it_may_scan(served):
    iam, sts = served.client("iam"), served.client("sts")
    trust = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, '
        '"Action": "sts:AssumeRole"}]}'
    )
    arn = iam.create_role(RoleName="reads", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    for name in ("one", "two", "three"):
        keys = sts.assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"]
        athena = served.client(
            "athena", aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"],
        )  # fmt: skip
        if name == "three":
            assert (
                error_of(lambda athena=athena: start(athena, ROWS))[0] == "InvalidRequestException"
            )
        else:
            ended(athena, ROWS)


def test_one_query_has_to_fit(tmp_path):
    settings = Settings(data_dir=tmp_path, sql_memory_bytes=2, sql_memory_total_bytes=1)
    with pytest.raises(StartError, match="one query would not fit"):
        open_engines(settings)
