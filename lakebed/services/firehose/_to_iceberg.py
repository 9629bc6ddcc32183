"""Delivers into Iceberg tables: records routed, checked, and merged by a statement for each table.

The statement is run by the SQL engine as the stream's role, over a file of staged rows that only it
sees; the engine commits it whole or not at all, and again where others were faster.
https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-format-input-record-different.html
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lakebed.core.errors import AwsError
from lakebed.core.limits import DELIVERY_CHILD_BYTES_MAX, DELIVERY_CHILD_SECONDS_MAX
from lakebed.engines.child import Bounds, ChildError
from lakebed.engines.delivery import TABLE_FAILED, Failure, Order, Record
from lakebed.engines.delivery.tables import INSERT, Change, Staged, TableColumn, TableOrder, staged
from lakebed.engines.sql import SqlFailure, SqlQuery
from lakebed.plain_files import PlainFiles
from lakebed.services.firehose import _iceberg_tables, _objects, _processing
from lakebed.services.firehose._iceberg_tables import Table
from lakebed.services.firehose._objects import DeliveryError, Target
from lakebed.services.firehose._staging_lake import DATABASE, NAME, StagingLake
from lakebed.services.firehose._to_s3 import outcome_of

_BOUNDS = Bounds(DELIVERY_CHILD_SECONDS_MAX, DELIVERY_CHILD_BYTES_MAX)
_NO_TABLE = "Iceberg.GlueTableNotFound"
_ROUTE = ("destinationDatabaseName", "destinationTableName", "operation")
_TOO_MANY_PARTITIONS = "ICEBERG_TOO_MANY_OPEN_PARTITIONS"
Route = tuple[str, str]
"""A table's database and name."""


