"""Tables of the Data Catalog."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import GLUE_PAGE_MAX
from lakebed.services.glue._sort_keys import order_of
from lakebed.services.glue.model import (
    TABLE_VERSIONS,
    TABLES,
    CatalogTable,
    check_catalog,
    delete_table_rows,
    find_database,
    find_table,
    read_token,
    table_shape,
    write_token,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes

# Members of a request that would change what is stored, and are not built.
_UNBUILT = (
    "OpenTableFormatInput",
    "PartitionIndexes",
    "TransactionId",
    "UpdateOpenTableFormatInput",
)


def create_table(ctx: Context, request: shapes.CreateTableRequest) -> shapes.CreateTableResponse:
    """Create a table as version 0; its name is folded to lower case.

    https://docs.aws.amazon.com/glue/latest/webapi/API_CreateTable.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    _refuse_unbuilt("CreateTable", request)
    given = request.get("TableInput")
    if given is None:
        raise AwsError("InvalidInputException", "TableInput is required.")
    database = find_database(ctx, request["DatabaseName"])
    now = ctx.clock.now()
    definition = {key: value for key, value in given.items() if key != "Name"}
    definition.setdefault("Retention", 0)
    order = order_of(given.get("PartitionKeys") or [])
    table = CatalogTable(database.name, given["Name"].lower(), 0, definition, now, now, order)
    if not TABLES.insert(ctx, table):
        raise AwsError("AlreadyExistsException", "Table already exists.")
    return {}


def get_table(ctx: Context, request: shapes.GetTableRequest) -> shapes.GetTableResponse:
    """Return one table in its current version.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetTable.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    _refuse_unbuilt("GetTable", request)
    table = find_table(ctx, request["DatabaseName"], request["Name"])
    return {"Table": table_shape(ctx, table)}


def get_tables(ctx: Context, request: shapes.GetTablesRequest) -> shapes.GetTablesResponse:
    """Return the tables of a database, by name or by a pattern of names, a page at a time.

    `Expression` is a regular expression that must match the whole name; a star that repeats
    nothing stands for any characters, as awswrangler's `*name*` expects.
    https://docs.aws.amazon.com/glue/latest/webapi/API_GetTables.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    _refuse_unbuilt("GetTables", request)
    database = find_database(ctx, request["DatabaseName"])
    size = min(request.get("MaxResults") or GLUE_PAGE_MAX, GLUE_PAGE_MAX)
    matches = _name_pattern(request.get("Expression"))
    after = read_token(request.get("NextToken"))
    found: list[CatalogTable] = []
    for table in TABLES.scan(ctx, Range(prefix=(database.name,), after=after)):
        if matches is None or matches.fullmatch(table.name):
            found.append(table)
            if len(found) > size:
                break
    page: shapes.GetTablesResponse = {
        "TableList": [table_shape(ctx, table) for table in found[:size]]
    }
    if len(found) > size:
        page["NextToken"] = write_token(found[size - 1].name)
    return page


def update_table(ctx: Context, request: shapes.UpdateTableRequest) -> shapes.UpdateTableResponse:
    """Replace a table's definition; the old one is archived unless `SkipArchive` is set.

    https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateTable.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    _refuse_unbuilt("UpdateTable", request)
    given = request.get("TableInput")
    if given is None:
        raise AwsError("InvalidInputException", "TableInput is required.")
    table = find_table(ctx, request["DatabaseName"], given["Name"])
    expected = request.get("VersionId")
    if expected is not None and expected != str(table.version):
        raise AwsError(
            "ConcurrentModificationException",
            f"Update table failed due to concurrent modifications: the current version of "
            f"{table.name} is {table.version}, not {expected}.",
        )
    definition = {key: value for key, value in given.items() if key != "Name"}
    definition.setdefault("Retention", 0)
    if not request.get("SkipArchive"):
        TABLE_VERSIONS.put(ctx, table)
    TABLES.put(
        ctx,
        CatalogTable(
            table.database,
            table.name,
            table.version + 1,
            definition,
            table.created,
            ctx.clock.now(),
        ),
    )
    return {}


def delete_table(ctx: Context, request: shapes.DeleteTableRequest) -> shapes.DeleteTableResponse:
    """Delete a table with its versions and partitions; the data stays in S3.

    https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteTable.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    _refuse_unbuilt("DeleteTable", request)
    database = find_database(ctx, request["DatabaseName"])
    name = request["Name"].lower()
    table = TABLES.get(ctx, database.name, name)
    if table is None:
        raise AwsError("EntityNotFoundException", f"Table {name} not found.")
    delete_table_rows(ctx, table)
    return {}


def batch_delete_table(
    ctx: Context, request: shapes.BatchDeleteTableRequest
) -> shapes.BatchDeleteTableResponse:
    """Delete up to 100 tables; those that are not there are named in `Errors`.

    https://docs.aws.amazon.com/glue/latest/webapi/API_BatchDeleteTable.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    _refuse_unbuilt("BatchDeleteTable", request)
    database = find_database(ctx, request["DatabaseName"])
    errors: list[Any] = []
    for name in request["TablesToDelete"]:
        table = TABLES.get(ctx, database.name, name.lower())
        if table is not None:
            delete_table_rows(ctx, table)
            continue
        detail = {
            "ErrorCode": "EntityNotFoundException",
            "ErrorMessage": f"Table {name.lower()} not found.",
        }
        errors.append({"TableName": name, "ErrorDetail": detail})
    return {"Errors": errors} if errors else {}


# A star at the start, or after a letter, a digit or an underscore: a wildcard.
_LOOSE_STAR = re.compile(r"(?<![^\w|(])(?<!\\\w)\*")


def _name_pattern(expression: str | None) -> re.Pattern[str] | None:
    if not expression:
        return None
    try:
        return re.compile(_LOOSE_STAR.sub(".*", expression), re.IGNORECASE)
    except re.error as error:
        message = f"Invalid table name expression {expression!r}: {error}"
        raise AwsError("InvalidInputException", message) from None


def _refuse_unbuilt(operation: str, request: Any) -> None:
    for member in _UNBUILT:
        if request.get(member):
            raise NotBuiltError("glue", operation, member)
