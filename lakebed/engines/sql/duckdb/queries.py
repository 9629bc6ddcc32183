"""SELECT, EXPLAIN and CREATE TABLE AS: analyse, lower, read, write."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

from sqlglot import expressions as exp

from lakebed.dialect import analyse, lower, statements, tree
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.types import DATE, INSTANT, VARCHAR, Type, hive_name
from lakebed.engines.sql.duckdb import results, scans
from lakebed.engines.sql.duckdb.catalog import File, folder
from lakebed.engines.sql.duckdb.ddl import STORAGE, qualified, require_database
from lakebed.engines.sql.duckdb.run import Run, read_bytes

_FORMATS = ("PARQUET", "TEXTFILE", "JSON")
_PROPERTIES = frozenset(
    {"format", "external_location", "partitioned_by", "write_compression", "parquet_compression",
     "field_delimiter", "is_external", "table_type"}
)  # fmt: skip


def plan(run: Run, node: exp.Expr) -> tuple[tree.Query, str, scans.Scanner]:
    """Analyse and lower a query; list the files it may open."""
    analyser = analyse.Analyser(run.catalog, run.database, run.text)
    query = analyser.query(node)
    analyse.used_columns(analyser.scans, query)
    scanner = scans.Scanner(run.catalog, run.connection)
    return query, lower.Lowering(scanner.source).query(query), scanner


def select(run: Run, statement: statements.Select) -> dict[str, Any]:
    """Run a query into a result file."""
    query, text, scanner = plan(run, statement.query)
    path = run.scratch / "result.csv"
    statement_text = results.copy_as_csv(text, query.columns, path)
    run.prepare(statement_text, scanner.paths)
    copied = run.connection.execute(statement_text).fetchone()
    scanned = read_bytes(run.connection)
    if not results.has_own_header(query.columns):
        results.add_header(query.columns, path)
    named = zip(results.names(query.columns), query.columns, strict=True)
    return {
        "columns": [results.column(name, kind) for name, (_, kind) in named],
        "result": str(path),
        "result_suffix": "csv",
        "result_bytes": path.stat().st_size,
        "row_count": copied[0] if copied else 0,
        "data_scanned_bytes": scanned,
    }


def explain(run: Run, statement: statements.Explain) -> dict[str, Any]:
    """Show the engine's plan of a query, without running it."""
    _, text, scanner = plan(run, statement.query)
    run.prepare(text, scanner.paths)
    rows = run.connection.execute(f"EXPLAIN {text}").fetchall()
    shown = [[line] for line in "\n".join(row[1] for row in rows).splitlines()]
    return results.lines(run.scratch, shown, ["Query Plan"])


def create_table_as(run: Run, statement: statements.CreateTableAs) -> dict[str, Any]:
    """Write a query's rows as a new table; leave nothing behind if that fails."""
    target = _Target(run, statement)
    database, name = target.database, target.name
    require_database(run, database)
    if run.catalog.shape(database, name) is not None:
        if statement.if_not_exists:
            return {"row_count": 0}
        message = f"Destination table 'awsdatacatalog.{database}.{name}' already exists"
        raise TrinoError("TABLE_ALREADY_EXISTS", message, 1, 1)
    if run.catalog.server.files(target.location):
        message = f"Target directory for table '{database}.{name}' already exists: "
        raise TrinoError("HIVE_PATH_ALREADY_EXISTS", f"{message}{target.location}")
    assert statement.query is not None
    query, text, scanner = plan(run, statement.query)
    target.check(query)
    run.prepare(text, scanner.paths)
    count = target.write(query, text)
    scanned = read_bytes(run.connection)
    put = target.publish(query)
    manifest = run.scratch / "manifest.csv"
    manifest.write_text("".join(f"{one}\n" for one in put), "utf-8")
    return {
        "row_count": 0,
        "update_count": count,
        "data_scanned_bytes": scanned,
        "manifest": str(manifest),
        "output_objects": put,
    }


