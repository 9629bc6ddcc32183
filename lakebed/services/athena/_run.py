"""The run of one query: engine, result objects, the final state. Not an operation."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import time
from pathlib import Path
from typing import Any

from lakebed.context import Caller, Context
from lakebed.core.errors import AwsError
from lakebed.core.settings import Settings
from lakebed.engines import Engines
from lakebed.engines.sql import Column, Outcome, SqlFailure, SqlQuery
from lakebed.plain_files import PlainFiles
from lakebed.services.athena import _budget, _reuse
from lakebed.services.athena._expiry import managed_file, sweep_managed
from lakebed.services.athena._lake import QueryLake, put_headers, spooled
from lakebed.services.athena._metadata import metadata_file
from lakebed.services.athena.model import (
    QUERIES,
    QUERY_STAGES,
    QueryExecution,
    QueryStage,
    replace,
)

log = logging.getLogger("lakebed.athena")

UPDATES = {
    "CREATE_TABLE_AS_SELECT": "CREATE TABLE",
    "INSERT": "INSERT",
    "UPDATE": "UPDATE",
    "DELETE": "DELETE",
    "MERGE": "MERGE",
    "UNLOAD": "UNLOAD",
}
"""Statements that write rows: they have a count and a `.metadata` file, but no result file."""
_ROWS = Column("rows", "bigint", 19)
_PLANNED = frozenset({"DESCRIBE_TABLE", "SHOW_CREATE_TABLE", "SHOW_FUNCTIONS", "EXPLAIN", "SELECT"})


async def run_query(
    caller: Caller, engines: Engines, settings: Settings, query: QueryExecution
) -> None:
    """Run a query to its end and record it; whatever happens, the end is recorded."""
    scratch = settings.state_dir / "queries" / query.id
    stage: QueryStage | None = None
    engine_ended = time.perf_counter()
    try:
        outcome = await _run(caller, engines, query, scratch)
        engine_ended = time.perf_counter()
        stage = _stage(query, outcome)
        ended = await _keep_results(_Writer(caller, settings, query, scratch), query, outcome)
    except asyncio.CancelledError:
        await _record(caller, _stopped(query), None, engine_ended)
        raise
    except Exception as error:
        # A worker's loop: whatever the bug, the query must not stay RUNNING.
        log.exception("query %s ended by an error of the server", query.id)
        failure = SqlFailure("GENERIC_INTERNAL_ERROR", str(error), category=1, type_code=100)
        ended = replace(query, state="FAILED", reason=failure.reason, error=failure)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    await _record(caller, ended, stage, engine_ended)


async def _run(caller: Caller, engines: Engines, query: QueryExecution, scratch: Path) -> Outcome:
    scratch.mkdir(parents=True, mode=0o700)
    files = PlainFiles(caller, engines.objects, scratch / "plain")
    lake = QueryLake(caller, files, query.settings.encryption)
    writing: list[asyncio.Future[Any]] = []

    def begun() -> None:
        # Nobody waits for RUNNING to be written: the end is written after it all the same.
        writing.append(asyncio.ensure_future(caller.write(lambda ctx: _start(ctx, query))))

    try:
        return await engines.sql.run(
            SqlQuery(
                query.id,
                query.text,
                scratch,
                query.location,
                query.database.strip("`") or "default",
                query.catalog or "AwsDataCatalog",
                query.parameters,
                query.work_group,
                bytes_scanned_max=query.bytes_cutoff,
            ),
            lake,
            begun,
        )
    finally:
        await asyncio.gather(*writing)


def _start(ctx: Context, query: QueryExecution) -> None:
    now = QUERIES.get(ctx, query.id)
    if now is not None and now.is_live:
        QUERIES.put(ctx, replace(now, state="RUNNING", started=ctx.clock.now()))


def result_name(query_id: str, outcome: Outcome) -> str:
    """Return the name of a statement's result below its location, as Athena calls it.

    The names of INSERT and CREATE TABLE AS are those seen on Athena; UNLOAD's is assumed.
    """
    kind = outcome.substatement_type
    if kind == "CREATE_TABLE_AS_SELECT":
        return f"tables/{query_id}"
    if kind in ("INSERT", "UNLOAD"):
        return query_id
    if kind in UPDATES:
        return f"{query_id}.csv"
    return f"{query_id}.{outcome.result_suffix}"


class _Writer:
    """Puts what came of a query where its settings say: into S3, or into our own folder."""

    def __init__(
        self, caller: Caller, settings: Settings, query: QueryExecution, scratch: Path
    ) -> None:
        self._caller = caller
        self._settings = settings
        self._query = query
        self.scratch = scratch

    async def put(self, location: str, path: Path, content_type: str) -> None:
        """Make a scratch file an object."""
        bucket, _, key = location.removeprefix("s3://").partition("/")
        body = await spooled(path)
        request: dict[str, Any] = {
            "Bucket": bucket,
            "Key": key,
            "Body": body,
            "ContentType": content_type,
        }
        settings = self._query.settings
        if settings.expected_owner:
            request["ExpectedBucketOwner"] = settings.expected_owner
        if settings.acl:
            request["ACL"] = "bucket-owner-full-control"
        request |= put_headers(settings.encryption)
        await self._caller.call("s3", "put_object", request)

    async def keep(self, path: Path) -> None:
        """Keep a scratch file as the query's managed result."""
        kept = managed_file(self._settings, self._query)
        kept.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        os.replace(path, kept)
        await asyncio.to_thread(sweep_managed, self._settings, self._query.submitted)


