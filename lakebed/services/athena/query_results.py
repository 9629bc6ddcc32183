"""Results of queries, read back from the file they were written to."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.core.bodies import FileSlice, content_of
from lakebed.core.errors import AwsError
from lakebed.core.limits import QUERY_RESULT_ROWS_PAGE_MAX
from lakebed.engines.sql import Column
from lakebed.services.athena._expiry import is_gone, managed_file
from lakebed.services.athena._result_rows import Page, read_page
from lakebed.services.athena._run import UPDATES
from lakebed.services.athena.model import QueryExecution, find_query, invalid

if TYPE_CHECKING:
    from lakebed.shapes import athena as shapes

_NO_COUNT = ("EXPLAIN", "DESCRIBE_TABLE", "SHOW_CREATE_TABLE")
_ABSENT = "Could not find results"


def get_query_results(
    ctx: Context, request: shapes.GetQueryResultsInput
) -> shapes.GetQueryResultsOutput:
    """Return a page of a query's rows; the first row of a SELECT is the header.

    A page that is full has a NextToken, even if nothing is left, as on Athena. A statement that
    wrote rows has none itself: its UpdateCount says how many.
    https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html
    """
    query = find_query(ctx, request["QueryExecutionId"])
    if query.state == "FAILED" and _is_hive(query):
        return {"ResultSet": {"Rows": []}}
    _check_state(query)
    rows_max = request.get("MaxResults") or QUERY_RESULT_ROWS_PAGE_MAX
    offset = _offset(query, request.get("NextToken"))
    if request.get("QueryResultType") == "DATA_MANIFEST":
        return _manifest(ctx, query, offset, rows_max)
    page = Page([], None)
    if query.substatement_type not in UPDATES:
        page = _page(ctx, query, offset, rows_max)
    answer: Any = {"ResultSet": _result_set(page, query.columns)}
    if query.substatement_type in UPDATES:
        answer["UpdateCount"] = query.update_count
    elif query.statement_type != "DDL" and query.substatement_type not in _NO_COUNT:
        answer["UpdateCount"] = 0
    if page.next_offset is not None:
        answer["NextToken"] = f"{query.id}.{page.next_offset}"
    return answer


def _is_hive(query: QueryExecution) -> bool:
    """Tell whether a statement is one of Hive's: failed, it has an empty result, not an error."""
    kind = query.substatement_type
    return query.statement_type in ("DDL", "UTILITY") and kind not in (*UPDATES, "EXPLAIN")


def _check_state(query: QueryExecution) -> None:
    code = "INVALID_QUERY_EXECUTION_STATE"
    if query.is_live:
        raise invalid(f"Query has not yet finished. Current state: {query.state}", code)
    if query.state == "CANCELLED":
        raise invalid(_ABSENT, "RESULT_NOT_FOUND")
    if query.state != "SUCCEEDED":
        message = f"Query did not finish successfully. Final query state: {query.state}"
        raise invalid(message, code)


def _offset(query: QueryExecution, token: str | None) -> int:
    if not token:
        return 0
    query_id, _, offset = token.partition(".")
    if query_id != query.id or not offset.isdecimal():
        raise invalid(f"Malformed nextPageToken {token}")
    return int(offset)


def _page(ctx: Context, query: QueryExecution, offset: int, rows_max: int) -> Page:
    if query.settings.is_managed:
        return _managed_page(ctx, query, offset, rows_max)
    columns = len(query.columns) if query.result.endswith(".csv") else None
    return _object_page(ctx, query.result, (offset, rows_max), columns)


def _object_page(ctx: Context, location: str, at: tuple[int, int], columns: int | None) -> Page:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    try:
        body = ctx.aws.s3.get_object({"Bucket": bucket, "Key": key}).get("Body")
    except AwsError:
        raise invalid(_ABSENT, "RESULT_NOT_FOUND") from None
    if not isinstance(body, FileSlice):
        return read_page(_unlinked(ctx, content_of(body)), *at, columns)
    return read_page(body, *at, columns)


def _unlinked(ctx: Context, content: bytes) -> FileSlice:
    """Return the plain bytes of an encrypted result as a file that nobody else has."""
    with tempfile.TemporaryFile(dir=ctx.settings.state_dir) as file:
        file.write(content)
        file.flush()
        return FileSlice(os.dup(file.fileno()), 0, len(content))


def _managed_page(ctx: Context, query: QueryExecution, offset: int, rows_max: int) -> Page:
    """Read a result that is kept in our own folder, for 24 hours."""
    if is_gone(query, ctx.clock.now()):
        raise invalid(_ABSENT, "RESULT_NOT_FOUND")
    try:
        descriptor = os.open(managed_file(ctx.settings, query), os.O_RDONLY)
    except FileNotFoundError:
        raise invalid(_ABSENT, "RESULT_NOT_FOUND") from None
    size = os.fstat(descriptor).st_size
    columns = len(query.columns) if query.substatement_type == "SELECT" else None
    return read_page(FileSlice(descriptor, 0, size), offset, rows_max, columns)


def _manifest(ctx: Context, query: QueryExecution, offset: int, rows_max: int) -> Any:
    """Return a page of the manifest: the files a statement wrote, one a row.

    The column's name is ours; that other statements fail is documented, their sentence is ours.
    """
    if not query.manifest:
        raise invalid(f"Query {query.id} has no data manifest.", "RESULT_NOT_FOUND")
    page = _object_page(ctx, query.manifest, (offset, rows_max), None)
    column = Column("manifest", "varchar", 2147483647, case_sensitive=True)
    answer: Any = {
        "UpdateCount": query.update_count,
        "ResultSet": _result_set(page, [column]),
    }
    if page.next_offset is not None:
        answer["NextToken"] = f"{query.id}.{page.next_offset}"
    return answer


def _result_set(page: Page, columns: Sequence[Column]) -> dict[str, Any]:
    return {
        "Rows": msgspec.Raw(b"[" + b",".join(page.rows) + b"]"),
        "ResultSetMetadata": {"ColumnInfo": [_column(column) for column in columns]},
    }


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
