"""Tables of Spark's metastore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.engines.metastore.server import MethodError
from lakebed.services.glue import _metastore_databases as databases
from lakebed.services.glue._metastore_calls import NOT_FOUND, Catalog, is_in_s3
from lakebed.services.glue._metastore_names import matching
from lakebed.services.glue._metastore_shapes import (
    MANAGED,
    VIEW,
    glue_table,
    hive_table,
    part,
    text,
)

Given = Mapping[str, Any]
_EXPECTED_KEY, _EXPECTED_VALUE = "expected_parameter_key", "expected_parameter_value"
"""What Hive calls a condition on an alteration (HIVE-26882); Iceberg's commits depend on it."""


async def glue_table_of(catalog: Catalog, database: str, name: str) -> Any:
    """Return a table as Glue has it."""
    return (await catalog.call("get_table", {"DatabaseName": database, "Name": name}))["Table"]


async def get_table(catalog: Catalog, given: Given) -> Any:
    """Return a table."""
    return hive_table(await glue_table_of(catalog, given["dbName"], given["tblName"]))


async def get_table_req(catalog: Catalog, given: Given) -> Any:
    """Return a table, asked for by a request."""
    return {"table": await get_table(catalog, given["req"])}


async def get_tables(catalog: Catalog, given: Given) -> Any:
    """Return the names of a database's tables that match a pattern and are of a type."""
    matches, kind = matching(given.get("pattern") or "*"), given.get("tableType")
    request = {"DatabaseName": given["dbName"], "AttributesToGet": ["NAME", "TABLE_TYPE"]}
    try:
        found = await catalog.listed("get_tables", "TableList", request)
    except AwsError as error:
        if error.code == NOT_FOUND:
            return []  # Hive looks for tables, not for the database.
        raise
    return [
        one["Name"]
        for one in found
        if matches(one["Name"]) and kind in (None, one.get("TableType"))
    ]


async def get_table_objects_by_name(catalog: Catalog, given: Given) -> Any:
    """Return the tables of those names that there are."""
    found: list[Any] = []
    for name in given["tblNames"]:
        try:
            found.append(await get_table(catalog, {"dbName": given["dbName"], "tblName": name}))
        except AwsError as error:
            if error.code != NOT_FOUND:
                raise
    return found


async def get_table_objects_by_name_req(catalog: Catalog, given: Given) -> Any:
    """Return the tables of those names that there are, asked for by a request."""
    return {"tables": await get_table_objects_by_name(catalog, given["req"])}


async def get_fields(catalog: Catalog, given: Given) -> Any:
    """Return the columns of a table, without those it is partitioned by."""
    return (await get_table(catalog, given))["sd"]["cols"]


async def get_schema(catalog: Catalog, given: Given) -> Any:
    """Return all columns of a table."""
    table = await get_table(catalog, given)
    return table["sd"]["cols"] + table["partitionKeys"]


async def create_table(catalog: Catalog, given: Given) -> None:
    """Create a table; its place has to be one that others than the run can reach."""
    table = given["table"]
    if table.get("temporary"):
        raise MethodError("MetaException", "Temporary tables are of sessions, not of the catalog.")
    if table.get("tableType") != VIEW:
        table = await _placed(catalog, table)
    request = {"DatabaseName": table["dbName"], "TableInput": glue_table(table)}
    await catalog.call("create_table", request)


async def _placed(catalog: Catalog, table: Given) -> Given:
    """Return a table with its location: where it says none, below its database's."""
    storage = part(table, "sd")
    location = text(storage, "location")
    if not location:
        database = await databases.get_database(catalog, {"name": table["dbName"]})
        location = f"{database['locationUri'].rstrip('/')}/{table['tableName'].lower()}"
    if is_in_s3(location):
        return {**table, "sd": {**storage, "location": location}}
    # The first sentence is what Spark says on AWS of a database without a location.
    message = (
        "java.lang.IllegalArgumentException: Can not create a Path from an empty string. "
        f"The table {table['dbName']}.{table['tableName']} has no place in S3: give it a "
        "location, or its database a LocationUri, or the job "
        "--conf spark.sql.warehouse.dir=s3://…"
    )
    raise MethodError("MetaException", message)


async def alter_table(catalog: Catalog, given: Given) -> None:
    """Replace a table's definition, if a parameter of it still is what the client says."""
    table, name = given["table"], given["tblName"]
    if (table["tableName"].lower(), table["dbName"].lower()) != (
        name.lower(),
        given["dbName"].lower(),
    ):
        raise MethodError("InvalidOperationException", "Table rename is not supported")
    said = part(part(given, "context"), "properties")
    key, value = said.get(_EXPECTED_KEY), said.get(_EXPECTED_VALUE)

    def replace(ctx: Context) -> None:
        # In one transaction, so that of two commits to an Iceberg table one is refused.
        place: Any = {"DatabaseName": given["dbName"], "Name": name}
        before = part(ctx.aws.glue.get_table(place), "Table")
        held = part(before, "Parameters")
        if key is not None and held.get(key) != value:
            message = (
                f"The table has been modified. The parameter value for key '{key}' is "
                f"'{held.get(key)}'. The expected was value was '{value}'"
            )
            raise MethodError("MetaException", message)
        request: Any = {
            "DatabaseName": given["dbName"],
            "TableInput": glue_table(table, before),
        }
        if text(held, "table_type").upper() == "ICEBERG":
            request["SkipArchive"] = True  # Its metadata has its own versions.
        ctx.aws.glue.update_table(request)

    await catalog.caller.write(replace)


async def drop_table(catalog: Catalog, given: Given) -> None:
    """Delete a table, and with a managed one its data."""
    database, name = given["dbName"], given["tblName"]
    table = await glue_table_of(catalog, database, name)
    await catalog.call("delete_table", {"DatabaseName": database, "Name": name})
    location = text(part(table, "StorageDescriptor"), "Location")
    if given.get("deleteData") and is_managed(table) and is_in_s3(location):
        await catalog.delete_data(location)


def is_managed(table: Given) -> bool:
    """Tell whether a table's data are deleted with it."""
    external = text(part(table, "Parameters"), "EXTERNAL").upper() == "TRUE"
    return table.get("TableType") == MANAGED and not external
