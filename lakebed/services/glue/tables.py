"""Tables of the Data Catalog."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import GLUE_PAGE_MAX, TABLE_VERSIONS_MAX
from lakebed.services.glue import _iceberg_metadata, _open_formats
from lakebed.services.glue._deletion import delete_table_rows
from lakebed.services.glue._map_order import with_ordered_parameters
from lakebed.services.glue._partition_indexes import check_kept_keys, put_indexes
from lakebed.services.glue._patterns import name_pattern
from lakebed.services.glue._sort_keys import order_of
from lakebed.services.glue.model import (
    PARTITIONS,
    TABLE_VERSIONS,
    TABLES,
    CatalogTable,
    check_catalog,
    find_table,
    find_tables_database,
    link_shape,
    link_target,
    read_token,
    table_shape,
    write_token,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes

# Members of a request that would change what is stored or answered, and are not built.
_UNBUILT = (
    "QueryAsOfTime",
    "TransactionId",
    "ViewUpdateAction",
    "Force",
)
_NAME_ONLY = ("Name", "DatabaseName")
_OF_OPEN_TABLES = ("Description", "Owner", "Retention", "LastAccessTime", "LastAnalyzedTime")
"""What a TableInput says that Iceberg's metadata does not."""


def create_table(ctx: Context, request: shapes.CreateTableRequest) -> shapes.CreateTableResponse:
    """Create a table as version 0; its name is folded to lower case.

    https://docs.aws.amazon.com/glue/latest/webapi/API_CreateTable.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    _refuse_unbuilt("CreateTable", request)
    if request.get("OpenTableFormatInput") is not None:
        _create_open(ctx, request)
        return {}
    given = _table_input("CreateTable", request)
    database = find_tables_database(ctx, request["DatabaseName"])
    if given.get("TargetTable") and database.name != request["DatabaseName"].lower():
        message = "A resource link to a table cannot be created through one to a database."
        raise AwsError("InvalidInputException", message)
    now = ctx.clock.now()
    table = CatalogTable(
        database.name,
        given["Name"].lower(),
        0,
        _definition(given),
        now,
        now,
        order_of(given.get("PartitionKeys") or []),
        ctx.principal.arn,
    )
    if not TABLES.insert(ctx, table):
        raise AwsError("AlreadyExistsException", "Table already exists.")
    put_indexes(ctx, table, request.get("PartitionIndexes") or [])
    return {}


def get_table(ctx: Context, request: shapes.GetTableRequest) -> shapes.GetTableResponse:
    """Return one table in its current version; of a resource link, what it leads to.

    Which links are followed:
    https://docs.aws.amazon.com/lake-formation/latest/dg/resource-links-glue-apis.html. That the
    names stay the link's is from memory.
    https://docs.aws.amazon.com/glue/latest/webapi/API_GetTable.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    _refuse_unbuilt("GetTable", request)
    wanted: list[Any] | None = request.get("AttributesToGet")
    is_asked = _iceberg_metadata.is_asked(wanted)
    table = find_table(ctx, request["DatabaseName"], request["Name"])
    found = _shape(ctx, table, request["DatabaseName"])
    if is_asked:
        found = cast("Any", _iceberg_metadata.shown(ctx, found, wanted))
    return {"Table": found}


