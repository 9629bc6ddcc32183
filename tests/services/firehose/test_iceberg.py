"""Iceberg tables as destinations: appended to, changed by keys, asked by Athena."""

from __future__ import annotations

import base64
import functools
import json
import threading

from tests.services.athena.athena_client import finish, rows
from tests.services.firehose.delivering import ROLE, bucket, deliver, objects, put
from tests.services.firehose.test_delivery import processors
from tests.services.firehose.test_delivery_streams import described, refusal

CATALOG = "arn:aws:glue:us-east-1:000000000000:catalog"
ROUTED = processors(
    MetadataExtraction={
        "MetadataExtractionQuery": (
            '{destinationDatabaseName: "lake", destinationTableName: (.table // "flights"), '
            'operation: (.op // "insert")}'
        ),
        "JsonParsingEngine": "JQ-1.6",
    }
)


def query(lakebed, text):
    """Run a statement of Athena's; return its rows without the header."""
    athena = lakebed.client("athena")
    ended = finish(athena, text)
    assert ended["Status"]["State"] == "SUCCEEDED", ended["Status"]
    return rows(athena, ended)[1:]


def table(lakebed, name="flights", columns="id bigint, carrier string, delay int", more=""):
    """Make an Iceberg table of a database that is made with it."""
    query(lakebed, "CREATE DATABASE IF NOT EXISTS lake")
    query(
        lakebed,
        f"CREATE TABLE lake.{name} ({columns}) {more} LOCATION 's3://lake/{name}/' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG')",
    )


def configured(name="flights", **members):
    return {"DestinationDatabaseName": "lake", "DestinationTableName": name, **members}


def prepare(lakebed):
    s3 = bucket(lakebed)
    lakebed.client("s3").create_bucket(Bucket="results")
    lakebed.client("s3").create_bucket(Bucket="errors")
    return {**s3, "BucketARN": "arn:aws:s3:::errors"}


def make(lakebed, s3, *tables, **members):
    """Make a stream into tables; return the client."""
    firehose = lakebed.client("firehose")
    firehose.create_delivery_stream(
        DeliveryStreamName="flights",
        IcebergDestinationConfiguration={
            "RoleARN": ROLE, "CatalogConfiguration": {"CatalogARN": CATALOG},
            "S3Configuration": s3, "DestinationTableConfigurationList": list(tables), **members,
        },
    )  # fmt: skip
    return firehose


def line(**members):
    return json.dumps(members).encode()


def failures(lakebed):
    """Return what lies with the errors: (folder, code, message, record)."""
    found = []
    for key, data in sorted(objects(lakebed, "errors").items()):
        for text in data.splitlines():
            said = json.loads(text)
            record = json.loads(base64.b64decode(said["rawData"]))
            found.append((key.split("/")[0], said["errorCode"], said["errorMessage"], record))
    return found


def test_records_are_appended_to_the_only_table(lakebed):
    s3 = prepare(lakebed)
    table(lakebed)
    firehose = make(lakebed, s3, configured())
    put(firehose, line(id=1, carrier="UA", delay=3), line(id=2, carrier="AA", delay=None, more=1))
    assert deliver(lakebed) == {"flights": 2}
    put(firehose, line(id=3, carrier="DL", delay=-1))
    assert deliver(lakebed, after=2000) == {"flights": 1}
    assert query(lakebed, "SELECT * FROM lake.flights ORDER BY id") == [
        ["1", "UA", "3"], ["2", "AA", None], ["3", "DL", "-1"],
    ]  # fmt: skip
    assert query(lakebed, 'SELECT count(*) FROM lake."flights$snapshots"') == [["2"]]
    assert failures(lakebed) == []


def test_what_does_not_fit_the_table_lies_with_the_errors(lakebed):
    s3 = prepare(lakebed)
    table(lakebed)
    firehose = make(lakebed, s3, configured(S3ErrorOutputPrefix="of-flights/"))
    fits, late = {"id": 1, "carrier": "UA", "delay": 3}, {"id": 2, "carrier": "AA", "delay": "x"}
    other = {"ID": 3, "carrier": "AA", "delay": 1}
    put(firehose, line(**fits), line(**late), line(**other), b"[1]")
    assert deliver(lakebed) == {"flights": 4}
    assert query(lakebed, "SELECT id FROM lake.flights") == [["1"]]
    message = "The column delay: 'x' is no value of the type int."
    assert failures(lakebed) == [
        ("of-flights", "Iceberg.SchemaTypeMismatch", message, late),
        ("of-flights", "Iceberg.MissingColumnWithinRecord", "The record has no column id.", other),
        ("of-flights", "Iceberg.InvalidRecord", "The record is not a single JSON object.", [1]),
    ]
    assert all(key.startswith("of-flights/iceberg-failed/") for key in objects(lakebed, "errors"))


