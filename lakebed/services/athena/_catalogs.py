"""Data catalogs by name: which of them queries and metadata calls can reach."""

from __future__ import annotations

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.services.athena.model import DATA_CATALOGS, DataCatalog, invalid

AWS_DATA_CATALOG = "AwsDataCatalog"


def find_catalog(ctx: Context, name: str) -> DataCatalog | None:
    """Return a catalog by name; names are case-insensitive, `AwsDataCatalog` is always there."""
    folded = name.lower()
    if folded == AWS_DATA_CATALOG.lower():
        return DataCatalog(folded, AWS_DATA_CATALOG, "GLUE", parameters={"catalog-id": ctx.account})
    return DATA_CATALOGS.get(ctx, folded)


def catalog_id(ctx: Context, name: str) -> str:
    """Return the Glue catalog that a data catalog stands for.

    Its Lambda function is what answers for a LAMBDA, HIVE or FEDERATED catalog: not built.
    """
    catalog = find_catalog(ctx, name)
    if catalog is None:
        raise invalid(f"Catalog '{name}' does not exist", "DATACATALOG_NOT_FOUND")
    if catalog.type != "GLUE":
        raise NotBuiltError("athena", f"data catalogs of type {catalog.type}", name)
    return catalog.parameters.get("catalog-id", ctx.account)


def metadata_error(ctx: Context, error: AwsError) -> AwsError:
    """Return Glue's refusal as Athena's MetadataException, in the sentence Athena makes of it."""
    if isinstance(error, NotBuiltError):
        return error
    text = "Entity Not Found" if error.code == "EntityNotFoundException" else error.message
    message = (
        f"{text} (Service: AmazonDataCatalog; Status Code: {error.status}; Error Code: "
        f"{error.code}; Request ID: {ctx.request_id}; Proxy: null)"
    )
    return AwsError("MetadataException", message)
