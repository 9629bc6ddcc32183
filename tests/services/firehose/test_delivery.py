"""Deliveries: buffers, processors, partitions, conversion, errors, backup."""

from __future__ import annotations

import base64
import gzip
import io
import json
import time

import pyarrow.parquet as pq

from tests.cli.owner import owner
from tests.services.firehose.delivering import ROLE, bucket, deliver, make, objects, put

MIB = 1024 * 1024
HINTS = {"SizeInMBs": 64, "IntervalInSeconds": 60}


def processors(**by_kind):
    """Return a ProcessingConfiguration: processors by their types, with their parameters."""
    return {
        "Enabled": True,
        "Processors": [
            {
                "Type": kind,
                "Parameters": [
                    {"ParameterName": name, "ParameterValue": value}
                    for name, value in parameters.items()
                ],
            }
            for kind, parameters in by_kind.items()
        ],
    }


def folders(found):
    """Return bytes by folder, for buckets with one object in each."""
    by_folder = {key.rpartition("/")[0]: data for key, data in found.items()}
    assert len(by_folder) == len(found)
    return by_folder


def soon(look, seconds=10):
    """Return what a look finds once it finds something."""
    end = time.time() + seconds
    while not (found := look()) and time.time() < end:
        time.sleep(0.1)
    return found


def test_a_buffer_is_one_object_when_its_time_has_come(lakebed):
    firehose = make(lakebed, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 60})
    put(firehose, b"a", b"b")
    put(firehose, b"c")
    assert deliver(lakebed, after=55) == {}
    assert objects(lakebed) == {}
    assert deliver(lakebed, after=65) == {"flights": 3}
    ((key, data),) = objects(lakebed).items()
    day = time.strftime("%Y/%m/%d/", time.gmtime())
    assert key.startswith(day)
    assert data == b"abc"


def test_a_full_buffer_does_not_wait_for_its_time(lakebed):
    firehose = make(lakebed, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900})
    put(firehose, b"x" * 600_000)
    put(firehose, b"y" * 600_000)
    found = soon(lambda: objects(lakebed))
    assert [len(data) for data in found.values()] == [1_200_000]


def test_without_an_interval_records_go_at_once(lakebed):
    firehose = make(lakebed, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 0})
    put(firehose, b"now")
    assert list(soon(lambda: objects(lakebed)).values()) == [b"now"]


def test_a_backlog_is_delivered_a_buffer_at_a_time(lakebed):
    firehose = make(lakebed, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900})
    s3 = lakebed.client("s3")
    s3.delete_bucket(Bucket="lake")
    for letter in b"abc":
        put(firehose, bytes([letter]) * 700_000)
    assert deliver(lakebed) == {"flights": 0}
    bucket(lakebed)
    assert deliver(lakebed, after=5000) == {"flights": 3}
    assert sorted(len(data) for data in objects(lakebed).values()) == [700_000, 1_400_000]


def test_objects_are_compressed_and_delimited(lakebed):
    firehose = make(
        lakebed,
        CompressionFormat="GZIP",
        Prefix="raw/!{timestamp:yyyy}/",
        ErrorOutputPrefix="bad/!{firehose:error-output-type}/",
        ProcessingConfiguration=processors(AppendDelimiterToRecord={"Delimiter": "\\n"}),
    )
    put(firehose, b"a", b"b")
    assert deliver(lakebed) == {"flights": 2}
    ((key, data),) = objects(lakebed).items()
    assert key.startswith(time.strftime("raw/%Y/flights-1-", time.gmtime()))
    assert key.endswith(".gz")
    assert gzip.decompress(data) == b"a\nb\n"


def test_an_extension_is_the_streams_own(lakebed):
    firehose = make(lakebed, CompressionFormat="GZIP", FileExtension=".json.gz")
    put(firehose, b"a")
    deliver(lakebed)
    assert [key[-8:] for key in objects(lakebed)] == [".json.gz"]


