"""Kinesis Data Streams: records put and got, the time from a put to its get, memory of shards.

Requests are signed beforehand, records are 1 KB in four shards, every answer's status is read and
its count of failed records looked for. Beside lakebed is ministack, which keeps records in memory.
"""

from __future__ import annotations

import base64
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

from bench import load, servers
from bench.catalog import Catalog
from bench.measure import Results, Sample, starts

COLUMNS = ("lakebed file", "lakebed none", "ministack")
SHARES = {"lakebed file": 1.0, "lakebed none": 1.0, "ministack": 0.1}
TARGET = "Kinesis_20131202"
RECORD_BYTES = 1024
BATCH = 500
BATCHES = 400
SINGLES = 20_000
POLLS = 200
SHARDS = 4
IDLE_SHARDS = 1000


def story(runs: Path, repeats: int, results: Results) -> None:
    """Measure each server that is there on a fresh folder; `repeats` scales how much is put."""
    servers.install_peers()
    for column in COLUMNS:
        scale = SHARES[column] * repeats / 40
        server = starts(column)(runs)
        try:
            _measure(server, column, scale, results)
        except (RuntimeError, OSError) as error:
            results.fail("kinesis", column, error)
        finally:
            server.stop()


def _measure(server: servers.Running, column: str, scale: float, results: Results) -> None:
    kinesis = Catalog(server.url, "kinesis", TARGET)
    kinesis.call("CreateStream", {"StreamName": "bench", "ShardCount": SHARDS})
    _until_active(kinesis, "bench")
    _put(server, column, scale, results)
    _get(kinesis, column, results)
    _latency(kinesis, column, results)
    if column.startswith("lakebed"):
        before = load.resident_bytes(server.process.pid)
        kinesis.call("CreateStream", {"StreamName": "idle", "ShardCount": IDLE_SHARDS})
        many = [f"{number}" for number in range(IDLE_SHARDS)]
        for at in range(0, IDLE_SHARDS, BATCH):
            kinesis.call("PutRecords", {"StreamName": "idle", "Records": [
                record(key, 10) for key in many[at : at + BATCH]
            ]})  # fmt: skip
        results.add("kinesis_memory_idle", column, Sample(before / 1e6))
        grown = load.resident_bytes(server.process.pid) - before
        results.add("kinesis_memory_1000_shards", column, Sample(grown / 1e6))


def _until_active(kinesis: Catalog, stream: str) -> None:
    for _ in range(100):
        body, _ = kinesis.call("DescribeStreamSummary", {"StreamName": stream})
        if b'"ACTIVE"' in body:
            return
        time.sleep(0.1)
    raise RuntimeError("the stream does not become active")


def record(key: str, size: int = RECORD_BYTES) -> dict[str, Any]:
    """Return a record of random bytes."""
    return {"Data": base64.b64encode(os.urandom(size)).decode(), "PartitionKey": key}


def request(server: servers.Running, operation: str, value: dict[str, Any]) -> bytes:
    """Return the bytes on the wire of a signed request."""
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"{TARGET}.{operation}",
    }
    request = load.Request("kinesis", "POST", "/", headers, json.dumps(value).encode())
    return load.signed(server.url, request)


def _put(server: servers.Running, column: str, scale: float, results: Results) -> None:
    bodies = [
        request(server, "PutRecords", {
            "StreamName": "bench",
            "Records": [record(f"{turn}-{number}") for number in range(BATCH)],
        })
        for turn in range(8)
    ]  # fmt: skip
    count = max(int(BATCHES * scale), 8)
    cpu = load.stat_seconds(server.process.pid)
    seconds = load.run(server.url, [bodies[at % 8] for at in range(count)], 4)
    cpu = load.stat_seconds(server.process.pid) - cpu
    records = count * BATCH
    results.add("kinesis_put_records", column, Sample(records / seconds))
    results.add("kinesis_put_records_cpu", column, Sample(1e6 * cpu / records))
    singles = [
        request(server, "PutRecord", {"StreamName": "bench", **record(f"{number}")})
        for number in range(64)
    ]
    count = max(int(SINGLES * scale), 64)
    cpu = load.stat_seconds(server.process.pid)
    seconds = load.run(server.url, [singles[at % 64] for at in range(count)], 16)
    cpu = load.stat_seconds(server.process.pid) - cpu
    results.add("kinesis_put_record", column, Sample(count / seconds))
    results.add("kinesis_put_record_cpu", column, Sample(1e6 * cpu / count))


def iterator(kinesis: Catalog, shard: str, kind: str) -> str:
    """Return an iterator of the stream `bench`."""
    wanted = {"StreamName": "bench", "ShardId": shard, "ShardIteratorType": kind}
    body, _ = kinesis.call("GetShardIterator", wanted)
    return json.loads(body)["ShardIterator"]


def _get(kinesis: Catalog, column: str, results: Results) -> None:
    """Read a shard to its end, one request after the other; bytes are those of the answers."""
    at, size, took = iterator(kinesis, "shardId-000000000000", "TRIM_HORIZON"), 0, 0.0
    while True:
        body, milliseconds = kinesis.call("GetRecords", {"ShardIterator": at})
        size, took = size + len(body), took + milliseconds
        tail = body[body.rfind(b"]") :] + body[: body.find(b"[")]
        at = json.loads(body)["NextShardIterator"]
        if b'"MillisBehindLatest":0' in tail.replace(b" ", b"") and len(body) < 1000:
            break
    results.add("kinesis_get_records", column, Sample(size / took / 1000))


def _latency(kinesis: Catalog, column: str, results: Results) -> None:
    """Poll back to back until a record that was put is there: milliseconds from put to get."""
    at = iterator(kinesis, "shardId-000000000000", "LATEST")
    times: list[float] = []
    put = {"StreamName": "bench", "ExplicitHashKey": "0", **record("k")}
    for _ in range(POLLS):
        began = time.perf_counter()
        kinesis.call("PutRecord", put)
        while True:
            body, _ = kinesis.call("GetRecords", {"ShardIterator": at})
            answer = json.loads(body)
            at = answer["NextShardIterator"]
            if answer["Records"]:
                break
        times.append((time.perf_counter() - began) * 1000)
    results.add("kinesis_put_to_get", column, Sample(statistics.median(times)))
