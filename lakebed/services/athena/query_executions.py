"""Query executions: start, watch, stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import (
    ATHENA_LIST_MAX,
    QUERIES_QUEUED_MAX,
    QUERY_STRING_BYTES_MAX,
    RESULT_REUSE_MINUTES,
)
from lakebed.services.athena import _budget, _reuse
from lakebed.services.athena._catalogs import catalog_id
from lakebed.services.athena._expiry import expire, stop
from lakebed.services.athena._pages import after, page, token
from lakebed.services.athena._query_shape import query_shape
from lakebed.services.athena._run import run_query
from lakebed.services.athena._settings import result_settings
from lakebed.services.athena.model import (
    CLIENT_TOKENS,
    ENABLED,
    PRIMARY,
    QUERIES,
    ClientToken,
    QueryExecution,
    WorkGroup,
    find_query,
    find_work_group,
    invalid,
    replace,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import athena as shapes

_TOO_MANY = (
    "You have exceeded the limit for the number of queries you can run concurrently. Please reduce "
    "the number of concurrent queries submitted by this account. Contact customer support to "
    "request a concurrent query limit increase."
)


def start_query_execution(
    ctx: Context, request: shapes.StartQueryExecutionInput
) -> shapes.StartQueryExecutionOutput:
    """Queue a query and return its id; a ClientRequestToken seen before returns the first one's.

    A text that cannot be parsed is found out by the query's engine, so the query FAILS with
    SYNTAX_ERROR where AWS refuses to start it.
    https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
    """
    client_token = request.get("ClientRequestToken", "")
    if client_token and (known := _known(ctx, client_token, request)):
        return {"QueryExecutionId": known}
    if len(request["QueryString"].encode()) > QUERY_STRING_BYTES_MAX:
        raise invalid(f"The query is longer than {QUERY_STRING_BYTES_MAX} bytes.")
    if request.get("EngineConfiguration"):
        raise NotBuiltError("athena", "StartQueryExecution", "EngineConfiguration")
    group = find_work_group(ctx, request.get("WorkGroup", PRIMARY))
    if group.state != ENABLED:
        # That it runs nothing is documented, the sentence is remembered.
        raise invalid("WorkGroup is disabled.")
    if ctx.engines.sql.waiting >= QUERIES_QUEUED_MAX:
        members = {"Reason": "CONCURRENT_QUERY_LIMIT_EXCEEDED"}
        raise AwsError("TooManyRequestsException", _TOO_MANY, members=members)
    query = _query(ctx, group, request)
    earlier = None
    if query.reuse_minutes is not None:
        earlier = _reuse.find(ctx, query, query.reuse_minutes)
    if earlier is not None:
        query = _reused(query, earlier, ctx.clock.now())
    QUERIES.put(ctx, query)
    if client_token:
        CLIENT_TOKENS.put(ctx, ClientToken(client_token, query.id, _given(request)))
    expire(ctx, group.name)
    if earlier is None:
        engines, settings = ctx.engines, ctx.settings
        ctx.runs.start(ctx, query.id, lambda caller: run_query(caller, engines, settings, query))
    return {"QueryExecutionId": query.id}


def get_query_execution(
    ctx: Context, request: shapes.GetQueryExecutionInput
) -> shapes.GetQueryExecutionOutput:
    """Return the state of a query, how it ended and what it cost.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryExecution.html
    """
    return {"QueryExecution": query_shape(find_query(ctx, request["QueryExecutionId"]))}


def batch_get_query_execution(
    ctx: Context, request: shapes.BatchGetQueryExecutionInput
) -> shapes.BatchGetQueryExecutionOutput:
    """Return up to 50 queries; ids that are not there are named.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_BatchGetQueryExecution.html
    """
    answer: shapes.BatchGetQueryExecutionOutput = {
        "QueryExecutions": [],
        "UnprocessedQueryExecutionIds": [],
    }
    for query_id in request["QueryExecutionIds"]:
        try:
            query = find_query(ctx, query_id)
        except AwsError as error:
            answer["UnprocessedQueryExecutionIds"].append(
                {
                    "QueryExecutionId": query_id,
                    "ErrorCode": "INVALID_INPUT",
                    "ErrorMessage": error.message,
                }
            )
            continue
        answer["QueryExecutions"].append(query_shape(query))
    return answer


def list_query_executions(
    ctx: Context, request: shapes.ListQueryExecutionsInput
) -> shapes.ListQueryExecutionsOutput:
    """Return the ids of a workgroup's queries of the last 45 days, the newest first.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_ListQueryExecutions.html
    """
    group = find_work_group(ctx, request.get("WorkGroup", PRIMARY))
    size = request.get("MaxResults") or ATHENA_LIST_MAX
    last = after(request.get("NextToken"))
    reached = (float(last[0]), last[1]) if last is not None else None
    span = Range((group.name,), after=reached, limit=size + 1, index="by_time", reverse=True)
    found, has_more = page(QUERIES.scan(ctx, span), size)
    answer: shapes.ListQueryExecutionsOutput = {"QueryExecutionIds": [query.id for query in found]}
    if has_more:
        answer["NextToken"] = token(repr(found[-1].submitted), found[-1].id)
    return answer


def stop_query_execution(
    ctx: Context, request: shapes.StopQueryExecutionInput
) -> shapes.StopQueryExecutionOutput:
    """Cancel a query; one that has ended stays as it is.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_StopQueryExecution.html
    """
    query = find_query(ctx, request["QueryExecutionId"])
    if query.is_live:
        reason = "Query cancelled by user"
        QUERIES.put(
            ctx, replace(query, state="CANCELLED", reason=reason, completed=ctx.clock.now())
        )
        stop(ctx, query.id)
    return {}


def _known(ctx: Context, client_token: str, request: shapes.StartQueryExecutionInput) -> str | None:
    """Return the query that a token started; the call must ask for the same again."""
    known = CLIENT_TOKENS.get(ctx, client_token)
    if known is None:
        return None
    if known.given and known.given != _given(request):
        message = "Idempotent parameters do not match"
        raise invalid(message, "IDEMPOTENT_PARAMETER_MISMATCH")
    return known.query_id


def _given(request: shapes.StartQueryExecutionInput) -> tuple[str, ...]:
    context = request.get("QueryExecutionContext") or {}
    location = (request.get("ResultConfiguration") or {}).get("OutputLocation", "")
    return (
        request["QueryString"],
        context.get("Catalog", ""),
        context.get("Database", ""),
        location,
    )


def _query(
    ctx: Context, group: WorkGroup, request: shapes.StartQueryExecutionInput
) -> QueryExecution:
    """Return the query to be kept; its text loses what Athena takes away: blanks and semicolons."""
    settings = result_settings(ctx, group, request)
    context = request.get("QueryExecutionContext") or {}
    catalog = context.get("Catalog", "")
    if catalog and catalog_id(ctx, catalog) != ctx.account:
        raise NotBuiltError("athena", "StartQueryExecution", "a catalog of another account")
    by_age = (request.get("ResultReuseConfiguration") or {}).get("ResultReuseByAgeConfiguration")
    minutes = None
    if by_age and by_age["Enabled"]:
        minutes = by_age.get("MaxAgeInMinutes", RESULT_REUSE_MINUTES)
    return QueryExecution(
        id=ctx.ids.uuid(),
        work_group=group.name,
        submitted=ctx.clock.now(),
        text=request["QueryString"].strip("; \t\r\n") or request["QueryString"],
        database=context.get("Database", ""),
        catalog=catalog,
        location=settings.location,
        parameters=tuple(request.get("ExecutionParameters") or ()),
        client_token=request.get("ClientRequestToken", ""),
        settings=settings,
        bytes_cutoff=_budget.cutoff(ctx, group.configuration.get("BytesScannedCutoffPerQuery", 0)),
        counted_for=_budget.counted(ctx),
        reuse_minutes=minutes,
    )


def _reused(query: QueryExecution, earlier: QueryExecution, now: float) -> QueryExecution:
    """Return the query as ended with an earlier one's result; it scanned nothing."""
    return replace(
        earlier,
        id=query.id,
        submitted=query.submitted,
        client_token=query.client_token,
        reuse_minutes=query.reuse_minutes,
        started=now,
        engine_ended=now,
        completed=now,
        planning_ms=0,
        engine_ms=0,
        data_scanned_bytes=0,
        reused=earlier.id,
    )
