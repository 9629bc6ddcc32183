"""Prepared statements, by boto3."""

from __future__ import annotations

from tests.services.glue.test_databases import body, error_of

WHERE = {"WorkGroup": "primary"}


def missing(name):
    message = f"PreparedStatement {name} was not found in workGroup primary"
    return ("ResourceNotFoundException", message, 400)


def test_a_prepared_statement_comes_back_whole(athena):
    athena.create_prepared_statement(
        StatementName="late", QueryStatement="SELECT ?", Description="one", **WHERE
    )
    found = athena.get_prepared_statement(StatementName="late", **WHERE)["PreparedStatement"]
    first = found.pop("LastModifiedTime")
    assert found == {
        "StatementName": "late",
        "QueryStatement": "SELECT ?",
        "WorkGroupName": "primary",
        "Description": "one",
    }
    assert error_of(
        lambda: athena.create_prepared_statement(
            StatementName="late", QueryStatement="SELECT 1", **WHERE
        )
    ) == ("InvalidRequestException", "PreparedStatement late already exists in primary", 400)
    athena.update_prepared_statement(StatementName="late", QueryStatement="SELECT ?, ?", **WHERE)
    batch = athena.batch_get_prepared_statement(PreparedStatementNames=["late", "no"], **WHERE)
    assert batch["PreparedStatements"][0].pop("LastModifiedTime") >= first
    assert body(batch) == {
        "PreparedStatements": [
            {
                "StatementName": "late", "QueryStatement": "SELECT ?, ?",
                "WorkGroupName": "primary",
            }
        ],
        "UnprocessedPreparedStatementNames": [
            {
                "StatementName": "no",
                "ErrorCode": "STATEMENT_NOT_FOUND",
                "ErrorMessage": missing("no")[1],
            }
        ],
    }  # fmt: skip
    assert body(athena.delete_prepared_statement(StatementName="late", **WHERE)) == {}
    for call in (athena.get_prepared_statement, athena.delete_prepared_statement):
        assert error_of(lambda call=call: call(StatementName="late", **WHERE)) == missing("late")
    assert error_of(
        lambda: athena.update_prepared_statement(StatementName="no", QueryStatement="x", **WHERE)
    ) == missing("no")


def test_statements_are_listed_by_name_in_pages(athena):
    for name in ("cc", "aa", "bb"):
        athena.create_prepared_statement(StatementName=name, QueryStatement="SELECT 1", **WHERE)
    first = athena.list_prepared_statements(MaxResults=2, **WHERE)
    second = athena.list_prepared_statements(MaxResults=2, NextToken=first["NextToken"], **WHERE)
    names = [
        [one["StatementName"] for one in page["PreparedStatements"]] for page in (first, second)
    ]
    assert (names, "NextToken" in second) == ([["aa", "bb"], ["cc"]], False)
    athena.create_work_group(Name="team")
    assert athena.list_prepared_statements(WorkGroup="team")["PreparedStatements"] == []
