"""Destinations of streams, changed."""

from __future__ import annotations

import functools

from tests.services.firehose.delivering import ROLE, bucket, deliver, make, objects, put
from tests.services.firehose.test_delivery import processors
from tests.services.firehose.test_delivery_streams import described, refusal

ONE = {"DeliveryStreamName": "flights", "DestinationId": "destinationId-000000000001"}


def test_what_an_update_leaves_out_stays(lakebed):
    firehose = make(lakebed, Prefix="a/", CompressionFormat="GZIP")
    firehose.update_destination(
        **ONE, CurrentDeliveryStreamVersionId="1", ExtendedS3DestinationUpdate={"Prefix": "b/"}
    )
    stream = described(firehose)
    (destination,) = stream["Destinations"]
    found = destination["ExtendedS3DestinationDescription"]
    assert stream["VersionId"] == "2"
    assert (found["Prefix"], found["CompressionFormat"]) == ("b/", "GZIP")


def test_objects_have_the_version_in_their_names(lakebed):
    firehose = make(lakebed)
    firehose.update_destination(
        **ONE, CurrentDeliveryStreamVersionId="1", ExtendedS3DestinationUpdate={"Prefix": "b/"}
    )
    put(firehose, b"x")
    assert deliver(lakebed) == {"flights": 1}
    ((key, data),) = objects(lakebed).items()
    assert key.startswith("b/")
    assert "/flights-2-" in key
    assert data == b"x"


def test_a_shorter_interval_holds_for_what_waits(lakebed):
    firehose = make(lakebed)
    put(firehose, b"x")
    assert deliver(lakebed, after=70) == {}
    hints = {"SizeInMBs": 5, "IntervalInSeconds": 60}
    firehose.update_destination(
        **ONE,
        CurrentDeliveryStreamVersionId="1",
        ExtendedS3DestinationUpdate={"BufferingHints": hints},
    )
    assert deliver(lakebed, after=70) == {"flights": 1}


def test_an_update_names_the_version_it_changes(lakebed):
    firehose = make(lakebed)
    update = {"ExtendedS3DestinationUpdate": {"Prefix": "b/"}}
    assert refusal(
        firehose.update_destination, **ONE, **update, CurrentDeliveryStreamVersionId="2"
    ) == (
        "ConcurrentModificationException",
        "Cannot update firehose: flights since the current version id: 1 and specified version "
        "id: 2 do not match",
    )
    other = {**ONE, "DestinationId": "destinationId-000000000002"}
    assert refusal(
        firehose.update_destination, **other, **update, CurrentDeliveryStreamVersionId="1"
    ) == ("InvalidArgumentException", "Destination Id destinationId-000000000002 not found")


def test_partitioning_is_not_turned_on_later(lakebed):
    firehose = make(lakebed)
    update = {"DynamicPartitioningConfiguration": {"Enabled": True}}
    assert refusal(
        firehose.update_destination,
        **ONE,
        CurrentDeliveryStreamVersionId="1",
        ExtendedS3DestinationUpdate=update,
    ) == (
        "InvalidArgumentException",
        "Dynamic Partitioning cannot be enabled on an existing delivery stream",
    )


def test_a_backup_is_not_turned_off_later(lakebed):
    backup = bucket(lakebed, "source")
    firehose = make(lakebed, S3BackupMode="Enabled", S3BackupConfiguration=backup)
    assert refusal(
        firehose.update_destination,
        **ONE,
        CurrentDeliveryStreamVersionId="1",
        ExtendedS3DestinationUpdate={"S3BackupMode": "Disabled"},
    ) == (
        "InvalidArgumentException",
        "S3BackupMode cannot be changed from Enabled to Disabled",
    )


def test_processors_have_their_own_parameters_and_stand_once(lakebed):
    wrong = processors(AppendDelimiterToRecord={"BufferSizeInMBs": "1"})
    assert refusal(functools.partial(make, lakebed), ProcessingConfiguration=wrong) == (
        "InvalidArgumentException",
        "The processor AppendDelimiterToRecord has no parameter BufferSizeInMBs",
    )
    twice = processors(AppendDelimiterToRecord={})
    twice["Processors"] *= 2
    assert refusal(functools.partial(make, lakebed), ProcessingConfiguration=twice) == (
        "InvalidArgumentException",
        "Only one processor of the type AppendDelimiterToRecord is supported",
    )


def test_there_is_no_destination_behind_the_only_one(lakebed):
    firehose = make(lakebed)
    asked = {"ExclusiveStartDestinationId": "destinationId-000000000001"}
    stream = firehose.describe_delivery_stream(DeliveryStreamName="flights", **asked)
    assert stream["DeliveryStreamDescription"]["Destinations"] == []


def test_the_role_of_a_secret_has_to_trust_firehose(lakebed):
    arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:key-abcdef"
    role = "arn:aws:iam::111122223333:role/theirs"
    secret = {"Enabled": True, "SecretARN": arn, "RoleARN": role}
    shared = {"S3Configuration": bucket(lakebed), "SecretsManagerConfiguration": secret}
    endpoint = {"EndpointConfiguration": {"Url": "https://127.0.0.1:1/"}, **shared}
    url = "jdbc:redshift://lakebed.redshift.127.0.0.1:1/shop"
    command = {"DataTableName": "t"}
    cluster = {"RoleARN": ROLE, "ClusterJDBCURL": url, "CopyCommand": command, **shared}
    create = functools.partial(
        lakebed.client("firehose").create_delivery_stream, DeliveryStreamName="flights"
    )
    for members in (
        {"HttpEndpointDestinationConfiguration": endpoint},
        {"RedshiftDestinationConfiguration": cluster},
    ):
        assert refusal(create, **members) == (
            "InvalidArgumentException",
            f"Firehose is unable to assume role {role}. Please check the role provided.",
        )
