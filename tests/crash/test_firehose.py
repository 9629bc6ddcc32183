"""Killed while records come and go: each accepted record is delivered, few of them twice."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from lakebed import testing
from tests.services.firehose.delivering import deliver, make

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
        s3 = server.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket="lake")
        found: Counter[str] = Counter()
        for page in pages:
            for one in page["Contents"]:
                data = s3.get_object(Bucket="lake", Key=one["Key"])["Body"].read()
                found.update(data.decode().split())
    finally:
        server.stop()
    assert accepted
    assert set(accepted) <= set(found)
    most = max(found.values())
    assert most <= 2
