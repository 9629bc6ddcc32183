"""Partitions of Spark's metastore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.core.errors import AwsError
from lakebed.engines.metastore.server import MethodError
from lakebed.services.glue._metastore_calls import NOT_FOUND, Catalog, is_in_s3
from lakebed.services.glue._metastore_names import (
    expression,
    is_like,
    partition_name,
    partition_values,
)
from lakebed.services.glue._metastore_shapes import (
    glue_partition,
    hive_partition,
    items,
    part,
    text,
)
from lakebed.services.glue._metastore_tables import glue_table_of, is_managed

Given = Mapping[str, Any]
_READ_AT_ONCE, _WRITTEN_AT_ONCE = 1000, 100
"""What BatchGetPartition and BatchCreatePartition take."""


async def get_partition(catalog: Catalog, given: Given) -> Any:
    """Return a partition by its values."""
    request = {**_place(given), "PartitionValues": given["values"]}
    return hive_partition((await catalog.call("get_partition", request))["Partition"])


async def get_partition_by_name(catalog: Catalog, given: Given) -> Any:
    """Return a partition by its name."""
    return await get_partition(catalog, {**given, "values": partition_values(given["name"])})


async def get_partitions(catalog: Catalog, given: Given) -> Any:
    """Return the partitions of a table: those whose first values are the given ones."""
    return [hive_partition(one) for one in await _partitions(catalog, given)]


async def get_partitions_by_filter(catalog: Catalog, given: Given) -> Any:
    """Return the partitions that satisfy a condition."""
    condition = expression(given.get("filter") or "")
    return [hive_partition(one) for one in await _partitions(catalog, given, condition)]


async def get_partitions_by_names(catalog: Catalog, given: Given) -> Any:
    """Return the partitions of those names that there are."""
    values = [partition_values(name) for name in given["names"]]
    return [hive_partition(one) for one in await _present(catalog, _place(given), values)]


async def get_partition_names(catalog: Catalog, given: Given) -> Any:
    """Return the names of the partitions whose first values are the given ones."""
    table = await glue_table_of(catalog, given["dbName"], given["tblName"])
    keys = items(table, "PartitionKeys")
    found = await _partitions(catalog, given)
    return sorted(partition_name(keys, one["Values"]) for one in found)


async def _partitions(catalog: Catalog, given: Given, condition: str = "") -> list[Any]:
    wanted, count = items(given, "values"), given.get("max", -1)
    request = {**_place(given), "Expression": condition}
    found = await catalog.listed("get_partitions", "Partitions", request)
    found = [one for one in found if is_like(wanted, one["Values"])]
    return found if count < 0 else found[:count]


async def _present(
    catalog: Catalog, place: Given, values: Sequence[Sequence[str]]
) -> list[dict[str, Any]]:
    """Return those of the partitions that there are."""
    found: list[dict[str, Any]] = []
    for at in range(0, len(values), _READ_AT_ONCE):
        wanted = [{"Values": one} for one in values[at : at + _READ_AT_ONCE]]
        request = {**place, "PartitionsToGet": wanted}
        found += (await catalog.call("batch_get_partition", request))["Partitions"]
    return found


async def add_partition(catalog: Catalog, given: Given) -> Any:
    """Create a partition and return it."""
    partition = given["partition"]
    (added,) = await _add(catalog, _place(partition), [partition], if_not_exists=False)
    return added


async def add_partitions(catalog: Catalog, given: Given) -> Any:
    """Create partitions of one table and return how many they are."""
    parts = given["parts"]
    if not parts:
        return 0
    return len(await _add(catalog, _place(parts[0]), parts, if_not_exists=False))


async def add_partitions_req(catalog: Catalog, given: Given) -> Any:
    """Create partitions; with `ifNotExists` those that are not there yet."""
    asked = given["req"]
    added = await _add(
        catalog, _place(asked), asked["parts"], if_not_exists=bool(asked.get("ifNotExists"))
    )
    return {"partitions": added} if asked.get("needResult", True) else {}


async def _add(
    catalog: Catalog, place: Given, parts: Sequence[Given], *, if_not_exists: bool
) -> list[Given]:
    values = [one["values"] for one in parts]
    held = {tuple(one["Values"]) for one in await _present(catalog, place, values)}
    if held and not if_not_exists:
        message = f"Partition already exists: {list(next(iter(held)))}"
        raise MethodError("AlreadyExistsException", message)
    table = await glue_table_of(catalog, place["DatabaseName"], place["TableName"])
    added = [_placed(table, one) for one in parts if tuple(one["values"]) not in held]
    for at in range(0, len(added), _WRITTEN_AT_ONCE):
        inputs = [glue_partition(one) for one in added[at : at + _WRITTEN_AT_ONCE]]
        request = {**place, "PartitionInputList": inputs}
        _check((await catalog.call("batch_create_partition", request)).get("Errors"))
    return added


def _placed(table: Given, partition: Given) -> Given:
    """Return a partition that has a location: where it says none, the folder of its name."""
    storage = part(partition, "sd")
    base = text(part(table, "StorageDescriptor"), "Location")
    if storage.get("location") or not base:
        return partition
    name = partition_name(items(table, "PartitionKeys"), partition["values"])
    location = f"{base.rstrip('/')}/{name}"
    return {**partition, "sd": {**storage, "location": location}}


async def alter_partition(catalog: Catalog, given: Given) -> None:
    """Replace a partition's definition."""
    await alter_partitions(catalog, {**given, "parts": [given["partition"]]})


