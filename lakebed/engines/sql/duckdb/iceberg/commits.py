"""Commits: a new metadata file, made the table's current one by Glue if nobody was faster.

Glue's UpdateTable with VersionId is what makes a commit atomic, as in Iceberg's own Glue catalog:
https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateTable.html
"""

from __future__ import annotations

import random
import re
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.schema import Schema
from pyiceberg.serializers import ToOutputFile
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import TableUpdate, update_table_metadata

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.catalog import ServiceError, Shape, is_iceberg, member
from lakebed.engines.sql.duckdb.iceberg import tables
from lakebed.engines.sql.duckdb.iceberg.files import LakeFiles
from lakebed.engines.sql.duckdb.iceberg.tables import (
    METADATA_LOCATION,
    PREVIOUS_METADATA_LOCATION,
    IcebergTable,
)
from lakebed.engines.sql.duckdb.iceberg.types import to_glue
from lakebed.engines.sql.duckdb.run import Run

RETRIES = 12
"""How often a commit is tried again (Iceberg's default is 4, `commit.retry.num-retries`)."""
_WAIT_SECONDS, _WAIT_SECONDS_MAX = 0.02, 1.0
_VERSION = re.compile(r"(?:^|/)(\d+)-[^/]*\.metadata\.json")
_KEPT = (
    "Description", "Owner", "LastAccessTime", "LastAnalyzedTime", "Retention", "PartitionKeys",
    "ViewOriginalText", "ViewExpandedText", "TableType", "TargetTable",
)  # fmt: skip


class ConflictError(Exception):
    """Somebody else has changed the table in between."""


Changes = Sequence[TableUpdate]


def failed(table: IcebergTable) -> TrinoError:
    """Return what Athena says of a commit that others made impossible."""
    message = f"Failed to commit Iceberg update to table: {table.full_name}"
    return TrinoError("ICEBERG_COMMIT_ERROR", message)


def retried(
    run: Run, table: IcebergTable, attempt: Callable[[IcebergTable], Changes]
) -> IcebergTable:
    """Commit what `attempt` makes of the newest state, again and again while others are faster.

    A file that an attempt in vain has put is deleted; what was put before belongs to the caller.
    """
    files = run.catalog.iceberg_files()
    retries = table.metadata.properties.get("commit.retry.num-retries", "")
    last = int(retries) if retries.isdigit() else RETRIES
    for number in range(last + 1):
        first = len(files.put)
        try:
            return _committed(run, table, attempt(table))
        except (ConflictError, CommitFailedException):
            files.undo(first)
            if number == last:
                break
            wait = min(_WAIT_SECONDS * 2**number, _WAIT_SECONDS_MAX)
            time.sleep(wait * random.uniform(0.5, 1.5))
            table = reloaded(run, table)
    raise failed(table)


def reloaded(run: Run, table: IcebergTable) -> IcebergTable:
    """Read a table anew."""
    run.catalog.forget(table.database, table.name)
    shape = run.catalog.shape(table.database, table.name)
    if shape is None or not is_iceberg(shape):
        raise failed(table)
    return tables.load(run.catalog, run.catalog.iceberg_files(), table.database, table.name)


def _committed(run: Run, table: IcebergTable, updates: Changes) -> IcebergTable:
    if not updates:
        return table
    files = run.catalog.iceberg_files()
    metadata = update_table_metadata(
        table.metadata, tuple(updates), metadata_location=table.location
    )
    location = written(files, metadata, _version(table.location) + 1)
    shape = table.shape
    parameters = {
        **member(shape, "Parameters"),
        METADATA_LOCATION: location,
        PREVIOUS_METADATA_LOCATION: table.location,
    }
    storage = {
        **member(shape, "StorageDescriptor"),
        "Columns": glue_columns(metadata),
        "Location": metadata.location,
    }
    request: Shape = {
        "DatabaseName": table.database,
        "TableInput": {
            **{key: shape[key] for key in _KEPT if key in shape},
            "Name": table.name,
            "Parameters": parameters,
            "StorageDescriptor": storage,
        },
        # Iceberg keeps a table's history itself.
        "SkipArchive": True,
    }
    if shape.get("VersionId") is not None:
        request["VersionId"] = shape["VersionId"]
    # From here on the files may be the table's: only a refusal says that they are not.
    put = list(files.put)
    files.put.clear()
    try:
        run.catalog.server.ask("update_table", request)
    except ServiceError as error:
        if error.code != "InternalError":
            files.put += put
        if error.code == "ConcurrentModificationException":
            raise ConflictError from error
        if error.code == "EntityNotFoundException":
            raise failed(table) from error
        raise
    run.catalog.forget(table.database, table.name)
    return IcebergTable(table.database, table.name, shape, location, metadata)


def written(files: LakeFiles, metadata: TableMetadata, version: int) -> str:
    """Write a metadata file and return its location."""
    base = metadata.properties.get("write.metadata.path")
    folder = (base or f"{metadata.location.rstrip('/')}/metadata").rstrip("/")
    location = f"{folder}/{version:05d}-{uuid.uuid4()}.metadata.json"
    ToOutputFile.table_metadata(metadata, files.new_output(location))
    return location


def _version(location: str) -> int:
    match = _VERSION.search(location)
    return int(match.group(1)) if match else 0


def glue_columns(metadata: TableMetadata) -> list[Shape]:
    """Return a table's columns as Iceberg's Glue catalog lists them: former ones, too, marked."""
    found: dict[str, Shape] = {}
    current = metadata.schema()
    others = [one for one in metadata.schemas if one.schema_id != current.schema_id]
    schemas: list[Schema] = [current, *others]
    for schema in schemas:
        for field in schema.fields:
            if field.name in found:
                continue
            column: dict[str, Any] = {
                "Name": field.name,
                "Type": to_glue(field.field_type),
                "Parameters": {
                    "iceberg.field.id": str(field.field_id),
                    "iceberg.field.optional": str(field.optional).lower(),
                    "iceberg.field.current": str(schema is current).lower(),
                },
            }
            if field.doc:
                column["Comment"] = field.doc
            found[field.name] = column
    return list(found.values())
