"""Hive's statements (DDL, SHOW, MSCK, ALTER … PARTITION) by recursive descent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError, not_supported

_TOKEN = re.compile(
    r"\s+|(?P<string>'(?:[^'\\]|''|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<quoted>`[^`]*`)"
    r"|(?P<word>[A-Za-z_0-9$][\w$-]*)|(?P<sign>[(),.=<>:;{}\[\]?*!@#%^&+|/-]|.)",
    re.S,
)
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "0": "\0", "b": "\b", "Z": "\x1a"}


class Token(NamedTuple):
    """A token: its kind, its text as written, where it starts."""

    kind: str
    text: str
    at: int


def unescaped(text: str) -> str:
    """Return the value of a Hive string literal written without its quotes."""

    def value(match: re.Match[str]) -> str:
        found = match.group(0)
        if found == "''":
            return "'"
        if found[1] == "u":
            return chr(int(found[2:], 16))
        if found[1].isdigit() and len(found) == 4:
            return chr(int(found[1:], 8))
        return _ESCAPES.get(found[1], found[1] if found[1] not in "%_" else found)

    return re.sub(r"\\u[0-9a-fA-F]{4}|\\[0-7]{3}|\\.|''", value, text, flags=re.S)


class Reader:
    """The tokens of a statement, read one at a time."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [
            Token(str(match.lastgroup), match.group(0), match.start())
            for match in _TOKEN.finditer(text)
            if match.lastgroup
        ]
        self.at = 0

    def peek(self, ahead: int = 0) -> Token:
        """Return a token without taking it."""
        if self.at + ahead < len(self.tokens):
            return self.tokens[self.at + ahead]
        return Token("end", "<EOF>", len(self.text))

    def accept(self, *words: str) -> bool:
        """Take the words if they come next."""
        for ahead, word in enumerate(words):
            token = self.peek(ahead)
            if token.kind == "string" or token.text.upper() != word:
                return False
        self.at += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Take the words, which must come next."""
        for word in words:
            if not self.accept(word):
                raise self.error(f"'{word}'")

    def error(self, expected: str = "<identifier>") -> TrinoError:
        """Return the syntax error at the next token."""
        token = self.peek()
        before = self.text[: token.at]
        line = before.count("\n") + 1
        column = token.at - (before.rfind("\n") + 1) + 1
        message = f"mismatched input '{token.text}'. Expecting: {expected}"
        return TrinoError("SYNTAX_ERROR", message, line, column)

    def identifier(self) -> str:
        """Take a name, quoted or not, in lower case as the catalog keeps it."""
        token = self.peek()
        if token.kind == "word" or token.text.startswith(("`", '"')):
            self.at += 1
            return token.text.strip('`"').lower()
        raise self.error()

    def string(self) -> str:
        """Take a string literal."""
        token = self.peek()
        if token.kind != "string":
            raise self.error("<string>")
        self.at += 1
        return unescaped(token.text[1:-1])

    def name(self) -> st.Name:
        """Take a table's name."""
        first = self.identifier()
        if not self.accept("."):
            return st.Name(first)
        second = self.identifier()
        if self.accept("."):
            return st.Name(self.identifier(), second)
        return st.Name(second, first)

    def end(self) -> None:
        """Check that nothing is left."""
        if self.peek().kind != "end":
            raise self.error("<EOF>")


def parse(text: str) -> tuple[st.Statement, int]:
    """Read a statement that is no query; with CREATE TABLE AS, also where its query starts."""
    reader = Reader(text)
    for words, rule in _RULES:
        if reader.accept(*words):
            return rule(reader)
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


def _whole(statement: st.Statement, reader: Reader) -> tuple[st.Statement, int]:
    reader.end()
    return statement, 0


def _create_database(reader: Reader) -> tuple[st.Statement, int]:
    absent = reader.accept("IF", "NOT", "EXISTS")
    name = reader.identifier()
    comment = reader.string() if reader.accept("COMMENT") else None
    location = reader.string() if reader.accept("LOCATION") else None
    properties = _properties(reader) if reader.accept("WITH", "DBPROPERTIES") else {}
    return _whole(st.CreateDatabase(name, absent, comment, location, properties), reader)


