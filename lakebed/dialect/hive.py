"""Statements that are no query (Hive's DDL, and what holds a query), by recursive descent.

The grammar is that of Athena's pages: https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lakebed.dialect import iceberg
from lakebed.dialect import statements as st
from lakebed.dialect.alter import alter_table
from lakebed.dialect.columns import columns_of
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.reader import Reader
from lakebed.dialect.shows import SHOWS

if TYPE_CHECKING:
    from sqlglot import expressions as exp


def parse(text: str, parse_query: Callable[[str], exp.Expr]) -> st.Statement:
    """Read a statement that is no query; `parse_query` reads the queries inside it."""
    reader = Reader(text, parse_query)
    for words, rule in _RULES:
        if reader.accept(*words):
            statement = rule(reader)
            reader.end()
            return statement
    for verb in _KNOWN:
        if reader.accept(verb):
            second = reader.peek()
            what = f"{verb} {second.text.upper()}" if second.kind == "word" else verb
            raise not_supported(f"The statement {what}", 1, 1)
    raise reader.error("'ALTER', 'CREATE', 'DESCRIBE', 'DROP', 'EXPLAIN', 'SHOW', <query>")


_KNOWN = (
    "ALTER", "ANALYZE", "CALL", "CREATE", "DEALLOCATE", "DELETE", "DESCRIBE", "DROP", "EXECUTE",
    "EXPLAIN", "GRANT", "INSERT", "MERGE", "MSCK", "OPTIMIZE", "PREPARE", "REVOKE", "SET", "SHOW",
    "TRUNCATE", "UNLOAD", "UPDATE", "USE", "VACUUM", "REFRESH", "COMMENT", "ROLLBACK", "START",
)  # fmt: skip


def _create_database(reader: Reader) -> st.Statement:
    absent = reader.accept("IF", "NOT", "EXISTS")
    name = reader.identifier()
    comment = reader.string() if reader.accept("COMMENT") else None
    location = reader.string() if reader.accept("LOCATION") else None
    properties = reader.properties() if reader.accept("WITH", "DBPROPERTIES") else {}
    return st.CreateDatabase(name, absent, comment, location, properties)


def _alter_database(reader: Reader) -> st.Statement:
    name = reader.identifier()
    reader.expect("SET", "DBPROPERTIES")
    return st.AlterDatabase(name, reader.properties())


def _drop_database(reader: Reader) -> st.Statement:
    exists = reader.accept("IF", "EXISTS")
    name = reader.identifier()
    cascade = reader.accept("CASCADE")
    if not cascade:
        reader.accept("RESTRICT")
    return st.DropDatabase(name, exists, cascade)


def _drop_table(reader: Reader) -> st.Statement:
    exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    reader.accept("PURGE")
    return st.DropTable(name, exists)


def _drop_view(reader: Reader) -> st.Statement:
    exists = reader.accept("IF", "EXISTS")
    return st.DropView(reader.name(), exists)


def _create_view(reader: Reader) -> st.Statement:
    return _view(reader, or_replace=False)


def _create_or_replace_view(reader: Reader) -> st.Statement:
    return _view(reader, or_replace=True)


def _view(reader: Reader, *, or_replace: bool) -> st.Statement:
    name = reader.name()
    comment = reader.string() if reader.accept("COMMENT") else None
    reader.expect("AS")
    text = reader.text[reader.peek().at :].strip()
    return st.CreateView(name, or_replace, reader.query(), text, comment)


def _insert(reader: Reader) -> st.Statement:
    name = reader.name()
    start = reader.at
    columns: tuple[str, ...] = ()
    if reader.peek().text == "(":
        # A query may begin with a parenthesis, too.
        try:
            columns = reader.names()
        except TrinoError:
            reader.at = start
    return st.Insert(name, columns, reader.query())


def _unload(reader: Reader) -> st.Statement:
    query = reader.query_in_parentheses()
    reader.expect("TO")
    location = reader.string()
    properties = _with_properties(reader) if reader.accept("WITH") else {}
    return st.Unload(query, location, properties)


def _prepare(reader: Reader) -> st.Statement:
    name = reader.identifier()
    reader.expect("FROM")
    return st.Prepare(name, reader.rest())


def _execute(reader: Reader) -> st.Statement:
    name = reader.identifier()
    if not reader.accept("USING"):
        return st.Execute(name)
    parameters: list[str] = []
    start, depth = reader.peek().at, 0
    while reader.peek().kind != "end":
        token = reader.peek()
        depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
        if token.text == "," and not depth:
            parameters.append(reader.text[start : token.at].strip())
            start = token.at + 1
        reader.at += 1
    parameters.append(reader.text[start:].strip())
    if not all(parameters):
        raise reader.error("<expression>")
    return st.Execute(name, tuple(parameters))


def _create_external(reader: Reader) -> st.Statement:
    absent = reader.accept("IF", "NOT", "EXISTS")
    name = reader.name()
    columns = columns_of(reader) if reader.peek().text == "(" else ()
    clauses: dict[str, object] = {}
    while reader.peek().kind != "end":
        for words, rule in _CLAUSES:
            if reader.accept(*words):
                clauses.update(rule(reader))
                break
        else:
            raise reader.error("'LOCATION', 'PARTITIONED', 'ROW', 'STORED', 'TBLPROPERTIES'")
    found = st.CreateTable(name, columns, absent, **clauses)  # type: ignore[arg-type]
    if found.properties.get("table_type", "").upper() == "ICEBERG":
        message = "External keyword not supported for table type ICEBERG"
        raise TrinoError("INVALID_TABLE_PROPERTY", message)
    return found


def _create_table(reader: Reader) -> st.Statement:
    absent = reader.accept("IF", "NOT", "EXISTS")
    name = reader.name()
    comment = reader.string() if reader.accept("COMMENT") else None
    if reader.peek().text == "(":
        return iceberg.create_table(reader, name, absent, comment)
    properties = _with_properties(reader) if reader.accept("WITH") else {}
    reader.expect("AS")
    tail = [token.text.upper() for token in reader.tokens[-3:]]
    with_data = tail != ["WITH", "NO", "DATA"]
    dropped = 3 if not with_data else 2 if tail[-2:] == ["WITH", "DATA"] else 0
    if dropped:
        reader.cut(dropped)
    return st.CreateTableAs(name, absent, properties, reader.query(), with_data, comment)


def _with_properties(reader: Reader) -> dict[str, str | tuple[str, ...]]:
    reader.expect("(")
    found: dict[str, str | tuple[str, ...]] = {}
    while not reader.accept(")"):
        key = reader.identifier()
        reader.expect("=")
        found[key] = _property_value(reader)
        if not reader.accept(","):
            reader.expect(")")
            break
    return found


def _property_value(reader: Reader) -> str | tuple[str, ...]:
    if reader.accept("ARRAY", "["):
        items: list[str] = []
        while not reader.accept("]"):
            items.append(reader.string())
            reader.accept(",")
        return tuple(items)
    token = reader.peek()
    if token.kind == "string":
        # A property of CREATE TABLE AS is a Trino literal: a backslash means itself, except in
        # the separators, which Athena reads as Hive does.
        reader.at += 1
        return token.text[1:-1].replace("''", "'")
    return reader.identifier()


def _row_format(reader: Reader) -> dict[str, object]:
    if reader.accept("SERDE"):
        serde = reader.string()
        given = reader.properties() if reader.accept("WITH", "SERDEPROPERTIES") else {}
        return {"serde": serde, "serde_properties": given}
    reader.expect("DELIMITED")
    keys = {
        ("FIELDS", "TERMINATED", "BY"): "field.delim",
        ("COLLECTION", "ITEMS", "TERMINATED", "BY"): "collection.delim",
        ("MAP", "KEYS", "TERMINATED", "BY"): "mapkey.delim",
        ("LINES", "TERMINATED", "BY"): "line.delim",
        ("ESCAPED", "BY"): "escape.delim",
        ("NULL", "DEFINED", "AS"): "serialization.null.format",
    }
    found: dict[str, str] = {}
    while True:
        reader.accept("DELIMITED")  # Athena's page says it again before each group of clauses
        key = next((key for words, key in keys.items() if reader.accept(*words)), None)
        if key is None:
            break
        found[key] = reader.string()
    found["serialization.format"] = found.get("field.delim", "1")
    return {"serde_properties": found}


def _stored(reader: Reader) -> dict[str, object]:
    if reader.accept("INPUTFORMAT"):
        given = reader.string()
        reader.expect("OUTPUTFORMAT")
        return {"input_format": given, "output_format": reader.string()}
    return {"stored_as": reader.identifier().upper()}


def _clustered(reader: Reader) -> dict[str, object]:
    columns = reader.names()
    if reader.accept("SORTED", "BY"):
        raise not_supported("SORTED BY", 1, 1)
    reader.expect("INTO")
    count = reader.number()
    reader.expect("BUCKETS")
    return {"buckets": st.Buckets(columns, count)}


_CLAUSES: tuple[tuple[tuple[str, ...], Callable[[Reader], dict[str, object]]], ...] = (
    (("COMMENT",), lambda reader: {"comment": reader.string()}),
    (("PARTITIONED", "BY"), lambda reader: {"partitions": columns_of(reader)}),
    (("CLUSTERED", "BY"), _clustered),
    (("ROW", "FORMAT"), _row_format),
    (("WITH", "SERDEPROPERTIES"), lambda reader: {"serde_properties": reader.properties()}),
    (("STORED", "AS"), _stored),
    (("LOCATION",), lambda reader: {"location": reader.string()}),
    (("TBLPROPERTIES",), lambda reader: {"properties": reader.properties()}),
)

_RULES: tuple[tuple[tuple[str, ...], Callable[[Reader], st.Statement]], ...] = (
    (("CREATE", "DATABASE"), _create_database),
    (("CREATE", "SCHEMA"), _create_database),
    (("CREATE", "EXTERNAL", "TABLE"), _create_external),
    (("CREATE", "TABLE"), _create_table),
    (("CREATE", "VIEW"), _create_view),
    (("CREATE", "OR", "REPLACE", "VIEW"), _create_or_replace_view),
    (("ALTER", "DATABASE"), _alter_database),
    (("ALTER", "SCHEMA"), _alter_database),
    (("ALTER", "TABLE"), alter_table),
    (("DROP", "DATABASE"), _drop_database),
    (("DROP", "SCHEMA"), _drop_database),
    (("DROP", "TABLE"), _drop_table),
    (("DROP", "VIEW"), _drop_view),
    (("INSERT", "INTO"), _insert),
    (("UNLOAD",), _unload),
    (("OPTIMIZE",), iceberg.optimize),
    (("VACUUM",), iceberg.vacuum),
    (("PREPARE",), _prepare),
    (("EXECUTE",), _execute),
    (("DEALLOCATE", "PREPARE"), lambda reader: st.Deallocate(reader.identifier())),
    (("MSCK", "REPAIR", "TABLE"), lambda reader: st.RepairTable(reader.name())),
    *SHOWS,
)