PARTITIONED = {
    "BufferingHints": HINTS,
    "Prefix": "carrier=!{partitionKeyFromQuery:carrier}/",
    "ErrorOutputPrefix": "bad/!{firehose:error-output-type}/",
    "DynamicPartitioningConfiguration": {"Enabled": True},
    "ProcessingConfiguration": processors(
        MetadataExtraction={
            "MetadataExtractionQuery": "{carrier: .c}", "JsonParsingEngine": "JQ-1.6",
        },
        RecordDeAggregation={"SubRecordType": "JSON"},
        AppendDelimiterToRecord={},
    ),
}  # fmt: skip


def test_partitions_are_objects_and_what_has_no_key_is_an_error(lakebed):
    firehose = make(lakebed, **PARTITIONED)
    put(firehose, b'{"c":"UA"}{"c":"AA"}', b'{"c":"UA","n":2}', b'{"d":1}')
    before = int(time.time() * 1000) - 60_000
    assert deliver(lakebed) == {"flights": 4}
    found = folders(objects(lakebed))
    failed = json.loads(found.pop("bad/processing-failed"))
    assert found == {
        "carrier=UA": b'{"c":"UA"}\n{"c":"UA","n":2}\n',
        "carrier=AA": b'{"c":"AA"}\n',
    }
    assert failed.pop("arrivalTimestamp") > before
    assert failed.pop("attemptEndingTimestamp") > before
    assert failed == {
        "attemptsMade": 1,
        "errorCode": "DynamicPartitioning.MetadataExtractionFailed",
        "errorMessage": "partitionKeys values must not be null or empty",
        "rawData": base64.b64encode(b'{"d":1}').decode(),
    }


def test_partitions_above_the_limit_are_errors(lakebed):
    firehose = make(lakebed, **PARTITIONED)
    put(firehose, *(b'{"c":%d}' % at for at in range(500)))
    put(firehose, b'{"c":500}', b'{"c":1}')
    assert deliver(lakebed) == {"flights": 502}
    s3 = lakebed.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="lake")
    keys = [one["Key"] for page in pages for one in page["Contents"]]
    assert len({key.partition("/")[0] for key in keys} - {"bad"}) == 500
    (bad,) = [key for key in keys if key.startswith("bad/activePartitionExceeded/")]
    line = json.loads(s3.get_object(Bucket="lake", Key=bad)["Body"].read())
    assert (line["errorCode"], base64.b64decode(line["rawData"])) == (
        "DynamicPartitioning.ActivePartitionLimitExceeded", b'{"c":500}',
    )  # fmt: skip


def table(lakebed, *columns):
    """Make a table, and return the conversion by its columns."""
    glue = lakebed.client("glue")
    glue.create_database(DatabaseInput={"Name": "lake"})
    described = [{"Name": name, "Type": kind} for name, kind in columns]
    descriptor = {"Columns": described, "Location": "s3://lake/t/"}
    glue.create_table(
        DatabaseName="lake", TableInput={"Name": "flights", "StorageDescriptor": descriptor}
    )
    return {
        "Enabled": True,
        "SchemaConfiguration": {
            "RoleARN": ROLE, "DatabaseName": "lake", "TableName": "flights",
            "Region": "us-east-1",
        },
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
    }  # fmt: skip


