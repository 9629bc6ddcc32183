"""Runs a query of CloudWatch Logs Insights: its events to a file, the file to the SQL engine.

The events of the time range are written as lines of JSON, with those fields beside them that the
query asks for; the engine sees a table over that file, and nothing else of the lake.
"""

from __future__ import annotations

import asyncio
import base64
import csv
import logging
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from lakebed.context import Caller, Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import (
    LOG_QUERY_PAGE_ROWS,
    LOG_QUERY_SCANNED_BYTES_MAX,
    LOG_SCANNED_BYTES_MAX,
)
from lakebed.core.settings import Settings
from lakebed.engines import Engines
from lakebed.engines.sql import LakeFile, Outcome, SqlQuery
from lakebed.services.logs._discovery import Discovery
from lakebed.services.logs._insights_sql import Column, Compiled
from lakebed.services.logs._reading import Event, Keep, Position, Search
from lakebed.services.logs.model import (
    LOG_QUERIES,
    LOG_QUERY_ROWS_TABLE,
    LogQuery,
    QueryRows,
    replace,
)
from lakebed.store import Scope

log = logging.getLogger("lakebed.logs")

Row = tuple[str | None, ...]
_encode = msgspec.json.Encoder().encode
_DATABASE = "logs"
_COLUMN_TYPES = {
    "t": "bigint", "i": "bigint", "m": "string", "s": "string", "g": "string", "p": "string",
    "q": "bigint",
}  # fmt: skip


class Source(msgspec.Struct, frozen=True):
    """A log group that a query reads: its id, what it is called, from when events are kept."""

    group_id: str
    label: str
    start: int

    @property
    def name(self) -> str:
        """The group's name."""
        return self.label.partition(":")[2]


class Job(msgspec.Struct, frozen=True):
    """A query, what it was compiled to, and the groups it reads."""

    query: LogQuery
    compiled: Compiled
    sources: Sequence[Source]


class _FailedError(Exception):
    """The query cannot be answered; the message says why."""


class _EventLake:
    """The lake as the engine sees it: one table over one file."""

    def __init__(self, path: Path, compiled: Compiled) -> None:
        self._path = path
        self._columns = [(name, _COLUMN_TYPES[name]) for name in sorted(compiled.used)]
        self._columns += [(f"f{at}", "string") for at in range(len(compiled.discovered))]

    async def call(
        self, service: str, operation: str, request: Mapping[str, object]
    ) -> Mapping[str, object]:
        """Answer for the Data Catalog."""
        if (service, operation) == ("glue", "get_table") and request["Name"] == "events":
            return {"Table": self._table()}
        if (service, operation) == ("glue", "get_database"):
            return {"Database": {"Name": _DATABASE}}
        raise AwsError("EntityNotFoundException", f"There is no {request}.")

    def _table(self) -> Mapping[str, object]:
        return {
            "DatabaseName": _DATABASE,
            "Name": "events",
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": [],
            "Parameters": {},
            "StorageDescriptor": {
                "Columns": [{"Name": name, "Type": kind} for name, kind in self._columns],
                "Location": f"s3://{_DATABASE}/events/",
                "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
                "SerdeInfo": {
                    "SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe",
                    "Parameters": {},
                },
            },
        }

    async def files(self, bucket: str, prefix: str) -> Sequence[LakeFile]:
        """Return the file."""
        return [LakeFile("events/events.json", self._path, self._path.stat().st_size)]

    async def put(self, bucket: str, key: str, path: Path) -> None:
        """Refuse: a query of logs writes nothing."""
        raise AwsError("AccessDeniedException", "A query of logs writes nothing.")

    async def delete(self, bucket: str, key: str) -> None:
        """Refuse: a query of logs deletes nothing."""
        raise AwsError("AccessDeniedException", "A query of logs deletes nothing.")


async def run_query(caller: Caller, engines: Engines, settings: Settings, job: Job) -> None:
    """Run a query to its end and record it; whatever happens, the end is recorded."""
    query = job.query
    scratch = settings.state_dir / "queries" / query.id
    rows: list[Row] = []
    try:
        ended, rows = await _run(caller, engines, job, scratch)
    except asyncio.CancelledError:
        await _record(caller, replace(query, status="Failed", reason="The server stopped."), [])
        raise
    except _FailedError as failure:
        # The API has no place for the reason.
        log.warning("query %s failed: %s", query.id, failure)
        ended = replace(query, status="Failed", reason=str(failure))
    except Exception as error:
        # A worker's loop: whatever the bug, the query must not stay Running.
        log.exception("query %s ended by an error of the server", query.id)
        ended = replace(query, status="Failed", reason=str(error))
    finally:
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
    await _record(caller, ended, rows)


