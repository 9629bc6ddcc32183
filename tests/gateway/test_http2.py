"""HTTP/2 by prior knowledge: the same answers, many at a time, events as they come."""

import json
import os
import time

import pytest
from botocore.eventstream import EventStreamBuffer

from tests.gateway.http2_client import Client

LARGE = os.urandom(5_000_000)


@pytest.fixture
def client(lakebed):
    opened = Client(lakebed.url)
    yield opened
    opened.close()


@pytest.fixture
def s3(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="lake")
    return s3


def test_objects_small_and_large(client, s3):
    for key, body in (("small", b"x" * 100), ("large", LARGE), ("empty", b"")):
        put = client.ask("s3", "PUT", f"/lake/{key}", body=body)
        assert (put.status, put.is_whole, put.body) == (200, True, b"")
        got = client.ask("s3", "GET", f"/lake/{key}")
        assert (got.status, got.headers["content-length"]) == (200, str(len(body)))
        assert got.body == body
        assert "connection" not in got.headers
        assert "transfer-encoding" not in got.headers
    assert s3.get_object(Bucket="lake", Key="large")["Body"].read() == LARGE


def test_a_head_has_no_body(client, s3):
    s3.put_object(Bucket="lake", Key="k", Body=b"12345")
    head = client.ask("s3", "HEAD", "/lake/k")
    assert (head.status, head.headers["content-length"], head.body) == (200, "5", b"")


def test_many_requests_at_a_time(client, s3):
    for number in range(40):
        s3.put_object(Bucket="lake", Key=f"k{number}", Body=b"%d" % number * 30_000)
    streams = [client.send("s3", "GET", f"/lake/k{number}") for number in range(40)]
    bodies = [client.answer(stream).body for stream in streams]
    assert bodies == [b"%d" % number * 30_000 for number in range(40)]


def test_errors_are_answers(client, s3):
    absent = client.ask("s3", "GET", "/lake/absent")
    assert (absent.status, b"<Code>NoSuchKey</Code>" in absent.body) == (404, True)
    unsigned = client.answer(client.send_raw("GET", "/lake/absent", []))
    assert unsigned.status == 403
    long_head = client.answer(client.send_raw("GET", "/lake/absent", [("x-a", "a" * 30_000)] * 1))
    assert long_head.status == 403


def test_a_body_without_a_length_comes_in_chunks(client, s3):
    stream = client.send_raw("PUT", "/lake/k", [])
    assert client.answer(stream).status in (400, 403, 411)


def call(operation, value):
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"Kinesis_20131202.{operation}",
    }
    return ("kinesis", "POST", "/", headers, json.dumps(value).encode())


def test_records_are_pushed_as_events(client, lakebed):
    kinesis = lakebed.client("kinesis")
    kinesis.create_stream(StreamName="pushed", ShardCount=1)
    summary = kinesis.describe_stream_summary(StreamName="pushed")["StreamDescriptionSummary"]
    consumer = kinesis.register_stream_consumer(
        StreamARN=summary["StreamARN"], ConsumerName="java"
    )["Consumer"]["ConsumerARN"]
    put = client.ask(*call("PutRecord", {
        "StreamName": "pushed", "PartitionKey": "k", "Data": "eA==",
    }))  # fmt: skip
    assert json.loads(put.body)["ShardId"] == "shardId-000000000000"
    stream = client.send(*call("SubscribeToShard", {
        "ConsumerARN": consumer, "ShardId": "shardId-000000000000",
        "StartingPosition": {"Type": "TRIM_HORIZON"},
    }))  # fmt: skip
    buffer, seen, events = EventStreamBuffer(), 0, []
    deadline = time.monotonic() + 20
    while len(events) < 3 and time.monotonic() < deadline:
        body = client.answers[stream].body
        buffer.add_data(body[seen:])
        seen = len(body)
        events += list(buffer)
        if len(events) == 2:
            kinesis.put_record(StreamName="pushed", PartitionKey="k", Data=b"y")
        client.take()
    first = events[0].headers
    assert (first[":event-type"], first[":message-type"]) == ("initial-response", "event")
    records = [json.loads(event.payload)["Records"] for event in events[1:3]]
    assert [[one["Data"] for one in found] for found in records] == [["eA=="], ["eQ=="]]
    client.reset(stream)
    assert client.ask("s3", "GET", "/").status == 200


def test_requests_may_be_given_up(client, s3):
    s3.put_object(Bucket="lake", Key="large", Body=LARGE)
    for _ in range(5):
        client.reset(client.send("s3", "GET", "/lake/large"))
    assert client.ask("s3", "GET", "/lake/large").body == LARGE


def test_a_client_that_only_gives_up_is_ended(client, s3):
    def give_up():
        for _ in range(1200):
            client.reset(client.send_raw("GET", "/lake/absent", []))
        for _ in range(1200):
            client.take()

    with pytest.raises((ConnectionError, OSError)):
        give_up()


def test_what_is_no_frame_ends_the_connection(lakebed):
    opened = Client(lakebed.url)
    opened.socket.sendall(b"\x00\x00\x05\x00\x00\x00\x00\x00\x09hello" * 3)
    with pytest.raises(ConnectionError):
        opened.answer_of_nothing()
    opened.close()
    assert lakebed.client("s3").list_buckets()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_slow_reader_does_not_make_the_server_hold_the_object(lakebed, client, s3):
    s3.put_object(Bucket="lake", Key="huge", Body=bytes(30_000_000))
    before = resident_bytes(lakebed.process.pid)
    streams = [client.send("s3", "GET", "/lake/huge") for _ in range(3)]
    deadline = time.monotonic() + 20
    while client.answers[streams[-1]].status != 200 and time.monotonic() < deadline:
        client.take(reads=False)
    # Three answers have begun, and the client takes no more of any.
    time.sleep(0.3)
    assert resident_bytes(lakebed.process.pid) - before < 20_000_000
    for stream in streams[1:]:
        client.reset(stream)
    client.read_on()
    assert len(client.answer(streams[0]).body) == 30_000_000


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * 4096