def get_tables(
    ctx: Context, request: shapes.GetTablesRequest
) -> Generator[None, None, shapes.GetTablesResponse]:
    """Return the tables of a database, by name or by a pattern of names, a page at a time.

    `Expression` is a regular expression that must match the whole name; a star that repeats
    nothing stands for any characters, as awswrangler's `*name*` expects.
    https://docs.aws.amazon.com/glue/latest/webapi/API_GetTables.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    _refuse_unbuilt("GetTables", request)
    attributes = _attributes(request.get("AttributesToGet"))
    database = find_tables_database(ctx, request["DatabaseName"])
    size = request.get("MaxResults") or GLUE_PAGE_MAX
    matches = name_pattern(request.get("Expression"))
    after = read_token(request.get("NextToken"))
    if request.get("ResourceShareType") == "FEDERATED":
        # Nothing here is another catalog's.
        return {"TableList": []}
    found: list[CatalogTable] = []
    while len(found) <= size:
        span = Range((database.name,), after=after, limit=GLUE_PAGE_MAX + 1)
        rows = list(TABLES.scan(ctx, span))
        found += [row for row in rows if matches is None or matches.fullmatch(row.name)]
        if len(rows) <= GLUE_PAGE_MAX:
            break
        after = (rows[-1].name,)
        yield
    page: shapes.GetTablesResponse = {
        "TableList": [
            _part(_listed_shape(ctx, table, request["DatabaseName"]), attributes)
            for table in found[:size]
        ]
    }
    if len(found) > size:
        page["NextToken"] = write_token(found[size - 1].name)
    return page


def update_table(ctx: Context, request: shapes.UpdateTableRequest) -> shapes.UpdateTableResponse:
    """Replace a table's definition; the old one is archived unless `SkipArchive` is set.

    With `VersionId` it is replaced only if that is the current version: what a commit to an Iceberg
    table relies on. https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateTable.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    _refuse_unbuilt("UpdateTable", request)
    if request.get("UpdateOpenTableFormatInput") is not None:
        _check_version(find_table(ctx, request["DatabaseName"], request.get("Name") or ""), request)
        _open_formats.update(ctx, request)
        return {}
    given = _table_input("UpdateTable", request)
    table = _updated_table(ctx, request["DatabaseName"], given)
    _check_version(table, request)
    definition = _definition(given)
    if not table.definition.get("TargetTable"):
        definition.pop("TargetTable", None)
    check_kept_keys(ctx, table, definition.get("PartitionKeys") or [])
    if not request.get("SkipArchive"):
        _archive(ctx, table)
    changed = CatalogTable(
        table.database,
        table.name,
        table.version + 1,
        definition,
        table.created,
        ctx.clock.now(),
        _order_after(ctx, table, definition),
        table.created_by,
    )
    TABLES.put(ctx, changed)
    return {}


def delete_table(
    ctx: Context, request: shapes.DeleteTableRequest
) -> Generator[None, None, shapes.DeleteTableResponse]:
    """Delete a table with its versions and partitions; the data stays in S3.

    https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteTable.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    _refuse_unbuilt("DeleteTable", request)
    database = find_tables_database(ctx, request["DatabaseName"])
    name = request["Name"].lower()
    table = TABLES.get(ctx, database.name, name)
    if table is None:
        raise AwsError("EntityNotFoundException", f"Table {name} not found.")
    yield from delete_table_rows(ctx, table)
    return {}


def batch_delete_table(
    ctx: Context, request: shapes.BatchDeleteTableRequest
) -> Generator[None, None, shapes.BatchDeleteTableResponse]:
    """Delete up to 100 tables; those that are not there are named in `Errors`.

    https://docs.aws.amazon.com/glue/latest/webapi/API_BatchDeleteTable.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    _refuse_unbuilt("BatchDeleteTable", request)
    database = find_tables_database(ctx, request["DatabaseName"])
    errors: list[Any] = []
    for name in request["TablesToDelete"]:
        table = TABLES.get(ctx, database.name, name.lower())
        if table is not None:
            yield from delete_table_rows(ctx, table)
            continue
        detail = {
            "ErrorCode": "EntityNotFoundException",
            "ErrorMessage": f"Table {name.lower()} not found.",
        }
        errors.append({"TableName": name, "ErrorDetail": detail})
    return {"Errors": errors}


def _check_version(table: CatalogTable, request: shapes.UpdateTableRequest) -> None:
    expected = request.get("VersionId")
    if expected is not None and expected != str(table.version):
        message = "Update table failed due to concurrent modifications."
        raise AwsError("ConcurrentModificationException", message)


