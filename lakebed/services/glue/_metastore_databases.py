"""Databases and functions of Spark's metastore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.core.errors import AwsError
from lakebed.engines.metastore.server import MethodError
from lakebed.services.glue._metastore_calls import NOT_FOUND, Catalog, is_in_s3
from lakebed.services.glue._metastore_names import matching
from lakebed.services.glue._metastore_shapes import (
    glue_database,
    glue_function,
    hive_database,
    hive_function,
)

Given = Mapping[str, Any]


async def get_database(catalog: Catalog, given: Given) -> Any:
    """Return a database."""
    found = (await catalog.call("get_database", {"Name": given["name"]}))["Database"]
    return hive_database(found, default_location(catalog, found["Name"]))


def default_location(catalog: Catalog, database: str) -> str:
    """Return where a database without a location has its tables: as Spark says of its own."""
    warehouse = catalog.warehouse.rstrip("/")
    return warehouse if database == "default" else f"{warehouse}/{database}.db"


async def get_databases(catalog: Catalog, given: Given) -> Any:
    """Return the names of the databases that match a pattern, of all without one."""
    matches = matching(given.get("pattern") or "*")
    found = await catalog.listed("get_databases", "DatabaseList", {})
    return [one["Name"] for one in found if matches(one["Name"])]


async def create_database(catalog: Catalog, given: Given) -> None:
    """Create a database; a location that only the run can reach is none."""
    database = given["database"]
    await catalog.call("create_database", {"DatabaseInput": _input(database)})


async def alter_database(catalog: Catalog, given: Given) -> None:
    """Replace a database's definition."""
    request = {"Name": given["name"], "DatabaseInput": _input(given["database"])}
    await catalog.call("update_database", request)


def _input(database: Given) -> dict[str, Any]:
    location = database.get("locationUri") or ""
    return glue_database(database, location if is_in_s3(location) else "")


async def drop_database(catalog: Catalog, given: Given) -> None:
    """Delete a database; Glue would delete its tables, too, which Hive wants to be told."""
    name = given["name"]
    if not given.get("cascade"):
        page = await catalog.call("get_tables", {"DatabaseName": name, "MaxResults": 1})
        if page["TableList"]:
            message = f"Database {name} is not empty. One or more tables exist."
            raise MethodError("InvalidOperationException", message)
    await catalog.call("delete_database", {"Name": name})


async def get_function(catalog: Catalog, given: Given) -> Any:
    """Return a function."""
    request = {"DatabaseName": given["dbName"], "FunctionName": given["name"]}
    try:
        found = await catalog.call("get_user_defined_function", request)
    except AwsError as error:
        if error.code != NOT_FOUND:
            raise
        # By this sentence Spark knows that there is none.
        message = f"Function {given['dbName']}.{given['name']} does not exist"
        raise MethodError("NoSuchObjectException", message) from error
    return hive_function(found["UserDefinedFunction"])


async def get_functions(catalog: Catalog, given: Given) -> Any:
    """Return the names of a database's functions that match a pattern."""
    matches = matching(given.get("pattern") or "*")
    request = {"DatabaseName": given["dbName"], "Pattern": "*"}
    found = await catalog.listed("get_user_defined_functions", "UserDefinedFunctions", request)
    return [one["FunctionName"] for one in found if matches(one["FunctionName"])]


async def get_all_functions(catalog: Catalog, given: Given) -> Any:
    """Return the functions of all databases."""
    request = {"Pattern": "*"}
    found = await catalog.listed("get_user_defined_functions", "UserDefinedFunctions", request)
    return {"functions": [hive_function(one) for one in found]}


async def create_function(catalog: Catalog, given: Given) -> None:
    """Create a function."""
    function = given["function"]
    request = {"DatabaseName": function["dbName"], "FunctionInput": glue_function(function)}
    await catalog.call("create_user_defined_function", request)


async def drop_function(catalog: Catalog, given: Given) -> None:
    """Delete a function."""
    request = {"DatabaseName": given["dbName"], "FunctionName": given["name"]}
    await catalog.call("delete_user_defined_function", request)