def test_records_become_parquet_by_the_tables_columns(lakebed):
    conversion = table(lakebed, ("carrier", "string"), ("delay", "int"))
    firehose = make(lakebed, BufferingHints=HINTS, DataFormatConversionConfiguration=conversion)
    put(firehose, b'{"Carrier":"UA","delay":3}', b'{"carrier":"AA","delay":"late"}')
    assert deliver(lakebed) == {"flights": 2}
    found = {key.split("/")[0]: (key, data) for key, data in objects(lakebed).items()}
    _, failed = found.pop("format-conversion-failed")
    ((key, data),) = found.values()
    assert key.endswith(".parquet")
    assert pq.read_table(io.BytesIO(data)).to_pylist() == [{"carrier": "UA", "delay": 3}]
    line = json.loads(failed)
    assert line.pop("arrivalTimestamp") <= line.pop("attemptEndingTimestamp")
    assert line == {
        "attemptsMade": 1,
        "ErrorCode": "DataFormatConversion.MalformedData",
        "ErrorMessage": "Error Parsing a column in the table: 'late' is no value of type integer",
        "rawData": base64.b64encode(b'{"carrier":"AA","delay":"late"}').decode(),
        "dataCatalogTable": {
            "catalogId": None, "databaseName": "lake", "tableName": "flights",
            "region": "us-east-1", "versionId": "LATEST", "roleArn": ROLE,
        },
    }  # fmt: skip


def test_without_the_table_records_are_errors(lakebed):
    conversion = table(lakebed, ("carrier", "string"))
    firehose = make(lakebed, BufferingHints=HINTS, DataFormatConversionConfiguration=conversion)
    lakebed.client("glue").delete_table(DatabaseName="lake", Name="flights")
    put(firehose, b'{"carrier":"UA"}')
    assert deliver(lakebed) == {"flights": 1}
    ((key, data),) = objects(lakebed).items()
    assert key.startswith("format-conversion-failed/")
    assert json.loads(data)["ErrorCode"] == "DataFormatConversion.EntityNotFound"


def test_sources_are_kept_as_they_came(lakebed):
    backup = {**bucket(lakebed, "source"), "Prefix": "as-it-came/", "CompressionFormat": "GZIP"}
    firehose = make(
        lakebed,
        S3BackupMode="Enabled",
        S3BackupConfiguration=backup,
        ProcessingConfiguration=processors(AppendDelimiterToRecord={}),
    )
    put(firehose, b"a", b"b")
    assert deliver(lakebed) == {"flights": 2}
    assert list(objects(lakebed).values()) == [b"a\nb\n"]
    ((key, data),) = objects(lakebed, "source").items()
    assert key.startswith("as-it-came/")
    assert gzip.decompress(data) == b"ab"


def test_what_cloudwatch_logs_sends_becomes_lines(lakebed):
    firehose = make(
        lakebed,
        ProcessingConfiguration=processors(
            Decompression={"CompressionFormat": "GZIP"},
            CloudWatchLogProcessing={"DataMessageExtraction": "true"},
        ),
    )
    events = [{"id": "1", "timestamp": 1, "message": "one"}, {"message": "two"}]
    sent = json.dumps({"messageType": "DATA_MESSAGE", "logEvents": events}).encode()
    put(firehose, gzip.compress(sent), b"not compressed")
    assert deliver(lakebed) == {"flights": 2}
    found = {key.split("/")[0]: data for key, data in objects(lakebed).items()}
    failed = json.loads(found.pop("decompression-failed"))
    assert (failed["errorCode"], base64.b64decode(failed["rawData"])) == (
        "DecompressionFailed", b"not compressed",
    )  # fmt: skip
    assert list(found.values()) == [b"one\ntwo\n"]


def test_a_bucket_that_is_gone_is_said_in_the_log_and_tried_again(lakebed):
    logs = lakebed.client("logs")
    names = {"logGroupName": "/firehose", "logStreamName": "errors"}
    logs.create_log_group(logGroupName="/firehose")
    logs.create_log_stream(**names)
    options = {"Enabled": True, "LogGroupName": "/firehose", "LogStreamName": "errors"}
    firehose = make(lakebed, CloudWatchLoggingOptions=options)
    lakebed.client("s3").delete_bucket(Bucket="lake")
    put(firehose, b"kept")
    assert deliver(lakebed, after=400) == {"flights": 0}
    (event,) = logs.get_log_events(**names)["events"]
    assert json.loads(event["message"]) == {
        "deliveryStreamARN": "arn:aws:firehose:us-east-1:000000000000:deliverystream/flights",
        "destination": "arn:aws:s3:::lake",
        "deliveryStreamVersionId": 1,
        "message": "The specified bucket does not exist",
        "errorCode": "S3.NoSuchBucket",
    }
    bucket(lakebed)
    assert deliver(lakebed, after=400) == {}
    assert deliver(lakebed, after=402) == {"flights": 1}
    assert list(objects(lakebed).values()) == [b"kept"]


