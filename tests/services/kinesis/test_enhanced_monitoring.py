"""Enhanced monitoring, by boto3."""

import pytest

from tests.services.kinesis.answers import ARN, body, refused

ALL = [
    "IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords",
    "WriteProvisionedThroughputExceeded", "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
]  # fmt: skip


@pytest.fixture
def kinesis(lakebed):
    client = lakebed.client("kinesis")
    client.create_stream(StreamName="clicks", ShardCount=1)
    return client


def test_metrics_are_asked_for_and_no_more(kinesis):
    def changed(change, current, desired, *metrics):
        answer = body(change(StreamName="clicks", ShardLevelMetrics=list(metrics)))
        assert answer == {
            "StreamName": "clicks",
            "CurrentShardLevelMetrics": current,
            "DesiredShardLevelMetrics": desired,
            "StreamARN": f"{ARN}clicks",
        }
        summary = kinesis.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]
        assert summary["EnhancedMonitoring"] == [{"ShardLevelMetrics": desired}]

    enable, disable = kinesis.enable_enhanced_monitoring, kinesis.disable_enhanced_monitoring
    some = ["IncomingBytes", "OutgoingBytes"]
    changed(enable, [], some, "OutgoingBytes", "IncomingBytes")
    changed(enable, some, ALL, "ALL")
    changed(disable, ALL, ALL[1:], "IncomingBytes")
    changed(disable, ALL[1:], [], "ALL")


def test_a_metric_has_to_be_one(kinesis):
    code, _ = refused(
        kinesis.enable_enhanced_monitoring, StreamName="clicks", ShardLevelMetrics=["Smiles"]
    )
    assert code == "ValidationException"
