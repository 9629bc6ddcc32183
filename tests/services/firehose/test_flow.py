"""From a Kinesis stream through Firehose into a table that Athena asks; as a role that may."""

from __future__ import annotations

import json

import pytest

from lakebed.testing import server
from tests.services.athena.athena_client import finish, rows
from tests.services.firehose.delivering import ROLE, bucket, deliver, make, objects, put
from tests.services.firehose.test_delivery import PARTITIONED, table
from tests.services.firehose.test_kinesis_source import SOURCE, feed

PROJECTED = {
    "projection.enabled": "true",
    "projection.carrier.type": "enum",
    "projection.carrier.values": "AA,UA",
}


def test_athena_sees_what_a_stream_was_fed(lakebed):
    conversion = table(lakebed, ("flight", "int"), ("at", "timestamp"), ("tags", "array<string>"))
    glue = lakebed.client("glue")
    found = glue.get_table(DatabaseName="lake", Name="flights")["Table"]
    descriptor = found["StorageDescriptor"] | {
        "Location": "s3://lake/",
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "SerdeInfo": {
            "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
        },
    }
    glue.update_table(
        DatabaseName="lake",
        TableInput={
            "Name": "flights",
            "StorageDescriptor": descriptor,
            "PartitionKeys": [{"Name": "carrier", "Type": "string"}],
            "Parameters": PROJECTED,
        },
    )
    kinesis, firehose = lakebed.client("kinesis"), lakebed.client("firehose")
    kinesis.create_stream(StreamName="events", ShardCount=2)
    destination = {
        **bucket(lakebed),
        **PARTITIONED,
        "DataFormatConversionConfiguration": conversion,
    }
    firehose.create_delivery_stream(
        DeliveryStreamName="flights", ExtendedS3DestinationConfiguration=destination, **SOURCE
    )
    sent = [
        {"c": carrier, "flight": number, "at": "2026-01-02 03:04:05", "tags": ["a", carrier]}
        for number, carrier in enumerate(["UA", "AA", "UA"])
    ]
    feed(kinesis, *(json.dumps(one).encode() for one in sent))
    assert deliver(lakebed) == {"flights": 3}
    lakebed.client("s3").create_bucket(Bucket="results")
    athena = lakebed.client("athena")
    query = finish(athena, "SELECT * FROM lake.flights ORDER BY flight")
    assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
    assert rows(athena, query) == [
        ["flight", "at", "tags", "carrier"],
        ["0", "2026-01-02 03:04:05.000", "[a, UA]", "UA"],
        ["1", "2026-01-02 03:04:05.000", "[a, AA]", "AA"],
        ["2", "2026-01-02 03:04:05.000", "[a, UA]", "UA"],
    ]


@pytest.fixture(scope="module")
def strict():
    with server("--mode", "strict") as running:
        yield running


def test_a_delivery_may_what_its_role_may(strict):
    strict.reset()
    iam = strict.client("iam")
    principal = {"Service": "firehose.amazonaws.com"}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="delivery", AssumeRolePolicyDocument=document)
    put(make(strict), b"waits")
    assert deliver(strict, after=400) == {"flights": 0}
    assert objects(strict) == {}
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::lake/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="delivery", PolicyName="writes", PolicyDocument=document)
    assert deliver(strict, after=402) == {"flights": 1}
    assert list(objects(strict).values()) == [b"waits"]


def test_a_partition_the_role_may_not_write_lies_with_the_errors_after_its_retries(strict):
    strict.reset()
    iam = strict.client("iam")
    principal = {"Service": "firehose.amazonaws.com"}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="partitions", AssumeRolePolicyDocument=document)
    places = ["arn:aws:s3:::lake/carrier=UA/*", "arn:aws:s3:::lake/bad/*"]
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": places}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="partitions", PolicyName="writes", PolicyDocument=document)
    retries = {"Enabled": True, "RetryOptions": {"DurationInSeconds": 60}}
    role = ROLE.replace("delivery", "partitions")
    members = {**PARTITIONED, "DynamicPartitioningConfiguration": retries, "RoleARN": role}
    put(make(strict, **members), b'{"c":"AA"}', b'{"c":"UA"}')
    assert deliver(strict, after=400) == {"flights": 1}
    assert list(objects(strict).values()) == [b'{"c":"UA"}\n']
    assert deliver(strict, after=470) == {"flights": 1}
    found = {key.partition("/")[0]: data for key, data in objects(strict).items()}
    assert found.pop("carrier=UA") == b'{"c":"UA"}\n'
    assert json.loads(found.pop("bad"))["errorCode"] == "S3.AccessDenied"
    assert found == {}