async def _run(
    caller: Caller, engines: Engines, job: Job, scratch: Path
) -> tuple[LogQuery, list[Row]]:
    query, compiled = job.query, job.compiled
    work = scratch / "engine"
    work.mkdir(parents=True, mode=0o700)
    export = _Export(scratch / "events.json", compiled, query)
    for source in job.sources:
        position: Position | None = (source.start, 0)
        while position is not None:
            at = position
            position = await caller.look(lambda ctx, s=source, at=at: export.some(ctx, s, at))
            if export.scanned_bytes > LOG_QUERY_SCANNED_BYTES_MAX:
                raise _FailedError("the events of its time range are more than a query may read")
    lake = _EventLake(export.path, compiled)
    outcome = await engines.sql.run(
        SqlQuery(query.id, compiled.sql, work, f"s3://{_DATABASE}/", _DATABASE,
                 work_group="CloudWatch Logs"),
        lake,
    )  # fmt: skip
    if outcome.state != "SUCCEEDED" or outcome.result is None:
        reason = outcome.error.message if outcome.error is not None else "The query was stopped."
        raise _FailedError(reason)
    rows, matched = await asyncio.to_thread(_rows, outcome, compiled.columns)
    ended = replace(
        query,
        status="Complete",
        row_count=len(rows),
        records_matched=matched if compiled.is_filtered else export.count,
        records_scanned=export.count,
        bytes_scanned=export.scanned_bytes,
    )
    return ended, rows


class _Export:
    """Writes events to a file, a slice at a time."""

    def __init__(self, path: Path, compiled: Compiled, query: LogQuery) -> None:
        self.path = path
        self.count = 0
        self.scanned_bytes = 0
        self._written = 0
        self._end: Position = (query.end + 1, 0)
        self._used = compiled.used
        self._keep = _having(compiled.needles) if compiled.needles else None
        self._discovery = Discovery(compiled.discovered) if compiled.discovered else None
        self._names = [f"f{at}" for at in range(len(compiled.discovered))]
        path.touch(mode=0o600)

    def some(self, scope: Scope, source: Source, start: Position) -> Position | None:
        """Write the events after a position; return where the next slice begins. For a thread."""
        search = Search(source.group_id, start, self._end, keep=self._keep)
        following: Position | None = None
        with self.path.open("ab") as file:
            for events, edge in search.chunks(scope):
                self._write(file, source, events)
                if search.scanned_bytes > LOG_SCANNED_BYTES_MAX and start < edge < search.end:
                    following = edge
                    break
        self.scanned_bytes += search.scanned_bytes
        self.count += search.scanned_events
        return following

    def _write(self, file: BinaryIO, source: Source, events: Sequence[Event]) -> None:
        used, discovery = self._used, self._discovery
        for time, number, stream, ingested, message in events:
            self._written += 1
            row: dict[str, str | int | None] = {"t": time, "q": self._written}
            if "m" in used:
                row["m"] = message
            if "i" in used:
                row["i"] = ingested
            if "s" in used:
                row["s"] = stream
            if "g" in used:
                row["g"] = source.label
            if "p" in used:
                row["p"] = record_pointer(source, (time, number))
            if discovery is not None:
                row.update(zip(self._names, discovery.values(message), strict=True))
            file.write(_encode(row) + b"\n")


def _having(needles: Sequence[str]) -> Keep:
    return lambda message: all(needle in message for needle in needles)


def record_pointer(source: Source, position: Position) -> str:
    """Return what `@ptr` shows of an event: its group's id, its place, its group's name."""
    text = f"{source.group_id}/{position[0]}/{position[1]}/{source.name}"
    return base64.b64encode(text.encode()).decode()


def _rows(outcome: Outcome, columns: Sequence[Column]) -> tuple[list[Row], int]:
    """Return the rows of the engine's result as texts, and how many events they come from."""
    assert outcome.result is not None
    csv.field_size_limit(1 << 30)
    with outcome.result.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader, None)
        given = list(reader)
    rows = [
        tuple(shown(text, column) for text, column in zip(row, columns, strict=False))
        for row in given
    ]
    return rows, int(given[0][-1]) if given else 0


def shown(text: str, column: Column) -> str | None:
    """Return a value as results show it; None for one that is not there."""
    if not text:
        return None
    if column.kind == "text":
        return text[1:]
    if column.kind == "boolean":
        return "1" if text == "true" else "0"
    if column.kind == "time":
        return shown_time(int(text))
    return shown_number(float(text))


def shown_time(milliseconds: int) -> str:
    """Return a time as results show it: `2026-11-21 19:30:00.000`."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{milliseconds % 1000:03d}"


def shown_number(number: float) -> str:
    """Return a number with at most four digits after the point (as remembered of AWS)."""
    if number != number or number in (float("inf"), float("-inf")):
        return str(number)
    if number == int(number):
        return str(int(number))
    return f"{number:.4f}".rstrip("0").rstrip(".")


async def _record(caller: Caller, ended: LogQuery, rows: Sequence[Row]) -> None:
    for page, begin in enumerate(range(0, len(rows), LOG_QUERY_PAGE_ROWS)):
        kept = QueryRows(ended.id, page, list(rows[begin : begin + LOG_QUERY_PAGE_ROWS]))
        await caller.write(lambda ctx, kept=kept: LOG_QUERY_ROWS_TABLE.put(ctx, kept))

    def write(ctx: Context) -> None:
        known = LOG_QUERIES.get(ctx, ended.id)
        if known is not None and known.status == "Running":
            LOG_QUERIES.put(ctx, replace(ended, completed=int(ctx.clock.now() * 1000)))

    await caller.write(write)
