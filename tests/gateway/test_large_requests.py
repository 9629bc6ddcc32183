"""Requests of JSON too large to be read on the loop: the same answers, and the loop is free."""

from __future__ import annotations

import http.client
import json
import threading
import time
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NAMES = {"logGroupName": "/large", "logStreamName": "one"}


def large(**more):
    at = int(time.time() * 1000) - 60_000
    made = [{"timestamp": at + index, "message": "x" * 78} for index in range(10_000)]
    return {**NAMES, "logEvents": made, **more}


def send(lake, body, sent=None):
    """Send a signed PutLogEvents (or other bytes than those signed); return status and answer."""
    headers = {
        "X-Amz-Target": "Logs_20140328.PutLogEvents",
        "Content-Type": "application/x-amz-json-1.1",
    }
    request = AWSRequest("POST", lake.url + "/", data=body, headers=headers)
    SigV4Auth(Credentials("test", "test"), "logs", "us-east-1").add_auth(request)
    request.headers["x-amz-content-sha256"] = request.headers.get("x-amz-content-sha256", "")
    connection = http.client.HTTPConnection(urlsplit(lake.url).netloc)
    connection.request("POST", "/", sent or body, dict(request.headers.items()))
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


@pytest.fixture
def lake(lakebed):
    logs = lakebed.client("logs")
    logs.create_log_group(logGroupName="/large")
    logs.create_log_stream(**NAMES)
    return lakebed


def test_a_large_request_is_answered_as_a_small_one(lake):
    status, answer = send(lake, json.dumps(large()).encode())
    assert (status, list(answer)) == (200, ["nextSequenceToken"])
    found = lake.client("logs").get_log_events(**NAMES, startFromHead=True)
    assert len(found["events"]) == 10_000


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[" + b"0," * 200_000 + b"0]", "SerializationException"),
        (b'{"logGroupName": "' + b"x" * 300_000, "SerializationException"),
        (json.dumps(large(logStreamName="a:b")).encode(), "InvalidParameterException"),
        (json.dumps(large(logStreamName="nope")).encode(), "ResourceNotFoundException"),
    ],
)
def test_a_large_request_is_refused_as_a_small_one(lake, body, code):
    status, answer = send(lake, body)
    assert (status, answer["__type"]) == (400, code)
    assert lake.client("logs").get_log_events(**NAMES)["events"] == []


def test_large_requests_leave_the_loop_to_others(lake):
    """While batches of a mebibyte come in, small requests are answered in between."""
    body = json.dumps(large()).encode()
    stopping = threading.Event()
    waits = []

    def ask():
        connection = http.client.HTTPConnection(urlsplit(lake.url).netloc)
        while not stopping.is_set():
            begun = time.perf_counter()
            connection.request("GET", "/_lakebed/health")
            connection.getresponse().read()
            waits.append(time.perf_counter() - begun)

    asking = threading.Thread(target=ask)
    asking.start()
    for _ in range(5):
        assert send(lake, body)[0] == 200
    stopping.set()
    asking.join()
    # How long one waits is this machine's; that dozens go in between is ours.
    assert len(waits) > 20
