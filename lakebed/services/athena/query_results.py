"""Results of queries, read back from the file in S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.bodies import FileSlice
from lakebed.core.errors import AwsError
from lakebed.core.limits import QUERY_RESULT_ROWS_PAGE_MAX
from lakebed.engines.sql import Column
from lakebed.services.athena._result_rows import Page, read_page
from lakebed.services.athena.model import QueryExecution, find_query, invalid

if TYPE_CHECKING:
    from lakebed.shapes import athena as shapes


def get_query_results(
    ctx: Context, request: shapes.GetQueryResultsInput
) -> shapes.GetQueryResultsOutput:
    """Return a page of a query's rows; the first row of a SELECT is the header.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html
    """
    query = find_query(ctx, request["QueryExecutionId"])
    if query.is_live:
        raise invalid(f"Query has not yet finished. Current state: {query.state}")
    if query.state != "SUCCEEDED":
        raise invalid(f"Query did not finish successfully. Final query state: {query.state}")
    rows_max = request.get("MaxResults") or QUERY_RESULT_ROWS_PAGE_MAX
    if rows_max > QUERY_RESULT_ROWS_PAGE_MAX:
        raise invalid("MaxResults is more than maximum allowed length 1000.")
    token = request.get("NextToken")
    page = _page(ctx, query, _offset(query, token), rows_max)
    answer: Any = {
        "UpdateCount": query.update_count,
        "ResultSet": {
            "Rows": [{"Data": [_datum(value) for value in row]} for row in page.rows],
            "ResultSetMetadata": {"ColumnInfo": [_column(column) for column in query.columns]},
        },
    }
    if page.next_offset is not None:
        answer["NextToken"] = f"{query.id}.{page.next_offset}"
    return answer


def _offset(query: QueryExecution, token: str | None) -> int:
    if not token:
        return 0
    query_id, _, offset = token.partition(".")
    if query_id != query.id or not offset.isdecimal():
        raise invalid("Invalid NextToken")
    return int(offset)


def _page(ctx: Context, query: QueryExecution, offset: int, rows_max: int) -> Page:
    bucket, _, key = query.result.removeprefix("s3://").partition("/")
    try:
        body = ctx.aws.s3.get_object({"Bucket": bucket, "Key": key}).get("Body")
    except AwsError as error:
        message = f"Could not find results for {query.id}: {error.message}"
        raise invalid(message) from None
    if not isinstance(body, FileSlice):
        return Page([], None)
    return read_page(body, offset, rows_max, is_csv=query.result.endswith(".csv"))


def _datum(value: str | None) -> dict[str, str]:
    return {} if value is None else {"VarCharValue": value}


def _column(column: Column) -> dict[str, Any]:
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": column.name,
        "Label": column.name,
        "Type": column.type,
        "Precision": column.precision,
        "Scale": column.scale,
        "Nullable": column.nullable,
        "CaseSensitive": column.case_sensitive,
    }
