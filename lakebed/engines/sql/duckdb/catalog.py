"""The worker's view of the Data Catalog and the lake: asks the server, remembers for one query."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb

from lakebed.dialect import information_schema, tree
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import Type, parse_type
from lakebed.engines.sql.duckdb import views
from lakebed.engines.sql.duckdb.messages import Channel

if TYPE_CHECKING:
    from lakebed.engines.sql.duckdb.iceberg.files import LakeFiles

Shape = dict[str, Any]


class ServiceError(Exception):
    """An operation answered with an AWS error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class File(NamedTuple):
    """An object of the lake and where its bytes are."""

    key: str
    path: str
    size: int


def split_location(location: str) -> tuple[str, str]:
    """Split `s3://bucket/prefix` into bucket and prefix."""
    for scheme in ("s3://", "s3a://", "s3n://"):
        if location.startswith(scheme):
            bucket, _, prefix = location[len(scheme) :].partition("/")
            if bucket:
                return bucket, prefix
    raise TrinoError("HIVE_METASTORE_ERROR", f"The location {location} is no s3:// path")


def member(shape: Shape, key: str) -> Shape:
    """Return the structure under `key`, empty if it is absent."""
    found: Shape = shape.get(key) or {}
    return found


def members(shape: Shape, key: str) -> list[Shape]:
    """Return the list of structures under `key`, empty if it is absent."""
    found: list[Shape] = shape.get(key) or []
    return found


def columns_of(shape: Shape) -> list[Shape]:
    """Return the columns of a table's or partition's data."""
    return members(member(shape, "StorageDescriptor"), "Columns")


def is_iceberg(shape: Shape) -> bool:
    """Tell whether a table is Iceberg's, as Glue says it."""
    return str(member(shape, "Parameters").get("table_type")).upper() == "ICEBERG"


def is_delta(shape: Shape) -> bool:
    """Tell whether a table is Delta Lake's, as Athena, Spark or a crawler wrote it to Glue.

    A crawler's table over a manifest of symbolic links is a table of Parquet files.
    """
    parameters = member(shape, "Parameters")
    said = [parameters.get(key) for key in ("table_type", "spark.sql.sources.provider")]
    if "delta" in (str(one).lower() for one in said):
        return True
    reads = str(member(shape, "StorageDescriptor").get("InputFormat"))
    return str(parameters.get("classification")).lower() == "delta" and "Symlink" not in reads


def is_hudi(shape: Shape) -> bool:
    """Tell whether a table is Hudi's: by its input format, as Athena does."""
    reads = str(member(shape, "StorageDescriptor").get("InputFormat"))
    return reads.startswith(("org.apache.hudi.", "com.uber.hoodie."))


def is_plain(shape: Shape) -> bool:
    """Tell whether a table is files and nothing else: no view, no log of a table format."""
    special = is_iceberg(shape) or is_delta(shape) or is_hudi(shape)
    return bool(member(shape, "StorageDescriptor").get("Location")) and not special


def folder(location: str) -> str:
    """Return a location with the slash at its end that makes it a folder."""
    return location if location.endswith("/") else location + "/"


