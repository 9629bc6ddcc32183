"""Metadata of tables, as Athena shows what Glue keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import ATHENA_LIST_MAX
from lakebed.services.athena._catalogs import catalog_id, metadata_error
from lakebed.services.athena.model import find_work_group, invalid

if TYPE_CHECKING:
    from lakebed.shapes import athena as shapes


def get_table_metadata(
    ctx: Context, request: shapes.GetTableMetadataInput
) -> shapes.GetTableMetadataOutput:
    """Return a table's columns and parameters.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_GetTableMetadata.html
    """
    catalog = _catalog(ctx, request)
    asked: Any = {
        "CatalogId": catalog,
        "DatabaseName": request["DatabaseName"],
        "Name": request["TableName"],
    }
    try:
        found = ctx.aws.glue.get_table(asked)
    except AwsError as error:
        raise metadata_error(ctx, error) from None
    return {"TableMetadata": _shape(found.get("Table", {}))}


def list_table_metadata(
    ctx: Context, request: shapes.ListTableMetadataInput
) -> shapes.ListTableMetadataOutput:
    """Return the tables of a database whose names match an expression, a page at a time.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_ListTableMetadata.html
    """
    catalog = _catalog(ctx, request)
    asked: Any = {
        "CatalogId": catalog,
        "DatabaseName": request["DatabaseName"],
        "MaxResults": request.get("MaxResults") or ATHENA_LIST_MAX,
    }
    for ours, glues in (("Expression", "Expression"), ("NextToken", "NextToken")):
        if value := request.get(ours):
            asked[glues] = value
    wanted = request.get("AttributesToGet")
    if wanted and "NAME" not in wanted:
        raise invalid("AttributesToGet must include NAME.")
    try:
        found = ctx.aws.glue.get_tables(asked)
    except AwsError as error:
        raise metadata_error(ctx, error) from None
    tables = [_shape(one) for one in found.get("TableList", ())]
    if wanted:
        kept = {"Name", "TableType"} if "TABLE_TYPE" in wanted else {"Name"}
        tables = [{name: one[name] for name in one if name in kept} for one in tables]
    answer: Any = {"TableMetadataList": tables}
    if token := found.get("NextToken"):
        answer["NextToken"] = token
    return answer


def _catalog(
    ctx: Context, request: shapes.GetTableMetadataInput | shapes.ListTableMetadataInput
) -> str:
    if group := request.get("WorkGroup"):
        find_work_group(ctx, group)
    return catalog_id(ctx, request["CatalogName"])


def _shape(table: Any) -> Any:
    storage: Any = table.get("StorageDescriptor") or {}
    shape: dict[str, Any] = {
        "Name": table["Name"],
        "CreateTime": table.get("CreateTime", 0),
        "LastAccessTime": table.get("LastAccessTime", 0),
        "TableType": table.get("TableType", ""),
        "Columns": [_column(one) for one in storage.get("Columns") or ()],
        "PartitionKeys": [_column(one) for one in table.get("PartitionKeys") or ()],
        "Parameters": _parameters(table, storage),
    }
    if not shape["TableType"]:
        del shape["TableType"]
    return shape


def _column(column: Any) -> dict[str, str]:
    return {name: column[name] for name in ("Name", "Type", "Comment") if column.get(name)}


def _parameters(table: Any, storage: Any) -> dict[str, str]:
    """Return the table's parameters with where and how it is stored, in Hive's names."""
    serde: Any = storage.get("SerdeInfo") or {}
    stored = {
        "inputformat": storage.get("InputFormat"),
        "location": storage.get("Location"),
        "outputformat": storage.get("OutputFormat"),
        "serde.serialization.lib": serde.get("SerializationLibrary"),
    }
    parameters: dict[str, str] = dict(table.get("Parameters") or {})
    parameters |= {name: value for name, value in stored.items() if value is not None}
    own: dict[str, str] = serde.get("Parameters") or {}
    for name, value in own.items():
        parameters[f"serde.param.{name}"] = value
    return parameters
