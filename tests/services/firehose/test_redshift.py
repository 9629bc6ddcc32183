"""Redshift as a destination, by a PostgreSQL of ours: objects first, then their rows."""

from __future__ import annotations

import functools
import gzip
import json
import tempfile
from pathlib import Path

import pytest

from tests.clients.database_servers import PASSWORD, postgresql
from tests.services.firehose.delivering import ROLE, bucket, deliver, objects, put
from tests.services.firehose.test_delivery import processors
from tests.services.firehose.test_delivery_streams import described, refusal

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def database():
    with tempfile.TemporaryDirectory() as folder, postgresql(Path(folder)) as running:
        yield running


def ask(database, text):
    """Run a statement on the database and return its rows."""
    from pg8000 import native

    connection = native.Connection(
        "clerk", host="127.0.0.1", port=database.port, database="shop", password=PASSWORD
    )
    try:
        return connection.run(text)
    finally:
        connection.close()


@pytest.fixture
def flights(database):
    """An empty table, and the database's URL as AWS wants it written."""
    ask(database, "DROP TABLE IF EXISTS flights")
    columns = "id int, carrier varchar(4), at timestamp, more text"
    ask(database, f"CREATE TABLE flights ({columns})")
    return f"jdbc:redshift://lakebed.redshift.127.0.0.1:{database.port}/shop"


def members(lakebed, url, options="json 'auto'", **more):
    s3 = {**bucket(lakebed), **more.pop("s3", {})}
    return {
        "RoleARN": ROLE, "ClusterJDBCURL": url, "Username": "clerk", "Password": PASSWORD,
        "CopyCommand": {"DataTableName": "flights", "CopyOptions": options},
        "S3Configuration": s3, **more,
    }  # fmt: skip


def make(lakebed, url, options="json 'auto'", **more):
    firehose = lakebed.client("firehose")
    firehose.create_delivery_stream(
        DeliveryStreamName="flights",
        RedshiftDestinationConfiguration=members(lakebed, url, options, **more),
    )
    return firehose


ROWS = "SELECT id, carrier, to_char(at, 'YYYY-MM-DD HH24:MI:SS'), more FROM flights ORDER BY id"


def test_records_of_json_become_rows_by_the_names_of_columns(lakebed, database, flights):
    firehose = make(lakebed, flights)
    put(firehose, b'{"id":1,"carrier":"UA","at":"2026-01-02 03:04:05","more":{"a":[1.50,"x"]}}')
    put(firehose, b'{"id":2,"other":1}{"id":3,"more":"tab\\tand\\\\slash"}')
    assert deliver(lakebed) == {"flights": 2}
    assert ask(database, ROWS) == [
        [1, "UA", "2026-01-02 03:04:05", '{"a":[1.50,"x"]}'],
        [2, None, None, None],
        [3, None, None, "tab\tand\\slash"],
    ]
    ((key, data),) = objects(lakebed).items()
    assert key.split("/")[-1].startswith("flights-1-")
    assert data.startswith(b'{"id":1,')


def test_records_between_delimiters_become_rows(lakebed, database, flights):
    firehose = make(
        lakebed, flights, "delimiter '\\t' gzip timeformat 'epochsecs' truncatecolumns emptyasnull",
        s3={"CompressionFormat": "GZIP", "Prefix": "raw/"},
        ProcessingConfiguration=processors(AppendDelimiterToRecord={}),
    )  # fmt: skip
    put(firehose, b"1\tUNITED\t1700000000\tx", b"2\tAA\t\t")
    assert deliver(lakebed) == {"flights": 2}
    assert ask(database, ROWS) == [[1, "UNIT", "2023-11-14 22:13:20", "x"], [2, "AA", None, None]]
    ((key, data),) = objects(lakebed).items()
    assert key.startswith("raw/")
    assert gzip.decompress(data) == b"1\tUNITED\t1700000000\tx\n2\tAA\t\t\n"


def test_rows_of_csv_go_to_the_columns_that_are_named(lakebed, database, flights):
    command = {
        "DataTableName": "public.flights", "DataTableColumns": "more, ID", "CopyOptions": "csv",
    }  # fmt: skip
    firehose = make(lakebed, flights, CopyCommand=command)
    put(firehose, b'"a ""quoted"" one, with\na line",7\n')
    assert deliver(lakebed) == {"flights": 1}
    assert ask(database, ROWS) == [[7, None, None, 'a "quoted" one, with\na line']]


def test_a_load_is_tried_again_and_its_object_put_once(lakebed, database, flights):
    firehose = make(lakebed, flights)
    ask(database, "ALTER TABLE flights RENAME TO away")
    put(firehose, b'{"id":1}')
    assert deliver(lakebed, after=400) == {"flights": 0}
    put(firehose, b'{"id":2}')
    ask(database, "ALTER TABLE away RENAME TO flights")
    assert deliver(lakebed, after=402) == {"flights": 2}
    assert [row[0] for row in ask(database, ROWS)] == [1, 2]
    assert sorted(objects(lakebed).values()) == [b'{"id":1}', b'{"id":2}']


