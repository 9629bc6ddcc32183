"""Namespaces: the databases of the Data Catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import GLUE_PAGE_MAX
from lakebed.services.glue_iceberg.model import asked, check_catalog, namespace_of, single

if TYPE_CHECKING:
    from lakebed.shapes import glue_iceberg as shapes

_LOCATION, _COMMENT = "location", "comment"
"""The properties that are members of a database; all others are its parameters."""


def list_namespaces(
    ctx: Context, request: shapes.ListNamespacesRequest
) -> shapes.ListNamespacesResponse:
    """Return the databases, a page at a time; no namespace has others within it.

    https://docs.aws.amazon.com/glue/latest/dg/iceberg-rest-apis.html
    """
    check_catalog(ctx, request["catalog"])
    if request.get("parent"):
        namespace = namespace_of(request.get("parent", ""))
        asked("namespace", ctx.aws.glue.get_database, {"Name": namespace})
        return {"namespaces": []}
    page = asked("namespace", ctx.aws.glue.get_databases, _paging(request))
    found: shapes.ListNamespacesResponse = {
        "namespaces": [[one["Name"]] for one in page["DatabaseList"]]
    }
    if page.get("NextToken"):
        found["nextPageToken"] = page["NextToken"]
    return found


def _paging(request: Any) -> dict[str, Any]:
    size = min(request.get("pageSize") or GLUE_PAGE_MAX, GLUE_PAGE_MAX)
    token = request.get("pageToken")
    return {"MaxResults": size, **({"NextToken": token} if token else {})}


def create_namespace(
    ctx: Context, request: shapes.CreateNamespaceRequest
) -> shapes.NamespaceResponse:
    """Create a database.

    https://docs.aws.amazon.com/glue/latest/dg/iceberg-rest-apis.html
    """
    check_catalog(ctx, request["catalog"])
    namespace = single(request["namespace"])
    properties = request.get("properties") or {}
    given = {"DatabaseInput": _database(namespace, properties)}
    asked("namespace", ctx.aws.glue.create_database, given)
    return {"namespace": [namespace], "properties": properties}


def _database(namespace: str, properties: dict[str, str]) -> dict[str, Any]:
    rest = {key: value for key, value in properties.items() if key not in (_LOCATION, _COMMENT)}
    made: dict[str, Any] = {"Name": namespace, "Parameters": rest}
    if _LOCATION in properties:
        made["LocationUri"] = properties[_LOCATION]
    if _COMMENT in properties:
        made["Description"] = properties[_COMMENT]
    return made


def _properties(ctx: Context, namespace: str) -> dict[str, str]:
    found = asked("namespace", ctx.aws.glue.get_database, {"Name": namespace})["Database"]
    out: dict[str, str] = dict(found.get("Parameters") or {})
    if found.get("LocationUri"):
        out[_LOCATION] = found["LocationUri"]
    if found.get("Description"):
        out[_COMMENT] = found["Description"]
    return out


def load_namespace_metadata(
    ctx: Context, request: shapes.NamespaceRequest
) -> shapes.NamespaceResponse:
    """Return a database's properties.

    https://docs.aws.amazon.com/glue/latest/dg/iceberg-rest-apis.html
    """
    check_catalog(ctx, request["catalog"])
    namespace = namespace_of(request["namespace"])
    return {"namespace": [namespace], "properties": _properties(ctx, namespace)}


def namespace_exists(ctx: Context, request: shapes.NamespaceRequest) -> Any:
    """Tell whether a database is there.

    https://docs.aws.amazon.com/glue/latest/dg/iceberg-rest-apis.html
    """
    check_catalog(ctx, request["catalog"])
    _properties(ctx, namespace_of(request["namespace"]))
    return {}


def delete_namespace(ctx: Context, request: shapes.NamespaceRequest) -> Any:
    """Delete a database that has no tables: Iceberg's specification asks for that.

    https://docs.aws.amazon.com/glue/latest/dg/iceberg-rest-apis.html
    """
    check_catalog(ctx, request["catalog"])
    namespace = namespace_of(request["namespace"])
    listed = {"DatabaseName": namespace, "MaxResults": 1}
    if asked("namespace", ctx.aws.glue.get_tables, listed)["TableList"]:
        message = f"Namespace {namespace} is not empty"
        raise AwsError("NamespaceNotEmptyException", message, 409)
    asked("namespace", ctx.aws.glue.delete_database, {"Name": namespace})
    return {}


def update_namespace_properties(
    ctx: Context, request: shapes.UpdateNamespacePropertiesRequest
) -> shapes.UpdateNamespacePropertiesResponse:
    """Set and remove properties of a database.

    https://docs.aws.amazon.com/glue/latest/dg/iceberg-rest-apis.html
    """
    check_catalog(ctx, request["catalog"])
    namespace = namespace_of(request["namespace"])
    removals, updates = request.get("removals") or [], request.get("updates") or {}
    both = sorted(set(removals) & set(updates))
    if both:
        message = f"Properties are both removed and set: {', '.join(both)}"
        raise AwsError("UnprocessableEntityException", message, 422)
    now = _properties(ctx, namespace)
    kept = {key: value for key, value in now.items() if key not in removals}
    changed = _database(namespace, {**kept, **updates})
    request_of_glue = {"Name": namespace, "DatabaseInput": changed}
    asked("namespace", ctx.aws.glue.update_database, request_of_glue)
    return {
        "updated": sorted(updates),
        "removed": [one for one in removals if one in now],
        "missing": [one for one in removals if one not in now],
    }