class _Target:
    """The table a CREATE TABLE AS makes."""

    def __init__(self, run: Run, statement: statements.CreateTableAs) -> None:
        self.run = run
        properties = statement.properties
        for key in properties:
            if key not in _PROPERTIES:
                raise not_supported(f"The table property {key}", 1, 1)
        self.database, self.name = qualified(run, statement.name)
        self.comment = statement.comment
        self.format = str(properties.get("format", "PARQUET")).upper()
        if str(properties.get("table_type", "HIVE")).upper() != "HIVE":
            raise not_supported("An Iceberg table", 1, 1)
        if self.format not in _FORMATS:
            raise not_supported(f"Writing the format {self.format}", 1, 1)
        given = properties.get("external_location")
        default = f"{folder(run.output_location)}tables/{run.id}/"
        self.location = folder(str(given)) if given else default
        compression = properties.get("write_compression") or properties.get("parquet_compression")
        self.compression = str(compression or "GZIP").upper()
        partitioned = properties.get("partitioned_by", ())
        keys = (partitioned,) if isinstance(partitioned, str) else partitioned
        self.partitioned = tuple(name.lower() for name in keys)
        self.delimiter = str(properties.get("field_delimiter", "\x01"))
        self.folder = run.scratch / "table"

    def check(self, query: tree.Query) -> None:
        """Refuse what no table can have."""
        names = [name for name, _ in query.columns]
        for at, name in enumerate(names):
            if name is None:
                message = f"Column name not specified at position {at + 1}"
                raise TrinoError("MISSING_COLUMN_NAME", message, 1, 1)
            if name in names[:at]:
                message = f"Column name '{name}' specified more than once"
                raise TrinoError("DUPLICATE_COLUMN_NAME", message, 1, 1)
        last = tuple(names[len(names) - len(self.partitioned) :])
        if self.partitioned and last != self.partitioned:
            missing = [name for name in self.partitioned if name not in names]
            if missing:
                message = f"Partition columns {missing} not present in schema"
                raise TrinoError("INVALID_TABLE_PROPERTY", message)
            message = "Partition keys must be the last columns in the table and in the same order "
            given = f"as the table properties: [{', '.join(self.partitioned)}]"
            raise TrinoError("HIVE_COLUMN_ORDER_MISMATCH", message + given)
        if self.partitioned and len(self.partitioned) == len(names):
            message = "Table contains only partition columns"
            raise TrinoError("INVALID_TABLE_PROPERTY", message)
        for name, kind in query.columns:
            if kind.name == "unknown":
                message = f"Unsupported Hive type: unknown ('{name}')"
                raise TrinoError("NOT_SUPPORTED", message)

    def write(self, query: tree.Query, text: str) -> int:
        """Write the rows to files in the scratch folder."""
        names = [str(name) for name, _ in query.columns]
        values: list[str] = []
        for at, (name, kind) in enumerate(query.columns):
            shown = f"lbr.c{at}"
            if self.format == "TEXTFILE":
                shown = _hive_text(shown, kind)
            elif kind.name == "row" or any(one.name == "row" for one in kind.inner):
                shown = _named_members(shown, kind)
            values.append(f"{shown} AS {lower.identifier(str(name))}")
        source = f"SELECT {', '.join(values)} FROM ({text}) AS lbr"
        if self.partitioned:
            keys = ", ".join(lower.identifier(name) for name in names[-len(self.partitioned) :])
            partition = f", PARTITION_BY ({keys}), FILENAME_PATTERN {lower.quoted(self._stem())}"
            target = self.folder
        else:
            self.folder.mkdir()
            partition, target = "", self.folder / f"{self._stem()}0{self._suffix()}"
        statement = f"COPY ({source}) TO {lower.quoted(str(target))} ({self._options()}{partition})"
        row = self.run.connection.execute(statement).fetchone()
        return row[0] if row else 0

    def _stem(self) -> str:
        moment = time.strftime("%Y%m%d_%H%M%S", time.gmtime())
        return f"{moment}_00000_{uuid.uuid4().hex[:5]}_{self.run.id}" + (
            "_{i}" if self.partitioned else "_"
        )

    def _suffix(self) -> str:
        return "" if self.format == "PARQUET" else ".gz" if self._text_gzip() else ""

    def _text_gzip(self) -> bool:
        return self.compression != "NONE"

    def _options(self) -> str:
        if self.format == "PARQUET":
            codec = {"NONE": "uncompressed"}.get(self.compression, self.compression.lower())
            if codec not in ("uncompressed", "snappy", "gzip", "zstd", "lz4"):
                raise not_supported(f"The compression {self.compression} for PARQUET")
            return f"FORMAT parquet, COMPRESSION {lower.quoted(codec)}"
        if self.compression not in ("GZIP", "NONE"):
            raise not_supported(f"The compression {self.compression} for {self.format}")
        codec = "gzip" if self._text_gzip() else "none"
        if self.format == "JSON":
            return f"FORMAT json, COMPRESSION {lower.quoted(codec)}"
        return (
            f"FORMAT csv, HEADER false, DELIMITER {lower.quoted(self.delimiter)}, QUOTE '', "
            f"ESCAPE '', NULLSTR '\\N', COMPRESSION {lower.quoted(codec)}"
        )

    def publish(self, query: tree.Query) -> list[str]:
        """Put the files into the lake and the table into the catalog, or neither."""
        server = self.run.catalog.server
        put: list[str] = []
        created = False
        try:
            partitions: dict[tuple[str, ...], str] = {}
            for file in self._files():
                relative = file.key
                location = self.location + relative
                server.put(location, file.path)
                put.append(location)
                values, where = _values_of(relative)
                partitions[values] = self.location + where
            server.ask("create_table", self._table(query))
            created = True
            self._add_partitions(query, partitions)
        except BaseException:
            if created:
                server.ask("delete_table", {"DatabaseName": self.database, "Name": self.name})
            for location in put:
                server.delete(location)
            raise
        return put

    def _files(self) -> list[File]:
        found = sorted(path for path in Path(self.folder).rglob("*") if path.is_file())
        out: list[File] = []
        for path in found:
            relative = str(path.relative_to(self.folder))
            stem = relative.rsplit(".", 1)[0] if self.partitioned else relative
            key = stem + (self._suffix() if self.partitioned else "")
            out.append(File(key, str(path), path.stat().st_size))
        return out

    def _storage(self, columns: list[dict[str, str]], location: str) -> dict[str, Any]:
        serde, reads, writes = STORAGE[self.format]
        parameters = {"serialization.format": "1"}
        if self.format == "TEXTFILE":
            parameters = {"field.delim": self.delimiter, "serialization.format": self.delimiter}
        return {
            "Columns": columns,
            "Location": location,
            "InputFormat": reads,
            "OutputFormat": writes,
            "Compressed": False,
            "NumberOfBuckets": -1,
            "SerdeInfo": {
                "Name": self.name,
                "SerializationLibrary": serde,
                "Parameters": parameters,
            },
            "BucketColumns": [],
            "SortColumns": [],
            "Parameters": {},
            "StoredAsSubDirectories": False,
        }

    def _columns(self, query: tree.Query) -> list[dict[str, str]]:
        return [{"Name": str(name), "Type": hive_name(kind)} for name, kind in query.columns]

    def _table(self, query: tree.Query) -> dict[str, Any]:
        columns = self._columns(query)
        count = len(columns) - len(self.partitioned)
        parameters = {
            "EXTERNAL": "TRUE",
            "has_encrypted_data": "false",
            "transient_lastDdlTime": str(int(time.time())),
        }
        if self.comment:
            parameters["comment"] = self.comment
        return {
            "DatabaseName": self.database,
            "TableInput": {
                "Name": self.name,
                "Owner": "hadoop",
                "Retention": 0,
                "StorageDescriptor": self._storage(columns[:count], self.location),
                "PartitionKeys": columns[count:],
                "TableType": "EXTERNAL_TABLE",
                "Parameters": parameters,
            },
        }

    def _add_partitions(self, query: tree.Query, partitions: dict[tuple[str, ...], str]) -> None:
        if not self.partitioned:
            return
        columns = self._columns(query)[: -len(self.partitioned)]
        inputs = [
            {"Values": list(values), "StorageDescriptor": self._storage(columns, location)}
            for values, location in partitions.items()
        ]
        base = {"DatabaseName": self.database, "TableName": self.name}
        for at in range(0, len(inputs), 100):
            request = {**base, "PartitionInputList": inputs[at : at + 100]}
            self.run.catalog.server.ask("batch_create_partition", request)


