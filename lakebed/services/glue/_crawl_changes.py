"""Writes what a crawl found into the Data Catalog, as the crawler's policies say.

New tables and partitions are always created. What changed is updated, merged or only logged, what
is gone deleted, deprecated or only logged.
https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from lakebed.context import Caller, Context
from lakebed.core.errors import AwsError
from lakebed.services.glue._crawl import CrawlLog, FoundPartition, FoundTable
from lakebed.services.glue._crawl_inputs import (
    DEPRECATED,
    FUNDAMENTAL,
    columns_of,
    essence,
    hashed_name,
    partition_input,
    statistics,
    storage_of,
    table_input,
    table_name,
    with_new_columns,
    with_paths,
)
from lakebed.services.glue._crawl_memory import CRAWLED_TABLES, CrawledTable
from lakebed.services.glue._crawl_summary import CrawlSummary
from lakebed.store import Range

_CREATED_AT_ONCE = 100
_DELETED_AT_ONCE = 25
_INDEX = "crawler_partition_index"
_ANSWERED = ("DatabaseName", "CreateTime", "UpdateTime", "CreatedBy", "CatalogId", "VersionId")
_ANSWERED_TOO = ("IsRegisteredWithLakeFormation", "FederatedTable", "IsMultiDialectView")

Shape = dict[str, Any]


class Policies:
    """What a crawler does about what changed and what is gone."""

    def __init__(self, definition: Mapping[str, Any], configuration: Mapping[str, Any]) -> None:
        policy: Mapping[str, str] = definition.get("SchemaChangePolicy") or {}
        recrawl: Mapping[str, str] = definition.get("RecrawlPolicy") or {}
        output: Mapping[str, Any] = configuration.get("CrawlerOutput") or {}
        tables: Mapping[str, str] = output.get("Tables") or {}
        partitions: Mapping[str, str] = output.get("Partitions") or {}
        self.new_folders_only = recrawl.get("RecrawlBehavior") == "CRAWL_NEW_FOLDERS_ONLY"
        self.merges_columns = tables.get("AddOrUpdateBehavior") == "MergeNewColumns"
        self.inherits = partitions.get("AddOrUpdateBehavior") == "InheritFromTable"
        self.updates = policy.get("UpdateBehavior", "UPDATE_IN_DATABASE") != "LOG"
        self.deletes = policy.get("DeleteBehavior", "DEPRECATE_IN_DATABASE")
        if self.new_folders_only:
            self.updates, self.merges_columns, self.deletes = False, False, "LOG"
        self.makes_indexes: bool = configuration.get("CreatePartitionIndex", True)


class CatalogChanges:
    """The catalog of one crawl."""

    def __init__(
        self,
        caller: Caller,
        log: CrawlLog,
        definition: Mapping[str, Any],
        configuration: Mapping[str, Any],
        now: float,
    ) -> None:
        self._caller = caller
        self._log = log
        self._crawler: str = definition["Name"]
        self._database: str = (definition.get("DatabaseName") or "default").lower()
        self._prefix: str = definition.get("TablePrefix") or ""
        self.policies = Policies(definition, configuration)
        self._now = now
        self._mine: dict[str, CrawledTable] | None = None
        self._names_at: dict[str, list[str]] = {}
        self._put: set[str] = set()
        self._counts = CrawlSummary()

    def summary(self) -> dict[str, Any]:
        """Return what changed, as ListCrawls shows it."""
        return self._counts.shape()

    @property
    def counts(self) -> CrawlSummary:
        """What changed, counted."""
        return self._counts

    async def put_table(
        self, found: FoundTable, partitions: AsyncIterator[Sequence[FoundPartition]] | None = None
    ) -> str:
        """Create or update a table and its partitions; return its name in the catalog."""
        name, held = await self._place(found)
        made = table_input(name, found, self._crawler)
        if held is None and self.policies.new_folders_only and await self._known():
            self._log.warn(
                f"{found.location} does not fit the tables that there are: it is left out, since "
                "only new folders are crawled"
            )
            return name
        self._put.add(name)
        if held is None:
            table = await self._create(made)
        else:
            table = await self._update(held, made)
        await self._remember(name, found)
        if partitions is not None:
            await self._put_partitions(table, partitions, is_new=held is None)
        return name

    async def update_table(
        self,
        held: Mapping[str, Any],
        found: FoundTable,
        partitions: AsyncIterator[Sequence[FoundPartition]],
    ) -> None:
        """Update a table that the user made, and its partitions; it stays the user's.

        Its partition keys are not changed: with other keys than the folders' it gets no partitions.
        """
        made = table_input(held["Name"], found, self._crawler)
        keys: Sequence[Any] = held.get("PartitionKeys") or ()
        made |= {"DatabaseName": held["DatabaseName"], "PartitionKeys": list(keys)}
        table = await self._update(dict(held), made)
        if len(keys) == len(found.partition_keys):
            await self._put_partitions(table, partitions, is_new=False)
        else:
            self._log.warn(
                f"Table {held['Name']} has {len(keys)} partition keys, its folders make "
                f"{len(found.partition_keys)}: no partitions are added"
            )

    async def finish(self, targets: Sequence[str]) -> None:
        """Delete or deprecate what the targets that were crawled whole no longer hold."""
        wanted = set(targets)
        for row in (await self._known()).values():
            if (
                row.target in wanted
                and row.name not in self._put
                and row.database == self._database
            ):
                await self._gone(row)

    # -- tables ---------------------------------------------------------------------------------

    async def _place(self, found: FoundTable) -> tuple[str, Shape | None]:
        """Return the name a table has or is to get, and what the catalog has of that name."""
        location = found.location.rstrip("/")
        await self._known()
        for name in self._names_at.get(location, ()):
            if name not in self._put and (held := await self._table(name)) is not None:
                return name, held
        name = table_name(self._prefix, found.name)
        held = await self._table(name)
        if name not in self._put and (held is None or _is_at(held, location)):
            return name, held
        name = hashed_name(name, location)
        return name, await self._table(name)

    async def _table(self, name: str) -> Shape | None:
        try:
            answer = await self._caller.call(
                "glue", "get_table", {"DatabaseName": self._database, "Name": name}
            )
        except AwsError as error:
            if error.code != "EntityNotFoundException":
                raise
            return None
        return dict(answer["Table"])

    async def _create(self, made: Shape) -> Shape:
        request: Shape = {"DatabaseName": self._database, "TableInput": made}
        if made["PartitionKeys"] and self.policies.makes_indexes:
            keys = [key["Name"] for key in made["PartitionKeys"]]
            request["PartitionIndexes"] = [{"IndexName": _INDEX, "Keys": keys}]
            made["Parameters"]["partition_filtering.enabled"] = "true"
            made["StorageDescriptor"]["Parameters"]["partition_filtering.enabled"] = "true"
        try:
            await self._caller.call("glue", "create_table", request)
        except AwsError as error:
            if error.code != "EntityNotFoundException":
                raise
            # The crawler makes the database, too, as the permissions it asks for on AWS show.
            database = {"DatabaseInput": {"Name": self._database}}
            await self._caller.call("glue", "create_database", database)
            await self._caller.call("glue", "create_table", request)
        self._counts.add("TABLE", "ADD", made["Name"])
        self._log.info(f"Created table {made['Name']} in database {self._database}")
        return made

    async def _update(self, held: Shape, made: Shape) -> Shape:
        """Bring a table up to date as far as the policies allow; return it as it then is."""
        kept: Mapping[str, str] = held.get("Parameters") or {}
        if "partition_filtering.enabled" in kept:
            for shape in (made, made["StorageDescriptor"]):
                shape["Parameters"]["partition_filtering.enabled"] = kept[
                    "partition_filtering.enabled"
                ]
        if essence(held) == essence(made):
            if statistics(held) != statistics(made) and self.policies.updates:
                await self._write(_with_statistics(held, made), archives=False)
            return held
        name = held["Name"]
        if self.policies.merges_columns:
            return await self._merge(held, made)
        if not self.policies.updates:
            self._log.info(f"Table {name} in database {self._database} changed; not updated (LOG)")
            return held
        await self._write(made)
        self._counts.add("TABLE", "UPDATE", name)
        self._log.info(f"Updated table {name} in database {self._database}")
        return made

    async def _merge(self, held: Shape, made: Shape) -> Shape:
        """Add what columns are new; a table whose format is another now is deprecated."""
        name = held["Name"]
        before: dict[str, str] = held.get("Parameters") or {}
        after: dict[str, str] = made["Parameters"]
        differing = [key for key in FUNDAMENTAL if before.get(key) != after.get(key)]
        if differing and all(key in before for key in differing):
            self._log.warn(
                f"Table {name}: {', '.join(differing)} changed; the table is deprecated until the "
                "incompatible attribute is resolved"
            )
            await self._deprecate(held)
            return held
        columns = with_new_columns(columns_of(held), columns_of(made))
        serde: Shape = {**(held["StorageDescriptor"].get("SerdeInfo") or {})}
        set_by_us = storage_of(made).serde_parameters
        serde["Parameters"] = with_paths({**serde.get("Parameters", {}), **set_by_us}, columns)
        shapes = [_column_shape(column, held) for column in columns]
        descriptor: Shape = {**held["StorageDescriptor"], "Columns": shapes, "SerdeInfo": serde}
        parameters = {key: value for key, value in {**before, **after}.items() if key != DEPRECATED}
        merged: Shape = {**held, "StorageDescriptor": descriptor, "Parameters": parameters}
        if essence(merged) == essence(held):
            return held
        await self._write(merged)
        self._counts.add("TABLE", "UPDATE", name)
        self._log.info(f"Updated table {name} in database {self._database}: new columns")
        return merged

    async def _write(self, table: Shape, *, archives: bool = True) -> None:
        given = {key: value for key, value in table.items() if key not in _ANSWERED + _ANSWERED_TOO}
        database = self._database_of(table)
        request = {"DatabaseName": database, "TableInput": given, "SkipArchive": not archives}
        await self._caller.call("glue", "update_table", request)

    async def _deprecate(self, held: Shape) -> None:
        before: dict[str, str] = held.get("Parameters") or {}
        if DEPRECATED in before:
            return
        marked = {**before, DEPRECATED: str(int(self._now * 1000))}
        await self._write({**held, "Parameters": marked})
        self._counts.add("TABLE", "UPDATE", held["Name"])

    async def _gone(self, row: CrawledTable) -> None:
        """Do what the policy says about a table that was not found again."""
        held = await self._table(row.name)
        if held is None:
            await self._forget(row)
        elif self.policies.deletes == "DELETE_FROM_DATABASE":
            request = {"DatabaseName": self._database, "Name": row.name}
            await self._caller.call("glue", "delete_table", request)
            await self._forget(row)
            self._counts.add("TABLE", "DELETE", row.name)
            self._log.info(f"Deleted table {row.name} from database {self._database}")
        elif self.policies.deletes == "LOG":
            self._log.info(
                f"Table {row.name} is no longer found in {row.target}; not deleted (LOG)"
            )
        else:
            await self._deprecate(held)
            self._log.info(f"Deprecated table {row.name} in database {self._database}")

    # -- what the crawler remembers -------------------------------------------------------------

    async def _known(self) -> dict[str, CrawledTable]:
        """Return the tables that this crawler keeps, by name."""
        if self._mine is None:
            crawler = self._crawler
            rows = await self._caller.look(
                lambda ctx: list(CRAWLED_TABLES.scan(ctx, Range((crawler,))))
            )
            self._mine = {row.name: row for row in rows if row.database == self._database}
            for row in self._mine.values():
                self._names_at.setdefault(row.location.rstrip("/"), []).append(row.name)
        return self._mine

    async def _remember(self, name: str, found: FoundTable) -> None:
        row = CrawledTable(self._crawler, self._database, name, found.target, found.location)
        known = await self._known()
        if known.get(name) == row:
            return

        def put(ctx: Context) -> None:
            CRAWLED_TABLES.put(ctx, row)

        await self._caller.write(put)
        known[name] = row

    async def _forget(self, row: CrawledTable) -> None:
        def delete(ctx: Context) -> None:
            CRAWLED_TABLES.delete(ctx, row.crawler, row.database, row.name)

        await self._caller.write(delete)

    # -- partitions -----------------------------------------------------------------------------

    async def _put_partitions(
        self, table: Shape, found: AsyncIterator[Sequence[FoundPartition]], *, is_new: bool
    ) -> None:
        held = {} if is_new else await self._partitions(self._database_of(table), table["Name"])
        created: list[Shape] = []
        changed: list[Shape] = []
        async for batch in found:
            for one in batch:
                made = partition_input(table, one, self.policies.inherits)
                there = held.pop(one.values, None)
                if there is None:
                    created.append(made)
                elif self._is_to_update(made, there):
                    changed.append(self._merged(made, there[1]))
                if len(created) >= _CREATED_AT_ONCE:
                    await self._create_partitions(table, created)
                    created = []
                if len(changed) >= _CREATED_AT_ONCE:
                    await self._update_partitions(table, changed)
                    changed = []
        await self._create_partitions(table, created)
        await self._update_partitions(table, changed)
        await self._gone_partitions(table, list(held))

    def _is_to_update(self, made: Shape, there: tuple[object, Shape]) -> bool:
        may = self.policies.updates or self.policies.inherits or self.policies.merges_columns
        return may and there[0] != _essence_of_partition(made)

    def _merged(self, made: Shape, held: Shape) -> Shape:
        """Keep a partition's columns, and add the new ones, where the policy is to merge."""
        if not self.policies.merges_columns or self.policies.inherits:
            return made
        columns = with_new_columns(columns_of(held), columns_of(made))
        descriptor: Shape = {
            **held["StorageDescriptor"],
            "Columns": [_column_shape(column, held) for column in columns],
        }
        return {**made, "StorageDescriptor": descriptor}

    async def _partitions(
        self, database: str, name: str
    ) -> dict[tuple[str, ...], tuple[object, Shape]]:
        """Return the partitions of a table by values: what they are, and how they are shown."""
        found: dict[tuple[str, ...], tuple[object, Shape]] = {}
        keeps = self.policies.merges_columns
        request: Shape = {"DatabaseName": database, "TableName": name}
        while True:
            page = await self._caller.call("glue", "get_partitions", request)
            for one in page["Partitions"]:
                what = _essence_of_partition(one)
                found[tuple(one["Values"])] = (what, one if keeps else {})
            if not page.get("NextToken"):
                return found
            request["NextToken"] = page["NextToken"]

    async def _create_partitions(self, table: Shape, made: Sequence[Shape]) -> None:
        if made:
            await self._many(table, "batch_create_partition", {"PartitionInputList": made})
            self._counts.add("PARTITION", "ADD", *("/".join(one["Values"]) for one in made))

    async def _update_partitions(self, table: Shape, made: Sequence[Shape]) -> None:
        if made:
            entries = [{"PartitionValueList": one["Values"], "PartitionInput": one} for one in made]
            await self._many(table, "batch_update_partition", {"Entries": entries})
            self._counts.add("PARTITION", "UPDATE", *("/".join(one["Values"]) for one in made))

    async def _gone_partitions(self, table: Shape, gone: Sequence[tuple[str, ...]]) -> None:
        if not gone or self.policies.new_folders_only:
            return
        if self.policies.deletes != "DELETE_FROM_DATABASE":
            self._log.info(f"{len(gone)} partitions of table {table['Name']} are no longer found")
            return
        for at in range(0, len(gone), _DELETED_AT_ONCE):
            wanted = [{"Values": list(values)} for values in gone[at : at + _DELETED_AT_ONCE]]
            await self._many(table, "batch_delete_partition", {"PartitionsToDelete": wanted})
        self._counts.add("PARTITION", "DELETE", *("/".join(values) for values in gone))

    def _database_of(self, table: Shape) -> str:
        return table.get("DatabaseName", self._database)

    async def _many(self, table: Shape, operation: str, request: Shape) -> None:
        """Call an operation about many partitions; what it could not do is said."""
        whole = {"DatabaseName": self._database_of(table), "TableName": table["Name"], **request}
        answer = await self._caller.call("glue", operation, whole)
        for error in answer.get("Errors") or ():
            values = error.get("PartitionValues") or error.get("PartitionValueList")
            message = error["ErrorDetail"]["ErrorMessage"]
            self._log.warn(f"Partition {values} of {table['Name']}: {message}")


def _essence_of_partition(shape: Shape) -> object:
    """Return what makes a partition another one: hashed, since there may be a million."""
    return hash((essence(shape), tuple(sorted(statistics(shape).items()))))


def _is_at(held: Shape, location: str) -> bool:
    return held.get("StorageDescriptor", {}).get("Location", "").rstrip("/") == location


def _with_statistics(held: Shape, made: Shape) -> Shape:
    found = statistics(made)
    descriptor: Shape = held["StorageDescriptor"]
    own: Shape = {**(descriptor.get("Parameters") or {}), **found}
    parameters: Shape = {**(held.get("Parameters") or {}), **found}
    descriptor = {**descriptor, "Parameters": own}
    return {**held, "StorageDescriptor": descriptor, "Parameters": parameters}


def _column_shape(column: Any, held: Shape) -> Shape:
    """Return a column as the catalog has it, with all that the user said of it."""
    for shape in held["StorageDescriptor"].get("Columns") or ():
        if shape["Name"] == column.name:
            return {**shape, "Type": column.type}
    return {"Name": column.name, "Type": column.type}
