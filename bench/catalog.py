"""The rows of a large table: a hundred thousand partitions made, filtered and scanned.

Times are a client's, over one kept connection, with requests signed beforehand; what the client
does with an answer's JSON is not in them, because that is as much as the server does.
"""

from __future__ import annotations

import http.client
import json
import statistics
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench import load
from bench.measure import Results, Sample, starts

PARTITIONS = 100_000
BATCH = 100
SEGMENTS = 4
FILTERS = 20
CAPABLE = ("lakebed file", "moto")
"""What has the operations; moto is given a tenth of the partitions, because it filters them all."""
PEER_SHARE = 0.1
NAMES = {"DatabaseName": "bench", "TableName": "events"}
COLUMNS = [{"Name": f"column_{number}", "Type": "string"} for number in range(19)]


class Catalog:
    """Glue's calls (or another JSON service's) over one kept connection."""

    def __init__(self, url: str, service: str = "glue", target: str = "AWSGlue") -> None:
        self._url = url
        self._service = service
        self._target = target
        place = urlsplit(url)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port)
        self._connection.connect()

    def call(self, operation: str, value: dict[str, Any]) -> tuple[bytes, float]:
        """Make one call; return its body and its milliseconds; RuntimeError if it is refused."""
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"{self._target}.{operation}",
        }
        request = load.Request(self._service, "POST", "/", headers, json.dumps(value).encode())
        wire = load.signed(self._url, request)
        began = time.perf_counter()
        socket: Any = self._connection.sock
        socket.sendall(wire)
        response = http.client.HTTPResponse(socket, method="POST")
        response.begin()
        body = response.read()
        took = (time.perf_counter() - began) * 1000
        if response.will_close:
            # moto's server ends each connection with its answer.
            self._connection.close()
            self._connection.connect()
        if response.status != 200:
            raise RuntimeError(f"{operation}: {response.status} {body[:300]!r}")
        return body, took


def story(runs: Path, columns: list[str], scale: float, results: Results) -> None:
    """Measure every server that has the operations, each on a fresh folder."""
    for column in CAPABLE:
        if column not in columns:
            continue
        share = 1.0 if column.startswith("lakebed") else PEER_SHARE
        server = starts(column)(runs)
        try:
            _measure(Catalog(server.url), column, int(PARTITIONS * scale * share), results)
        except (RuntimeError, OSError) as error:
            results.fail("partitions_filter", column, error)
        finally:
            server.stop()


def create(catalog: Catalog, count: int) -> list[float]:
    """Make the table with so many partitions; return the milliseconds of each batch."""
    keys = [{"Name": "day", "Type": "string"}, {"Name": "hour", "Type": "int"}]
    table = {"Name": "events", "PartitionKeys": keys, "StorageDescriptor": {"Columns": COLUMNS}}
    catalog.call("CreateDatabase", {"DatabaseInput": {"Name": "bench"}})
    catalog.call("CreateTable", {"DatabaseName": "bench", "TableInput": table})
    return [_created(catalog, first) for first in range(0, count, BATCH)]


def _measure(catalog: Catalog, column: str, count: int, results: Results) -> None:
    took = create(catalog, count)
    results.add("partitions_create", column, Sample(statistics.median(took)))
    days = count // 24
    filters = [
        f"day = '{day_of(number * days // FILTERS)}' and hour >= 14" for number in range(FILTERS)
    ]
    answers = [catalog.call("GetPartitions", {**NAMES, "Expression": one}) for one in filters]
    if any(len(json.loads(body)["Partitions"]) != 10 for body, _ in answers):
        raise RuntimeError("a filter did not find its ten partitions")
    results.add("partitions_filter", column, Sample(statistics.median(t for _, t in answers)))
    inner = {**NAMES, "Expression": f"hour = 5 and day < '{day_of(10)}'"}
    results.add("partitions_leading", column, Sample(catalog.call("GetPartitions", inner)[1]))
    anywhere = {**NAMES, "Expression": f"day like '%{day_of(7)[-6:]}' and hour = 5"}
    results.add("partitions_anywhere", column, Sample(catalog.call("GetPartitions", anywhere)[1]))
    if column.startswith("lakebed"):
        results.add("partitions_scan", column, Sample(_scanned(catalog, count) / 1000))


def day_of(number: int) -> str:
    """Return the text of a day by its number."""
    return f"{1900 + number // 360:04}-{number // 30 % 12 + 1:02}-{number % 30 + 1:02}"


def _created(catalog: Catalog, first: int) -> float:
    inputs: list[dict[str, Any]] = []
    for number in range(first, first + BATCH):
        day, hour = day_of(number // 24), str(number % 24)
        descriptor = {
            "Columns": COLUMNS,
            "Location": f"s3://bench/events/day={day}/hour={hour}/",
            "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "SerdeInfo": {
                "SerializationLibrary": (
                    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
                )
            },
        }
        inputs.append({"Values": [day, hour], "StorageDescriptor": descriptor})
    return catalog.call("BatchCreatePartition", {**NAMES, "PartitionInputList": inputs})[1]


def _scanned(catalog: Catalog, count: int) -> float:
    """Read all partitions, segment by segment, one after the other; return milliseconds."""
    total, seen = 0.0, 0
    for number in range(SEGMENTS):
        token = None
        while True:
            segment = {"SegmentNumber": number, "TotalSegments": SEGMENTS}
            value: dict[str, Any] = {**NAMES, "Segment": segment}
            if token:
                value["NextToken"] = token
            body, took = catalog.call("GetPartitions", value)
            total += took
            page = json.loads(body)
            seen += len(page["Partitions"])
            token = page.get("NextToken")
            if token is None:
                break
    if seen != count // BATCH * BATCH:
        raise RuntimeError(f"the segments held {seen} partitions, not {count}")
    return total
