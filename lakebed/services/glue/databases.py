"""Databases of the Data Catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import GLUE_PAGE_MAX
from lakebed.services.glue.model import (
    DATABASES,
    TABLES,
    CatalogDatabase,
    check_catalog,
    delete_table_rows,
    find_database,
    read_token,
    write_token,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes

# The default every AWS account has until Lake Formation is set up: everyone IAM allows may all.
_EVERYONE: list[Any] = [
    {
        "Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"},
        "Permissions": ["ALL"],
    }
]


def create_database(
    ctx: Context, request: shapes.CreateDatabaseRequest
) -> shapes.CreateDatabaseResponse:
    """Create a database; its name is folded to lower case.

    https://docs.aws.amazon.com/glue/latest/webapi/API_CreateDatabase.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    given = request["DatabaseInput"]
    name = given["Name"].lower()
    definition = {key: value for key, value in given.items() if key != "Name"}
    definition.setdefault("CreateTableDefaultPermissions", _EVERYONE)
    if not DATABASES.insert(ctx, CatalogDatabase(name, definition, ctx.clock.now())):
        raise AwsError("AlreadyExistsException", "Database already exists.")
    return {}


def get_database(ctx: Context, request: shapes.GetDatabaseRequest) -> shapes.GetDatabaseResponse:
    """Return one database.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetDatabase.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    return {"Database": _shape(ctx, find_database(ctx, request["Name"]))}


def get_databases(ctx: Context, request: shapes.GetDatabasesRequest) -> shapes.GetDatabasesResponse:
    """Return the databases in the order of their names, a page at a time.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetDatabases.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    size = min(request.get("MaxResults") or GLUE_PAGE_MAX, GLUE_PAGE_MAX)
    after = read_token(request.get("NextToken"))
    found = list(DATABASES.scan(ctx, Range(after=after, limit=size + 1)))
    page: shapes.GetDatabasesResponse = {
        "DatabaseList": [_shape(ctx, database) for database in found[:size]]
    }
    if len(found) > size:
        page["NextToken"] = write_token(found[size - 1].name)
    return page


def update_database(
    ctx: Context, request: shapes.UpdateDatabaseRequest
) -> shapes.UpdateDatabaseResponse:
    """Replace a database's definition; its name cannot change.

    https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateDatabase.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    database = find_database(ctx, request["Name"])
    given = request["DatabaseInput"]
    if given["Name"].lower() != database.name:
        raise AwsError("InvalidInputException", "Database name cannot be changed.")
    definition = {key: value for key, value in given.items() if key != "Name"}
    definition.setdefault("CreateTableDefaultPermissions", _EVERYONE)
    DATABASES.put(ctx, CatalogDatabase(database.name, definition, database.created))
    return {}


def delete_database(
    ctx: Context, request: shapes.DeleteDatabaseRequest
) -> shapes.DeleteDatabaseResponse:
    """Delete a database with its tables, their versions and partitions; the data stays in S3.

    https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteDatabase.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    database = find_database(ctx, request["Name"])
    for table in TABLES.scan(ctx, Range(prefix=(database.name,))):
        delete_table_rows(ctx, table)
    DATABASES.delete(ctx, database.name)
    return {}


def _shape(ctx: Context, database: CatalogDatabase) -> Any:
    return {
        "Name": database.name,
        **database.definition,
        "CreateTime": database.created,
        "CatalogId": ctx.account,
    }
