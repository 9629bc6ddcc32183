"""Databases of a data catalog, as Athena shows what Glue keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import ATHENA_LIST_MAX
from lakebed.services.athena._catalogs import catalog_id, metadata_error
from lakebed.services.athena.model import PRIMARY, find_work_group

if TYPE_CHECKING:
    from lakebed.shapes import athena as shapes


def get_database(ctx: Context, request: shapes.GetDatabaseInput) -> shapes.GetDatabaseOutput:
    """Return a database of a data catalog.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_GetDatabase.html
    """
    catalog = _catalog(ctx, request)
    try:
        found = ctx.aws.glue.get_database({"CatalogId": catalog, "Name": request["DatabaseName"]})
    except AwsError as error:
        raise metadata_error(ctx, error) from None
    return {"Database": _shape(found.get("Database", {}))}


def list_databases(ctx: Context, request: shapes.ListDatabasesInput) -> shapes.ListDatabasesOutput:
    """Return the databases of a data catalog, a page at a time.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_ListDatabases.html
    """
    catalog = _catalog(ctx, request)
    asked: Any = {
        "CatalogId": catalog,
        "MaxResults": request.get("MaxResults") or ATHENA_LIST_MAX,
    }
    if token := request.get("NextToken"):
        asked["NextToken"] = token
    try:
        found = ctx.aws.glue.get_databases(asked)
    except AwsError as error:
        raise metadata_error(ctx, error) from None
    databases = [_shape(one) for one in found.get("DatabaseList", ())]
    if request.get("AttributesToGet"):
        databases = [{"Name": one["Name"]} for one in databases]
    answer: Any = {"DatabaseList": databases}
    if token := found.get("NextToken"):
        answer["NextToken"] = token
    return answer


def _catalog(ctx: Context, request: shapes.GetDatabaseInput | shapes.ListDatabasesInput) -> str:
    """Return the Glue catalog; the first use of Athena makes its database `default`."""
    find_work_group(ctx, PRIMARY)
    if group := request.get("WorkGroup"):
        find_work_group(ctx, group)
    return catalog_id(ctx, request["CatalogName"])


def _shape(database: Any) -> Any:
    shape = {"Name": database["Name"]}
    for ours, glues in (("Description", "Description"), ("Parameters", "Parameters")):
        if database.get(glues):
            shape[ours] = database[glues]
    return shape
