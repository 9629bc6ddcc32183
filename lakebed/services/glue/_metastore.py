"""The catalog as Spark's metastore: what each of its methods is of Glue's.

Spark reaches a catalog by the client of Hive's metastore, whose protocol `engines/metastore`
speaks. Every answer here is made of Glue's operations, called as the run's role: the same
permissions, the same lines in the audit log, as if the script had called them itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from lakebed.core.errors import AwsError
from lakebed.engines.metastore.idl import methods
from lakebed.engines.metastore.server import Answer
from lakebed.services.glue import _metastore_databases as databases
from lakebed.services.glue import _metastore_partitions as partitions
from lakebed.services.glue import _metastore_tables as tables
from lakebed.services.glue._metastore_calls import Catalog, error_of
from lakebed.services.glue._metastore_shapes import items

Method = Callable[[Catalog, Mapping[str, Any]], Awaitable[Any]]


async def _set_ugi(catalog: Catalog, given: Mapping[str, Any]) -> Any:
    """Who Hive takes the client for; who it is here, is the run's role."""
    return items(given, "groups")


async def _flush_cache(catalog: Catalog, given: Mapping[str, Any]) -> None:
    """Forget what is remembered: nothing is."""


async def _get_config_value(catalog: Catalog, given: Mapping[str, Any]) -> Any:
    """Return a setting of the metastore: none is set, so what the client takes it for."""
    return given.get("defaultValue") or ""


_METHODS: Mapping[str, Method] = {
    "set_ugi": _set_ugi,
    "flushCache": _flush_cache,
    "get_config_value": _get_config_value,
    "get_database": databases.get_database,
    "get_databases": databases.get_databases,
    "get_all_databases": databases.get_databases,
    "create_database": databases.create_database,
    "alter_database": databases.alter_database,
    "drop_database": databases.drop_database,
    "get_function": databases.get_function,
    "get_functions": databases.get_functions,
    "get_all_functions": databases.get_all_functions,
    "create_function": databases.create_function,
    "drop_function": databases.drop_function,
    "get_table": tables.get_table,
    "get_table_req": tables.get_table_req,
    "get_tables": tables.get_tables,
    "get_tables_by_type": tables.get_tables,
    "get_all_tables": tables.get_tables,
    "get_table_objects_by_name": tables.get_table_objects_by_name,
    "get_table_objects_by_name_req": tables.get_table_objects_by_name_req,
    "get_fields": tables.get_fields,
    "get_schema": tables.get_schema,
    "get_schema_with_environment_context": tables.get_schema,
    "create_table": tables.create_table,
    "create_table_with_environment_context": tables.create_table,
    "alter_table": tables.alter_table,
    "alter_table_with_cascade": tables.alter_table,
    "alter_table_with_environment_context": tables.alter_table,
    "drop_table": tables.drop_table,
    "drop_table_with_environment_context": tables.drop_table,
    "add_partition": partitions.add_partition,
    "add_partition_with_environment_context": partitions.add_partition,
    "add_partitions": partitions.add_partitions,
    "add_partitions_req": partitions.add_partitions_req,
    "get_partition": partitions.get_partition,
    "get_partition_with_auth": partitions.get_partition,
    "get_partition_by_name": partitions.get_partition_by_name,
    "get_partitions": partitions.get_partitions,
    "get_partitions_with_auth": partitions.get_partitions,
    "get_partitions_ps": partitions.get_partitions,
    "get_partitions_ps_with_auth": partitions.get_partitions,
    "get_partitions_by_filter": partitions.get_partitions_by_filter,
    "get_partitions_by_names": partitions.get_partitions_by_names,
    "get_partition_names": partitions.get_partition_names,
    "get_partition_names_ps": partitions.get_partition_names,
    "drop_partition": partitions.drop_partition,
    "drop_partition_with_environment_context": partitions.drop_partition,
    "drop_partition_by_name": partitions.drop_partition_by_name,
    "drop_partitions_req": partitions.drop_partitions_req,
    "alter_partition": partitions.alter_partition,
    "alter_partition_with_environment_context": partitions.alter_partition,
    "alter_partitions": partitions.alter_partitions,
    "alter_partitions_with_environment_context": partitions.alter_partitions,
}


def answers(catalog: Catalog) -> Answer:
    """Return what answers the metastore's methods for one run."""

    async def answer(method: str, given: Mapping[str, Any]) -> Any:
        try:
            return await _METHODS[method](catalog, given)
        except AwsError as error:
            raise error_of(error, methods()[method].errors) from error

    return answer
