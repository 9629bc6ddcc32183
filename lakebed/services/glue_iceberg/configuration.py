"""The endpoint's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.services.glue_iceberg.model import check_catalog

if TYPE_CHECKING:
    from lakebed.shapes import glue_iceberg as shapes

_BASE = "/v1/{prefix}/namespaces"
_TABLE = f"{_BASE}/{{namespace}}/tables/{{table}}"
_ENDPOINTS = [
    f"GET {_BASE}", f"POST {_BASE}", f"GET {_BASE}/{{namespace}}", f"HEAD {_BASE}/{{namespace}}",
    f"DELETE {_BASE}/{{namespace}}", f"POST {_BASE}/{{namespace}}/properties",
    f"GET {_BASE}/{{namespace}}/tables", f"POST {_BASE}/{{namespace}}/tables", f"GET {_TABLE}",
    f"HEAD {_TABLE}", f"POST {_TABLE}", f"DELETE {_TABLE}",
]  # fmt: skip
"""What is built, as Iceberg's specification lists it, so that clients ask for nothing else."""


def get_config(ctx: Context, request: shapes.GetConfigRequest) -> shapes.GetConfigResponse:
    """Return the prefix of the catalog's paths; without a warehouse that of the account's own.

    https://docs.aws.amazon.com/glue/latest/dg/iceberg-rest-apis.html
    """
    catalog = request.get("warehouse") or ctx.account
    check_catalog(ctx, catalog)
    return {
        "defaults": {},
        "overrides": {"prefix": f"catalogs/{catalog}"},
        "endpoints": list(_ENDPOINTS),
    }
