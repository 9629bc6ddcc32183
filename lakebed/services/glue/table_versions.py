"""Versions of tables: what UpdateTable archived, and the current one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import GLUE_PAGE_MAX
from lakebed.services.glue.model import (
    TABLE_VERSIONS,
    CatalogTable,
    check_catalog,
    find_data_table,
    read_token,
    table_shape,
    write_token,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


def get_table_version(
    ctx: Context, request: shapes.GetTableVersionRequest
) -> shapes.GetTableVersionResponse:
    """Return one version of a table, the current one without `VersionId`.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetTableVersion.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])
    wanted = request.get("VersionId")
    if wanted is None or wanted == str(table.version):
        return {"TableVersion": _shape(ctx, table)}
    return {"TableVersion": _shape(ctx, _find_version(ctx, table, wanted))}


def get_table_versions(
    ctx: Context, request: shapes.GetTableVersionsRequest
) -> shapes.GetTableVersionsResponse:
    """Return the versions of a table, the newest first, a page at a time.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetTableVersions.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])
    size = min(request.get("MaxResults") or GLUE_PAGE_MAX, GLUE_PAGE_MAX)
    token = read_token(request.get("NextToken"))
    found = [] if token else [table]
    before = (_number(token[0]),) if token else None
    span = Range((table.database, table.name), after=before, limit=size + 1, reverse=True)
    found += TABLE_VERSIONS.scan(ctx, span)
    page: shapes.GetTableVersionsResponse = {
        "TableVersions": [_shape(ctx, version) for version in found[:size]]
    }
    if len(found) > size:
        page["NextToken"] = write_token(str(found[size - 1].version))
    return page


def delete_table_version(
    ctx: Context, request: shapes.DeleteTableVersionRequest
) -> shapes.DeleteTableVersionResponse:
    """Delete one archived version; the current one cannot be deleted.

    https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteTableVersion.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])
    _delete(ctx, table, request["VersionId"])
    return {}


def batch_delete_table_version(
    ctx: Context, request: shapes.BatchDeleteTableVersionRequest
) -> shapes.BatchDeleteTableVersionResponse:
    """Delete up to 100 archived versions; those that fail are named in `Errors`.

    https://docs.aws.amazon.com/glue/latest/webapi/API_BatchDeleteTableVersion.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    table = find_data_table(ctx, request["DatabaseName"], request["TableName"])
    errors: list[Any] = []
    for version in request["VersionIds"]:
        try:
            _delete(ctx, table, version)
        except AwsError as error:
            detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
            errors.append({"TableName": table.name, "VersionId": version, "ErrorDetail": detail})
    return {"Errors": errors} if errors else {}


def _delete(ctx: Context, table: CatalogTable, version_id: str) -> None:
    if version_id == str(table.version):
        raise AwsError("InvalidInputException", "Cannot delete the current version of a table.")
    version = _find_version(ctx, table, version_id)
    TABLE_VERSIONS.delete(ctx, version.database, version.name, version.version)


def _find_version(ctx: Context, table: CatalogTable, version_id: str) -> CatalogTable:
    found = TABLE_VERSIONS.get(ctx, table.database, table.name, _number(version_id))
    if found is None:
        raise AwsError("EntityNotFoundException", "Version not found.")
    return found


def _number(version_id: str) -> int:
    if not version_id.isdecimal():
        message = f"Version {version_id!r} is no number: a VersionId is that of GetTable."
        raise AwsError("InvalidInputException", message)
    return int(version_id)


def _shape(ctx: Context, table: CatalogTable) -> Any:
    return {"Table": table_shape(ctx, table), "VersionId": str(table.version)}