def _create_open(ctx: Context, request: shapes.CreateTableRequest) -> None:
    """Create a table of an open format, and keep what its TableInput says besides."""
    if request.get("PartitionIndexes"):
        message = "PartitionIndexes cannot be given for an Iceberg table."
        raise AwsError("InvalidInputException", message)
    name, given = _open_formats.create(ctx, request)
    made = find_table(ctx, request["DatabaseName"], name)
    rest = {key: value for key, value in given.items() if key in _OF_OPEN_TABLES}
    own: Mapping[str, str] = given.get("Parameters") or {}
    parameters: dict[str, str] = {**own, **made.definition["Parameters"]}
    definition: dict[str, Any] = {**made.definition, **rest, "Parameters": parameters}
    TABLES.put(ctx, replace(made, definition=definition))


def _shape(ctx: Context, table: CatalogTable, database: str) -> Any:
    """Return a table that was asked for by the name of a database.

    A link is followed, unless it was reached through a link to its database.
    """
    if table.definition.get("TargetTable") and table.database == database.lower():
        return link_shape(ctx, table)
    return table_shape(ctx, table)


def _listed_shape(ctx: Context, table: CatalogTable, database: str) -> Any:
    """Return a table of a listing; a link that leads nowhere is shown as it is."""
    try:
        return _shape(ctx, table, database)
    except AwsError:
        return table_shape(ctx, table)


def _updated_table(ctx: Context, database: str, given: Mapping[str, Any]) -> CatalogTable:
    """Return the table that an update is about: of a resource link, what it leads to."""
    table = find_table(ctx, database, given["Name"])
    link = table.definition.get("TargetTable")
    if not link:
        return table
    if table.database != database.lower():
        message = "A table cannot be updated through links to both its database and itself."
        raise AwsError("InvalidInputException", message)
    if given.get("TargetTable", link) != link:
        message = "The target of a resource link cannot be changed."
        raise AwsError("InvalidInputException", message)
    return link_target(ctx, table)


def _part(shape: Any, attributes: frozenset[str] | None) -> Any:
    if attributes is None:
        return shape
    return {key: value for key, value in shape.items() if key in attributes}


def _attributes(wanted: list[Any] | None) -> frozenset[str] | None:
    """Return the members of a table that AttributesToGet asks for, None for all."""
    if wanted is None:
        return None
    if "NAME" not in wanted:
        raise AwsError("InvalidInputException", "AttributesToGet must include NAME.")
    names = {"NAME": _NAME_ONLY, "TABLE_TYPE": ("TableType",)}
    if not names.keys() >= set(wanted):
        raise AwsError("InvalidInputException", "AttributesToGet allows NAME and TABLE_TYPE.")
    return frozenset(member for one in wanted for member in names[one])


def _table_input(operation: str, request: Any) -> Mapping[str, Any]:
    given = request.get("TableInput")
    if given is None:
        raise AwsError("InvalidInputException", "TableInput is required.")
    if given.get("ViewDefinition"):
        raise NotBuiltError("glue", operation, "TableInput.ViewDefinition")
    return given


def _definition(given: Mapping[str, Any]) -> dict[str, Any]:
    definition = with_ordered_parameters(given)
    del definition["Name"]
    definition.setdefault("Retention", 0)
    return definition


def _archive(ctx: Context, table: CatalogTable) -> None:
    """Keep a version; at the limit the count is looked at, because versions may be deleted."""
    if table.version >= TABLE_VERSIONS_MAX:
        count = TABLE_VERSIONS.count(ctx, table.database, table.name)
        if count >= TABLE_VERSIONS_MAX:
            message = f"Number of table versions exceeds the limit of {TABLE_VERSIONS_MAX}."
            raise AwsError("ResourceNumberLimitExceededException", message)
    TABLE_VERSIONS.put(ctx, table)


def _order_after(ctx: Context, table: CatalogTable, definition: Mapping[str, Any]) -> str:
    """Return the order of the partitions: a new one only if there is none to be moved."""
    order = order_of(definition.get("PartitionKeys") or [])
    if order == table.partition_order:
        return order
    first = Range((table.database, table.name), limit=1)
    return order if next(PARTITIONS.scan(ctx, first), None) is None else table.partition_order


def _refuse_unbuilt(operation: str, request: Any) -> None:
    for member in _UNBUILT:
        if request.get(member):
            raise NotBuiltError("glue", operation, member)