async def alter_partitions(catalog: Catalog, given: Given) -> None:
    """Replace the definitions of partitions."""
    place, parts = _place(given), given["parts"]
    held = await _present(catalog, place, [one["values"] for one in parts])
    before = {tuple(one["Values"]): one for one in held}
    for at in range(0, len(parts), _WRITTEN_AT_ONCE):
        entries = [
            {
                "PartitionValueList": one["values"],
                "PartitionInput": glue_partition(one, before.get(tuple(one["values"]))),
            }
            for one in parts[at : at + _WRITTEN_AT_ONCE]
        ]
        request = {**place, "Entries": entries}
        _check((await catalog.call("batch_update_partition", request)).get("Errors"))


async def drop_partition(catalog: Catalog, given: Given) -> Any:
    """Delete a partition, and with one of a managed table its data."""
    request = {**_place(given), "PartitionValues": given["values"]}
    partition = (await catalog.call("get_partition", request))["Partition"]
    await catalog.call("delete_partition", request)
    location = text(part(partition, "StorageDescriptor"), "Location")
    if given.get("deleteData") and is_in_s3(location):
        table = await glue_table_of(catalog, given["dbName"], given["tblName"])
        if is_managed(table):
            await catalog.delete_data(location)
    return True


async def drop_partition_by_name(catalog: Catalog, given: Given) -> Any:
    """Delete a partition by its name."""
    return await drop_partition(catalog, {**given, "values": partition_values(given["name"])})


async def drop_partitions_req(catalog: Catalog, given: Given) -> Any:
    """Delete partitions by their names; which satisfy an expression, Hive alone can say."""
    asked = given["req"]
    names = asked["parts"].get("names")
    if names is None:
        raise MethodError("MetaException", "lakebed has not built drop_partitions_req (exprs) yet.")
    for name in names:
        try:
            await drop_partition_by_name(catalog, {**asked, "name": name})
        except AwsError as error:
            if error.code != NOT_FOUND or not asked.get("ifExists"):
                raise
    return {}


def _place(given: Given) -> dict[str, str]:
    name = given["tblName"] if "tblName" in given else given["tableName"]
    return {"DatabaseName": given["dbName"], "TableName": name}


def _check(errors: Sequence[Given] | None) -> None:
    for error in errors or []:
        detail = error["ErrorDetail"]
        raise AwsError(detail["ErrorCode"], detail["ErrorMessage"])
