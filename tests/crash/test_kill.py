"""`kill -9` under mixed writes: all that was acknowledged is there, whole; nothing is torn."""

from __future__ import annotations

import os
import random
import time
from functools import partial

import pytest

from lakebed import testing
from tests.cli.fsck_in_process import problems
from tests.crash.load import Writer, answered, check, let_work, set_up
from tests.services.athena.athena_client import start

ROUNDS = 34 if os.environ.get("LAKEBED_SLOW") else 1
"""Of each durability mode."""
WRITERS = 3


@pytest.mark.parametrize("durability", ["none", "file", "full"])
def test_every_acknowledged_write_survives_a_kill(tmp_path, durability):
    data, flags = tmp_path / "data", ("--durability", durability)
    server = testing.start(data, *flags, log=tmp_path / "log")
    port = int(server.url.rpartition(":")[2])
    set_up(server.url)
    writers = [Writer(f"w{index}", server.url, 0) for index in range(WRITERS)]
    for number in range(ROUNDS):
        for writer in writers:
            writer.start()
        moment = random.Random(number).random() * 0.3
        let_work(partial(answered, writers), 20, moment)
        server.kill()
        server.process.stdout.close()
        for writer in writers:
            writer.join()
            assert writer.errors == []
        if number % 4 == 3:
            # What the next start does first, done here, leaves nothing to be found.
            assert losses(data) == []
        server = testing.start(data, *flags, log=tmp_path / "log", port=port)
        left = [path for path in (data / "state" / "tmp").rglob("*") if path.is_file()]
        assert left == []
        check(server.url, writers)
        writers = [writer.resume(number + 1) for writer in writers]
    server.kill()
    server.process.stdout.close()
    assert losses(data) == []


def losses(data):
    """Return what is wrong, without the second names that no row came to.

    A server removes them some seconds after its start; these live shorter, and once the version
    they were made for is deleted, only `lakebed fsck` finds them.
    """
    return [finding for finding in problems(data, is_deep=True) if finding.kind != "orphan-file"]


def test_a_running_query_ends_failed_with_a_reason(tmp_path):
    server = testing.start(tmp_path / "data", log=tmp_path / "log")
    server.client("s3").create_bucket(Bucket="bucket")
    athena = server.client("athena")
    text = "SELECT count(*) FROM (VALUES 1,2,3,4,5,6,7,8,9,10) a(x) " + " ".join(
        f"CROSS JOIN (VALUES 1,2,3,4,5,6,7,8,9,10) a{n}(x{n})" for n in range(11)
    )
    started = start(athena, text, ResultConfiguration={"OutputLocation": "s3://bucket/r/"})
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        query = athena.get_query_execution(**started)["QueryExecution"]
        if query["Status"]["State"] == "RUNNING":
            break
        time.sleep(0.02)
    assert query["Status"]["State"] == "RUNNING", query["Status"]
    server.kill()
    again = testing.start(tmp_path / "data", log=tmp_path / "log")
    status = again.client("athena").get_query_execution(**started)["QueryExecution"]["Status"]
    again.kill()
    assert status["State"] == "FAILED"
    assert status["StateChangeReason"] == (
        "The server stopped while the query was running. Run the query again."
    )
    assert status["AthenaError"]["Retryable"] is True
