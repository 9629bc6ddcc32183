"""Killed while records come and go: each accepted record is delivered, few of them twice."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from lakebed import testing
from tests.services.firehose import test_iceberg
from tests.services.firehose.delivering import deliver, make
from tests.services.firehose.test_delivery import PARTITIONED

ROUNDS = 4
BATCH = 50


def _feed(server, name, accepted, stopped):
    """Put numbered records until the server is gone; note those that were answered."""
    client = server.session().client("firehose", endpoint_url=server.url)
    number = 0
    while not stopped.is_set():
        lines = [f"{name}-{number + at}" for at in range(BATCH)]
        number += BATCH
        records = [{"Data": f"{line}\n".encode()} for line in lines]
        try:
            client.put_record_batch(DeliveryStreamName="flights", Records=records)
        except (BotoCoreError, ClientError):
            return
        accepted.extend(lines)


def _lines(server):
    """Return how often each line is in the bucket."""
    s3 = server.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="lake")
    found: Counter[str] = Counter()
    for page in pages:
        for one in page["Contents"]:
            data = s3.get_object(Bucket="lake", Key=one["Key"])["Body"].read()
            found.update(data.decode().split())
    return found


@pytest.mark.slow
def test_no_accepted_record_is_lost(tmp_path):
    accepted: list[str] = []
    for number in range(ROUNDS):
        server = testing.start(tmp_path / "data")
        if not number:
            make(server, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 0})
        stopped = threading.Event()
        names = [f"{number}{writer}" for writer in "ab"]
        feeders = [
            threading.Thread(target=_feed, args=(server, name, accepted, stopped)) for name in names
        ]
        for feeder in feeders:
            feeder.start()
        time.sleep(2.5)
        server.kill()
        stopped.set()
        for feeder in feeders:
            feeder.join()
    server = testing.start(tmp_path / "data")
    try:
        deliver(server)
        found = _lines(server)
    finally:
        server.stop()
    assert accepted
    assert set(accepted) <= set(found)
    most = max(found.values())
    assert most <= 2


def _numbered(server, accepted, rounds, begin):
    """Kill a server in rounds while documents are put; return one that runs."""
    for number in range(rounds):
        if number:
            server = testing.start(begin)
        client = server.client("firehose")
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            first = len(accepted)
            ids = list(range(first, first + BATCH))
            records = [
                {"Data": b'{"id":%d,"c":"c%d","op":"update"}' % (one, one % 7)} for one in ids
            ]
            client.put_record_batch(DeliveryStreamName="flights", Records=records)
            accepted += ids
            time.sleep(0.05)
        server.kill()
    return testing.start(begin)


@pytest.mark.slow
def test_rows_of_a_table_are_there_once_however_often_it_was_killed(tmp_path):
    data = tmp_path / "data"
    server = testing.start(data)
    s3 = test_iceberg.prepare(server)
    test_iceberg.table(server, columns="id bigint, c string")
    test_iceberg.make(
        server, s3, test_iceberg.configured(UniqueKeys=["id"]),
        ProcessingConfiguration=test_iceberg.ROUTED,
        BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 0},
    )  # fmt: skip
    accepted: list[int] = []
    server = _numbered(server, accepted, 2, data)
    try:
        deliver(server)
        ((count, distinct, most),) = test_iceberg.query(
            server, "SELECT count(*), count(DISTINCT id), max(id) FROM lake.flights"
        )
    finally:
        server.stop()
    assert accepted
    assert (int(count), int(distinct), int(most)) == (len(accepted), len(accepted), accepted[-1])


@pytest.mark.slow
def test_records_of_partitions_are_there_however_often_it_was_killed(tmp_path):
    data = tmp_path / "data"
    server = testing.start(data)
    hints = {"SizeInMBs": 64, "IntervalInSeconds": 1}
    make(server, **{**PARTITIONED, "BufferingHints": hints})
    accepted: list[int] = []
    server = _numbered(server, accepted, 2, data)
    try:
        deliver(server)
        found = Counter(json.loads(line)["id"] for line in _lines(server).elements())
    finally:
        server.stop()
    assert accepted
    assert set(accepted) == set(found)
    assert max(found.values()) <= 3