def test_a_query_that_is_no_program_leaves_its_records_with_the_errors(lakebed):
    partitioned = {
        **PARTITIONED,
        "ProcessingConfiguration": processors(
            MetadataExtraction={
                "MetadataExtractionQuery": "{carrier: (.c|nonsense)}",
                "JsonParsingEngine": "JQ-1.6",
            }
        ),
    }
    firehose = make(lakebed, **partitioned)
    put(firehose, b'{"c":1}')
    assert owner(lakebed, "deliveries", now=time.time() + 100)["done"] == {"flights": 1}
    ((key, data),) = objects(lakebed).items()
    assert key.startswith("bad/processing-failed/")
    assert json.loads(data)["errorCode"] == "ProcessingAborted"


def logged(lakebed):
    """Make a log for errors; return the member that names it, and what reads its codes."""
    logs = lakebed.client("logs")
    names = {"logGroupName": "/firehose", "logStreamName": "errors"}
    logs.create_log_group(logGroupName="/firehose")
    logs.create_log_stream(**names)

    def codes():
        events = logs.get_log_events(**names)["events"]
        return [json.loads(event["message"])["errorCode"] for event in events]

    return {"Enabled": True, "LogGroupName": "/firehose", "LogStreamName": "errors"}, codes


DAY = 86_400


def test_what_no_bucket_took_for_a_day_is_lost_and_said(lakebed):
    options, codes = logged(lakebed)
    firehose = make(lakebed, CloudWatchLoggingOptions=options)
    lakebed.client("s3").delete_bucket(Bucket="lake")
    put(firehose, b"lost")
    assert deliver(lakebed, after=400) == {"flights": 0}
    assert deliver(lakebed, after=400 + DAY - 10) == {"flights": 0}
    bucket(lakebed, "other")
    assert deliver(lakebed, after=400 + DAY + 600) == {"flights": 1}
    assert codes() == ["S3.NoSuchBucket"] * 3 + ["Firehose.RecordsLost"]
    bucket(lakebed)
    assert deliver(lakebed, after=3 * DAY) == {}
    assert objects(lakebed) == {}


def test_partitions_that_no_bucket_took_for_a_day_are_lost_and_said(lakebed):
    options, codes = logged(lakebed)
    firehose = make(lakebed, **PARTITIONED, CloudWatchLoggingOptions=options)
    lakebed.client("s3").delete_bucket(Bucket="lake")
    put(firehose, b'{"c":"UA"}')
    assert deliver(lakebed, after=400) == {"flights": 0}
    put(firehose, b'{"c":"AA"}')
    assert deliver(lakebed, after=1000) == {"flights": 0}
    assert deliver(lakebed, after=400 + DAY + 600) == {"flights": 2}
    assert codes().count("Firehose.RecordsLost") == 2
    assert deliver(lakebed, after=3 * DAY) == {}


def test_a_backup_that_fails_is_said_in_its_own_log(lakebed):
    options, codes = logged(lakebed)
    backup = {**bucket(lakebed, "source"), "CloudWatchLoggingOptions": options}
    firehose = make(lakebed, S3BackupMode="Enabled", S3BackupConfiguration=backup)
    lakebed.client("s3").delete_bucket(Bucket="source")
    put(firehose, b"a")
    assert deliver(lakebed, after=400) == {"flights": 0}
    assert codes() == ["S3.NoSuchBucket"]
