"""What would make a query cheaper: each advice is tried on the data, measured, and cleaned away.

A copy of the table is made the other way (columnar, partitioned, compressed, in fewer files, with
projected partitions), the same query runs over it, and the advice is given only if that scanned
less, or took less time where bytes are not what it saves.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from typing import Any

import msgspec

from lakebed.cli.aws import ApiError
from lakebed.cli.sql.athena import Athena, Done, StatementError, price
from lakebed.core.limits import MIB
from lakebed.dialect.rewrite import compared_columns, tables_of, with_table

SMALL_FILES_MIN = 10
SMALL_FILE_BYTES = 8 * MIB
PARTITION_VALUES_MAX = 100
PROJECTED_PARTITIONS_MIN = 50
_FASTER = 0.8
_COLUMNAR = ("parquet", "orc")


class Table(msgspec.Struct, frozen=True):
    """A table of the query: its definition and its files' sizes."""

    database: str
    name: str
    shape: dict[str, Any]
    sizes: list[int]

    @property
    def serde(self) -> str:
        """The library that reads it."""
        descriptor = self.shape.get("StorageDescriptor", {})
        return str(descriptor.get("SerdeInfo", {}).get("SerializationLibrary", "")).lower()

    @property
    def is_columnar(self) -> bool:
        """Whether its format keeps columns apart."""
        return any(word in self.serde for word in _COLUMNAR)

    @property
    def columns(self) -> list[dict[str, str]]:
        """Its columns, without those of its partitions."""
        return list(self.shape["StorageDescriptor"]["Columns"])

    @property
    def keys(self) -> list[dict[str, str]]:
        """The columns of its partitions."""
        return list(self.shape.get("PartitionKeys", []))


class Idea(msgspec.Struct, frozen=True):
    """Another way to keep a table: what it is, and the properties and columns of a copy."""

    advice: str
    properties: dict[str, str]
    select: str
    saves_time: bool = False


def advise(session: Athena, statement: str, done: Done) -> Iterator[str]:
    """Yield a line for each advice that held when it was tried, or one that says there is none."""
    found = 0
    for table in _tables(session, statement):
        for idea in _ideas(session, statement, table):
            line = _tried(session, statement, done, table, idea)
            if line:
                found += 1
                yield f"advice: {line}"
        line = _projected(session, statement, done, table)
        if line:
            found += 1
            yield f"advice: {line}"
    if not found:
        yield "advice: none; nothing that was tried made this query cheaper"


def _tables(session: Athena, statement: str) -> list[Table]:
    """Return the tables a query names, without views."""
    found: list[Table] = []
    for database, name in tables_of(statement, session.database):
        request = {"DatabaseName": database, "Name": name}
        try:
            shape = session.client.call("glue", "GetTable", request)["Table"]
        except ApiError:
            continue  # information_schema has no tables of the catalog
        location = shape.get("StorageDescriptor", {}).get("Location", "")
        if shape.get("TableType") != "VIRTUAL_VIEW" and location.startswith("s3://"):
            folder = location if location.endswith("/") else f"{location}/"
            sizes = [size for _, size in session.client.objects(folder) if size]
            found.append(Table(database, name, shape, sizes))
    return found


def _ideas(session: Athena, statement: str, table: Table) -> Iterator[Idea]:
    """Yield what may help this query over this table, the usual best first."""
    keys = ", ".join(f"'{one['Name']}'" for one in table.keys)
    same = {"partitioned_by": f"ARRAY[{keys}]"} if keys else {}
    if not table.is_columnar:
        yield Idea("keep it as Parquet (columnar)", {"format": "'PARQUET'", **same}, "*")
    names = {one["Name"].lower() for one in table.columns}
    for column in [one for one in compared_columns(statement) if one in names]:
        others = [f'"{one["Name"]}"' for one in [*table.columns, *table.keys]]
        others.remove(f'"{column}"')
        count = session.run(f'SELECT count(DISTINCT "{column}") FROM {_name(table)}')
        values = int(next(iter(session.rows(count)))[0] or 0)
        if 1 < values <= PARTITION_VALUES_MAX:
            yield Idea(
                f"keep it as Parquet, partitioned by {column} ({values} values)",
                {"format": "'PARQUET'", "partitioned_by": f"ARRAY['{column}']"},
                ", ".join([*others, f'"{column}"']),
            )
    if not table.is_columnar and "lazysimple" in table.serde:
        packed = {"format": "'TEXTFILE'", "write_compression": "'GZIP'"}
        yield Idea("compress its files (gzip)", {**packed, **same}, "*")
    small = len(table.sizes) >= SMALL_FILES_MIN
    if small and sum(table.sizes) < len(table.sizes) * SMALL_FILE_BYTES:
        kind = "'PARQUET'" if table.is_columnar else "'TEXTFILE'"
        plain = {"format": kind}
        if not table.is_columnar:
            plain["write_compression"] = "'NONE'"
        advice = f"merge its {len(table.sizes):,} small files"
        yield Idea(advice, {**plain, **same}, "*", saves_time=True)


