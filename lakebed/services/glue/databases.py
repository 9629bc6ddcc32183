"""Databases of the Data Catalog."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import GLUE_DATABASES_MAX, GLUE_PAGE_MAX
from lakebed.services.glue._deletion import delete_table_rows
from lakebed.services.glue.model import (
    DATABASES,
    EVERYONE,
    FUNCTIONS,
    TABLES,
    TAGS,
    CatalogDatabase,
    arn_of,
    check_catalog,
    check_target,
    find_database,
    find_tables_database,
    put_tags,
    read_token,
    write_token,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes

_ATTRIBUTES = {"NAME": "Name", "TARGET_DATABASE": "TargetDatabase"}


def create_database(
    ctx: Context, request: shapes.CreateDatabaseRequest
) -> shapes.CreateDatabaseResponse:
    """Create a database; its name is folded to lower case.

    https://docs.aws.amazon.com/glue/latest/webapi/API_CreateDatabase.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    given = request["DatabaseInput"]
    name = given["Name"].lower()
    definition = _definition("CreateDatabase", given)
    if not DATABASES.insert(ctx, CatalogDatabase(name, definition, ctx.clock.now())):
        raise AwsError("AlreadyExistsException", "Database already exists.")
    if DATABASES.count(ctx) > GLUE_DATABASES_MAX:
        message = f"Number of databases exceeds the limit of {GLUE_DATABASES_MAX}."
        raise AwsError("ResourceNumberLimitExceededException", message)
    put_tags(ctx, arn_of(ctx, "database", name), request.get("Tags"))
    return {}


def get_database(ctx: Context, request: shapes.GetDatabaseRequest) -> shapes.GetDatabaseResponse:
    """Return one database; of a resource link, the properties of what it leads to.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetDatabase.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    database = find_database(ctx, request["Name"])
    target: Mapping[str, Any] | None = database.definition.get("TargetDatabase")
    if target:
        check_target(ctx, target)
        found = find_database(ctx, target.get("DatabaseName", ""))
        return {"Database": _link_shape(ctx, database, found)}
    return {"Database": _shape(ctx, database)}


def get_databases(ctx: Context, request: shapes.GetDatabasesRequest) -> shapes.GetDatabasesResponse:
    """Return the databases in the order of their names, a page at a time.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetDatabases.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    size = min(request.get("MaxResults") or GLUE_PAGE_MAX, GLUE_PAGE_MAX)
    after = read_token(request.get("NextToken"))
    if request.get("ResourceShareType") in ("FOREIGN", "FEDERATED"):
        # Nothing is shared with this account, and nothing here is another catalog's.
        return {"DatabaseList": []}
    found = list(DATABASES.scan(ctx, Range(after=after, limit=size + 1)))
    page: shapes.GetDatabasesResponse = {
        "DatabaseList": [_listed_shape(ctx, database) for database in found[:size]]
    }
    if (attributes := request.get("AttributesToGet")) is not None:
        names = {_ATTRIBUTES[one] for one in attributes}
        page["DatabaseList"] = [
            cast("Any", {key: value for key, value in shape.items() if key in names})
            for shape in page["DatabaseList"]
        ]
    if len(found) > size:
        page["NextToken"] = write_token(found[size - 1].name)
    return page


def update_database(
    ctx: Context, request: shapes.UpdateDatabaseRequest
) -> shapes.UpdateDatabaseResponse:
    """Replace a database's definition, or that of what a resource link leads to.

    https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateDatabase.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    database = find_tables_database(ctx, request["Name"])
    given = request["DatabaseInput"]
    if given["Name"].lower() not in (database.name, request["Name"].lower()):
        raise AwsError("InvalidInputException", "Database name cannot be changed.")
    definition = _definition("UpdateDatabase", given)
    definition.pop("TargetDatabase", None)
    DATABASES.put(ctx, CatalogDatabase(database.name, definition, database.created))
    return {}


def delete_database(
    ctx: Context, request: shapes.DeleteDatabaseRequest
) -> Generator[None, None, shapes.DeleteDatabaseResponse]:
    """Delete a database with its tables, their versions and partitions; the data stays in S3.

    https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteDatabase.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    database = find_database(ctx, request["Name"])
    first = Range((database.name,), limit=1)
    while (table := next(TABLES.scan(ctx, first), None)) is not None:
        yield from delete_table_rows(ctx, table)
        yield
    FUNCTIONS.delete_range(ctx, Range((database.name,)))
    TAGS.delete(ctx, arn_of(ctx, "database", database.name))
    DATABASES.delete(ctx, database.name)
    return {}


def _definition(operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
    if given.get("FederatedDatabase"):
        raise NotBuiltError("glue", operation, "DatabaseInput.FederatedDatabase")
    definition = {key: value for key, value in given.items() if key != "Name"}
    definition.setdefault("CreateTableDefaultPermissions", EVERYONE)
    return definition


def _shape(ctx: Context, database: CatalogDatabase) -> Any:
    return {
        "Name": database.name,
        **database.definition,
        "CreateTime": database.created,
        "CatalogId": ctx.account,
    }


def _link_shape(ctx: Context, link: CatalogDatabase, target: CatalogDatabase) -> Any:
    """Return a resource link as GetDatabase shows it (its own name: that is from memory)."""
    return {
        **_shape(ctx, target),
        "Name": link.name,
        "TargetDatabase": link.definition["TargetDatabase"],
    }


def _listed_shape(ctx: Context, database: CatalogDatabase) -> Any:
    """Return a database of a listing; a link that leads nowhere is shown as it is."""
    target: Mapping[str, Any] | None = database.definition.get("TargetDatabase")
    found = DATABASES.get(ctx, target.get("DatabaseName", "").lower()) if target else None
    if target is None or found is None or target.get("Region", ctx.region) != ctx.region:
        return _shape(ctx, database)
    if target.get("CatalogId", ctx.account) != ctx.account:
        return _shape(ctx, database)
    return _link_shape(ctx, database, found)
