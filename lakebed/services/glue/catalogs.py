"""The account's own Data Catalog as a catalog: no other is federated into it or nested in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.glue.model import EVERYONE, arn_of, check_catalog

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


def get_catalog(ctx: Context, request: shapes.GetCatalogRequest) -> shapes.GetCatalogResponse:
    """Return the account's default catalog.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetCatalog.html
    """
    check_catalog(ctx, request["CatalogId"])
    return {"Catalog": _default(ctx)}


def get_catalogs(ctx: Context, request: shapes.GetCatalogsRequest) -> shapes.GetCatalogsResponse:
    """Return the catalogs in the default catalog, of which there are none, and it if asked.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetCatalogs.html
    """
    parent = request.get("ParentCatalogId")
    check_catalog(ctx, parent)
    if request.get("NextToken"):
        raise AwsError("InvalidInputException", "Invalid NextToken")
    return {"CatalogList": [_default(ctx)] if request.get("IncludeRoot") else []}


def get_catalog_import_status(
    ctx: Context, request: shapes.GetCatalogImportStatusRequest
) -> shapes.GetCatalogImportStatusResponse:
    """Return that nothing is left to be imported: there was never an Athena catalog before Glue's.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetCatalogImportStatus.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    return {"ImportStatus": {"ImportCompleted": True}}


def _default(ctx: Context) -> Any:
    return {
        "CatalogId": ctx.account,
        "Name": ctx.account,
        "ResourceArn": arn_of(ctx, "catalog"),
        "CreateTableDefaultPermissions": EVERYONE,
        "CreateDatabaseDefaultPermissions": EVERYONE,
    }
