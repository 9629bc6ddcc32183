"""Data catalogs: the sources that metadata calls and queries can name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.core.limits import ATHENA_LIST_MAX, DATA_CATALOGS_MAX
from lakebed.services.athena._catalogs import AWS_DATA_CATALOG, find_catalog
from lakebed.services.athena._pages import after, page, token
from lakebed.services.athena._tags import read_tags
from lakebed.services.athena.model import DATA_CATALOGS, DataCatalog, invalid, replace
from lakebed.store import Range

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lakebed.shapes import athena as shapes

# https://docs.aws.amazon.com/athena/latest/APIReference/API_CreateDataCatalog.html, Parameters
_REQUIRED = {
    "GLUE": ({"catalog-id"},),
    "HIVE": ({"metadata-function"},),
    "LAMBDA": ({"function"}, {"metadata-function", "record-function"}),
}


def create_data_catalog(
    ctx: Context, request: shapes.CreateDataCatalogInput
) -> shapes.CreateDataCatalogOutput:
    """Register a data catalog.

    A GLUE catalog can be queried if its `catalog-id` is the own account's; LAMBDA and HIVE ones
    are kept, and refused by name when a query or a metadata call needs their function. FEDERATED
    ones, for which AWS makes connections and functions, are not built.
    https://docs.aws.amazon.com/athena/latest/APIReference/API_CreateDataCatalog.html
    """
    name = request["Name"]
    if find_catalog(ctx, name) is not None:
        # The sentence is remembered.
        raise invalid(f"Catalog {name} already exists")
    if DATA_CATALOGS.count(ctx) >= DATA_CATALOGS_MAX:
        raise invalid(f"The limit of {DATA_CATALOGS_MAX} data catalogs is reached.")
    parameters = request.get("Parameters") or {}
    _check("CreateDataCatalog", request["Type"], parameters)
    catalog = DataCatalog(
        name.lower(),
        name,
        request["Type"],
        request.get("Description"),
        dict(parameters),
        read_tags(request.get("Tags") or ()),
    )
    DATA_CATALOGS.put(ctx, catalog)
    return {"DataCatalog": _shape(catalog)}


def get_data_catalog(
    ctx: Context, request: shapes.GetDataCatalogInput
) -> shapes.GetDataCatalogOutput:
    """Return a data catalog by name.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_GetDataCatalog.html
    """
    return {"DataCatalog": _shape(_find(ctx, request["Name"]))}


def list_data_catalogs(
    ctx: Context, request: shapes.ListDataCatalogsInput
) -> shapes.ListDataCatalogsOutput:
    """Return the data catalogs of the account, `AwsDataCatalog` first, a page at a time.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_ListDataCatalogs.html
    """
    size = request.get("MaxResults") or ATHENA_LIST_MAX
    last = after(request.get("NextToken"))
    first = find_catalog(ctx, AWS_DATA_CATALOG) if last is None else None
    rows: list[DataCatalog] = [] if first is None else [first]
    # The empty name stands before all of them: it is the token after AwsDataCatalog alone.
    rows.extend(DATA_CATALOGS.scan(ctx, Range(after=last, limit=size + 1)))
    found, has_more = page(rows, size)
    answer: Any = {
        "DataCatalogsSummary": [
            {"CatalogName": one.name, "Type": one.type, "Status": "CREATE_COMPLETE"}
            for one in found
        ]
    }
    if has_more:
        end = found[-1]
        answer["NextToken"] = token("" if end.name == AWS_DATA_CATALOG else end.folded)
    return answer


def update_data_catalog(
    ctx: Context, request: shapes.UpdateDataCatalogInput
) -> shapes.UpdateDataCatalogOutput:
    """Replace a data catalog's type, and its description and parameters if they are given.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_UpdateDataCatalog.html
    """
    catalog = _find(ctx, request["Name"])
    _refuse_default(catalog)
    parameters = dict(request.get("Parameters") or catalog.parameters)
    _check("UpdateDataCatalog", request["Type"], parameters)
    changed = replace(
        catalog,
        type=request["Type"],
        description=request.get("Description", catalog.description),
        parameters=parameters,
    )
    DATA_CATALOGS.put(ctx, changed)
    return {}


def delete_data_catalog(
    ctx: Context, request: shapes.DeleteDataCatalogInput
) -> shapes.DeleteDataCatalogOutput:
    """Delete a data catalog; what it stands for stays.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_DeleteDataCatalog.html
    """
    catalog = _find(ctx, request["Name"])
    _refuse_default(catalog)
    if request.get("DeleteCatalogOnly"):
        raise invalid("DeleteCatalogOnly can be used with FEDERATED catalogs only.")
    DATA_CATALOGS.delete(ctx, catalog.folded)
    return {"DataCatalog": _shape(catalog) | {"Status": "DELETE_COMPLETE"}}


def _find(ctx: Context, name: str) -> DataCatalog:
    catalog = find_catalog(ctx, name)
    if catalog is None:
        # Terraform's provider looks for `was not found`; the rest of the sentence is remembered.
        raise invalid(f"Data catalog {name} was not found", "DATACATALOG_NOT_FOUND")
    return catalog


def _refuse_default(catalog: DataCatalog) -> None:
    if catalog.name == AWS_DATA_CATALOG:
        raise invalid(f"{AWS_DATA_CATALOG} cannot be changed or deleted.")


def _check(operation: str, kind: str, parameters: Mapping[str, str]) -> None:
    if kind == "FEDERATED":
        raise NotBuiltError("athena", operation, "Type FEDERATED")
    if not any(required <= parameters.keys() for required in _REQUIRED[kind]):
        wanted = " or ".join(", ".join(sorted(required)) for required in _REQUIRED[kind])
        raise invalid(f"A data catalog of type {kind} needs the parameters {wanted}.")


def _shape(catalog: DataCatalog) -> Any:
    shape: dict[str, Any] = {
        "Name": catalog.name,
        "Type": catalog.type,
        "Parameters": dict(catalog.parameters),
        "Status": "CREATE_COMPLETE",
    }
    if catalog.description:
        shape["Description"] = catalog.description
    return shape
