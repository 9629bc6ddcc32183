"""The rows that are one operation over the wire: what is prepared, what is measured, the goal."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from bench.load import Request
from lakebed.core.limits import KIB, MIB

GLUE = {"Content-Type": "application/x-amz-json-1.1"}
KEYS_READ = 200
KEYS_LISTED = 2000


@dataclass(frozen=True, slots=True)
class Operation:
    """One row. `answer_bytes` is the size of the floor's answer; goals are CPU µs an operation.

    `prepare(count)` gives batches that are sent before, one batch after the other, not measured;
    `request(number)` is the one that is measured. `floor` is the module whose server is the limit,
    or `digests`; `rest_seconds` pass between the preparation and the measurement; what `is_ours`
    is not asked of peers.
    """

    title: str
    count: int
    prepare: Callable[[int], list[list[Request]]]
    request: Callable[[int], Request]
    goal: float | None = None
    goal_synced: float | None = None
    answer_bytes: int = 0
    distinct: bool = False
    is_write: bool = False
    is_objects: bool = True
    is_ours: bool = False
    floor: str = "bench.floor"
    rest_seconds: float = 0.0


def _s3(method: str, path: str, headers: dict[str, str] | None = None) -> Request:
    return Request("s3", method, path, headers or {})


def _put(path: str, body: bytes) -> Request:
    # What boto3 sends: the CRC-32 in a header, and the true SHA-256 in the signature.
    checksum = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    headers = {
        "x-amz-checksum-crc32": checksum,
        "x-amz-sdk-checksum-algorithm": "CRC32",
        "Content-Type": "application/octet-stream",
    }
    return Request("s3", "PUT", path, headers, body)


def _encrypted(path: str, body: bytes) -> Request:
    put = _put(path, body)
    headers = {**put.headers, "x-amz-server-side-encryption": "AES256"}
    return Request("s3", "PUT", path, headers, body)


def body_of(number: int, size: int) -> bytes:
    """Return bytes that differ from object to object."""
    return hashlib.sha256(b"%d" % number).digest() * (size // 32)


def _bucket(name: str) -> list[Request]:
    return [_s3("PUT", f"/{name}")]


def _filled(name: str, number: int, size: int) -> list[list[Request]]:
    objects = [_put(f"/{name}/o/{key:06}", body_of(key, size)) for key in range(number)]
    return [_bucket(name), objects]


def _partitions(name: str) -> list[list[Request]]:
    objects = [
        _put(f"/{name}/month%3D{key % 12:02}/{key:06}", body_of(key, 32)) for key in range(2400)
    ]
    return [_bucket(name), objects]


def _emptied(name: str, number: int) -> list[list[Request]]:
    gone = [_s3("DELETE", f"/{name}/o/{key:06}") for key in range(number)]
    return [*_filled(name, number, 32), gone]


def _delete_objects(bucket: str, keys: list[str]) -> Request:
    entries = "".join(f"<Object><Key>{key}</Key></Object>" for key in keys)
    body = f"<Delete>{entries}<Quiet>true</Quiet></Delete>".encode()
    digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    return Request("s3", "POST", f"/{bucket}?delete=", {"Content-MD5": digest}, body)


def _glue(target: str, value: object) -> Request:
    headers = {**GLUE, "X-Amz-Target": f"AWSGlue.{target}"}
    return Request("glue", "POST", "/", headers, json.dumps(value).encode())


def _catalog(_: int) -> list[list[Request]]:
    columns = [{"Name": f"column_{n}", "Type": "string"} for n in range(19)]
    storage = {
        "Columns": columns,
        "Location": "s3://bench/flights/",
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "SerdeInfo": {
            "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
        },
    }
    table = {
        "Name": "flights",
        "StorageDescriptor": storage,
        "PartitionKeys": [{"Name": "month", "Type": "int"}],
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet"},
    }
    return [
        [_glue("CreateDatabase", {"DatabaseInput": {"Name": "bench"}})],
        [_glue("CreateTable", {"DatabaseName": "bench", "TableInput": table})],
    ]


OPERATIONS: dict[str, Operation] = {
    "get_table": Operation(
        "glue.GetTable, 19 columns", 6000, _catalog,
        lambda _: _glue("GetTable", {"DatabaseName": "bench", "Name": "flights"}),
        goal=60, answer_bytes=1600, is_objects=False,
    ),
    "put_1k": Operation(
        "PUT 1 KB", 3000, lambda _: [_bucket("put-1k")],
        lambda n: _put(f"/put-1k/o/{n:06}", body_of(n, KIB)),
        goal=95, goal_synced=130, distinct=True, is_write=True,
    ),
    "put_4k": Operation(
        "PUT 4 KB", 3000, lambda _: [_bucket("put-4k")],
        lambda n: _put(f"/put-4k/o/{n:06}", body_of(n, 4 * KIB)),
        goal=95, goal_synced=130, distinct=True, is_write=True,
    ),
    "get_1k": Operation(
        "GET 1 KB", 6000, lambda _: _filled("get-1k", KEYS_READ, KIB),
        lambda n: _s3("GET", f"/get-1k/o/{n % KEYS_READ:06}"),
        goal=40, answer_bytes=KIB,
    ),
    "head": Operation(
        "HEAD 1 KB", 6000, lambda _: _filled("head", KEYS_READ, KIB),
        lambda n: _s3("HEAD", f"/head/o/{n % KEYS_READ:06}"),
    ),
    "put_1k_encrypted": Operation(
        "PUT 1 KB, SSE-S3", 3000, lambda _: [_bucket("put-1k-s")],
        lambda n: _encrypted(f"/put-1k-s/o/{n:06}", body_of(n, KIB)),
        distinct=True, is_write=True, is_ours=True,
    ),
    "get_1k_encrypted": Operation(
        "GET 1 KB, SSE-S3", 6000,
        lambda _: [_bucket("get-1k-s"), [
            _encrypted(f"/get-1k-s/o/{n:06}", body_of(n, KIB)) for n in range(KEYS_READ)
        ]],
        lambda n: _s3("GET", f"/get-1k-s/o/{n % KEYS_READ:06}"),
        answer_bytes=KIB, is_ours=True,
    ),
    "range": Operation(
        "GET 4 KB of 1 MB", 3000, lambda _: _filled("range", 8, MIB),
        lambda n: _s3(
            "GET", f"/range/o/{n % 8:06}",
            {"Range": f"bytes={n % 200 * 4096}-{n % 200 * 4096 + 4095}"},
        ),
        goal=45, answer_bytes=4 * KIB,
    ),
    "get_1m": Operation(
        "GET 1 MB (floor: bare sendfile)", 1000, lambda _: _filled("get-1m", 8, MIB),
        lambda n: _s3("GET", f"/get-1m/o/{n % 8:06}"),
        answer_bytes=MIB, floor="bench.sendfile",
    ),
    "put_1m": Operation(
        "PUT 1 MB (floor: the digests)", 150, lambda _: [_bucket("put-1m")],
        lambda n: _put(f"/put-1m/o/{n:06}", body_of(n, MIB)),
        answer_bytes=MIB, distinct=True, is_write=True, floor="digests",
    ),
    "list": Operation(
        "LIST 1,000 of 2,000", 150, lambda _: _filled("list", KEYS_LISTED, 32),
        lambda _: _s3("GET", "/list?list-type=2&max-keys=1000"),
        goal=1200, answer_bytes=350 * KIB,
    ),
    "delimiter": Operation(
        "LIST 12 common prefixes of 2,400 keys", 300, lambda _: _partitions("delimiter"),
        lambda _: _s3("GET", "/delimiter?delimiter=%2F&list-type=2"),
        goal=500, answer_bytes=2 * KIB,
    ),
    "overwrite": Operation(
        "PUT 1 KB onto 200 keys", 3000, lambda _: _filled("overwrite", KEYS_READ, KIB),
        lambda n: _put(f"/overwrite/o/{n % KEYS_READ:06}", body_of(n, KIB)),
        goal=110, distinct=True, is_write=True,
    ),
    "delete": Operation(
        "DELETE", 3000, lambda count: _filled("delete", count, 32),
        lambda n: _s3("DELETE", f"/delete/o/{n:06}"),
        goal=60, distinct=True, is_write=True,
    ),
    "delete_objects": Operation(
        "DeleteObjects, 1,000 keys", 6, lambda count: _filled("delete-all", count * 1000, 32),
        lambda n: _delete_objects("delete-all", [f"o/{n * 1000 + k:06}" for k in range(1000)]),
        goal=30_000, distinct=True, is_write=True,
    ),
    "put_after": Operation(
        "PUT 1 KB, 2 s after deleting 5,000", 2000, lambda _: _emptied("put-after", 5000),
        lambda n: _put(f"/put-after/n/{n:06}", body_of(n, KIB)),
        goal=120, distinct=True, is_write=True, rest_seconds=2.0,
    ),
}  # fmt: skip
