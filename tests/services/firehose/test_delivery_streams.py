"""Delivery streams, by boto3."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.services.firehose.delivering import ROLE, bucket, make, objects, put

S3 = "arn:aws:s3:::lake"
KINESIS = "arn:aws:kinesis:us-east-1:000000000000:stream/flights"


def described(firehose, name="flights"):
    answer = firehose.describe_delivery_stream(DeliveryStreamName=name)
    stream = answer["DeliveryStreamDescription"]
    for member in ("CreateTimestamp", "LastUpdateTimestamp"):
        stream.pop(member, None)
    return stream


def refusal(call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


PLAIN = {
    "RoleARN": ROLE,
    "BucketARN": S3,
    "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
    "CompressionFormat": "UNCOMPRESSED",
    "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
    "CloudWatchLoggingOptions": {"Enabled": False},
}


def test_a_stream_is_described_with_defaults(lakebed):
    firehose = make(lakebed)
    assert described(firehose) == {
        "DeliveryStreamName": "flights",
        "DeliveryStreamARN": "arn:aws:firehose:us-east-1:000000000000:deliverystream/flights",
        "DeliveryStreamStatus": "ACTIVE",
        "DeliveryStreamEncryptionConfiguration": {"Status": "DISABLED"},
        "DeliveryStreamType": "DirectPut",
        "VersionId": "1",
        "Destinations": [
            {
                "DestinationId": "destinationId-000000000001",
                "S3DestinationDescription": PLAIN,
                "ExtendedS3DestinationDescription": {**PLAIN, "S3BackupMode": "Disabled"},
            }
        ],
        "HasMoreDestinations": False,
    }


def test_the_older_destination_is_the_same_bucket(lakebed):
    firehose = lakebed.client("firehose")
    answer = firehose.create_delivery_stream(
        DeliveryStreamName="old",
        S3DestinationConfiguration={**bucket(lakebed), "Prefix": "raw/"},
        DirectPutSourceConfiguration={"ThroughputHintInMBs": 2},
    )
    assert answer["DeliveryStreamARN"].endswith(":deliverystream/old")
    stream = described(firehose, "old")
    (destination,) = stream["Destinations"]
    assert destination["S3DestinationDescription"] == {**PLAIN, "Prefix": "raw/"}
    assert stream["Source"] == {"DirectPutSourceDescription": {"ThroughputHintInMBs": 2}}


def test_streams_are_listed_by_pages(lakebed):
    firehose = lakebed.client("firehose")
    destination = bucket(lakebed)
    for name in ("c", "a", "b"):
        firehose.create_delivery_stream(
            DeliveryStreamName=name, ExtendedS3DestinationConfiguration=destination
        )
    first = firehose.list_delivery_streams(Limit=2)
    rest = firehose.list_delivery_streams(ExclusiveStartDeliveryStreamName="b")
    none = firehose.list_delivery_streams(DeliveryStreamType="KinesisStreamAsSource")
    pages = [(one["DeliveryStreamNames"], one["HasMoreDeliveryStreams"])
             for one in (first, rest, none)]  # fmt: skip
    assert pages == [(["a", "b"], True), (["c"], False), ([], False)]


def test_a_name_is_taken_once(lakebed):
    firehose = make(lakebed)
    destination = {"RoleARN": ROLE, "BucketARN": S3}
    assert refusal(
        firehose.create_delivery_stream,
        DeliveryStreamName="flights",
        ExtendedS3DestinationConfiguration=destination,
    ) == (
        "ResourceInUseException",
        "Firehose flights under accountId 000000000000 already exists",
    )


def test_a_deleted_stream_is_gone_with_what_waited(lakebed):
    firehose = make(lakebed)
    put(firehose, b"lost")
    firehose.delete_delivery_stream(DeliveryStreamName="flights", AllowForceDelete=True)
    said = ("ResourceNotFoundException", "Firehose flights under account 000000000000 not found.")
    assert refusal(firehose.describe_delivery_stream, DeliveryStreamName="flights") == said
    assert refusal(firehose.delete_delivery_stream, DeliveryStreamName="flights") == said
    assert objects(lakebed) == {}


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"BufferingHints": {"SizeInMBs": 5}},
         "BufferingHints must have both SizeInMBs and IntervalInSeconds"),
        ({"Prefix": "!{timestamp:yyyy}/"},
         "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions."),
        ({"S3BackupMode": "Enabled"},
         "S3BackupConfiguration is required when S3BackupMode is Enabled"),
        ({"CustomTimeZone": "Europe/Nowhere"}, "CustomTimeZone Europe/Nowhere is not supported"),
        ({"CloudWatchLoggingOptions": {"Enabled": True}},
         "LogGroupName and LogStreamName are required when CloudWatch logging is enabled"),
        ({"DynamicPartitioningConfiguration": {"Enabled": True}},
         "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled."),
        ({"RoleARN": "arn:aws:iam::111111111111:role/other"},
         "Firehose is unable to assume role arn:aws:iam::111111111111:role/other. Please check "
         "the role provided."),
        ({"ProcessingConfiguration": {"Enabled": True, "Processors": [
            {"Type": "RecordDeAggregation",
             "Parameters": [{"ParameterName": "SubRecordType", "ParameterValue": "XML"}]}]}},
         "SubRecordType XML is not supported"),
        ({"ProcessingConfiguration": {"Enabled": True, "Processors": [
            {"Type": "CloudWatchLogProcessing", "Parameters": [
                {"ParameterName": "DataMessageExtraction", "ParameterValue": "true"}]}]}},
         "CloudWatchLogProcessing requires the Decompression processor."),
        ({"DataFormatConversionConfiguration": {"Enabled": True}},
         "SchemaConfiguration is required when data format conversion is enabled"),
    ],
)  # fmt: skip
def test_what_aws_refuses_is_refused(lakebed, members, sentence):
    firehose = lakebed.client("firehose")
    destination = {**bucket(lakebed), **members}
    assert refusal(
        firehose.create_delivery_stream,
        DeliveryStreamName="flights",
        ExtendedS3DestinationConfiguration=destination,
    ) == ("InvalidArgumentException", sentence)
    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == []


def test_a_role_that_trusts_somebody_else_is_refused(lakebed):
    trust = """{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action":
        "sts:AssumeRole", "Principal": {"Service": "glue.amazonaws.com"}}]}"""
    iam = lakebed.client("iam")
    iam.create_role(RoleName="delivery", AssumeRolePolicyDocument=trust)
    firehose = lakebed.client("firehose")
    request = {
        "DeliveryStreamName": "flights", "ExtendedS3DestinationConfiguration": bucket(lakebed),
    }  # fmt: skip
    code, message = refusal(firehose.create_delivery_stream, **request)
    assert (code, message.partition(".")[0]) == (
        "InvalidArgumentException", f"Firehose is unable to assume role {ROLE}",
    )  # fmt: skip
    iam.update_assume_role_policy(
        RoleName="delivery", PolicyDocument=trust.replace("glue", "firehose")
    )
    assert firehose.create_delivery_stream(**request)["DeliveryStreamARN"]


def test_what_is_not_built_is_named(lakebed):
    firehose = lakebed.client("firehose")
    snowflake = {
        "AccountUrl": "https://x.snowflakecomputing.com", "Database": "d", "Schema": "s",
        "Table": "t", "RoleARN": ROLE, "S3Configuration": bucket(lakebed),
    }  # fmt: skip
    code, message = refusal(
        firehose.create_delivery_stream,
        DeliveryStreamName="flights",
        SnowflakeDestinationConfiguration=snowflake,
    )
    assert code == "LakebedNotBuilt"
    assert "firehose.CreateDeliveryStream (SnowflakeDestinationConfiguration)" in message


def test_one_destination_is_asked_for(lakebed):
    firehose = lakebed.client("firehose")
    assert refusal(firehose.create_delivery_stream, DeliveryStreamName="flights") == (
        "InvalidArgumentException",
        "Exactly one destination configuration is supported for a Firehose",
    )
