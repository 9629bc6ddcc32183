"""Kinesis at its limits: CBOR, pushes, a slow consumer, a restart with much in a stream, Kafka."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cbor2

from bench import kafka, kinesis, load, servers
from bench.catalog import Catalog
from bench.measure import Results, Sample
from lakebed import testing
from lakebed.core.limits import GIB, MIB
from lakebed.core.settings import Settings
from lakebed.engines.stream.segments.store import SegmentStore

PUSHES = 200
SLOW_BYTES = GIB
RESTART_BYTES = 10 * GIB
KAFKA_BATCHES = 300
OURS = "lakebed file"
ACCOUNT = "000000000000"


def story(runs: Path, repeats: int, results: Results) -> None:
    """Measure each on a fresh folder; `repeats` scales how much is put."""
    scale = repeats / 40
    for name, measure in (
        ("kinesis_cbor", _cbor),
        ("kinesis_push", _push),
        ("kinesis_slow", _slow),
    ):
        server = servers.lakebed(runs, "file")
        try:
            kinesis_of(server)
            measure(server, scale, results)
        except (RuntimeError, OSError) as error:
            results.fail(name, OURS, error)
        finally:
            server.stop()
    _restart(runs, scale, results)
    lib = kafka.jars()
    if lib is not None:
        servers.install_peers()
        _kafka(runs, lib, scale, results)


def kinesis_of(server: servers.Running) -> Catalog:
    """Return a client after it has made a stream."""
    made = Catalog(server.url, "kinesis", kinesis.TARGET)
    made.call("CreateStream", {"StreamName": "bench", "ShardCount": 1})
    return made


def _client(server: servers.Running) -> Catalog:
    return Catalog(server.url, "kinesis", kinesis.TARGET)


def _fill(server: servers.Running, size: int) -> None:
    """Put about so many bytes of records of 1 KB."""
    bodies = [
        kinesis.request(server, "PutRecords", {
            "StreamName": "bench",
            "Records": [kinesis.record(f"{turn}-{number}") for number in range(kinesis.BATCH)],
        })
        for turn in range(4)
    ]  # fmt: skip
    count = max(size // (kinesis.BATCH * kinesis.RECORD_BYTES), 4)
    load.run(server.url, [bodies[at % 4] for at in range(count)], 4)


def _cbor(server: servers.Running, scale: float, results: Results) -> None:
    """Read a shard to its end in CBOR: megabytes of answers a second."""
    _fill(server, int(100 * MIB * scale))
    at = kinesis.iterator(_client(server), "shardId-000000000000", "TRIM_HORIZON")
    one, size, took = _Socket(server.url), 0, 0.0
    while True:
        began = time.perf_counter()
        body = one.answer("GetRecords", {"ShardIterator": at})
        took += time.perf_counter() - began
        size += len(body)
        answer = cbor2.loads(body)
        at = answer["NextShardIterator"]
        if not answer["Records"]:
            break
    results.add("kinesis_cbor", OURS, Sample(size / took / 1e6))


class _Socket:
    """A connection on which CBOR is spoken, or a subscription is read."""

    def __init__(self, url: str) -> None:
        self._url = url
        place = urlsplit(url)
        self.socket = socket.create_connection((place.hostname or "", place.port or 80))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def answer(self, operation: str, value: dict[str, Any]) -> bytes:
        """Ask in CBOR; return the body of the answer; RuntimeError if it is an error."""
        kind = "application/x-amz-cbor-1.1"
        headers = {"Content-Type": kind, "X-Amz-Target": f"{kinesis.TARGET}.{operation}"}
        asked = load.Request("kinesis", "POST", "/", headers, cbor2.dumps(value))
        self.socket.sendall(load.signed(self._url, asked))
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.socket.recv(1 << 20)
        head, _, body = data.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{operation}: {head[:60]!r} {body[:300]!r}")
        lowered = head.lower()
        length = int(lowered.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        parts, left = [body], length - len(body)
        while left > 0:
            parts.append(self.socket.recv(1 << 20))
            left -= len(parts[-1])
        return b"".join(parts)


def _subscribed(server: servers.Running) -> _Socket:
    """Return a connection on which the shard is pushed, its first event read."""
    arn = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/bench"
    body, _ = _client(server).call("RegisterStreamConsumer", {
        "StreamARN": arn, "ConsumerName": "bench",
    })  # fmt: skip
    one = _Socket(server.url)
    one.socket.sendall(kinesis.request(server, "SubscribeToShard", {
        "ConsumerARN": json.loads(body)["Consumer"]["ConsumerARN"],
        "ShardId": "shardId-000000000000",
        "StartingPosition": {"Type": "LATEST"},
    }))  # fmt: skip
    data = b""
    while b"MillisBehindLatest" not in data:
        data += one.socket.recv(1 << 16)
        if not data.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"SubscribeToShard: {data[:300]!r}")
    return one


def _push(server: servers.Running, scale: float, results: Results) -> None:
    """Put single records: milliseconds from the request to the event that carries the record."""
    one, client, times = _subscribed(server), _client(server), list[float]()
    for number in range(max(int(PUSHES * scale), 20)):
        wanted = f'"PartitionKey":"push {number} "'.encode()
        record = {"StreamName": "bench", **kinesis.record(f"push {number} ")}
        began, data = time.perf_counter(), b""
        client.call("PutRecord", record)
        while wanted not in data:
            data += one.socket.recv(1 << 16)
        times.append((time.perf_counter() - began) * 1000)
    results.add("kinesis_push", OURS, Sample(statistics.median(times)))


def _slow(server: servers.Running, scale: float, results: Results) -> None:
    """Put much while a subscriber reads nothing: megabytes that the server grows by."""
    one = _subscribed(server)
    _fill(server, 50 * MIB)
    before = load.resident_bytes(server.process.pid)
    _fill(server, int(SLOW_BYTES * scale))
    grown = load.resident_bytes(server.process.pid) - before
    one.socket.close()
    results.add("kinesis_slow", OURS, Sample(grown / 1e6))


def _restart(runs: Path, scale: float, results: Results) -> None:
    """Start with much in a stream, killed before: seconds until it is read and put into again."""
    folder, wanted = servers.new_folder(runs, "restart"), int(RESTART_BYTES * scale)
    disk = os.statvfs(folder)
    wanted = min(wanted, disk.f_bavail * disk.f_frsize // 3)
    first = testing.start(folder / "data", log=folder / "server.log")
    try:
        running = servers.Running(first.url, first.process, load.cpu_seconds, 0, 0, folder)
        kinesis_of(running)
        _fill(running, 4 * MIB)
    finally:
        first.kill()
    _grow(folder / "data", wanted)
    began = time.perf_counter()
    second = testing.start(folder / "data", log=folder / "server.log")
    try:
        client = Catalog(second.url, "kinesis", kinesis.TARGET)
        at = kinesis.iterator(client, "shardId-000000000000", "LATEST")
        client.call("PutRecord", {"StreamName": "bench", **kinesis.record("k")})
        body, _ = client.call("GetRecords", {"ShardIterator": at})
        if len(json.loads(body)["Records"]) != 1:
            raise RuntimeError("the record was not read")
        results.add("kinesis_restart", OURS, Sample(time.perf_counter() - began))
        results.add("kinesis_restart_bytes", OURS, Sample(wanted / 1e9))
    except (RuntimeError, OSError) as error:
        results.fail("kinesis_restart", OURS, error)
    finally:
        second.kill()


def _grow(data: Path, size: int) -> None:
    """Append lines like those that are there to a log of a stopped server until it is so large."""
    folder = Settings(data_dir=data).state_dir / "streams"
    engine = SegmentStore(folder, is_synced=False)
    (log,) = engine.logs()
    found = engine.read(log, 0, count_max=4000, bytes_max=4 * MIB)

    def lines(first: int, at: float) -> bytes:
        del first, at
        return found.data

    for _ in range(size // len(found.data)):
        appended = engine.append(log, found.count, time.time(), lines)
        appended.pending.flush()
    engine.close()


def _kafka(runs: Path, lib: Path, scale: float, results: Results) -> None:
    broker = None
    try:
        broker = kafka.Broker(runs, lib)
        for column, flushes in (("Kafka", False), ("Kafka, flush.messages=1", True)):
            batches = max(int(KAFKA_BATCHES * scale), 20)
            rate = broker.records_a_second(f"t{int(flushes)}", batches, flushes=flushes)
            results.add("kinesis_put_records", column, Sample(rate))
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        results.fail("kinesis_put_records", "Kafka", error)
    finally:
        if broker is not None:
            broker.stop()