async def _keep_results(writer: _Writer, query: QueryExecution, outcome: Outcome) -> QueryExecution:
    """Put the result files where the query said, and return the query as it ended."""
    ended = _ended(query, outcome)
    try:
        if outcome.state == "SUCCEEDED":
            return await _write_all(writer, ended, outcome)
        if outcome.state == "FAILED" and _has_failure_file(outcome):
            path = writer.scratch / "failure"
            path.write_text(ended.reason, "utf-8")
            if query.settings.is_managed:
                return ended
            await writer.put(ended.result, path, "application/octet-stream")
    except AwsError as error:
        if outcome.state != "SUCCEEDED":
            return ended
        code = 1501 if "Denied" in error.code else 1306 if error.code == "NoSuchBucket" else 401
        message = f"Failed to write query results to {query.location}: {error.message}"
        failure = SqlFailure("RESULT_WRITE_FAILED", message, 1 if code == 401 else 2, code)
        return replace(ended, state="FAILED", reason=message, error=failure)
    return ended


def _ended(query: QueryExecution, outcome: Outcome) -> QueryExecution:
    """Return the query as its outcome says; results are not written yet."""
    failure = outcome.error
    cancelled = outcome.state == "CANCELLED"
    reason = ""
    if failure is not None:
        reason = failure.message if cancelled else failure.reason
    location = "" if query.settings.is_managed else query.location
    columns = outcome.columns
    if outcome.substatement_type in UPDATES and outcome.state == "SUCCEEDED":
        columns = columns or (_ROWS,)
    return replace(
        query,
        state=outcome.state,
        reason=reason,
        error=None if cancelled else failure,
        statement_type=outcome.statement_type,
        substatement_type=outcome.substatement_type,
        columns=columns,
        row_count=outcome.row_count,
        update_count=outcome.update_count,
        data_scanned_bytes=outcome.data_scanned_bytes,
        planning_ms=outcome.planning_ms,
        engine_ms=outcome.execution_ms,
        result=location + result_name(query.id, outcome) if location else "",
    )


def _has_failure_file(outcome: Outcome) -> bool:
    """Tell whether a failed statement leaves its reason in its `.txt` file: Hive's do."""
    return (
        outcome.statement_type in ("DDL", "UTILITY")
        and outcome.substatement_type not in UPDATES
        and outcome.result_suffix == "txt"
    )


async def _write_all(writer: _Writer, ended: QueryExecution, outcome: Outcome) -> QueryExecution:
    update = UPDATES.get(outcome.substatement_type)
    rows = outcome.result
    if rows is None and update is None:
        rows = writer.scratch / "no-rows"  # a statement without rows still has its file
        rows.touch()
    if ended.settings.is_managed:
        if rows is not None:
            await writer.keep(rows)
    else:
        # Statements that are not planned come as S3's own default type, as seen on Athena.
        is_planned = update is not None or outcome.substatement_type in _PLANNED
        content_type = f"{'application' if is_planned else 'binary'}/octet-stream"
        puts: list[Any] = []
        if rows is not None and update is None:
            puts.append(writer.put(ended.result, rows, content_type))
        if ended.columns:
            metadata = writer.scratch / "metadata"
            counted = (update, outcome.update_count) if update else None
            metadata.write_bytes(metadata_file(ended.id, ended.columns, counted))
            puts.append(writer.put(f"{ended.result}.metadata", metadata, content_type))
        await asyncio.gather(*puts)
    manifest = ""
    # Managed results have no place for it:
    # https://docs.aws.amazon.com/athena/latest/ug/managed-results.html
    if outcome.manifest is not None and not ended.settings.is_managed:
        manifest = f"{ended.result}-manifest.csv"
        await writer.put(manifest, outcome.manifest, "application/octet-stream")
    return replace(ended, manifest=manifest)


def _stage(query: QueryExecution, outcome: Outcome) -> QueryStage | None:
    found = outcome.stage
    if found is None:
        return None
    return QueryStage(
        query.id,
        found.input_rows,
        outcome.data_scanned_bytes,
        outcome.row_count or outcome.update_count,
        outcome.result_bytes,
        found.plan,
    )


def _stopped(query: QueryExecution) -> QueryExecution:
    reason = "The server stopped while the query was running. Run the query again."
    failure = SqlFailure("SERVER_STOPPED", reason, category=1, type_code=100, retryable=True)
    return replace(query, state="FAILED", reason=reason, error=failure)


async def _record(
    caller: Caller, ended: QueryExecution, stage: QueryStage | None, engine_ended: float
) -> None:
    def write(ctx: Context) -> None:
        _budget.count(ctx, ended)
        known = QUERIES.get(ctx, ended.id)
        if known is None or not known.is_live:
            return  # What StopQueryExecution has cancelled stays cancelled.
        now = ctx.clock.now()
        engine = now - (time.perf_counter() - engine_ended)
        done = replace(ended, started=known.started, completed=now, engine_ended=engine)
        QUERIES.put(ctx, done)
        if done.state == "SUCCEEDED":
            _reuse.remember(ctx, done)
            if stage is not None:
                QUERY_STAGES.put(ctx, stage)

    await caller.write(write)
