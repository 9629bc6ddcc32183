"""PREPARE and DEALLOCATE PREPARE; EXECUTE is the prepared statement itself."""

from __future__ import annotations

from typing import Any

from lakebed.dialect import parse
from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.catalog import ServiceError, member
from lakebed.engines.sql.duckdb.ddl.lookup import nothing
from lakebed.engines.sql.duckdb.run import Run


def prepare(run: Run, statement: st.Prepare) -> dict[str, Any]:
    """PREPARE: keeps a statement under a name in the workgroup, in place of one of that name."""
    request = {
        "StatementName": statement.name,
        "WorkGroup": run.work_group,
        "QueryStatement": statement.text,
    }
    try:
        run.catalog.server.ask("create_prepared_statement", request, "athena")
    except ServiceError as error:
        if "already exists" not in error.message:
            raise
        run.catalog.server.ask("update_prepared_statement", request, "athena")
    return nothing(run)


def deallocate(run: Run, statement: st.Deallocate) -> dict[str, Any]:
    """DEALLOCATE PREPARE."""
    request = {"StatementName": statement.name, "WorkGroup": run.work_group}
    try:
        run.catalog.server.ask("delete_prepared_statement", request, "athena")
    except ServiceError as error:
        raise _missing(error, statement.name) from error
    return nothing(run)


def prepared(run: Run, statement: st.Execute, given: list[str]) -> tuple[str, st.Statement]:
    """Return the text that EXECUTE means, and the statement read from it."""
    request = {"StatementName": statement.name, "WorkGroup": run.work_group}
    try:
        answer = run.catalog.server.ask("get_prepared_statement", request, "athena")
    except ServiceError as error:
        raise _missing(error, statement.name) from error
    text = str(member(answer, "PreparedStatement")["QueryStatement"])
    return text, parse.parse(text, statement.parameters or given)


def _missing(error: ServiceError, name: str) -> Exception:
    if error.code == "ResourceNotFoundException":
        return TrinoError("NOT_FOUND", f"Prepared statement not found: {name}")
    return error
