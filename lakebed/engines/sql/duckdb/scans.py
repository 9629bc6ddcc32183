"""Reading a catalog table: which partitions, which files, and the DuckDB text that reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb

from lakebed.dialect import conversions, lower, macros, tree
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.types import UNBOUNDED, Type, duck_name, varchar
from lakebed.engines.sql.duckdb import information_schema
from lakebed.engines.sql.duckdb.catalog import File, LakeCatalog, Shape, member

LAZY_SIMPLE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
JSON = ("org.openx.data.jsonserde.JsonSerDe", "org.apache.hive.hcatalog.data.JsonSerDe")
HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
# Compressions that Athena reads in text, by the suffix of the file, and DuckDB does not.
_UNREAD = (".bz2", ".snappy", ".lz4", ".lzo", ".deflate")


@dataclass
class Part:
    """A partition (or the whole table without): its values, its files."""

    values: tuple[str, ...]
    files: list[File] = field(default_factory=list[File])


@dataclass
class Scanner:
    """Writes the sources of a query's scans and remembers every file they may open."""

    catalog: LakeCatalog
    connection: duckdb.DuckDBPyConnection
    paths: list[str] = field(default_factory=list[str])
    _known: dict[str, str] = field(default_factory=dict[str, str])

    def source(self, scan: tree.Scan) -> str:
        """Return the text that reads a scan's used columns as c0, c1, …"""
        if scan.relation not in self._known:
            self._known[scan.relation] = self._source(scan)
        return self._known[scan.relation]

    def _source(self, scan: tree.Scan) -> str:
        if scan.table.database == information_schema.NAME:
            return information_schema.source(self.catalog, self.connection, scan)
        shape = self.catalog.shape(scan.table.database, scan.table.name)
        assert shape is not None
        if str(member(shape, "Parameters").get("projection.enabled")).lower() == "true":
            raise not_supported("Partition projection")
        if str(member(shape, "Parameters").get("table_type")).upper() == "ICEBERG":
            raise not_supported("Reading an Iceberg table")
        parts = [part for part in self._parts(scan, shape) if part.files]
        if not parts:
            columns = (f"{_null(kind)} AS c{at}" for at, (_, kind) in self._used(scan))
            return f"SELECT {', '.join(columns) or '1 AS c0'} WHERE false"
        files = [file for part in parts for file in part.files]
        self.paths += [file.path for file in files]
        return self._read(scan, shape, parts, files)

    def _used(self, scan: tree.Scan) -> list[tuple[int, tuple[str, Type]]]:
        columns = scan.table.all_columns
        return [(at, columns[at]) for at in sorted(scan.used)]

    def _parts(self, scan: tree.Scan, shape: Shape) -> list[Part]:
        server = self.catalog.server
        if not scan.table.partition_columns:
            return [Part((), server.files(shape["StorageDescriptor"]["Location"]))]
        request = {"DatabaseName": scan.table.database, "TableName": scan.table.name}
        found = list(server.pages("get_partitions", request, "Partitions"))
        chosen = self._pruned(scan, found)
        listed = server.files_of([one["StorageDescriptor"]["Location"] for one in chosen])
        return [
            Part(tuple(one["Values"]), files) for one, files in zip(chosen, listed, strict=True)
        ]

    def _pruned(self, scan: tree.Scan, partitions: list[Shape]) -> list[Shape]:
        """Keep the partitions that the query's own predicates over their values accept."""
        if not scan.prunes or not partitions:
            return partitions
        kinds = [kind for _, kind in scan.table.partition_columns]
        first = len(scan.table.columns)
        names = ", ".join(f"c{first + at}" for at in range(len(kinds)))
        rows = ", ".join(
            f"({at}, {', '.join(map(_value, one['Values'], kinds))})"
            for at, one in enumerate(partitions)
        )
        writer = lower.Lowering(lower.no_tables)
        tests = " AND ".join(writer.expr(prune) for prune in scan.prunes)
        text = f"SELECT lbn FROM (VALUES {rows}) AS {scan.relation}(lbn, {names}) WHERE {tests}"
        self.connection.execute(macros.needed(text) or "SELECT 1")
        kept = {row[0] for row in self.connection.execute(text).fetchall()}
        return [one for at, one in enumerate(partitions) if at in kept]

    def _read(self, scan: tree.Scan, shape: Shape, parts: list[Part], files: list[File]) -> str:
        serde = member(shape["StorageDescriptor"], "SerdeInfo").get("SerializationLibrary", "")
        listed = "[" + ", ".join(lower.quoted(file.path) for file in files) + "]"
        if serde == PARQUET:
            reader, have = self._parquet(listed, len(files))
        elif serde in (LAZY_SIMPLE, OPEN_CSV):
            _refuse_unread(files)
            reader, have = _csv(listed, scan, shape, serde), {}
        elif serde in JSON:
            _refuse_unread(files)
            reader, have = _json(listed, scan), {}
        else:
            raise not_supported(f"Reading files of the SerDe {serde or '(none)'}")
        values: list[str] = []
        first = len(scan.table.columns)
        for at, (name, kind) in self._used(scan):
            if at >= first:
                text = _partition_value(parts, at - first, kind)
            elif serde == PARQUET:
                text = _parquet_value(have, name, kind)
            elif serde in JSON:
                text = f"t{at}"
            else:
                text = _text_value(f"t{at}", kind)
            values.append(f"{text} AS c{at}")
        return f"SELECT {', '.join(values) or '1 AS c0'} FROM {reader}"

    def _parquet(self, listed: str, count: int) -> tuple[str, dict[str, tuple[str, str]]]:
        union = ", union_by_name=true" if count > 1 else ""
        reader = f"read_parquet({listed}, hive_partitioning=false{union})"
        try:
            described = self.connection.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()
        except duckdb.Error as error:
            raise TrinoError("HIVE_CANNOT_OPEN_SPLIT", str(error).split("\n")[0]) from error
        return reader, {row[0].lower(): (row[0], row[1]) for row in described}


