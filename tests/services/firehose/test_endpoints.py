"""HTTP endpoints and Splunk as destinations, against servers of our own."""

from __future__ import annotations

import base64
import gzip
import json

import pytest

from lakebed import testing
from tests.services.firehose.delivering import ROLE, bucket, deliver, objects, put
from tests.services.firehose.endpoints import Endpoint, Splunk, answering
from tests.services.firehose.test_delivery import processors
from tests.services.firehose.test_delivery_streams import described, refusal


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    running = Endpoint(tmp_path_factory.mktemp("endpoint"))
    yield running
    running.close()


@pytest.fixture(scope="module")
def trusting(endpoint):
    """A server that trusts the endpoint's certificate."""
    trusted = {"SSL_CERT_FILE": str(endpoint.authority)}
    with testing.environment(trusted), testing.server() as server:
        yield server


@pytest.fixture
def lake(trusting, endpoint):
    trusting.reset()
    endpoint.reset()
    return trusting


def make(lake, endpoint, **members):
    """Make a stream to the endpoint, with a bucket for what it does not take."""
    firehose = lake.client("firehose")
    configuration = {"Url": f"{endpoint.url}/in?a=1", "Name": "ours", "AccessKey": "a key"}
    firehose.create_delivery_stream(
        DeliveryStreamName="flights",
        HttpEndpointDestinationConfiguration={
            "EndpointConfiguration": configuration, "S3Configuration": bucket(lake), **members,
        },
    )  # fmt: skip
    return firehose


def test_records_are_sent_in_the_documented_form(lake, endpoint):
    attributes = [{"AttributeName": "team", "AttributeValue": "data"}]
    firehose = make(
        lake, endpoint,
        RequestConfiguration={"ContentEncoding": "GZIP", "CommonAttributes": attributes},
        ProcessingConfiguration=processors(AppendDelimiterToRecord={}),
    )  # fmt: skip
    put(firehose, b"a", b"b")
    assert deliver(lake) == {"flights": 2}
    ((path, headers, body),) = endpoint.requests
    sent = json.loads(gzip.decompress(body))
    assert path == "/in?a=1"
    assert sent.pop("timestamp") > 1_600_000_000_000
    assert sent == {
        "requestId": headers["X-Amz-Firehose-Request-Id"],
        "records": [{"data": base64.b64encode(one).decode()} for one in (b"a\n", b"b\n")],
    }
    wanted = {
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
        "X-Amz-Firehose-Protocol-Version": "1.0",
        "X-Amz-Firehose-Source-Arn": "arn:aws:firehose:us-east-1:000000000000:deliverystream/"
        "flights",
        "X-Amz-Firehose-Access-Key": "a key",
        "X-Amz-Firehose-Common-Attributes": '{"commonAttributes": {"team": "data"}}',
    }
    assert headers | wanted == headers
    assert objects(lake) == {}


def test_an_endpoint_is_described_without_its_key(lake, endpoint):
    firehose = make(lake, endpoint)
    (destination,) = described(firehose)["Destinations"]
    found = destination["HttpEndpointDestinationDescription"]
    bucket_described = found.pop("S3DestinationDescription")
    assert bucket_described["BucketARN"] == "arn:aws:s3:::lake"
    assert found == {
        "EndpointConfiguration": {"Url": f"{endpoint.url}/in?a=1", "Name": "ours"},
        "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
        "CloudWatchLoggingOptions": {"Enabled": False},
        "RequestConfiguration": {"ContentEncoding": "NONE", "CommonAttributes": []},
        "RetryOptions": {"DurationInSeconds": 300},
        "S3BackupMode": "FailedDataOnly",
    }
    store = (lake.data_dir / "state" / "store.sqlite").read_bytes()
    assert b"a key" not in store


def test_an_update_keeps_the_key_that_it_does_not_name(lake, endpoint):
    firehose = make(lake, endpoint)
    update = {"EndpointConfiguration": {"Url": f"{endpoint.url}/other"}}
    firehose.update_destination(
        DeliveryStreamName="flights", CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001", HttpEndpointDestinationUpdate=update,
    )  # fmt: skip
    put(firehose, b"a")
    assert deliver(lake) == {"flights": 1}
    ((path, headers, _),) = endpoint.requests
    assert (path, headers["X-Amz-Firehose-Access-Key"]) == ("/other", "a key")


def test_what_is_not_taken_is_sent_again_as_the_same_request(lake, endpoint):
    firehose = make(lake, endpoint)
    endpoint.answer = answering(500, b'{"errorMessage":"not now"}')
    put(firehose, b"a")
    assert deliver(lake, after=400) == {"flights": 0}
    put(firehose, b"later")
    first = endpoint.requests
    endpoint.reset()
    assert deliver(lake, after=402) == {"flights": 2}
    requests = [*first, *endpoint.requests]
    ids = [headers["X-Amz-Firehose-Request-Id"] for _, headers, _ in requests]
    sent = [[one["data"] for one in json.loads(body)["records"]] for _, _, body in requests]
    assert sent == [["YQ=="], ["YQ=="], ["bGF0ZXI="]]
    assert ids[0] == ids[1] != ids[2]
    assert objects(lake) == {}