class _FailedError(Exception):
    """A table did not take its rows."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


async def deliver(target: Target, records: list[Record], done: Sequence[str]) -> list[Failure]:
    """Deliver records to their tables, and return those that lie with the errors.

    DeliveryError where a table does not take its records: those in `done` took theirs before.
    """
    destination = target.stream.destination
    processing = _processing.processing_of(destination)
    outcome = await outcome_of(Order(records, processing, is_apart=True))
    failures = list(outcome.failures)
    by_table: dict[Route, list[Change]] = {}
    for part in outcome.parts:
        for record, metadata in zip(part.records, part.metadata, strict=True):
            route = _route(destination, metadata)
            if isinstance(route, str):
                failures.append(Failure(TABLE_FAILED, _NO_TABLE, route, record))
                continue
            change = Change(record, metadata.get("operation") or INSERT)
            by_table.setdefault(route, []).append(change)
    finished = list(done)
    problems: list[_FailedError] = []
    waiting: list[Failure] = []
    own: list[tuple[str, list[Failure]]] = [("", failures)]
    for route, changes in by_table.items():
        name = ".".join(route)
        if name in done:
            continue
        try:
            own.append((_prefix(destination, route), await _into(target, route, changes)))
            finished.append(name)
        except _FailedError as error:
            problems.append(error)
            waiting += [
                Failure(TABLE_FAILED, error.code, str(error), one.record) for one in changes
            ]
    # What has no table is put once, at the end: the tables that are done are not asked again.
    for prefix, found in own[1:] if problems else own:
        await _objects.put_failures(target, found, beside=prefix)
    if problems:
        error = problems[0]
        remaining = tuple([*failures, *waiting])
        raise DeliveryError(error.code, str(error), done=tuple(finished), failures=remaining)
    return [failure for _, found in own for failure in found]


def _route(destination: Mapping[str, Any], metadata: Mapping[str, str]) -> Route | str:
    """Return where a record goes: what its metadata says, else the only table there is."""
    tables = _iceberg_tables.configured(destination)
    known = _iceberg_tables.names_of(tables[0]) if len(tables) == 1 else ("", "")
    database = metadata.get(_ROUTE[0], "").lower() or known[0]
    name = metadata.get(_ROUTE[1], "").lower() or known[1]
    if not (database and name):
        return "The record has no destinationDatabaseName and destinationTableName."
    return database, name


def _configuration(destination: Mapping[str, Any], route: Route) -> Mapping[str, Any]:
    tables = _iceberg_tables.configured(destination)
    none: Mapping[str, Any] = {}
    return next((one for one in tables if _iceberg_tables.names_of(one) == route), none)


def _prefix(destination: Mapping[str, Any], route: Route) -> str:
    return _configuration(destination, route).get("S3ErrorOutputPrefix", "")


async def _into(target: Target, route: Route, changes: list[Change]) -> list[Failure]:
    """Bring changes into a table; return the records that do not fit it."""
    try:
        table = await target.caller.write(lambda ctx: _iceberg_tables.table_of(ctx, *route))
    except AwsError as error:
        if error.code != "EntityNotFoundException":
            raise _FailedError(f"Iceberg.{error.code}", error.message) from error
        return _failed(changes, _NO_TABLE, error.message)
    if table is None:
        message = f"The table {'.'.join(route)} is not an Apache Iceberg table."
        return _failed(changes, "Iceberg.InvalidTable", message)
    keys = _configuration(target.stream.destination, route).get("UniqueKeys") or table.identifiers
    columns = [TableColumn(*one) for one in table.columns]
    try:
        found = await staged(TableOrder(columns, tuple(keys), changes), _BOUNDS)
    except ChildError as error:
        message = f"The records could not be processed: {error}"
        return _failed(changes, "Iceberg.ProcessingAborted", message)
    if not found.data:
        return found.failures
    failure = await _run(target, route, table, found, keys)
    if failure is None:
        return found.failures
    if failure.name == _TOO_MANY_PARTITIONS and len(changes) > 1:
        # The engine writes into so many partitions at once: half of the changes have fewer.
        half = len(changes) // 2
        return [
            *await _into(target, route, changes[:half]),
            *await _into(target, route, changes[half:]),
        ]
    raise _FailedError(f"Iceberg.{failure.name}", failure.message)


def _failed(changes: Sequence[Change], code: str, message: str) -> list[Failure]:
    return [Failure(TABLE_FAILED, code, message, one.record) for one in changes]


async def _run(
    target: Target, route: Route, table: Table, found: Staged, keys: Sequence[str]
) -> SqlFailure | None:
    """Run the statement that brings staged rows into a table; return why it failed."""
    house = target.house
    number = f"firehose-{house.ids.token()}"
    scratch = house.settings.state_dir / "queries" / number
    work = scratch / "engine"
    path = scratch / "records.parquet"
    try:
        await asyncio.to_thread(_written, work, path, found.data)
        files = PlainFiles(target.caller, house.engines.objects, scratch / "plain")
        lake = StagingLake(target.caller, files, path, [one.hive for one in found.columns])
        statement = _statement(route, table, found, keys)
        query = SqlQuery(number, statement, work, f"s3://{DATABASE}/", work_group="Firehose")
        outcome = await house.engines.sql.run(query, lake)
    finally:
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
    if outcome.state == "SUCCEEDED":
        return None
    return outcome.error or SqlFailure("CANCELLED", "The statement was stopped.")


def _written(work: Path, path: Path, data: bytes) -> None:
    work.mkdir(parents=True, mode=0o700)
    path.write_bytes(data)


def _statement(route: Route, table: Table, found: Staged, keys: Sequence[str]) -> str:
    """Return the statement: rows that are only inserted need nothing of the table."""
    names = [name for name, _, _ in table.columns]
    full, source = f"{_quoted(route[0])}.{_quoted(route[1])}", f"{_quoted(DATABASE)}.{NAME}"
    values = [
        f"CAST(s.c{at} AS {one.cast})" if one.cast else f"s.c{at}"
        for at, one in enumerate(found.columns)
    ]
    listed, given = ", ".join(map(_quoted, names)), ", ".join(values)
    if not found.has_changes:
        return f"INSERT INTO {full} ({listed}) SELECT {given} FROM {source} AS s"
    tests = [f"t.{_quoted(key)} = {values[names.index(key)]}" for key in keys]
    pairs = zip(map(_quoted, names), values, strict=True)
    changes = ", ".join(f"{name} = {value}" for name, value in pairs)
    return (
        f"MERGE INTO {full} AS t USING {source} AS s "
        f"ON s.op <> 'insert' AND {' AND '.join(tests)} "
        "WHEN MATCHED AND s.op = 'delete' THEN DELETE "
        f"WHEN MATCHED THEN UPDATE SET {changes} "
        f"WHEN NOT MATCHED AND s.op <> 'delete' THEN INSERT ({listed}) VALUES ({given})"
    )


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
