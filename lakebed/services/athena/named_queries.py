"""Named queries: texts that people keep and share in a workgroup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import ATHENA_LIST_MAX
from lakebed.services.athena._pages import after, page, token
from lakebed.services.athena.model import (
    CLIENT_TOKENS,
    ENABLED,
    NAMED_QUERIES,
    PRIMARY,
    ClientToken,
    NamedQuery,
    find_work_group,
    invalid,
    replace,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import athena as shapes


def create_named_query(
    ctx: Context, request: shapes.CreateNamedQueryInput
) -> shapes.CreateNamedQueryOutput:
    """Keep a query by name in a workgroup that is enabled; several may have one name.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_CreateNamedQuery.html
    """
    group = find_work_group(ctx, request.get("WorkGroup", PRIMARY))
    given = (group.name, request["Name"], request["Database"], request["QueryString"])
    client_token = request.get("ClientRequestToken", "")
    # Tokens of the two kinds of queries must not meet.
    key = f"named {client_token}"
    known = CLIENT_TOKENS.get(ctx, key) if client_token else None
    if known is not None:
        if known.given != given:
            message = "Idempotent parameters do not match"
            raise invalid(message, "IDEMPOTENT_PARAMETER_MISMATCH")
        return {"NamedQueryId": known.query_id}
    if group.state != ENABLED:
        raise invalid("WorkGroup is disabled.")
    query = NamedQuery(
        id=ctx.ids.uuid(),
        work_group=group.name,
        name=request["Name"],
        database=request["Database"],
        text=request["QueryString"],
        created=ctx.clock.now(),
        description=request.get("Description"),
        client_token=key if client_token else "",
    )
    NAMED_QUERIES.put(ctx, query)
    if client_token:
        CLIENT_TOKENS.put(ctx, ClientToken(key, query.id, given))
    return {"NamedQueryId": query.id}


def get_named_query(ctx: Context, request: shapes.GetNamedQueryInput) -> shapes.GetNamedQueryOutput:
    """Return a named query by its id.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_GetNamedQuery.html
    """
    return {"NamedQuery": _shape(_find(ctx, request["NamedQueryId"]))}


def batch_get_named_query(
    ctx: Context, request: shapes.BatchGetNamedQueryInput
) -> shapes.BatchGetNamedQueryOutput:
    """Return up to 50 named queries; ids that are not there are named.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_BatchGetNamedQuery.html
    """
    answer: shapes.BatchGetNamedQueryOutput = {"NamedQueries": [], "UnprocessedNamedQueryIds": []}
    for query_id in request["NamedQueryIds"]:
        try:
            answer["NamedQueries"].append(_shape(_find(ctx, query_id)))
        except AwsError as error:
            answer["UnprocessedNamedQueryIds"].append(
                {
                    "NamedQueryId": query_id,
                    "ErrorCode": "INVALID_INPUT",
                    "ErrorMessage": error.message,
                }
            )
    return answer


def list_named_queries(
    ctx: Context, request: shapes.ListNamedQueriesInput
) -> shapes.ListNamedQueriesOutput:
    """Return the ids of a workgroup's named queries, the oldest first, a page at a time.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_ListNamedQueries.html
    """
    group = find_work_group(ctx, request.get("WorkGroup", PRIMARY))
    size = request.get("MaxResults") or ATHENA_LIST_MAX
    last = after(request.get("NextToken"))
    reached = (float(last[0]), last[1]) if last is not None else None
    span = Range((group.name,), after=reached, limit=size + 1, index="by_time")
    found, has_more = page(NAMED_QUERIES.scan(ctx, span), size)
    answer: shapes.ListNamedQueriesOutput = {"NamedQueryIds": [query.id for query in found]}
    if has_more:
        answer["NextToken"] = token(repr(found[-1].created), found[-1].id)
    return answer


def update_named_query(
    ctx: Context, request: shapes.UpdateNamedQueryInput
) -> shapes.UpdateNamedQueryOutput:
    """Replace a named query's name and text, and its description if one is given.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_UpdateNamedQuery.html
    """
    query = _find(ctx, request["NamedQueryId"])
    changed = replace(
        query,
        name=request["Name"],
        text=request["QueryString"],
        description=request.get("Description", query.description),
    )
    NAMED_QUERIES.put(ctx, changed)
    return {}


def delete_named_query(
    ctx: Context, request: shapes.DeleteNamedQueryInput
) -> shapes.DeleteNamedQueryOutput:
    """Delete a named query.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_DeleteNamedQuery.html
    """
    query = _find(ctx, request["NamedQueryId"])
    NAMED_QUERIES.delete(ctx, query.id)
    if query.client_token:
        CLIENT_TOKENS.delete(ctx, query.client_token)
    return {}


def _find(ctx: Context, query_id: str) -> NamedQuery:
    query = NAMED_QUERIES.get(ctx, query_id)
    if query is None:
        # Terraform's provider looks for `does not exist`; the rest of the sentence is remembered.
        raise invalid(f"Named query {query_id} does not exist")
    return query


def _shape(query: NamedQuery) -> Any:
    shape = {
        "Name": query.name,
        "Database": query.database,
        "QueryString": query.text,
        "NamedQueryId": query.id,
        "WorkGroup": query.work_group,
    }
    if query.description:
        shape["Description"] = query.description
    return shape