def _name(table: Table) -> str:
    return f'"{table.database}"."{table.name}"'


def _tried(session: Athena, statement: str, done: Done, table: Table, idea: Idea) -> str:
    """Make a copy of the table the idea's way, run the query over it; "" if it did not help."""
    copy = f"lakebed_advice_{uuid.uuid4().hex[:12]}"
    properties = ", ".join(f"{key} = {value}" for key, value in idea.properties.items())
    made: list[Done] = []
    try:
        text = (
            f'CREATE TABLE "{table.database}"."{copy}" WITH ({properties}) '
            f"AS SELECT {idea.select} FROM {_name(table)}"
        )
        made.append(session.run(text))
        return _helped(done, _over(session, statement, table, copy, made), table, idea)
    except (StatementError, ApiError):
        return ""  # the copy cannot be made, so there is nothing to advise
    finally:
        _clean(session, table.database, copy, made)


def _over(session: Athena, statement: str, table: Table, copy: str, made: list[Done]) -> Done:
    """Run the query over a copy: twice, because the first run of anything also warms it."""
    text = with_table(statement, session.database, (table.database, table.name), copy)
    runs = [session.run(text) for _ in range(2)]
    made += runs
    return min(runs, key=lambda one: one.seconds)


def _helped(before: Done, after: Done, table: Table, idea: Idea) -> str:
    saved = before.dollars - price(after.scanned_bytes)
    if idea.saves_time:
        if after.seconds > before.seconds * _FASTER:
            return ""
        return (
            f"{table.name}: {idea.advice}: {after.seconds * 1000:,.0f} ms instead of "
            f"{before.seconds * 1000:,.0f}"
        )
    if after.scanned_bytes >= before.scanned_bytes * _FASTER:
        return ""
    return (
        f"{table.name}: {idea.advice}: {after.scanned_bytes:,} bytes instead of "
        f"{before.scanned_bytes:,} (${saved:.6f} less a query)"
    )


def _projected(session: Athena, statement: str, done: Done, table: Table) -> str:
    """Try partition projection for a table of many partitions with one whole-numbered key."""
    if len(table.keys) != 1 or table.keys[0]["Type"] not in ("int", "bigint", "smallint"):
        return ""
    place = {"DatabaseName": table.database, "TableName": table.name, "ExcludeColumnSchema": True}
    parts = list(session.client.pages("glue", "GetPartitions", place, "Partitions"))
    key = table.keys[0]["Name"]
    base = table.shape["StorageDescriptor"]["Location"].rstrip("/")
    usual = all(
        one["StorageDescriptor"]["Location"].rstrip("/") == f"{base}/{key}={one['Values'][0]}"
        for one in parts
    )
    enabled = table.shape.get("Parameters", {}).get("projection.enabled") == "true"
    if len(parts) < PROJECTED_PARTITIONS_MIN or not usual or enabled:
        return ""
    values = [int(one["Values"][0]) for one in parts]
    copy = f"lakebed_advice_{uuid.uuid4().hex[:12]}"
    names = ("Name", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
    wanted = {name: table.shape[name] for name in names if name in table.shape}
    properties = {
        **wanted.get("Parameters", {}),
        "projection.enabled": "true",
        f"projection.{key}.type": "integer",
        f"projection.{key}.range": f"{min(values)},{max(values)}",
    }
    request = {"DatabaseName": table.database,
               "TableInput": {**wanted, "Name": copy, "Parameters": properties}}  # fmt: skip
    made: list[Done] = []
    try:
        session.client.call("glue", "CreateTable", request)
        after = _over(session, statement, table, copy, made)
        idea = Idea(f"project its {len(parts):,} partitions", {}, "", saves_time=True)
        return _helped(done, after, table, idea)
    except (StatementError, ApiError):
        return ""
    finally:
        _clean(session, table.database, copy, made)


def _clean(session: Athena, database: str, copy: str, made: list[Done]) -> None:
    """Leave nothing of a trial: the table, its files, the results of its queries."""
    with contextlib.suppress(ApiError):  # it may never have come to be
        session.client.call("glue", "DeleteTable", {"DatabaseName": database, "Name": copy})
    for one in made:
        if one.result.startswith("s3://"):
            session.client.delete_objects(one.result)