def test_rows_are_changed_by_their_keys_in_the_order_of_the_records(lakebed):
    s3 = prepare(lakebed)
    table(lakebed)
    firehose = make(
        lakebed, s3, configured(UniqueKeys=["id"]), ProcessingConfiguration=ROUTED
    )  # fmt: skip
    whole = {"carrier": "UA", "delay": 0}
    put(firehose, *(line(id=at, **whole) for at in range(5)))
    assert deliver(lakebed) == {"flights": 5}
    put(
        firehose,
        line(id=0, carrier="AA", delay=1, op="update"),
        line(id=1, op="delete"),
        line(id=1, carrier="DL", delay=2, op="insert"),
        line(id=2, carrier="AA", delay=1, op="update"),
        line(id=2, op="delete"),
        line(id=7, carrier="WN", delay=7, op="update"),
        line(id=8, carrier="WN", delay=8),
        line(id=8, carrier="B6", delay=9, op="update"),
        line(carrier="B6", delay=9, op="update"),
        line(id=9, carrier="B6", delay=9, op="upsert"),
    )
    assert deliver(lakebed, after=2000) == {"flights": 10}
    assert query(lakebed, "SELECT * FROM lake.flights ORDER BY id") == [
        ["0", "AA", "1"], ["1", "DL", "2"], ["3", "UA", "0"], ["4", "UA", "0"],
        ["7", "WN", "7"], ["8", "B6", "9"],
    ]  # fmt: skip
    assert [code for _, code, _, _ in failures(lakebed)] == [
        "Iceberg.UniqueKeysNotFound", "Iceberg.InvalidRecord",
    ]  # fmt: skip


def test_records_are_routed_to_the_tables_they_name(lakebed):
    s3 = prepare(lakebed)
    table(lakebed)
    table(lakebed, "delays", "id bigint, at timestamp, price decimal(8,2), tags array<string>")
    firehose = make(lakebed, s3, ProcessingConfiguration=ROUTED)
    put(
        firehose,
        line(id=1, carrier="UA", delay=3),
        line(id=2, at=1_700_000_000_123_456, price=12.5, tags=["a", "b"], table="delays"),
        line(id=3, table="nowhere"),
    )
    assert deliver(lakebed) == {"flights": 3}
    assert query(lakebed, "SELECT id FROM lake.flights") == [["1"]]
    assert query(lakebed, "SELECT * FROM lake.delays") == [
        ["2", "2023-11-14 22:13:20.123456", "12.50", "[a, b]"]
    ]
    ((folder, code, _, record),) = failures(lakebed)
    assert (folder, code, record) == (
        "iceberg-failed", "Iceberg.GlueTableNotFound", {"id": 3, "table": "nowhere"},
    )  # fmt: skip


def test_a_partitioned_table_takes_more_partitions_than_a_statement_writes(lakebed):
    s3 = prepare(lakebed)
    table(lakebed, more="PARTITIONED BY (id)")
    firehose = make(lakebed, s3, configured())
    put(firehose, *(line(id=at, carrier="UA", delay=0) for at in range(150)))
    assert deliver(lakebed) == {"flights": 150}
    assert query(lakebed, "SELECT count(DISTINCT id), count(*) FROM lake.flights") == [
        ["150", "150"]
    ]


