"""SHOW and DESCRIBE."""

from __future__ import annotations

from collections.abc import Callable

from lakebed.dialect import statements as st
from lakebed.dialect.columns import partition_of
from lakebed.dialect.reader import Reader


def _pattern(reader: Reader) -> str | None:
    reader.accept("LIKE")
    return reader.string() if reader.peek().kind == "string" else None


def _database(reader: Reader) -> str | None:
    return reader.identifier() if reader.accept("IN") or reader.accept("FROM") else None


def _show_tables(reader: Reader) -> st.Statement:
    database = _database(reader)
    return st.ShowTables(database, _pattern(reader))


def _show_views(reader: Reader) -> st.Statement:
    database = _database(reader)
    return st.ShowViews(database, _pattern(reader))


def _show_columns(reader: Reader) -> st.Statement:
    if not (reader.accept("IN") or reader.accept("FROM")):
        raise reader.error("'FROM', 'IN'")
    name = reader.name()
    if reader.accept("IN") or reader.accept("FROM"):
        name = st.Name(name.table, reader.identifier())
    return st.ShowColumns(name)


def _show_properties(reader: Reader) -> st.Statement:
    name = reader.name()
    key = None
    if reader.accept("("):
        key = reader.string()
        reader.expect(")")
    return st.ShowTableProperties(name, key)


def _describe(reader: Reader) -> st.Statement:
    style = next((one for one in ("EXTENDED", "FORMATTED") if reader.accept(one)), "")
    name = reader.name()
    partition = partition_of(reader) if reader.peek().text.upper() == "PARTITION" else None
    path: list[str] = []
    while reader.peek().kind != "end":
        reader.accept(".")
        path.append(reader.string() if reader.peek().kind == "string" else reader.identifier())
    return st.Describe(name, style, partition, tuple(path))


SHOWS: tuple[tuple[tuple[str, ...], Callable[[Reader], st.Statement]], ...] = (
    (("SHOW", "DATABASES"), lambda reader: st.ShowDatabases(_pattern(reader))),
    (("SHOW", "SCHEMAS"), lambda reader: st.ShowDatabases(_pattern(reader))),
    (("SHOW", "TABLES"), _show_tables),
    (("SHOW", "VIEWS"), _show_views),
    (("SHOW", "COLUMNS"), _show_columns),
    (("SHOW", "PARTITIONS"), lambda reader: st.ShowPartitions(reader.name())),
    (("SHOW", "CREATE", "TABLE"), lambda reader: st.ShowCreateTable(reader.name())),
    (("SHOW", "CREATE", "VIEW"), lambda reader: st.ShowCreateView(reader.name())),
    (("SHOW", "TBLPROPERTIES"), _show_properties),
    (("DESCRIBE",), _describe),
    (("DESC",), _describe),
)
"""The words each statement begins with, and how the rest is read."""
