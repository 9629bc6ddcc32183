"""CBOR, as Java's clients speak it to Kinesis."""

import hashlib
import time
import urllib.error
import urllib.request

import cbor2
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SHARD = "shardId-000000000000"


@pytest.fixture
def call(lakebed):
    def call(operation, value, body=None):
        data = cbor2.dumps(value) if body is None else body
        headers = {
            "Content-Type": "application/x-amz-cbor-1.1",
            "X-Amz-Target": f"Kinesis_20131202.{operation}",
            "X-Amz-Content-Sha256": hashlib.sha256(data).hexdigest(),
        }
        request = AWSRequest("POST", f"{lakebed.url}/", headers, data)
        SigV4Auth(Credentials("test", "test"), "kinesis", "us-east-1").add_auth(request)
        sent = urllib.request.Request(f"{lakebed.url}/", data, dict(request.headers.items()))
        try:
            with urllib.request.urlopen(sent, timeout=30) as answer:
                return answer.status, answer.headers["Content-Type"], cbor2.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Content-Type"], cbor2.loads(error.read())

    return call


@pytest.fixture
def stream(call):
    name = f"cbor-{time.time_ns()}"
    status, kind, answer = call("CreateStream", {"StreamName": name, "ShardCount": 1})
    assert (status, kind, answer) == (200, "application/x-amz-cbor-1.1", {})
    yield name
    call("DeleteStream", {"StreamName": name})


def iterator(call, stream, **more):
    wanted = {"StreamName": stream, "ShardId": SHARD, **more}
    return call("GetShardIterator", wanted)[2]["ShardIterator"]


def test_records_are_byte_strings_and_times_milliseconds(call, stream):
    before = int(time.time() * 1000)
    record = {"Data": b"\x00\xff", "PartitionKey": "k\N{SNOWMAN}"}
    put = call("PutRecord", {"StreamName": stream, **record})[2]
    at = iterator(call, stream, ShardIteratorType="TRIM_HORIZON")
    status, kind, answer = call("GetRecords", {"ShardIterator": at, "Limit": 5})
    assert (status, kind) == (200, "application/x-amz-cbor-1.1")
    (got,) = answer["Records"]
    arrived = got.pop("ApproximateArrivalTimestamp")
    assert before <= arrived <= int(time.time() * 1000)
    assert got == {**record, "SequenceNumber": put["SequenceNumber"]}
    assert answer["MillisBehindLatest"] == 0


@pytest.mark.parametrize("tagged", [True, False])
def test_times_come_with_and_without_a_tag(call, stream, tagged):
    call("PutRecord", {"StreamName": stream, "Data": b"x", "PartitionKey": "k"})
    early = int(time.time() * 1000) - 60_000
    time_sent = cbor2.CBORTag(1, early) if tagged else early
    at = iterator(call, stream, ShardIteratorType="AT_TIMESTAMP", Timestamp=time_sent)
    assert len(call("GetRecords", {"ShardIterator": at})[2]["Records"]) == 1


def test_a_large_batch_is_taken(call, stream):
    records = [{"Data": b"%03d" % n * 500, "PartitionKey": "k"} for n in range(300)]
    answer = call("PutRecords", {"StreamName": stream, "Records": records})[2]
    assert (answer["FailedRecordCount"], len(answer["Records"])) == (0, 300)


def test_errors_are_in_cbor(call):
    status, kind, answer = call("DescribeStreamSummary", {"StreamName": "nobody"})
    assert (status, kind, answer) == (
        400,
        "application/x-amz-cbor-1.1",
        {
            "__type": "ResourceNotFoundException",
            "message": "Stream nobody under account 000000000000 not found.",
        },
    )


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"\xff\xff", "Unable to parse the request body as CBOR"),
        (b"\x81" * 200 + b"\x00", "Unable to parse the request body as CBOR"),
        (b"\x81\x00", "Start of list found where not expected"),
        (bytes.fromhex("d81c81d81d00"), "Unable to parse the request body as CBOR"),
        (cbor2.dumps(cbor2.CBORTag(35, "a+")), "Unable to parse the request body as CBOR"),
        (cbor2.dumps(cbor2.CBORTag(2, b"1" * 99)), "Unable to parse the request body as CBOR"),
        (cbor2.dumps({"StreamName": 5}), "NUMBER_VALUE cannot be converted to String"),
        (cbor2.dumps({"StreamName": b"x"}), "NUMBER_VALUE cannot be converted to String"),
    ],
)
def test_what_is_no_cbor_is_refused(call, body, sentence):
    assert call("DescribeStreamSummary", None, body)[::2] == (
        400,
        {"__type": "SerializationException", "message": sentence},
    )


def test_data_has_to_be_bytes(call, stream):
    put = {"StreamName": stream, "Data": "text", "PartitionKey": "k"}
    assert call("PutRecord", put)[2]["__type"] == "SerializationException"
