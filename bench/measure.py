"""Measures the wire's rows: server by server, a fresh one each run, alternating."""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench import load, servers
from bench.operations import KEYS_READ, Operation

WARM_PART = 10
DIGESTS = 100
IDLE_SECONDS = 1.0

Start = Callable[[Path], servers.Running]


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one row: CPU µs an operation and operations a second, or one plain number."""

    value: float
    ops: float = 0.0


@dataclass(slots=True)
class Results:
    """Every sample by row and column, and the failures by the same."""

    samples: dict[tuple[str, str], list[Sample]] = field(
        default_factory=dict[tuple[str, str], list[Sample]]
    )
    failures: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def add(self, row: str, column: str, sample: Sample) -> None:
        """Keep a sample."""
        self.samples.setdefault((row, column), []).append(sample)

    def fail(self, row: str, column: str, error: Exception) -> None:
        """Keep why there is no sample."""
        self.failures[row, column] = f"{type(error).__name__}: {error}"[:200]
        print(f"bench: {row} on {column}: {self.failures[row, column]}", flush=True)


# The share of a row's requests a server gets: the slow ones would need minutes for all.
SHARES = {
    "lakebed none": 1.0,
    "lakebed file": 1.0,
    "floor": 1.0,
    "versitygw": 0.5,
    "minio": 0.25,
    "ministack": 0.25,
    "moto": 0.05,
}
PEERS = {
    "versitygw": servers.versitygw,
    "minio": servers.minio,
    "ministack": servers.ministack,
    "moto": servers.moto,
}
OBJECTS_ONLY = ("versitygw", "minio")


def starts(column: str) -> Start:
    """Return what starts the server of a column."""
    if column.startswith("lakebed "):
        return lambda runs: servers.lakebed(runs, column.split()[1])
    return PEERS[column]


def session(
    runs: Path, column: str, rows: dict[str, Operation], scale: float, results: Results
) -> None:
    """Start one server, measure its start, its memory at rest, and every row, one by one."""
    server = starts(column)(runs)
    try:
        time.sleep(IDLE_SECONDS)
        results.add("start", column, Sample(server.start_cpu_seconds * 1000))
        results.add("idle", column, Sample(load.resident_bytes(server.process.pid) / 1e6))
        for name, row in rows.items():
            if column == "lakebed file" and not row.is_write:
                continue
            if column in OBJECTS_ONLY and not row.is_objects:
                continue
            if column in PEERS and row.is_ours:
                continue
            count = max(int(row.count * scale * SHARES[column]), 10)
            try:
                results.add(name, column, measured(server, row, count))
            except (RuntimeError, OSError) as error:
                results.fail(name, column, error)
    finally:
        server.stop()


def floor_session(runs: Path, rows: dict[str, Operation], scale: float, results: Results) -> None:
    """Measure the floor: the same requests, answered with canned bytes."""
    for name, row in rows.items():
        if row.floor == "digests":
            results.add(name, "floor", digests(row.answer_bytes))
            continue
        server = servers.floor(runs, row.answer_bytes, row.floor)
        try:
            results.add(name, "floor", measured(server, row, max(int(row.count * scale), 10)))
        finally:
            server.stop()


def digests(size: int) -> Sample:
    """Measure the digests that a PUT of this size cannot do without: MD5, SHA-256 and CRC-32."""
    body = b"x" * size
    began = time.process_time()
    for _ in range(DIGESTS):
        hashlib.md5(body, usedforsecurity=False)
        hashlib.sha256(body)
        zlib.crc32(body)
    seconds = (time.process_time() - began) / DIGESTS
    return Sample(seconds * 1e6, 1 / seconds)


def measured(server: servers.Running, row: Operation, count: int) -> Sample:
    """Prepare and warm up, then send exactly `count` requests and read what they cost."""
    warm = max(count // WARM_PART, 4)
    total = count + warm
    is_floor = server.folder.name.endswith("floor")
    for batch in [] if is_floor else row.prepare(total):
        load.run(server.url, [load.signed(server.url, request, server.keys) for request in batch])
    if row.rest_seconds and not is_floor:
        time.sleep(row.rest_seconds)
    distinct = total if row.distinct else min(total, KEYS_READ)
    wire = [load.signed(server.url, row.request(number), server.keys) for number in range(distinct)]
    requests = [wire[number % distinct] for number in range(total)]
    load.run(server.url, requests[:warm])
    before = server.cpu_seconds()
    seconds = load.run(server.url, requests[warm:])
    cpu = server.cpu_seconds() - before
    return Sample(cpu / count * 1e6, count / seconds)
