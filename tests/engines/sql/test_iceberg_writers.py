"""Writers of one Iceberg table at once: what each was told is so, also after `kill -9`."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    RESTError,
)

from lakebed import testing
from tests.engines.sql.iceberg_tables import Athena
from tests.services.glue_iceberg import rest_catalog


@pytest.fixture
def athena(lakebed):
    return Athena(lakebed)


def test_inserts_at_once_are_all_kept(athena):
    athena.create("t", "id bigint")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda at: athena.run(f"INSERT INTO t VALUES {at}"), range(8)))
    states = [one["Status"]["State"] for one in done]
    kept = [at for at, state in enumerate(states) if state == "SUCCEEDED"]
    assert [one["id"] for one in athena.read("t")] == kept
    assert len(kept) == 8
    assert athena.rows('SELECT count(*) FROM "t$snapshots"') == [["8"]]


def test_one_of_two_updates_of_a_row_is_refused_or_sees_the_other(athena):
    athena.create("t", "id bigint, n int")
    athena.ok("INSERT INTO t VALUES (1, 0), (2, 0)")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: athena.run("UPDATE t SET n = n + 1 WHERE id = 1"), range(8)))
    succeeded = sum(one["Status"]["State"] == "SUCCEEDED" for one in done)
    message = "ICEBERG_COMMIT_ERROR: Failed to commit Iceberg update to table: db.t"
    refused = [
        one["Status"]["StateChangeReason"] for one in done if one["Status"]["State"] == "FAILED"
    ]
    assert set(refused) <= {message}
    assert succeeded
    assert athena.rows("SELECT id, n FROM t ORDER BY id") == [["1", str(succeeded)], ["2", "0"]]


class Table:
    """What writers were told of their commits."""

    def __init__(self, athena: Athena) -> None:
        self.athena = athena
        self.lock = threading.Lock()
        self.acknowledged: set[int] = set()
        self.tried: set[int] = set()
        self.number = 0

    def write(self, commits: int, insert: Callable[[int], bool]) -> None:
        """Insert rows until so many inserts were acknowledged by all writers."""
        while len(self.acknowledged) < commits:
            with self.lock:
                self.number += 1
                number = self.number
                self.tried.add(number)
            # The server is killed meanwhile: what it did not answer may be there, or not.
            unknown = (ClientError, BotoCoreError, AssertionError, KeyError, OSError)
            refused = (CommitFailedException, CommitStateUnknownException, RESTError)
            with contextlib.suppress(*unknown, *refused):
                if insert(number):
                    with self.lock:
                        self.acknowledged.add(number)

    def by_athena(self, number: int) -> bool:
        """Insert a row with a statement."""
        done = self.athena.run(f"INSERT INTO t VALUES ({number}, {number % 3})")
        return done["Status"]["State"] == "SUCCEEDED"

    def by_pyiceberg(self, number: int) -> bool:
        """Append a row with another engine, over Glue and S3."""
        return self.append(self.athena.catalog(), number)

    def by_rest(self, number: int) -> bool:
        """Append a row over Glue's Iceberg REST endpoint."""
        return self.append(rest_catalog.catalog(self.athena.lakebed), number)

    def append(self, catalog: Catalog, number: int) -> bool:
        """Append a row with PyIceberg."""
        table = catalog.load_table("db.t")
        rows = {"id": [number], "part": [number % 3]}
        schema = pa.schema([("id", pa.int64()), ("part", pa.int32())])
        table.append(pa.table(rows, schema=schema))
        return True


def workers_of(process: int) -> list[int]:
    """Return the children of the server that run queries."""
    out = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rsplit(")", 1)[1].split()
            command = path.with_name("cmdline").read_bytes()
            if int(fields[1]) == process and b"duckdb.worker" in command:
                out.append(int(path.parent.name))
    return out


def check_commits(commits: int, kills: int, folder: Path) -> None:
    """Let four writers commit while workers and the server are killed."""
    server = testing.start(folder / "data")
    try:
        table = Table(Athena(server))
        table.athena.create("t", "id bigint, part int", "PARTITIONED BY (part)")
        writers = (table.by_athena, table.by_athena, table.by_pyiceberg, table.by_rest)
        threads = [threading.Thread(target=table.write, args=(commits, one)) for one in writers]
        for one in threads:
            one.start()
        chance = random.Random(7)
        for number in range(kills):
            goal = commits * (number + 1) // (kills + 1)
            while len(table.acknowledged) < goal:
                time.sleep(0.01)
            if number % 3 != 1:
                workers = workers_of(server.process.pid)
                if workers:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(chance.choice(workers), signal.SIGKILL)
                continue
            port = int(server.url.rsplit(":", 1)[1])
            server.kill()
            server = testing.start(folder / "data", port=port)
            table.athena.lakebed = server
        for one in threads:
            one.join()
        found = [one["id"] for one in table.athena.read("t")]
        assert len(found) == len(set(found)), "a commit was made twice"
        assert table.acknowledged <= set(found), "an acknowledged commit was lost"
        assert set(found) <= table.tried
        count = table.athena.rows("SELECT count(*) FROM t")
        assert count == [[str(len(found))]]
    finally:
        server.stop()


@pytest.mark.slow
def test_no_acknowledged_commit_is_lost(tmp_path):
    check_commits(12, 2, tmp_path)


@pytest.mark.slow
def test_no_acknowledged_commit_of_two_hundred_is_lost(tmp_path):
    check_commits(200, 30, tmp_path)
