"""The door: what it refuses, what it writes down, what it lets services ask of each other."""

from __future__ import annotations

import json
import time

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from lakebed.dispatch.registry import Registry


def events(lakebed, name):
    """Return the audit's events of one operation, waiting for the file's flush."""
    path = lakebed.data_dir / "state" / "audit" / "events.jsonl"
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        # The last line may be being written.
        found = [json.loads(line) for line in path.read_text().split("\n")[:-1]]
        found = [event for event in found if event["eventName"] == name]
        if found:
            return found
        time.sleep(0.01)
    return []


def test_management_events_are_audited_data_events_are_not(lakebed):
    s3, glue = lakebed.client("s3"), lakebed.client("glue")
    s3.create_bucket(Bucket="audited-bucket")
    s3.put_object(Bucket="audited-bucket", Key="k", Body=b"secret body")
    with pytest.raises(ClientError):
        glue.get_database(Name="audited_database")
    (created,) = [
        event
        for event in events(lakebed, "CreateBucket")
        if event["requestParameters"].get("Bucket") == "audited-bucket"
    ]
    created.pop("eventTime"), created.pop("requestID"), created.pop("eventID")
    assert created.pop("userAgent").startswith("Boto3/")
    assert created == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "Root",
            "principalId": "000000000000",
            "arn": "arn:aws:iam::000000000000:root",
            "accountId": "000000000000",
            "accessKeyId": "test",
        },
        "eventSource": "s3.amazonaws.com",
        "eventName": "CreateBucket",
        "awsRegion": "us-east-1",
        "requestParameters": created["requestParameters"],
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "000000000000",
        "sourceIPAddress": "127.0.0.1",
        "eventCategory": "Management",
    }
    refused = [
        event
        for event in events(lakebed, "GetDatabase")
        if event["requestParameters"] == {"Name": "audited_database"}
    ]
    assert [event["errorCode"] for event in refused] == ["EntityNotFoundException"]
    put = [one["requestParameters"]["Bucket"] for one in events(lakebed, "PutObject")]
    assert "audited-bucket" not in put


def test_anonymous_callers_are_denied(lakebed):
    lakebed.client("s3").create_bucket(Bucket="bucket")
    anonymous = lakebed.client("s3", config=Config(signature_version=UNSIGNED))
    with pytest.raises(ClientError) as denied:
        anonymous.list_objects_v2(Bucket="bucket")
    assert denied.value.response["Error"]["Code"] == "AccessDenied"
    assert denied.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_call_from_a_service_is_audited_like_a_clients(lakebed):
    lakebed.client("s3").create_bucket(Bucket="results-of-audit")
    lakebed.client("athena").start_query_execution(
        QueryString="SELECT 1", ResultConfiguration={"OutputLocation": "s3://results-of-audit/"}
    )
    asked = [event["requestParameters"] for event in events(lakebed, "HeadBucket")]
    assert {"Bucket": "results-of-audit"} in asked


def test_handlers_are_found_by_name():
    registry = Registry()
    assert {"athena", "glue", "glue_iceberg", "logs", "s3", "sts"} <= set(registry.names)
    found = registry.find("glue", "get_table")
    assert found is not None
    assert (found.handler.__name__, found.is_long, found.is_data_event) == (
        "get_table", False, False,
    )  # fmt: skip
    assert registry.find("glue", "create_ml_transform") is None
    assert registry.find("glue", "find_table") is None
    assert registry.find("nowhere", "get_table") is None
    put = registry.find("s3", "put_object")
    assert put is not None
    assert (put.begin is not None, put.is_data_event) == (True, True)