def _refuse_unread(files: list[File]) -> None:
    for file in files:
        for suffix in _UNREAD:
            if file.path.lower().endswith(suffix):
                raise not_supported(f"Reading {suffix} files of text")


def _null(kind: Type) -> str:
    return f"CAST(NULL AS {duck_name(kind)})"


def _value(text: str, kind: Type) -> str:
    """Write a partition's value as a literal of the column's type."""
    if text == HIVE_NULL:
        return _null(kind)
    if kind.name in ("varchar", "char"):
        return lower.quoted(text)
    return f"CAST({lower.quoted(text)} AS {duck_name(kind)})"


def _partition_value(parts: list[Part], at: int, kind: Type) -> str:
    values = [part.values[at] for part in parts]
    if len(set(values)) == 1:
        return _value(values[0], kind)
    numbered = [_value(part.values[at], kind) for part in parts for _ in part.files]
    return f"list_extract([{', '.join(numbered)}], CAST(file_index AS BIGINT) + 1)"


def _parquet_value(have: dict[str, tuple[str, str]], name: str, kind: Type) -> str:
    found = have.get(name)
    if found is None:
        return _null(kind)
    text = lower.identifier(found[0])
    stored, wanted = found[1], duck_name(kind)
    if kind.name == "row" or any(one.name == "row" for one in kind.inner):
        return f"CAST({text} AS {wanted})" if "STRUCT" not in stored else _by_position(text, kind)
    if kind.name in ("varchar", "char"):
        return (
            conversions.convert(text, varchar(UNBOUNDED), kind)
            if stored == "VARCHAR"
            else (f"CAST({text} AS VARCHAR)")
        )
    return text if stored == wanted else f"CAST({text} AS {wanted})"


