"""Mappings between tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.services.glue._mapping_entries import columns_of, entries
from lakebed.services.glue.model import check_catalog, find_data_table

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


def get_mapping(ctx: Context, request: shapes.GetMappingRequest) -> shapes.GetMappingResponse:
    """Return which column of a table becomes which of the sinks: those of the same names.

    Without sinks (also where only a Location is given) every column becomes itself.
    https://docs.aws.amazon.com/glue/latest/webapi/API_GetMapping.html
    """
    source = _table(ctx, request["Source"])
    sinks = [_table(ctx, one) for one in request.get("Sinks", [])]
    found: Any = entries(*source, sinks)
    return {"Mapping": found}


def _table(ctx: Context, entry: shapes.CatalogEntry) -> tuple[str, list[tuple[str, str]]]:
    check_catalog(ctx, None)
    table = find_data_table(ctx, entry["DatabaseName"], entry["TableName"])
    return entry["TableName"], columns_of(table.definition)