def test_a_table_that_takes_nothing_holds_up_no_other(lakebed):
    s3 = prepare(lakebed)
    table(lakebed)
    table(lakebed, "broken")
    firehose = make(lakebed, s3, ProcessingConfiguration=ROUTED)
    for key in objects(lakebed):
        if key.startswith("broken/metadata/"):
            lakebed.client("s3").delete_object(Bucket="lake", Key=key)
    whole = {"carrier": "UA", "delay": 0}
    put(firehose, line(id=1, **whole), line(id=2, table="broken", **whole))
    assert deliver(lakebed, after=400) == {"flights": 0}
    assert deliver(lakebed, after=402) == {"flights": 0}
    assert failures(lakebed) == []
    assert deliver(lakebed, after=900) == {"flights": 2}
    assert query(lakebed, "SELECT id FROM lake.flights") == [["1"]]
    ((folder, code, _, record),) = failures(lakebed)
    assert (folder, code, record["id"]) == ("iceberg-failed", "Iceberg.NoSuchKey", 2)


def test_a_commit_that_others_were_faster_than_is_done_again(lakebed):
    s3 = prepare(lakebed)
    table(lakebed)
    firehose = make(
        lakebed, s3, configured(UniqueKeys=["id"]), ProcessingConfiguration=ROUTED,
        RetryOptions={"DurationInSeconds": 7200},
    )  # fmt: skip
    put(firehose, *(line(id=at, carrier="UA", delay=0) for at in range(3)))
    assert deliver(lakebed) == {"flights": 3}
    inserting = threading.Thread(
        target=lambda: [
            query(lakebed, f"INSERT INTO lake.flights VALUES ({100 + at}, 'DL', 1)")
            for at in range(6)
        ]
    )
    inserting.start()
    for at in range(3):
        put(firehose, line(id=at, carrier="AA", delay=at, op="update"))
        for attempt in range(10):
            # A change that read rows while others added some is tried again, as any delivery.
            if deliver(lakebed, after=(at + 2) * 1000 + attempt * 400) == {"flights": 1}:
                break
    inserting.join()
    assert query(lakebed, "SELECT * FROM lake.flights WHERE id < 100 ORDER BY id") == [
        ["0", "AA", "0"], ["1", "AA", "1"], ["2", "AA", "2"],
    ]  # fmt: skip
    assert query(lakebed, "SELECT count(*) FROM lake.flights") == [["9"]]
    assert failures(lakebed) == []


def test_tables_are_described_and_changed(lakebed):
    s3 = prepare(lakebed)
    table(lakebed)
    firehose = make(lakebed, s3, configured())
    firehose.update_destination(
        DeliveryStreamName="flights", CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        IcebergDestinationUpdate={
            "DestinationTableConfigurationList": [configured(UniqueKeys=["id"])],
        },
    )  # fmt: skip
    (destination,) = described(firehose)["Destinations"]
    found = destination["IcebergDestinationDescription"]
    assert found.pop("S3DestinationDescription")["BucketARN"] == "arn:aws:s3:::errors"
    assert found == {
        "RoleARN": ROLE,
        "AppendOnly": False,
        "CatalogConfiguration": {"CatalogARN": CATALOG},
        "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
        "CloudWatchLoggingOptions": {"Enabled": False},
        "RetryOptions": {"DurationInSeconds": 300},
        "S3BackupMode": "FailedDataOnly",
        "DestinationTableConfigurationList": [configured(UniqueKeys=["id"])],
    }


def test_what_is_refused_of_tables(lakebed):
    s3 = prepare(lakebed)
    table(lakebed)
    role = f"Role {ROLE} is not authorized to perform: glue:GetTable for the given table or the"
    wanted = {
        "InvalidArgumentException": [
            ({}, [configured("none")], f"{role} table does not exist."),
            ({"S3BackupMode": "AllData"}, [configured()], "S3BackupMode must be FailedDataOnly"),
            ({}, [], "Exactly one table in DestinationTableConfigurationList is required"),
        ],
        "LakebedNotBuilt": [
            ({"SchemaEvolutionConfiguration": {"Enabled": True}}, [], "SchemaEvolutionConfig"),
            ({"TableCreationConfiguration": {"Enabled": True}}, [], "TableCreationConfiguration"),
            (
                {"CatalogConfiguration": {"CatalogARN": f"{CATALOG}/s3tablescatalog/b"}},
                [configured()],
                "s3tablescatalog",
            ),
        ],
    }
    for code, cases in wanted.items():
        for members, tables, sentence in cases:
            create = functools.partial(make, lakebed, s3, *tables)
            found, message = refusal(create, **members)
            assert (found, sentence in message) == (code, True), message