def _by_position(text: str, kind: Type) -> str:
    """Give the members of a row the engine's own names, taking them by the catalog's."""
    if kind.name == "array":
        inner = _by_position("lbe", kind.inner[0])
        return text if inner == "lbe" else f"list_transform({text}, lambda lbe: {inner})"
    if kind.name != "row":
        return f"CAST({text} AS {duck_name(kind)})"
    members = ", ".join(
        f'"f{at}" := ' + _by_position(f"struct_extract({text}, {lower.quoted(name)})", one)
        for at, (name, one) in enumerate(zip(kind.fields, kind.inner, strict=True))
    )
    return f"CASE WHEN {text} IS NULL THEN NULL ELSE struct_pack({members}) END"


def _separator(parameters: dict[str, Any], key: str, default: str) -> str:
    given = parameters.get(key)
    if given is None:
        return default
    if given.isdigit() and len(given) <= 3:
        return chr(int(given))
    return given.encode().decode("unicode_escape") if "\\" in given else given


def _csv(listed: str, scan: tree.Scan, shape: Shape, serde: str) -> str:
    descriptor = shape["StorageDescriptor"]
    parameters = member(descriptor["SerdeInfo"], "Parameters")
    table = member(shape, "Parameters")
    skip = table.get("skip.header.line.count") or parameters.get("skip.header.line.count") or "0"
    if serde == OPEN_CSV:
        separator = _separator(parameters, "separatorChar", ",")
        quote = parameters.get("quoteChar", '"')
        escape = parameters.get("escapeChar", "\\")
        escape = quote if escape in ("\\", "\\\\", quote) else escape
        null = ""
    else:
        fallback = _separator(parameters, "serialization.format", "\x01")
        separator = _separator(parameters, "field.delim", fallback)
        quote = escape = ""
        null = parameters.get("serialization.null.format", "\\N")
    columns = ", ".join(f"'t{at}': 'VARCHAR'" for at in range(len(scan.table.columns)))
    nulls = f", nullstr={lower.quoted(null)}" if null else ", nullstr=[]"
    if serde == OPEN_CSV:
        nulls = ", nullstr='\x02'"
    return (
        f"read_csv({listed}, columns={{{columns}}}, delim={lower.quoted(separator)}, header=false, "
        f"skip={int(skip)}, quote={lower.quoted(quote)}, escape={lower.quoted(escape)}{nulls}, "
        "auto_detect=false, null_padding=true, strict_mode=false, hive_partitioning=false)"
    )


def _text_value(text: str, kind: Type) -> str:
    """Read a field as Hive's LazySimpleSerDe: what is no value of the type is NULL."""
    if kind.name == "varchar" and kind.numbers[0] == UNBOUNDED:
        return text
    if kind.name in ("varchar", "char"):
        return conversions.convert(text, varchar(UNBOUNDED), kind)
    if kind.name in ("array", "map", "row"):
        raise not_supported(f"A column of type {kind} in a text table")
    if kind.name == "varbinary":
        return f"from_base64({text})"
    # DuckDB moves a bare TRY_CAST of a column into its CSV reader, where it fails on bad values.
    return f"TRY_CAST(nullif({text}, '') AS {duck_name(kind)})"


def _json(listed: str, scan: tree.Scan) -> str:
    columns = scan.table.columns
    if any(kind.inner for _, kind in columns):
        raise not_supported("A nested column in a JSON table")
    typed = ", ".join(f"{lower.quoted(name)}: '{duck_name(kind)}'" for name, kind in columns)
    renamed = ", ".join(
        f"{lower.identifier(name)} AS t{at}" for at, (name, _) in enumerate(columns)
    )
    reader = (
        f"read_json({listed}, columns={{{typed}}}, format='newline_delimited', "
        "hive_partitioning=false, ignore_errors=false)"
    )
    return f"(SELECT {renamed}, file_index FROM {reader})"