def test_after_the_retry_duration_records_lie_with_the_errors(lake, endpoint):
    firehose = make(lake, endpoint, RetryOptions={"DurationInSeconds": 60})
    endpoint.answer = answering(500, b'{"errorMessage":"not now"}')
    put(firehose, b"a")
    assert deliver(lake, after=400) == {"flights": 0}
    assert deliver(lake, after=461) == {"flights": 1}
    ((key, data),) = objects(lake).items()
    assert key.startswith("http-endpoint-failed/")
    line = json.loads(data)
    assert (line["errorCode"], line["errorMessage"], base64.b64decode(line["rawData"])) == (
        "HttpEndpoint.DestinationException", "not now", b"a",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (413, b"{}", "HttpEndpoint.RequestEntityTooLarge"),
        (200, b'{"requestId":"another"}', "HttpEndpoint.InvalidResponseFromDestination"),
        (302, b"", "HttpEndpoint.DestinationException"),
    ],
)
def test_answers_that_are_none(lake, endpoint, status, body, code):
    firehose = make(lake, endpoint, RetryOptions={"DurationInSeconds": 0})
    endpoint.answer = answering(status, body)
    put(firehose, b"a")
    assert deliver(lake) == {"flights": 1}
    ((_, data),) = objects(lake).items()
    assert json.loads(data)["errorCode"] == code


def test_an_endpoint_that_is_not_there_is_tried_again(lake, endpoint):
    firehose = make(lake, endpoint)
    firehose.update_destination(
        DeliveryStreamName="flights", CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        HttpEndpointDestinationUpdate={"EndpointConfiguration": {"Url": "https://127.0.0.1:1/"}},
    )  # fmt: skip
    put(firehose, b"a")
    assert deliver(lake, after=400) == {"flights": 0}
    assert deliver(lake, after=1000) == {"flights": 1}
    ((_, data),) = objects(lake).items()
    assert json.loads(data)["errorCode"] == "HttpEndpoint.ConnectionFailed"


def test_all_data_can_be_kept_beside(lake, endpoint):
    firehose = make(lake, endpoint, S3BackupMode="AllData")
    put(firehose, b"a", b"b")
    assert deliver(lake) == {"flights": 2}
    assert list(objects(lake).values()) == [b"ab"]


def test_the_key_can_be_a_secret(lake, endpoint):
    secrets = lake.client("secretsmanager")
    arn = secrets.create_secret(Name="key", SecretString='{"api_key":"hidden"}')["ARN"]
    firehose = make(
        lake, endpoint,
        SecretsManagerConfiguration={"Enabled": True, "SecretARN": arn, "RoleARN": ROLE},
    )  # fmt: skip
    put(firehose, b"a")
    assert deliver(lake) == {"flights": 1}
    assert endpoint.requests[0][1]["X-Amz-Firehose-Access-Key"] == "hidden"


def splunk(lake, endpoint, **members):
    firehose = lake.client("firehose")
    firehose.create_delivery_stream(
        DeliveryStreamName="flights",
        SplunkDestinationConfiguration={
            "HECEndpoint": endpoint.url, "HECEndpointType": "Raw", "HECToken": "a-token",
            "S3Configuration": bucket(lake), **members,
        },
    )  # fmt: skip
    return firehose


def test_splunk_acknowledges(lake, endpoint):
    firehose = splunk(lake, endpoint)
    endpoint.answer = collector = Splunk()
    put(firehose, b"one\n", b"two\n")
    assert deliver(lake) == {"flights": 2}
    (path, headers, body), *looks = endpoint.requests
    channel = headers["X-Splunk-Request-Channel"]
    assert (path, headers["Authorization"], body) == (
        f"/services/collector/raw?channel={channel}", "Splunk a-token", b"one\ntwo\n",
    )  # fmt: skip
    assert [(path, json.loads(body)) for path, _, body in looks] == [
        (f"/services/collector/ack?channel={channel}", {"acks": [7]})
    ] * 2
    assert collector.looks == 2


def test_splunks_token_is_described_and_sealed(lake, endpoint):
    firehose = splunk(lake, endpoint)
    (destination,) = described(firehose)["Destinations"]
    found = destination["SplunkDestinationDescription"]
    assert found.pop("S3DestinationDescription")["BucketARN"] == "arn:aws:s3:::lake"
    assert found == {
        "HECEndpoint": endpoint.url,
        "HECEndpointType": "Raw",
        "HECToken": "a-token",
        "HECAcknowledgmentTimeoutInSeconds": 180,
        "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 60},
        "CloudWatchLoggingOptions": {"Enabled": False},
        "RetryOptions": {"DurationInSeconds": 300},
        "S3BackupMode": "FailedEventsOnly",
    }
    for name in ("store.sqlite", "store.sqlite-wal"):
        assert b"a-token" not in (lake.data_dir / "state" / name).read_bytes()


def test_what_splunk_does_not_take_lies_with_the_errors(lake, endpoint):
    firehose = splunk(
        lake, endpoint, RetryOptions={"DurationInSeconds": 0}, HECEndpointType="Event"
    )
    endpoint.answer = answering(403, b'{"text":"Invalid token","code":4}')
    put(firehose, b"one")
    assert deliver(lake) == {"flights": 1}
    ((key, data),) = objects(lake).items()
    assert key.startswith("splunk-failed/")
    assert json.loads(data)["errorMessage"] == "The endpoint answered with the status 403."


def test_what_aws_refuses_of_endpoints(lake, endpoint):
    firehose = lake.client("firehose")
    plain = {
        "HECEndpoint": "http://127.0.0.1", "HECEndpointType": "Raw", "HECToken": "t",
        "S3Configuration": bucket(lake),
    }  # fmt: skip
    assert refusal(
        firehose.create_delivery_stream,
        DeliveryStreamName="flights",
        SplunkDestinationConfiguration=plain,
    ) == ("InvalidArgumentException", "HECEndpoint must be a URL that begins with https://")
