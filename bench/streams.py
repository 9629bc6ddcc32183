"""The rows of large objects and large listings: megabytes a second, processor, memory, pages."""

from __future__ import annotations

import concurrent.futures
import hashlib
import os
import threading
import time
import zlib
from pathlib import Path
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from bench import load, servers
from bench.measure import Results, Sample, starts
from bench.operations import Request
from lakebed.core.limits import GIB, MIB

STREAMS = 64
STREAM_BYTES = 8 * MIB
GROWTH_SECONDS = 0.01


def client(server: servers.Running) -> Any:
    """Return a boto3 client of a server."""
    return boto3.client(
        "s3", endpoint_url=server.url, region_name="us-east-1",
        aws_access_key_id=server.keys.access_key, aws_secret_access_key=server.keys.secret_key,
        config=Config(
            s3={"addressing_style": "path"}, max_pool_connections=STREAMS,
            retries={"max_attempts": 1}, read_timeout=300,
        ),
    )  # fmt: skip


class Watched:
    """Wall seconds, processor seconds and growth of memory of a server while a block runs."""

    def __init__(self, server: servers.Running) -> None:
        self._server = server
        self._ends = threading.Event()

    def __enter__(self) -> Watched:
        pid = self._server.process.pid
        self._before = load.resident_bytes(pid)
        self._most = self._before
        self._thread = threading.Thread(target=self._watch, args=(pid,))
        self._thread.start()
        self._cpu, self._began = self._server.cpu_seconds(), time.perf_counter()
        return self

    def _watch(self, pid: int) -> None:
        while not self._ends.wait(GROWTH_SECONDS):
            self._most = max(self._most, load.resident_bytes(pid))

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._began
        self.cpu = self._server.cpu_seconds() - self._cpu
        self._ends.set()
        self._thread.join()
        self.growth_mb = (self._most - self._before) / 1e6


def _digests_seconds(size: int) -> float:
    block = os.urandom(MIB)
    md5, sha, crc = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    began = time.process_time()
    for _ in range(size // MIB):
        md5.update(block)
        sha.update(block)
        crc = zlib.crc32(block, crc)
    return time.process_time() - began


def large(server: servers.Running, column: str, results: Results, scale: float) -> None:
    """Measure PUT 64 MiB, a multipart upload of 8 × 8 MiB, many streams and one of 3 GiB."""
    s3 = client(server)
    s3.create_bucket(Bucket="large")
    body = os.urandom(64 * MIB)
    s3.put_object(Bucket="large", Key="warm", Body=body[:MIB])
    with Watched(server) as seen:
        s3.put_object(Bucket="large", Key="one", Body=body)
    results.add("put_64m", column, Sample(64 / seen.seconds))
    results.add("put_64m_cpu", column, Sample(seen.cpu / _digests_seconds(64 * MIB)))
    results.add("put_64m_growth", column, Sample(seen.growth_mb))
    parts = TransferConfig(multipart_chunksize=8 * MIB, max_concurrency=8)
    path = server.folder / "body"
    path.write_bytes(body)
    with Watched(server) as seen:
        s3.upload_file(str(path), "large", "parts", Config=parts)
    results.add("multipart", column, Sample(64 / seen.seconds))
    results.add("multipart_growth", column, Sample(seen.growth_mb))
    with Watched(server) as seen, concurrent.futures.ThreadPoolExecutor(STREAMS) as threads:
        puts = [
            threads.submit(s3.put_object, Bucket="large", Key=f"s{n}", Body=body[:STREAM_BYTES])
            for n in range(STREAMS)
        ]
        for put in puts:
            put.result()
    results.add("streams_growth", column, Sample(seen.growth_mb))
    if scale >= 1:
        size = 3 * GIB
        with Watched(server) as seen:
            _stream(server, size)
        results.add("put_3g", column, Sample(size / MIB / seen.seconds))
        results.add("put_3g_growth", column, Sample(seen.growth_mb))


def _stream(server: servers.Running, size: int) -> None:
    """PUT bytes that are made while they are sent, without a payload hash."""
    import http.client
    from urllib.parse import urlsplit

    head = load.signed_head(server.url, Request("s3", "PUT", "/large/three", {}), server.keys)
    place = urlsplit(server.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=300)
    block = os.urandom(MIB)
    blocks = (block for _ in range(size // MIB))
    connection.request("PUT", "/large/three", blocks, {**head, "Content-Length": str(size)})
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{answer.status} {said[:300]!r}")


def story(runs: Path, columns: list[str], scale: float, results: Results) -> None:
    """Measure the large objects of every object store that is asked for."""
    for column in columns:
        if column not in ("lakebed none", "lakebed file", "versitygw", "minio"):
            continue
        server = starts(column)(runs)
        try:
            large(server, column, results, scale)
        except Exception as error:  # noqa: BLE001 (a row that fails is a row that says so)
            results.fail("put_64m", column, error)
        finally:
            server.stop()
