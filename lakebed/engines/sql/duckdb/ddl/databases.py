"""CREATE, ALTER and DROP DATABASE."""

from __future__ import annotations

from typing import Any

from lakebed.dialect import statements as st
from lakebed.engines.sql.duckdb.catalog import ServiceError, Shape, member
from lakebed.engines.sql.duckdb.ddl.lookup import (
    nothing,
    require_database,
    semantic_error,
    task_error,
)
from lakebed.engines.sql.duckdb.run import Run


def create_database(run: Run, statement: st.CreateDatabase) -> dict[str, Any]:
    """CREATE DATABASE."""
    database: Shape = {"Name": statement.name}
    if statement.comment is not None:
        database["Description"] = statement.comment
    if statement.location is not None:
        database["LocationUri"] = statement.location
    if statement.properties:
        database["Parameters"] = dict(statement.properties)
    try:
        run.catalog.server.ask("create_database", {"DatabaseInput": database})
    except ServiceError as error:
        if error.code != "AlreadyExistsException":
            raise
        if not statement.if_not_exists:
            message = f"Database {statement.name} already exists"
            raise task_error(message) from error
    return nothing(run)


def alter_database(run: Run, statement: st.AlterDatabase) -> dict[str, Any]:
    """ALTER DATABASE … SET DBPROPERTIES: adds properties, replaces those of the same name."""
    require_database(run, statement.name)
    shape = member(run.catalog.server.ask("get_database", {"Name": statement.name}), "Database")
    kept = {key: shape[key] for key in ("Description", "LocationUri") if key in shape}
    properties = {**member(shape, "Parameters"), **statement.properties}
    wanted = {"Name": statement.name, **kept, "Parameters": properties}
    run.catalog.server.ask("update_database", {"Name": statement.name, "DatabaseInput": wanted})
    return nothing(run)


def drop_database(run: Run, statement: st.DropDatabase) -> dict[str, Any]:
    """DROP DATABASE: with tables in it only when CASCADE is said."""
    if not run.catalog.has_database(statement.name):
        if statement.if_exists:
            return nothing(run)
        raise semantic_error(f"Database does not exist: {statement.name}", 10072)
    server = run.catalog.server
    request = {"DatabaseName": statement.name, "MaxResults": 1}
    if not statement.cascade and server.ask("get_tables", request).get("TableList"):
        message = f"Database {statement.name} is not empty. One or more tables exist."
        raise task_error(f"InvalidOperationException(message:{message})")
    server.ask("delete_database", {"Name": statement.name})
    return nothing(run)
