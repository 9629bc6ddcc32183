"""Query executions: start, watch, stop."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lakebed.context import Caller, Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import QUERY_HISTORY_DAYS, QUERY_STRING_BYTES_MAX
from lakebed.services.athena._run import run_query
from lakebed.services.athena.model import (
    CLIENT_TOKENS,
    PRIMARY,
    QUERIES,
    ClientToken,
    QueryExecution,
    find_query,
    find_work_group,
    invalid,
    query_shape,
    settle,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import athena as shapes

_LIST_MAX = 50
_EXPIRED_PER_START = 20


def start_query_execution(
    ctx: Context, request: shapes.StartQueryExecutionInput
) -> shapes.StartQueryExecutionOutput:
    """Queue a query and return its id; a ClientRequestToken seen before returns the first one's.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
    """
    token = request.get("ClientRequestToken", "")
    text = request["QueryString"]
    known = CLIENT_TOKENS.get(ctx, token) if token else None
    if known is not None:
        first = QUERIES.get(ctx, known.query_id)
        if first is not None and first.text != text:
            raise invalid("Idempotent parameters do not match")
        return {"QueryExecutionId": known.query_id}
    if len(text.encode()) > QUERY_STRING_BYTES_MAX:
        raise invalid(f"The query is longer than {QUERY_STRING_BYTES_MAX} bytes.")
    _refuse_unbuilt(request)
    context = request.get("QueryExecutionContext") or {}
    group = find_work_group(ctx, request.get("WorkGroup", PRIMARY))
    query = QueryExecution(
        id=ctx.ids.uuid(),
        work_group=group.name,
        submitted=ctx.clock.now(),
        text=text,
        database=context.get("Database", ""),
        catalog=context.get("Catalog", ""),
        location=_output_location(ctx, request),
        parameters=tuple(request.get("ExecutionParameters") or ()),
        client_token=token,
    )
    QUERIES.put(ctx, query)
    if token:
        CLIENT_TOKENS.put(ctx, ClientToken(token, query.id))
    _expire(ctx, group.name)
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
    size = min(request.get("MaxResults") or _LIST_MAX, _LIST_MAX)
    after = None
    if token := request.get("NextToken"):
        last = QUERIES.get(ctx, token)
        if last is None:
            raise invalid("Invalid NextToken")
        after = (last.submitted, last.id)
    span = Range((group.name,), after=after, limit=size + 1, index="by_time", reverse=True)
    found = list(QUERIES.scan(ctx, span))
    answer: shapes.ListQueryExecutionsOutput = {
        "QueryExecutionIds": [query.id for query in found[:size]]
    }
    if len(found) > size:
        answer["NextToken"] = found[size - 1].id
    return answer


def stop_query_execution(
    ctx: Context, request: shapes.StopQueryExecutionInput
) -> shapes.StopQueryExecutionOutput:
    """Cancel a query; one that has ended stays as it is.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_StopQueryExecution.html
    """
    query = settle(ctx, find_query(ctx, request["QueryExecutionId"]))
    if query.is_live:
        reason = "Query cancelled by user"
        QUERIES.put(
            ctx, replace(query, state="CANCELLED", reason=reason, completed=ctx.clock.now())
        )
        engine = ctx.engines.sql

        async def stop(_: Caller) -> None:
            await engine.stop(query.id)

        ctx.runs.start(ctx, f"stop {query.id}", stop)
    return {}


def _refuse_unbuilt(request: shapes.StartQueryExecutionInput) -> None:
    reuse = request.get("ResultReuseConfiguration", {}).get("ResultReuseByAgeConfiguration", {})
    configuration = request.get("ResultConfiguration") or {}
    unbuilt = {
        "ResultReuseConfiguration": reuse.get("Enabled"),
        "ResultConfiguration.EncryptionConfiguration": configuration.get("EncryptionConfiguration"),
        "ResultConfiguration.AclConfiguration": configuration.get("AclConfiguration"),
        "EngineConfiguration": request.get("EngineConfiguration"),
    }
    for member, value in unbuilt.items():
        if value:
            raise NotBuiltError("athena", "StartQueryExecution", member)


def _output_location(ctx: Context, request: shapes.StartQueryExecutionInput) -> str:
    """Return where results go, with a slash at its end; its bucket must be there."""
    location = (request.get("ResultConfiguration") or {}).get("OutputLocation", "")
    if not location:
        raise invalid(
            "No output location provided. An output location is required either through the "
            "Workgroup result configuration setting or as an API input."
        )
    scheme, _, rest = location.partition("://")
    bucket = rest.partition("/")[0]
    if scheme != "s3" or not bucket:
        raise invalid("outputLocation is not a valid S3 path.")
    try:
        ctx.aws.s3.head_bucket({"Bucket": bucket})
    except AwsError:
        raise invalid(f"Unable to verify/create output bucket {bucket}") from None
    return location if location.endswith("/") else f"{location}/"


def _expire(ctx: Context, work_group: str) -> None:
    """Delete a few queries that are past the retention; each start pays for a little of it."""
    oldest = ctx.clock.now() - QUERY_HISTORY_DAYS * 86_400
    span = Range((work_group,), end=(oldest,), limit=_EXPIRED_PER_START, index="by_time")
    for query in list(QUERIES.scan(ctx, span)):
        QUERIES.delete(ctx, query.id)
        if query.client_token:
            CLIENT_TOKENS.delete(ctx, query.client_token)
