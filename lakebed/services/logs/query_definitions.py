"""Query definitions: queries of Insights that are kept by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.core.limits import LOG_QUERY_DEFINITIONS_MAX
from lakebed.services.logs._pages import after, page, token
from lakebed.services.logs.model import (
    QUERY_DEFINITIONS,
    QueryDefinition,
    limit_exceeded,
    not_found,
    now_ms,
)

if TYPE_CHECKING:
    from lakebed.shapes import logs as shapes


def put_query_definition(
    ctx: Context, request: shapes.PutQueryDefinitionRequest
) -> shapes.PutQueryDefinitionResponse:
    """Keep a query, or replace one by its id; the same client token makes one.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html
    """
    if request.get("queryLanguage", "CWLI") != "CWLI":
        raise NotBuiltError("logs", "PutQueryDefinition", "queryLanguage SQL and PPL")
    if request.get("parameters"):
        raise NotBuiltError("logs", "PutQueryDefinition", "parameters")
    client_token = request.get("clientToken", "")
    known = list(QUERY_DEFINITIONS.scan(ctx))
    for one in known:
        if client_token and one.client_token == client_token:
            return {"queryDefinitionId": one.id}
    definition_id = request.get("queryDefinitionId", "")
    if definition_id:
        _find(ctx, definition_id)
    elif len(known) >= LOG_QUERY_DEFINITIONS_MAX:
        raise limit_exceeded()
    definition = QueryDefinition(
        definition_id or ctx.ids.uuid(),
        request["name"],
        request["queryString"],
        now_ms(ctx),
        tuple(request.get("logGroupNames", ())),
        client_token,
    )
    QUERY_DEFINITIONS.put(ctx, definition)
    return {"queryDefinitionId": definition.id}


def describe_query_definitions(
    ctx: Context, request: shapes.DescribeQueryDefinitionsRequest
) -> shapes.DescribeQueryDefinitionsResponse:
    """Return the definitions whose names have a prefix, by name.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeQueryDefinitions.html
    """
    if request.get("queryLanguage", "CWLI") != "CWLI":
        return {"queryDefinitions": []}
    prefix, last = request.get("queryDefinitionNamePrefix", ""), after(request.get("nextToken"))
    rows = sorted(
        (one for one in QUERY_DEFINITIONS.scan(ctx) if one.name.startswith(prefix)), key=_order
    )
    rest = (one for one in rows if last is None or _order(one) > last)
    found, has_more = page(rest, request.get("maxResults") or LOG_QUERY_DEFINITIONS_MAX)
    answer: shapes.DescribeQueryDefinitionsResponse = {
        "queryDefinitions": [_described(one) for one in found]
    }
    if has_more:
        answer["nextToken"] = token(*_order(found[-1]))
    return answer


def delete_query_definition(
    ctx: Context, request: shapes.DeleteQueryDefinitionRequest
) -> shapes.DeleteQueryDefinitionResponse:
    """Delete a definition.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteQueryDefinition.html
    """
    _find(ctx, request["queryDefinitionId"])
    QUERY_DEFINITIONS.delete(ctx, request["queryDefinitionId"])
    return {"success": True}


def _order(definition: QueryDefinition) -> tuple[str, str]:
    return definition.name, definition.id


def _find(ctx: Context, definition_id: str) -> QueryDefinition:
    found = QUERY_DEFINITIONS.get(ctx, definition_id)
    if found is None:
        raise not_found("The specified query definition does not exist.")
    return found


def _described(definition: QueryDefinition) -> Any:
    return {
        "queryLanguage": "CWLI",
        "queryDefinitionId": definition.id,
        "name": definition.name,
        "queryString": definition.text,
        "lastModified": definition.modified,
        "logGroupNames": list(definition.groups),
    }