def _drop_database(reader: Reader) -> tuple[st.Statement, int]:
    exists = reader.accept("IF", "EXISTS")
    name = reader.identifier()
    cascade = reader.accept("CASCADE")
    if not cascade:
        reader.accept("RESTRICT")
    return _whole(st.DropDatabase(name, exists, cascade), reader)


def _drop_table(reader: Reader) -> tuple[st.Statement, int]:
    exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    reader.accept("PURGE")
    return _whole(st.DropTable(name, exists), reader)


def _properties(reader: Reader) -> dict[str, str]:
    reader.expect("(")
    found: dict[str, str] = {}
    while not reader.accept(")"):
        key = reader.string()
        reader.expect("=")
        found[key] = reader.string()
        if not reader.accept(","):
            reader.expect(")")
            break
    return found


def _create_external(reader: Reader) -> tuple[st.Statement, int]:
    absent = reader.accept("IF", "NOT", "EXISTS")
    name = reader.name()
    columns = _columns(reader)
    clauses: dict[str, object] = {}
    while reader.peek().kind != "end":
        for words, rule in _CLAUSES:
            if reader.accept(*words):
                clauses.update(rule(reader))
                break
        else:
            raise reader.error("'LOCATION', 'PARTITIONED', 'ROW', 'STORED', 'TBLPROPERTIES'")
    return st.CreateTable(name, columns, absent, **clauses), 0  # type: ignore[arg-type]


def _create_table(reader: Reader) -> tuple[st.Statement, int]:
    start = reader.at
    absent = reader.accept("IF", "NOT", "EXISTS")
    name = reader.name()
    comment = reader.string() if reader.accept("COMMENT") else None
    if reader.peek().text == "(":
        reader.at = start
        raise not_supported("CREATE TABLE without EXTERNAL (Iceberg)", 1, 1)
    properties = _with_properties(reader) if reader.accept("WITH") else {}
    reader.expect("AS")
    query_from = reader.peek().at
    statement = st.CreateTableAs(name, absent, properties, True, comment)
    tail = [token.text.upper() for token in reader.tokens[-3:]]
    if tail[-2:] == ["WITH", "DATA"] or tail == ["WITH", "NO", "DATA"]:
        raise not_supported("CREATE TABLE AS … WITH [NO] DATA", 1, 1)
    return statement, query_from


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


def _columns(reader: Reader) -> tuple[st.ColumnDefinition, ...]:
    reader.expect("(")
    found: list[st.ColumnDefinition] = []
    while True:
        name = reader.identifier()
        kind = _type_text(reader)
        comment = reader.string() if reader.accept("COMMENT") else None
        found.append(st.ColumnDefinition(name, kind, comment))
        if not reader.accept(","):
            break
    reader.expect(")")
    return tuple(found)


def _type_text(reader: Reader) -> str:
    parts: list[str] = []
    depth = 0
    while True:
        token = reader.peek()
        if depth == 0 and (token.text in ",)" or token.text.upper() == "COMMENT"):
            break
        if token.kind == "end" or token.kind == "string":
            raise reader.error("<type>")
        depth += (token.text in "<(") - (token.text in ">)")
        parts.append(token.text.strip("`").lower())
        reader.at += 1
    if not parts:
        raise reader.error("<type>")
    return "".join(parts)


def _row_format(reader: Reader) -> dict[str, object]:
    if reader.accept("SERDE"):
        serde = reader.string()
        given = _properties(reader) if reader.accept("WITH", "SERDEPROPERTIES") else {}
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


_CLAUSES: tuple[tuple[tuple[str, ...], Callable[[Reader], dict[str, object]]], ...] = (
    (("COMMENT",), lambda reader: {"comment": reader.string()}),
    (("PARTITIONED", "BY"), lambda reader: {"partitions": _columns(reader)}),
    (("ROW", "FORMAT"), _row_format),
    (("WITH", "SERDEPROPERTIES"), lambda reader: {"serde_properties": _properties(reader)}),
    (("STORED", "AS"), _stored),
    (("LOCATION",), lambda reader: {"location": reader.string()}),
    (("TBLPROPERTIES",), lambda reader: {"properties": _properties(reader)}),
)