def _values_of(relative: str) -> tuple[tuple[str, ...], str]:
    """Read the partition's values, and its folder, from a file's path below the table."""
    from urllib.parse import unquote

    parts = relative.split("/")[:-1]
    values = tuple(unquote(part.partition("=")[2]) for part in parts)
    return values, "".join(f"{part}/" for part in parts)


def _hive_text(text: str, kind: Type) -> str:
    """Write a value as LazySimpleSerDe reads it back."""
    if kind.inner:
        raise not_supported(f"Writing a column of type {kind} as text")
    if kind.name in ("timestamp", INSTANT):
        return f"strftime({text}, '%Y-%m-%d %H:%M:%S.%g')"
    if kind.name == "varbinary":
        return f"to_base64({text})"
    return text if kind in (VARCHAR, DATE) else text


def _named_members(text: str, kind: Type) -> str:
    if kind.name == "array":
        return f"list_transform({text}, lambda lbe: {_named_members('lbe', kind.inner[0])})"
    if kind.name != "row":
        return text
    members = ", ".join(
        f"{lower.identifier(name or f'field{at}')} := " + _named_members(f'({text})."f{at}"', inner)
        for at, (name, inner) in enumerate(zip(kind.fields, kind.inner, strict=True))
    )
    return f"CASE WHEN {text} IS NULL THEN NULL ELSE struct_pack({members}) END"
