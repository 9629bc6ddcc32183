"""`kill -9` under mixed writes: all that was acknowledged is there, whole; nothing is torn."""

from __future__ import annotations

import hashlib
import os
import random
import threading
import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lakebed import testing
from tests.services.athena.athena_client import start

ROUNDS = 20 if os.environ.get("LAKEBED_SLOW") else 2
WRITERS = 3


class Writer(threading.Thread):
    """Puts, overwrites and deletes objects and tables until its server is gone.

    `acknowledged` holds what the server has answered; `unsure` the names of calls that were under
    way at the end, which may have happened or not.
    """

    def __init__(self, server, name, seed):
        super().__init__(daemon=True)
        self.label = name
        self.random = random.Random(seed)
        self.acknowledged = {}
        self.unsure = {}
        config = Config(retries={"total_max_attempts": 1}, max_pool_connections=1)
        session = boto3.Session("test", "test", region_name="us-east-1")
        self.s3 = session.client("s3", endpoint_url=server.url, config=config)
        self.glue = session.client("glue", endpoint_url=server.url, config=config)

    def run(self):
        try:
            while True:
                self.step()
        except (BotoCoreError, ClientError, OSError):
            return

    def step(self):
        name = f"{self.label}-{self.random.randrange(12)}"
        kind = self.random.choice(("put", "put", "put", "delete", "table"))
        if kind == "table":
            text = str(self.random.random())
            self.unsure[f"table {name}"] = text
            table = {"Name": name, "Description": text}
            if self.acknowledged.get(f"table {name}") is None:
                self.glue.create_table(DatabaseName="d", TableInput=table)
            else:
                self.glue.update_table(DatabaseName="d", TableInput=table)
            self.acknowledged[f"table {name}"] = text
            del self.unsure[f"table {name}"]
            return
        key = f"{self.random.choice(('a', 'b/c', 'b/d/e'))}/{name}"
        body = None
        if kind == "put":
            body = self.random.randbytes(self.random.choice((0, 100, 5000, 300_000)))
        self.unsure[f"object {key}"] = body
        if body is None:
            self.s3.delete_object(Bucket="bucket", Key=key)
        else:
            self.s3.put_object(Bucket="bucket", Key=key, Body=body, Metadata={"n": str(len(body))})
        self.acknowledged[f"object {key}"] = body
        del self.unsure[f"object {key}"]


def listed(s3):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="bucket")
    return {item["Key"] for page in pages for item in page.get("Contents", ())}


def check(server, acknowledged, unsure):
    s3, glue = server.client("s3"), server.client("glue")
    found, ghosts = {}, set()
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="bucket"):
        for item in page.get("Contents", ()):
            try:
                answer = s3.get_object(Bucket="bucket", Key=item["Key"])
            except s3.exceptions.NoSuchKey:
                # A delete that was cut off between file and row: absent, and listed no longer
                # than a change made by hand would be.
                ghosts.add(item["Key"])
                continue
            body = answer["Body"].read()
            assert len(body) == item["Size"]
            assert item["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
            assert answer["Metadata"] == {"n": str(len(body))}
            found[f"object {item['Key']}"] = body
    for page in glue.get_paginator("get_tables").paginate(DatabaseName="d"):
        for table in page["TableList"]:
            found[f"table {table['Name']}"] = table["Description"]
    deadline = time.monotonic() + 5
    while ghosts & listed(s3) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not ghosts & listed(s3)
    for name in {*acknowledged, *unsure, *found}:
        allowed = [acknowledged.get(name)]
        if name in unsure:
            allowed.append(unsure[name])
        assert found.get(name) in allowed, name
    return found


@pytest.mark.parametrize("durability", ["file", "none"])
def test_every_acknowledged_write_survives_a_kill(tmp_path, durability):
    flags = ("--durability", durability)
    acknowledged = {}
    for number in range(ROUNDS):
        server = testing.start(tmp_path / "data", *flags, log=tmp_path / "log")
        if number == 0:
            server.client("s3").create_bucket(Bucket="bucket")
            server.client("glue").create_database(DatabaseInput={"Name": "d"})
        writers = [Writer(server, f"w{index}", number * 10 + index) for index in range(WRITERS)]
        for writer in writers:
            mine = {
                name: value
                for name, value in acknowledged.items()
                if f"w{writer.label[1]}-" in name
            }
            writer.acknowledged.update(mine)
            writer.start()
        time.sleep(0.3 + random.Random(number).random() * 0.3)
        server.kill()
        unsure = {}
        for writer in writers:
            writer.join()
            acknowledged.update(writer.acknowledged)
            unsure.update(writer.unsure)
        assert len(acknowledged) > 3
        server = testing.start(tmp_path / "data", *flags, log=tmp_path / "log")
        found = check(server, acknowledged, unsure)
        acknowledged = {name: found.get(name) for name in {*acknowledged, *found}}
        left = list((tmp_path / "data" / "state" / "tmp").rglob("*"))
        assert [path for path in left if path.is_file()] == []
        server.kill()


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