def _pattern(reader: Reader) -> str | None:
    reader.accept("LIKE")
    return reader.string() if reader.peek().kind == "string" else None


def _show_tables(reader: Reader) -> tuple[st.Statement, int]:
    database = reader.identifier() if reader.accept("IN") or reader.accept("FROM") else None
    return _whole(st.ShowTables(database, _pattern(reader)), reader)


def _show_columns(reader: Reader) -> tuple[st.Statement, int]:
    if not (reader.accept("IN") or reader.accept("FROM")):
        raise reader.error("'FROM', 'IN'")
    name = reader.name()
    if reader.accept("IN") or reader.accept("FROM"):
        name = st.Name(name.table, reader.identifier())
    return _whole(st.ShowColumns(name), reader)


def _show_properties(reader: Reader) -> tuple[st.Statement, int]:
    name = reader.name()
    key = None
    if reader.accept("("):
        key = reader.string()
        reader.expect(")")
    return _whole(st.ShowTableProperties(name, key), reader)


def _describe(reader: Reader) -> tuple[st.Statement, int]:
    extended = reader.accept("EXTENDED") or reader.accept("FORMATTED")
    return _whole(st.Describe(reader.name(), extended), reader)


def _partition_values(reader: Reader) -> dict[str, str]:
    reader.expect("PARTITION", "(")
    found: dict[str, str] = {}
    while True:
        key = reader.identifier()
        reader.expect("=")
        if reader.peek().kind == "string":
            found[key] = reader.string()
        else:
            sign = "-" if reader.accept("-") else ""
            found[key] = sign + reader.identifier()
        if not reader.accept(","):
            break
    reader.expect(")")
    return found


def _alter_table(reader: Reader) -> tuple[st.Statement, int]:
    name = reader.name()
    if reader.accept("ADD"):
        absent = reader.accept("IF", "NOT", "EXISTS")
        if reader.peek().text.upper() != "PARTITION":
            raise not_supported("ALTER TABLE ADD COLUMNS", 1, 1)
        added: list[tuple[dict[str, str], str | None]] = []
        while reader.peek().kind != "end":
            values = _partition_values(reader)
            added.append((values, reader.string() if reader.accept("LOCATION") else None))
        return st.AddPartitions(name, absent, tuple(added)), 0
    if reader.accept("DROP"):
        exists = reader.accept("IF", "EXISTS")
        dropped = [_partition_values(reader)]
        while reader.accept(","):
            dropped.append(_partition_values(reader))
        return _whole(st.DropPartitions(name, exists, tuple(dropped)), reader)
    raise not_supported(f"ALTER TABLE {reader.peek().text.upper()}", 1, 1)


_RULES: tuple[tuple[tuple[str, ...], Callable[[Reader], tuple[st.Statement, int]]], ...] = (
    (("CREATE", "DATABASE"), _create_database),
    (("CREATE", "SCHEMA"), _create_database),
    (("CREATE", "EXTERNAL", "TABLE"), _create_external),
    (("CREATE", "TABLE"), _create_table),
    (("DROP", "DATABASE"), _drop_database),
    (("DROP", "SCHEMA"), _drop_database),
    (("DROP", "TABLE"), _drop_table),
    (("SHOW", "DATABASES"), lambda reader: _whole(st.ShowDatabases(_pattern(reader)), reader)),
    (("SHOW", "SCHEMAS"), lambda reader: _whole(st.ShowDatabases(_pattern(reader)), reader)),
    (("SHOW", "TABLES"), _show_tables),
    (("SHOW", "COLUMNS"), _show_columns),
    (("SHOW", "PARTITIONS"), lambda reader: _whole(st.ShowPartitions(reader.name()), reader)),
    (
        ("SHOW", "CREATE", "TABLE"),
        lambda reader: _whole(st.ShowCreateTable(reader.name()), reader),
    ),
    (("SHOW", "TBLPROPERTIES"), _show_properties),
    (("DESCRIBE",), _describe),
    (("DESC",), _describe),
    (("MSCK", "REPAIR", "TABLE"), lambda reader: _whole(st.RepairTable(reader.name()), reader)),
    (("ALTER", "TABLE"), _alter_table),
)
