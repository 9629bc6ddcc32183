"""Prepared statements: texts with parameters that EXECUTE runs by name, a workgroup at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import ATHENA_LIST_MAX, PREPARED_STATEMENTS_MAX
from lakebed.services.athena._pages import after, page, token
from lakebed.services.athena.model import (
    PREPARED_STATEMENTS,
    PreparedStatement,
    find_work_group,
    invalid,
    not_found,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import athena as shapes


def create_prepared_statement(
    ctx: Context, request: shapes.CreatePreparedStatementInput
) -> shapes.CreatePreparedStatementOutput:
    """Keep a statement by name; it is not parsed before EXECUTE runs it.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_CreatePreparedStatement.html
    """
    group = find_work_group(ctx, request["WorkGroup"])
    statement = PreparedStatement(
        group.name,
        request["StatementName"],
        request["QueryStatement"],
        ctx.clock.now(),
        request.get("Description"),
    )
    if PREPARED_STATEMENTS.count(ctx, group.name) >= PREPARED_STATEMENTS_MAX:
        raise invalid(f"A workgroup can have at most {PREPARED_STATEMENTS_MAX} statements.")
    if not PREPARED_STATEMENTS.insert(ctx, statement):
        # The sentence is remembered.
        raise invalid(f"PreparedStatement {statement.name} already exists in {group.name}")
    return {}


def get_prepared_statement(
    ctx: Context, request: shapes.GetPreparedStatementInput
) -> shapes.GetPreparedStatementOutput:
    """Return a prepared statement by name.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_GetPreparedStatement.html
    """
    return {"PreparedStatement": _shape(_find(ctx, request["WorkGroup"], request["StatementName"]))}


def batch_get_prepared_statement(
    ctx: Context, request: shapes.BatchGetPreparedStatementInput
) -> shapes.BatchGetPreparedStatementOutput:
    """Return prepared statements; names that are not there are named.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_BatchGetPreparedStatement.html
    """
    group = find_work_group(ctx, request["WorkGroup"])
    names = request["PreparedStatementNames"]
    if len(names) > PREPARED_STATEMENTS_MAX:
        raise invalid(f"At most {PREPARED_STATEMENTS_MAX} names may be given.")
    answer: shapes.BatchGetPreparedStatementOutput = {
        "PreparedStatements": [],
        "UnprocessedPreparedStatementNames": [],
    }
    for name in names:
        try:
            answer["PreparedStatements"].append(_shape(_find(ctx, group.name, name)))
        except AwsError as error:
            answer["UnprocessedPreparedStatementNames"].append(
                {
                    "StatementName": name,
                    "ErrorCode": "STATEMENT_NOT_FOUND",
                    "ErrorMessage": error.message,
                }
            )
    return answer


def list_prepared_statements(
    ctx: Context, request: shapes.ListPreparedStatementsInput
) -> shapes.ListPreparedStatementsOutput:
    """Return a workgroup's prepared statements by name, a page at a time.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_ListPreparedStatements.html
    """
    group = find_work_group(ctx, request["WorkGroup"])
    size = request.get("MaxResults") or ATHENA_LIST_MAX
    span = Range((group.name,), after=after(request.get("NextToken")), limit=size + 1)
    found, has_more = page(PREPARED_STATEMENTS.scan(ctx, span), size)
    answer: shapes.ListPreparedStatementsOutput = {
        "PreparedStatements": [
            {"StatementName": one.name, "LastModifiedTime": one.modified} for one in found
        ]
    }
    if has_more:
        answer["NextToken"] = token(found[-1].name)
    return answer


def update_prepared_statement(
    ctx: Context, request: shapes.UpdatePreparedStatementInput
) -> shapes.UpdatePreparedStatementOutput:
    """Replace a prepared statement's text and description.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_UpdatePreparedStatement.html
    """
    statement = _find(ctx, request["WorkGroup"], request["StatementName"])
    changed = PreparedStatement(
        statement.work_group,
        statement.name,
        request["QueryStatement"],
        ctx.clock.now(),
        request.get("Description"),
    )
    PREPARED_STATEMENTS.put(ctx, changed)
    return {}


def delete_prepared_statement(
    ctx: Context, request: shapes.DeletePreparedStatementInput
) -> shapes.DeletePreparedStatementOutput:
    """Delete a prepared statement.

    https://docs.aws.amazon.com/athena/latest/APIReference/API_DeletePreparedStatement.html
    """
    statement = _find(ctx, request["WorkGroup"], request["StatementName"])
    PREPARED_STATEMENTS.delete(ctx, statement.work_group, statement.name)
    return {}


def _find(ctx: Context, work_group: str, name: str) -> PreparedStatement:
    """Return a statement; ResourceNotFoundException, in a remembered sentence, without it."""
    group = find_work_group(ctx, work_group)
    statement = PREPARED_STATEMENTS.get(ctx, group.name, name)
    if statement is None:
        message = f"PreparedStatement {name} was not found in workGroup {group.name}"
        raise not_found(message, name)
    return statement


def _shape(statement: PreparedStatement) -> Any:
    shape: dict[str, Any] = {
        "StatementName": statement.name,
        "QueryStatement": statement.text,
        "WorkGroupName": statement.work_group,
        "LastModifiedTime": statement.modified,
    }
    if statement.description:
        shape["Description"] = statement.description
    return shape
