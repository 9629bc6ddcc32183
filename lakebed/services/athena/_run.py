"""The run of one query: engine, result objects, the final state. Not an operation."""

from __future__ import annotations

import asyncio
import logging
import shutil
from dataclasses import replace
from pathlib import Path

from lakebed.context import Caller, Context
from lakebed.core.settings import Settings
from lakebed.engines import Engines
from lakebed.engines.sql import Outcome, SqlFailure, SqlQuery
from lakebed.services.athena._lake import QueryLake, spooled
from lakebed.services.athena._metadata import metadata_file
from lakebed.services.athena.model import QUERIES, QueryExecution

log = logging.getLogger("lakebed.athena")


async def run_query(
    caller: Caller, engines: Engines, settings: Settings, query: QueryExecution
) -> None:
    """Run a query to its end and record it; whatever happens, the end is recorded."""
    scratch = settings.state_dir / "queries" / query.id
    try:
        outcome = await _run(caller, engines, query, scratch)
        ended = await _keep_results(caller, query, outcome, scratch)
    except asyncio.CancelledError:
        await _record(caller, query, _stopped(query))
        raise
    except Exception as error:
        # A worker's loop: whatever the bug, the query must not stay RUNNING.
        log.exception("query %s ended by an error of the server", query.id)
        reason = f"GENERIC_INTERNAL_ERROR: {error}"
        failure = SqlFailure("GENERIC_INTERNAL_ERROR", str(error), category=1, type_code=1)
        ended = replace(query, state="FAILED", reason=reason, error=failure)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    await _record(caller, query, ended)


async def _run(caller: Caller, engines: Engines, query: QueryExecution, scratch: Path) -> Outcome:
    scratch.mkdir(parents=True, mode=0o700)
    lake = QueryLake(caller, engines.objects)
    # Nobody waits for RUNNING to be written: the end is written after it all the same.
    started = asyncio.ensure_future(caller.write(lambda ctx: _start(ctx, query)))
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
            ),
            lake,
        )
    finally:
        await started


def _start(ctx: Context, query: QueryExecution) -> None:
    now = QUERIES.get(ctx, query.id)
    if now is not None and now.is_live:
        QUERIES.put(ctx, replace(now, state="RUNNING", started=ctx.clock.now()))


async def _keep_results(
    caller: Caller, query: QueryExecution, outcome: Outcome, scratch: Path
) -> QueryExecution:
    """Put the result files where the query said, and return the query as it ended."""
    failure = outcome.error
    ended = replace(
        query,
        state=outcome.state,
        reason=failure.reason if failure else "",
        error=failure,
        statement_type=outcome.statement_type,
        substatement_type=outcome.substatement_type,
        columns=outcome.columns,
        row_count=outcome.row_count,
        update_count=outcome.update_count,
        data_scanned_bytes=outcome.data_scanned_bytes,
        planning_ms=outcome.planning_ms,
        engine_ms=outcome.execution_ms,
    )
    if outcome.state != "SUCCEEDED":
        return replace(ended, result=f"{query.location}{query.id}.{outcome.result_suffix}")
    result = f"{query.location}{query.id}.{outcome.result_suffix}"
    rows, metadata = outcome.result or scratch / "no-rows", scratch / "metadata"
    if outcome.result is None:
        rows.touch()  # a statement without rows still has its file
    metadata.write_bytes(metadata_file(query.id, outcome.columns))
    await asyncio.gather(
        _put(caller, result, rows, "application/octet-stream"),
        _put(caller, f"{result}.metadata", metadata, "application/octet-stream"),
    )
    manifest = ""
    if outcome.manifest is not None:
        manifest = f"{query.location}{query.id}-manifest.csv"
        await _put(caller, manifest, outcome.manifest, "text/csv")
    return replace(ended, result=result, manifest=manifest)


async def _put(caller: Caller, location: str, path: Path, content_type: str) -> None:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    body = await spooled(path)
    request = {"Bucket": bucket, "Key": key, "Body": body, "ContentType": content_type}
    await caller.call("s3", "put_object", request)


def _stopped(query: QueryExecution) -> QueryExecution:
    reason = "The server stopped while the query was running. Run the query again."
    failure = SqlFailure("SERVER_STOPPED", reason, category=1, type_code=1, retryable=True)
    return replace(query, state="FAILED", reason=reason, error=failure)


async def _record(caller: Caller, query: QueryExecution, ended: QueryExecution) -> None:
    def write(ctx: Context) -> None:
        now = QUERIES.get(ctx, query.id)
        if now is not None and now.is_live:
            # What StopQueryExecution has cancelled stays cancelled.
            QUERIES.put(ctx, replace(ended, started=now.started, completed=ctx.clock.now()))

    await caller.write(write)