def test_what_cannot_be_loaded_is_said_and_named_by_a_manifest(lakebed, database, flights):
    logs = lakebed.client("logs")
    names = {"logGroupName": "/firehose", "logStreamName": "errors"}
    logs.create_log_group(logGroupName="/firehose")
    logs.create_log_stream(**names)
    options = {"Enabled": True, "LogGroupName": "/firehose", "LogStreamName": "errors"}
    firehose = make(
        lakebed, flights, RetryOptions={"DurationInSeconds": 60}, s3={"Prefix": "raw/"},
        CloudWatchLoggingOptions=options,
    )  # fmt: skip
    put(firehose, b'{"id":1}', b'{"id":"late"}')
    assert deliver(lakebed, after=400) == {"flights": 0}
    assert deliver(lakebed, after=470) == {"flights": 2}
    assert ask(database, ROWS) == []
    found = objects(lakebed)
    (manifest,) = [key for key in found if key.startswith("raw/errors/manifests/")]
    (key,) = found.keys() - {manifest}
    assert json.loads(found[manifest]) == {
        "entries": [{"url": f"s3://lake/{key}", "mandatory": True}]
    }
    events = [json.loads(one["message"]) for one in logs.get_log_events(**names)["events"]]
    assert [one["errorCode"] for one in events] == ["Redshift.DataLoadFailed"] * 2
    assert events[0]["destination"] == flights
    assert events[0]["message"] == 'invalid input syntax for type integer: "late"'


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Password": "wrong password"}, "Redshift.AuthenticationFailed"),
        ({"CopyCommand": {"DataTableName": "none"}}, "Redshift.TableNotFound"),
        (
            {"CopyCommand": {"DataTableName": "flights", "DataTableColumns": "none"}},
            "Redshift.ColumnNotFound",
        ),
    ],
)
def test_why_a_load_fails_has_redshifts_name(lakebed, flights, change, code):
    logs = lakebed.client("logs")
    names = {"logGroupName": "/firehose", "logStreamName": "errors"}
    logs.create_log_group(logGroupName="/firehose")
    logs.create_log_stream(**names)
    options = {"Enabled": True, "LogGroupName": "/firehose", "LogStreamName": "errors"}
    firehose = make(
        lakebed, flights, RetryOptions={"DurationInSeconds": 0}, CloudWatchLoggingOptions=options,
        **change,
    )  # fmt: skip
    put(firehose, b"1|UA||")
    assert deliver(lakebed) == {"flights": 1}
    (event,) = logs.get_log_events(**names)["events"]
    assert json.loads(event["message"])["errorCode"] == code


def test_who_logs_in_can_be_a_secret_and_records_are_backed_up(lakebed, database, flights):
    secrets = lakebed.client("secretsmanager")
    text = json.dumps({"username": "clerk", "password": PASSWORD})
    arn = secrets.create_secret(Name="key", SecretString=text)["ARN"]
    firehose = make(
        lakebed, flights, Username="nobody", S3BackupMode="Enabled",
        S3BackupConfiguration=bucket(lakebed, "backup"),
        SecretsManagerConfiguration={"Enabled": True, "SecretARN": arn},
    )  # fmt: skip
    put(firehose, b'{"id":1}')
    assert deliver(lakebed) == {"flights": 1}
    assert [row[0] for row in ask(database, ROWS)] == [1]
    assert list(objects(lakebed, "backup").values()) == [b'{"id":1}']


def test_a_cluster_is_described_without_its_password(lakebed, flights):
    firehose = make(lakebed, flights)
    (destination,) = described(firehose)["Destinations"]
    found = destination["RedshiftDestinationDescription"]
    assert found.pop("S3DestinationDescription")["BucketARN"] == "arn:aws:s3:::lake"
    assert found == {
        "RoleARN": ROLE,
        "ClusterJDBCURL": flights,
        "Username": "clerk",
        "CopyCommand": {"DataTableName": "flights", "CopyOptions": "json 'auto'"},
        "RetryOptions": {"DurationInSeconds": 3600},
        "CloudWatchLoggingOptions": {"Enabled": False},
        "S3BackupMode": "Disabled",
    }
    for name in ("store.sqlite", "store.sqlite-wal"):
        assert PASSWORD.encode() not in (lakebed.data_dir / "state" / name).read_bytes()


def test_what_is_refused_of_a_cluster(lakebed, flights):
    aws = "jdbc:redshift://name.abc.us-east-1.redshift.amazonaws.com:5439/shop"
    cases = [
        (flights, {"options": "json 's3://lake/paths'"}, "LakebedNotBuilt", "JSON 's3://lake"),
        (flights, {"options": "lzop"}, "LakebedNotBuilt", "LZOP"),
        (aws, {}, "LakebedNotBuilt", "PostgreSQL"),
        (flights, {"s3": {"CompressionFormat": "ZIP"}}, "InvalidArgumentException", "GZIP"),
        (flights, {"S3BackupMode": "Enabled"}, "InvalidArgumentException", "S3BackupConf"),
    ]
    for url, more, code, sentence in cases:
        found, message = refusal(functools.partial(make, lakebed, url), **more)
        assert (found, sentence in message) == (code, True), message
