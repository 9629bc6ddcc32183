"""Tables: those of the Data Catalog that are Iceberg's."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import GLUE_PAGE_MAX
from lakebed.services.glue_iceberg import _files, _schemas
from lakebed.services.glue_iceberg._updates import VERSIONS, check_requirements, updated
from lakebed.services.glue_iceberg.model import (
    METADATA_LOCATION,
    PREVIOUS_METADATA_LOCATION,
    Json,
    asked,
    bad_request,
    check_catalog,
    is_iceberg,
    namespace_of,
    no_table,
)

if TYPE_CHECKING:
    from lakebed.shapes import glue_iceberg as shapes

_KEPT = ("Description", "Owner", "LastAccessTime", "LastAnalyzedTime", "Retention", "PartitionKeys",
         "ViewOriginalText", "ViewExpandedText", "TableType", "TargetTable")  # fmt: skip
_FORMAT_VERSION = "format-version"


def list_tables(ctx: Context, request: shapes.ListTablesRequest) -> shapes.ListTablesResponse:
    """Return the Iceberg tables of a database; a page may hold fewer than were asked for.

    https://docs.aws.amazon.com/glue/latest/dg/iceberg-rest-apis.html
    """
    check_catalog(ctx, request["catalog"])
    namespace = namespace_of(request["namespace"])
    given: Json = {"DatabaseName": namespace}
    given["MaxResults"] = min(request.get("pageSize") or GLUE_PAGE_MAX, GLUE_PAGE_MAX)
    if request.get("pageToken"):
        given["NextToken"] = request.get("pageToken")
    page = asked("namespace", ctx.aws.glue.get_tables, given)
    found: shapes.ListTablesResponse = {
        "identifiers": [
            {"namespace": [namespace], "name": one["Name"]}
            for one in page["TableList"]
            if is_iceberg(one)
        ]
    }
    if page.get("NextToken"):
        found["nextPageToken"] = page["NextToken"]
    return found


def _found(ctx: Context, namespace: str, table: str) -> Json:
    given = {"DatabaseName": namespace, "Name": table}
    found: Json = asked("table", ctx.aws.glue.get_table, given)["Table"]
    if not is_iceberg(found) or not found["Parameters"].get(METADATA_LOCATION):
        raise no_table(namespace, table)
    return found


def _present(ctx: Context, namespace: str, table: str) -> Json | None:
    try:
        return _found(ctx, namespace, table)
    except AwsError as error:
        if error.code != "NoSuchTableException":
            raise
        return None


@long
def load_table(ctx: Context, request: shapes.LoadTableRequest) -> shapes.LoadTableResponse:
    """Return a table's metadata; with `snapshots=refs` only the snapshots that have a name.

    https://docs.aws.amazon.com/glue/latest/dg/iceberg-rest-apis.html
    """
    check_catalog(ctx, request["catalog"])
    table = _found(ctx, namespace_of(request["namespace"]), request["table"].lower())
    location = table["Parameters"][METADATA_LOCATION]
    metadata = _files.read(ctx, location)
    if request.get("snapshots") == "refs":
        refs: dict[str, Json] = metadata.get("refs") or {}
        named = {one["snapshot-id"] for one in refs.values()}
        snapshots: list[Json] = metadata.get("snapshots") or []
        metadata["snapshots"] = [one for one in snapshots if one["snapshot-id"] in named]
    return {"metadataLocation": location, "metadata": metadata, "config": {}}


def table_exists(ctx: Context, request: shapes.TableRequest) -> Any:
    """Tell whether an Iceberg table is there.

    https://docs.aws.amazon.com/glue/latest/dg/iceberg-rest-apis.html
    """
    check_catalog(ctx, request["catalog"])
    _found(ctx, namespace_of(request["namespace"]), request["table"].lower())
    return {}


def create_table(ctx: Context, request: shapes.CreateTableRequest) -> shapes.LoadTableResponse:
    """Create a table, or (`stage-create`) say what it would be: a commit then creates it.

    Its location is the one given, or else a folder below the database's.
    https://docs.aws.amazon.com/glue/latest/dg/iceberg-rest-apis.html
    """
    check_catalog(ctx, request["catalog"])
    namespace, name = namespace_of(request["namespace"]), request["name"].lower()
    database = asked("namespace", ctx.aws.glue.get_database, {"Name": namespace})["Database"]
    if _present(ctx, namespace, name) is not None:
        message = f"Table already exists: {namespace}.{name}"
        raise AwsError("AlreadyExistsException", message, 409)
    location = request.get("location")
    if not location:
        base = str(database.get("LocationUri") or "").rstrip("/")
        if not base:
            message = f"A location is needed: the namespace {namespace} has none"
            raise bad_request(message)
        location = f"{base}/{name}"
    metadata = _new_metadata(ctx, request, location.rstrip("/"))
    if request.get("stageCreate"):
        return {"metadata": metadata, "config": {}}
    with _files.written(ctx, metadata) as place:
        _create(ctx, (namespace, name), metadata, place)
    return {"metadataLocation": place, "metadata": metadata, "config": {}}


def _new_metadata(ctx: Context, request: shapes.CreateTableRequest, location: str) -> Json:
    properties = dict(request.get("properties") or {})
    version = properties.pop(_FORMAT_VERSION, "2")
    if version not in map(str, VERSIONS):
        raise NotBuiltError("glue_iceberg", "CreateTable", f"format version {version}")
    given: Any = request
    try:
        schema, numbers = _schemas.new_schema(given["schema"])
        spec = _schemas.new_spec(given.get("partitionSpec"), numbers)
        order = _schemas.new_order(given.get("writeOrder"), numbers)
        _schemas.glue_type(schema)
    except (KeyError, TypeError) as error:
        raise bad_request(f"Invalid schema, partition spec or sort order: {error}") from error
    last = _schemas.FIRST_PARTITION_ID - 1 + len(spec["fields"])
    return updated(
        {
            _FORMAT_VERSION: int(version), "table-uuid": str(uuid.uuid4()), "location": location,
            **({"last-sequence-number": 0} if version != "1" else {}),
            "last-column-id": _schemas.highest_id(schema), "schemas": [schema],
            "current-schema-id": 0, "partition-specs": [spec], "default-spec-id": 0,
            "last-partition-id": last, "sort-orders": [order],
            "default-sort-order-id": order["order-id"], "properties": properties, "refs": {},
            "snapshots": [], "snapshot-log": [], "metadata-log": [], "statistics": [],
            "partition-statistics": [],
        },
        [],
        int(ctx.clock.now() * 1000),
    )  # fmt: skip


def _create(ctx: Context, name: tuple[str, str], metadata: Json, place: str) -> None:
    table: Json = {
        "Name": name[1],
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "table_type": "ICEBERG", METADATA_LOCATION: place},
        "StorageDescriptor": {
            "Columns": _schemas.glue_columns(metadata),
            "Location": metadata["location"],
        },
    }
    given = {"DatabaseName": name[0], "TableInput": table}
    asked("table", ctx.aws.glue.create_table, given)


def update_table(ctx: Context, request: shapes.UpdateTableRequest) -> shapes.UpdateTableResponse:
    """Commit changes, if the table is as they require: else 409 CommitFailedException.

    The catalog's pointer moves only if its row is still the one that was read. It is no `@long`
    handler: Glue's UpdateTable reads the version before it writes, so what a thread wrote between
    the two would be lost.
    https://docs.aws.amazon.com/glue/latest/dg/iceberg-rest-apis.html
    """
    check_catalog(ctx, request["catalog"])
    namespace, name = namespace_of(request["namespace"]), request["table"].lower()
    requirements: Any = request["requirements"]
    updates: Any = request["updates"]
    now_ms = int(ctx.clock.now() * 1000)
    table = _present(ctx, namespace, name)
    if table is None and not any(one.get("type") == "assert-create" for one in requirements):
        raise no_table(namespace, name)
    if table is None:
        check_requirements(None, requirements)
        made = updated(_blank(), updates, now_ms)
        with _files.written(ctx, made) as place:
            _create(ctx, (namespace, name), made, place)
        return {"metadataLocation": place, "metadata": made}
    before = table["Parameters"][METADATA_LOCATION]
    metadata = _files.read(ctx, before)
    check_requirements(metadata, requirements)
    if not updates:
        return {"metadataLocation": before, "metadata": metadata}
    made = updated(metadata, updates, now_ms, before)
    with _files.written(ctx, made, before) as place:
        _move(ctx, table, made, place)
    return {"metadataLocation": place, "metadata": made}


def _blank() -> Json:
    """Return the metadata that a commit which creates a table starts from."""
    return {
        _FORMAT_VERSION: 1, "table-uuid": str(uuid.uuid4()), "last-column-id": 0, "schemas": [],
        "partition-specs": [], "last-partition-id": _schemas.FIRST_PARTITION_ID - 1,
        "sort-orders": [], "properties": {}, "refs": {}, "snapshots": [], "snapshot-log": [],
        "metadata-log": [], "statistics": [], "partition-statistics": [], "current-schema-id": -1,
        "default-spec-id": -1, "default-sort-order-id": 0,
    }  # fmt: skip


def _move(ctx: Context, table: Json, metadata: Json, place: str) -> None:
    """Make a metadata file the table's current one, if nobody was faster."""
    parameters: Json = {
        **table["Parameters"],
        METADATA_LOCATION: place,
        PREVIOUS_METADATA_LOCATION: table["Parameters"][METADATA_LOCATION],
    }
    former: Json = table.get("StorageDescriptor") or {}
    storage: Json = {
        **former,
        "Columns": _schemas.glue_columns(metadata),
        "Location": metadata["location"],
    }
    given: Json = {
        "DatabaseName": table["DatabaseName"],
        "TableInput": {
            **{key: table[key] for key in _KEPT if key in table},
            "Name": table["Name"],
            "Parameters": parameters,
            "StorageDescriptor": storage,
        },
        # Iceberg keeps a table's history itself.
        "SkipArchive": True,
        "VersionId": table["VersionId"],
    }
    asked("table", ctx.aws.glue.update_table, given)


def delete_table(ctx: Context, request: shapes.DeleteTableRequest) -> Generator[None, None, Any]:
    """Delete a table; with `purgeRequested` its files, too.

    https://docs.aws.amazon.com/glue/latest/dg/iceberg-rest-apis.html
    """
    check_catalog(ctx, request["catalog"])
    namespace, name = namespace_of(request["namespace"]), request["table"].lower()
    table = _found(ctx, namespace, name)
    given = {"DatabaseName": namespace, "Name": name}
    asked("table", ctx.aws.glue.delete_table, given)
    storage: Json = table.get("StorageDescriptor") or {}
    location = storage.get("Location")
    if request.get("purgeRequested") and location:
        yield from _files.delete(ctx, location)
    return {}