class Server:
    """What the worker may ask while it runs a query."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def ask(self, operation: str, request: Mapping[str, object], service: str = "glue") -> Shape:
        """Ask an operation of a service, the Data Catalog if none is named."""
        answer = self._channel.request(
            {"kind": "ask", "service": service, "operation": operation, "request": request}
        )
        if "code" in answer:
            raise ServiceError(answer["code"], answer["message"])
        return answer["response"]

    def ask_together(self, operation: str, requests: Sequence[Shape]) -> list[Shape | None]:
        """Ask an operation of the Data Catalog several times at once, None for an error."""
        messages = [
            {"kind": "ask", "service": "glue", "operation": operation, "request": one}
            for one in requests
        ]
        answer = self._channel.request({"kind": "together", "messages": messages})
        return [one.get("response") for one in answer["answers"]]

    def pages(self, operation: str, request: Shape, member: str) -> Iterator[Shape]:
        """Ask for all pages of a listing."""
        token = None
        while True:
            answer = self.ask(operation, {**request, **({"NextToken": token} if token else {})})
            yield from answer.get(member, [])
            token = answer.get("NextToken")
            if not token:
                return

    def files(self, location: str) -> list[File]:
        """List the objects under a location, without folder markers and hidden files."""
        return self.files_of([location])[0]

    def files_of(self, locations: Sequence[str]) -> list[list[File]]:
        """List the objects under each location; one question, however many there are."""
        prefixes = [split_location(one)[1] for one in locations]
        return [
            [one for one in found if not _hidden(one.key[len(folder(prefix)) if prefix else 0 :])]
            for prefix, found in zip(prefixes, self.everything_of(locations), strict=True)
        ]

    def everything(self, location: str) -> list[File]:
        """List the objects under a location, hidden ones, too."""
        return self.everything_of([location])[0]

    def everything_of(self, locations: Sequence[str]) -> list[list[File]]:
        """List the objects under each location, hidden ones, too."""
        places: list[tuple[str, str]] = []
        for location in locations:
            bucket, prefix = split_location(location)
            places.append((bucket, folder(prefix) if prefix else prefix))
        answer = self._channel.request({"kind": "files", "places": places})
        if "code" in answer:
            raise ServiceError(answer["code"], answer["message"])
        return [[File(*one) for one in found] for found in answer["files"]]

    def exactly(self, locations: Sequence[str]) -> list[File | None]:
        """Look up single objects, None where there is none; one question, however many there are.

        A listing by a key begins with that key, if it is there.
        """
        places = [split_location(location) for location in locations]
        answer = self._channel.request({"kind": "files", "places": places})
        if "code" in answer:
            raise ServiceError(answer["code"], answer["message"])
        return [
            File(*found[0]) if found and found[0][0] == key else None
            for (_, key), found in zip(places, answer["files"], strict=True)
        ]

    def put(self, location: str, path: str) -> None:
        """Make a scratch file the object at `location`."""
        bucket, key = split_location(location)
        answer = self._channel.request({"kind": "put", "bucket": bucket, "key": key, "path": path})
        if "code" in answer:
            raise ServiceError(answer["code"], answer["message"])

    def delete(self, location: str) -> None:
        """Delete the object at `location`."""
        bucket, key = split_location(location)
        self._channel.request({"kind": "delete", "bucket": bucket, "key": key})


def _hidden(relative: str) -> bool:
    """Tell whether Hive skips the object: a folder marker, or a name that starts with _ or ."""
    return relative.endswith("/") or any(part[:1] in ("_", ".") for part in relative.split("/"))


class LakeCatalog:
    """The analyser's catalog: tables by name, each fetched once a query."""

    def __init__(
        self, server: Server, connection: duckdb.DuckDBPyConnection, scratch: Path
    ) -> None:
        self.server = server
        self.shapes: dict[tuple[str, str], Shape] = {}
        self._connection = connection
        self.scratch = scratch
        self._files: LakeFiles | None = None

    def iceberg_files(self) -> LakeFiles:
        """Return the lake as Iceberg reads and writes it; the same one for the whole statement."""
        from lakebed.engines.sql.duckdb.iceberg.files import LakeFiles

        if self._files is None:
            self._files = LakeFiles(self.server, self.scratch)
        return self._files

    def undo(self) -> None:
        """Delete what a statement that failed has put for a commit."""
        if self._files is not None:
            self._files.undo()

    def evaluate(self, expr: tree.Expr) -> str | None:
        """Compute an expression without columns, as text; None if that fails."""
        from lakebed.engines.sql.duckdb import partitions

        return partitions.evaluated(self._connection, expr)

    def has_database(self, database: str) -> bool:
        """Tell whether a database exists."""
        if database == information_schema.NAME:
            return True
        try:
            self.server.ask("get_database", {"Name": database})
        except ServiceError as error:
            if error.code == "EntityNotFoundException":
                return False
            raise
        return True

    def shape(self, database: str, name: str) -> Shape | None:
        """Return the table as Glue has it."""
        known = self.shapes.get((database, name))
        if known is not None:
            return known
        try:
            answer = self.server.ask("get_table", {"DatabaseName": database, "Name": name})
        except ServiceError as error:
            if error.code == "EntityNotFoundException":
                return None
            raise
        self.shapes[database, name] = answer["Table"]
        return answer["Table"]

    def expect(self, names: Collection[tuple[str, str]]) -> None:
        """Ask at once for the tables a statement names; one that cannot be had is asked again."""
        wanted = [
            (database, name)
            for database, name in names
            if database != information_schema.NAME and (database, name) not in self.shapes
        ]
        if len(wanted) < 2:
            return
        requests = [{"DatabaseName": database, "Name": name} for database, name in wanted]
        for name, answer in zip(
            wanted, self.server.ask_together("get_table", requests), strict=True
        ):
            if answer is not None:
                self.shapes[name] = answer["Table"]

    def forget(self, database: str, name: str) -> None:
        """Ask for a table anew: it was changed."""
        self.shapes.pop((database, name), None)

    def table(
        self, database: str, name: str, version: tree.Version | None = None
    ) -> tree.TableInfo | tree.ViewInfo | None:
        """Return the table with Trino's types, or the view."""
        if database == information_schema.NAME:
            return information_schema.table(name)
        shape = self.shape(database, name.split("$")[0])
        if shape is None:
            return None
        if is_iceberg(shape):
            from lakebed.engines.sql.duckdb.iceberg import metadata_tables

            return metadata_tables.info(self, database, name, version)
        if version is None and is_delta(shape) and "$" not in name:
            from lakebed.engines.sql.duckdb.delta import reading

            return reading.info(reading.load(self, database, name))
        if version is not None:
            message = "This connector does not support versioned tables"
            raise TrinoError("NOT_SUPPORTED", message, 1, 1)
        if "$" in name and self.shape(database, name) is None:
            return None
        if shape.get("TableType") == "VIRTUAL_VIEW":
            return views.view_info(shape)
        return tree.TableInfo(
            "awsdatacatalog",
            database,
            name,
            tuple(_column(one) for one in columns_of(shape)),
            tuple(_column(one) for one in members(shape, "PartitionKeys")),
        )


def _column(shape: Shape) -> tuple[str, Type]:
    kind = parse_type(shape.get("Type") or "string")
    return shape["Name"].lower(), kind
