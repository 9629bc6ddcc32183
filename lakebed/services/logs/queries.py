"""Queries of CloudWatch Logs Insights: start, watch, read, stop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.errors import NotBuiltError
from lakebed.core.limits import (
    LOG_GROUPS_SCANNED_MAX,
    LOG_QUERIES_RUNNING_MAX,
    LOG_QUERY_DAYS,
    LOG_QUERY_GROUPS_MAX,
    LOG_QUERY_PAGE_ROWS,
    LOG_QUERY_ROWS,
)
from lakebed.services.logs._insights_sql import compile_query
from lakebed.services.logs._pages import after, page, token
from lakebed.services.logs._query_run import Job, Row, Source, run_query
from lakebed.services.logs.model import (
    DAY_MS,
    LOG_QUERIES,
    LOG_QUERY_ROWS_TABLE,
    LogGroup,
    LogQuery,
    find_group,
    identified_group,
    invalid,
    limit_exceeded,
    not_found,
    now_ms,
    replace,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import logs as shapes

_MILLISECONDS_FROM = 100_000_000_000
_EXPIRED_PER_START = 20


def start_query(ctx: Context, request: shapes.StartQueryRequest) -> shapes.StartQueryResponse:
    """Start a query over the events of up to 50 groups between two times (in seconds).

    OpenSearch's SQL and PPL are not built, nor is running queries by another engine than DuckDB.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html
    """
    language = request.get("queryLanguage", "CWLI")
    if language != "CWLI":
        raise NotBuiltError("logs", "StartQuery", "queryLanguage SQL and PPL")
    if ctx.settings.sql_engine != "duckdb":
        raise NotBuiltError("logs", "StartQuery", "sql_engine other than duckdb")
    groups = _groups(ctx, request)
    start, end = _milliseconds(request["startTime"]), _milliseconds(request["endTime"])
    if end < start:
        # The code is documented, the sentence is ours.
        raise invalid("The end time of the query is before its start time.")
    limit = request.get("limit") or LOG_QUERY_ROWS
    compiled = compile_query(request["queryString"], limit, ctx.clock.now())
    running = [query for query in _newest(ctx) if _now(ctx, query).status == "Running"]
    if len(running) >= LOG_QUERIES_RUNNING_MAX:
        raise limit_exceeded()
    query = LogQuery(
        id=ctx.ids.uuid(),
        text=request["queryString"],
        groups=tuple(group.name for group in groups),
        start=start,
        end=end + 999 if request["endTime"] < _MILLISECONDS_FROM else end,
        created=now_ms(ctx),
        columns=tuple(column.name for column in compiled.columns),
    )
    LOG_QUERIES.put(ctx, query)
    _expire(ctx)
    job = Job(query, compiled, [_source(ctx, group, start) for group in groups])
    engines, settings = ctx.engines, ctx.settings
    ctx.runs.start(
        ctx,
        query.id,
        lambda caller: run_query(caller, engines, settings, job),
    )
    return {"queryId": query.id}


def _groups(ctx: Context, request: Any) -> list[LogGroup]:
    """Return the groups of a query, named in one of three ways."""
    given = [
        [request["logGroupName"]] if request.get("logGroupName") else [],
        request.get("logGroupNames") or [],
        request.get("logGroupIdentifiers") or [],
    ]
    named = [names for names in given if names]
    if len(named) != 1:
        # Only that it is refused is documented, the sentence is ours.
        raise invalid("Specify one of logGroupName, logGroupNames and logGroupIdentifiers.")
    names = list(dict.fromkeys(named[0]))
    if len(names) > LOG_QUERY_GROUPS_MAX:
        raise invalid(f"A query has at most {LOG_QUERY_GROUPS_MAX} log groups.")
    find = identified_group if request.get("logGroupIdentifiers") else find_group
    return [find(ctx, name) for name in names]


def _source(ctx: Context, group: LogGroup, start: int) -> Source:
    if group.retention_days:
        start = max(start, now_ms(ctx) - group.retention_days * DAY_MS)
    return Source(group.id, f"{group.account}:{group.name}", start)


def _milliseconds(time: int) -> int:
    """Return a time in ms. AWS asks for seconds and is remembered to take milliseconds as well."""
    return time if time >= _MILLISECONDS_FROM else time * 1000


@long
def get_query_results(
    ctx: Context, request: shapes.GetQueryResultsRequest
) -> shapes.GetQueryResultsResponse:
    """Return the result of a query, all of it or in pages; a running query has none yet.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html
    """
    query = _find(ctx, request["queryId"])
    last = after(request.get("nextToken"))
    begin = int(last[0]) if last else 0
    count = min(request.get("maxItems") or LOG_QUERY_ROWS, LOG_QUERY_ROWS)
    rows = _rows(ctx, query, begin, count) if query.status == "Complete" else []
    answer: Any = {
        "queryLanguage": "CWLI",
        "results": [_result(query, row) for row in rows],
        "statistics": {
            "recordsMatched": float(query.records_matched),
            "recordsScanned": float(query.records_scanned),
            "estimatedRecordsSkipped": 0.0,
            "bytesScanned": float(query.bytes_scanned),
            "estimatedBytesSkipped": 0.0,
            "logGroupsScanned": float(len(query.groups)),
        },
        "status": query.status,
    }
    if begin + len(rows) < query.row_count and query.status == "Complete":
        answer["nextToken"] = token(str(begin + len(rows)))
    return answer


def _rows(ctx: Context, query: LogQuery, begin: int, count: int) -> list[Row]:
    first = begin // LOG_QUERY_PAGE_ROWS
    last = (begin + count - 1) // LOG_QUERY_PAGE_ROWS
    span = Range((query.id,), start=(first,), end=(last + 1,))
    rows = [row for kept in LOG_QUERY_ROWS_TABLE.scan(ctx, span) for row in kept.rows]
    skipped = begin - first * LOG_QUERY_PAGE_ROWS
    return rows[skipped : skipped + count]


def _result(query: LogQuery, row: Row) -> Any:
    return [
        {"field": name, "value": value}
        for name, value in zip(query.columns, row, strict=True)
        if value is not None
    ]


def stop_query(ctx: Context, request: shapes.StopQueryRequest) -> shapes.StopQueryResponse:
    """Stop a query that runs.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StopQuery.html
    """
    query = _find(ctx, request["queryId"])
    if query.status != "Running":
        # The code is documented, the sentence is ours.
        raise invalid(f"The query {query.id} is not running: it is {query.status}.")
    LOG_QUERIES.put(ctx, replace(query, status="Cancelled", completed=now_ms(ctx)))
    runs, query_id = ctx.runs, query.id

    def cancel() -> None:
        runs.cancel(query_id)

    ctx.store.after_commit(cancel)
    return {"success": True}


def describe_queries(
    ctx: Context, request: shapes.DescribeQueriesRequest
) -> shapes.DescribeQueriesResponse:
    """Return the queries of the last days, the newest first.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeQueries.html
    """
    if request.get("queryLanguage", "CWLI") != "CWLI":
        return {"queries": []}
    group, status = request.get("logGroupName"), request.get("status")
    last = after(request.get("nextToken"))
    reached = (int(last[0]), last[1]) if last else None
    fitting = (
        query
        for query in (_now(ctx, row) for row in _before(ctx, reached))
        if (not group or group in query.groups) and status in (None, query.status)
    )
    found, has_more = page(fitting, request.get("maxResults") or 1000)
    answer: shapes.DescribeQueriesResponse = {"queries": [_described(ctx, one) for one in found]}
    if has_more:
        answer["nextToken"] = token(str(found[-1].created), found[-1].id)
    return answer


def _before(ctx: Context, reached: tuple[int, str] | None) -> Iterator[LogQuery]:
    """Yield queries from the newest on, a few read at a time."""
    while True:
        span = Range(after=reached, index="by_created", reverse=True, limit=LOG_GROUPS_SCANNED_MAX)
        rows = list(LOG_QUERIES.scan(ctx, span))
        yield from rows
        if len(rows) < LOG_GROUPS_SCANNED_MAX:
            return
        reached = rows[-1].created, rows[-1].id


def _described(ctx: Context, query: LogQuery) -> Any:
    return {
        "queryLanguage": "CWLI",
        "queryId": query.id,
        "queryString": query.text,
        "status": query.status,
        "createTime": query.created,
        "logGroupName": query.groups[0],
        "queryDuration": (query.completed or now_ms(ctx)) - query.created,
        "bytesScanned": float(query.bytes_scanned),
    }


def _find(ctx: Context, query_id: str) -> LogQuery:
    query = LOG_QUERIES.get(ctx, query_id)
    if query is None:
        raise not_found("The specified query does not exist.")
    return _now(ctx, query)


def _now(ctx: Context, query: LogQuery) -> LogQuery:
    """Return a query as it is: one that nobody runs any more died with its process."""
    if query.status == "Running" and not ctx.runs.is_running(query.id):
        ended = LOG_QUERIES.get(ctx, query.id) or query
        if ended.status == "Running":
            return replace(ended, status="Failed", reason="The server stopped.")
        return ended
    return query


def _newest(ctx: Context) -> list[LogQuery]:
    span = Range(index="by_created", reverse=True, limit=4 * LOG_QUERIES_RUNNING_MAX)
    return list(LOG_QUERIES.scan(ctx, span))


def _expire(ctx: Context) -> None:
    """Delete a few queries that are past their days; each start pays for a little of it."""
    oldest = now_ms(ctx) - LOG_QUERY_DAYS * DAY_MS
    span = Range(end=(oldest,), index="by_created", limit=_EXPIRED_PER_START)
    for query in list(LOG_QUERIES.scan(ctx, span)):
        LOG_QUERIES.delete(ctx, query.id)
        LOG_QUERY_ROWS_TABLE.delete_range(ctx, Range((query.id,)))
