"""MySQL and MariaDB, by PyMySQL.

Types are those that MySQL's JDBC driver tells of its columns, as the Data Catalog spells them; AWS
does not document what crawlers do with rarer ones, which become strings here.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# PyMySQL leaves the types of rows open.

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pymysql
from pymysql.constants import CLIENT

from lakebed.core.limits import JDBC_STATEMENT_SECONDS
from lakebed.engines.jdbc import (
    DatabaseColumn,
    DatabaseTable,
    Endpoint,
    JdbcError,
    Login,
    matcher,
)
from lakebed.engines.jdbc.tls import enforced

_PLAIN = {
    "tinyint": "tinyint", "smallint": "smallint", "mediumint": "int", "int": "int",
    "bigint": "bigint", "float": "float", "double": "double", "date": "date",
    "datetime": "timestamp", "timestamp": "timestamp", "year": "date",
    "binary": "binary", "varbinary": "binary", "tinyblob": "binary", "blob": "binary",
    "mediumblob": "binary", "longblob": "binary", "geometry": "binary",
}  # fmt: skip
_UNSIGNED = {
    "tinyint": "smallint", "smallint": "int", "mediumint": "int", "int": "bigint",
    "bigint": "decimal(20,0)", "float": "double",
}  # fmt: skip
_TYPE = re.compile(r"([a-z]+)(?:\(([^)]*)\))?(.*)", re.DOTALL)
_DIGITS_MAX = 38
_SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")

_TABLES = """
SELECT t.TABLE_NAME, t.TABLE_TYPE, t.TABLE_COMMENT, c.COLUMN_NAME, c.COLUMN_TYPE,
       c.COLUMN_COMMENT, c.IS_NULLABLE, coalesce(k.ORDINAL_POSITION, 0)
FROM information_schema.TABLES t
JOIN information_schema.COLUMNS c
  ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME
LEFT JOIN information_schema.KEY_COLUMN_USAGE k
  ON k.TABLE_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME
 AND k.COLUMN_NAME = c.COLUMN_NAME AND k.CONSTRAINT_NAME = 'PRIMARY'
WHERE t.TABLE_SCHEMA = %s
ORDER BY t.TABLE_NAME, c.ORDINAL_POSITION
"""
"""The server shows only what the user may read."""


def connect(where: Endpoint, login: Login) -> MysqlDatabase:
    """Connect; blocks for the login's `connect_seconds` at most."""
    connection: Any = pymysql.connections.Connection
    try:
        opened = connection(
            host=where.host, port=where.port, user=login.user, password=login.password,
            database=where.database or None, connect_timeout=login.connect_seconds,
            read_timeout=JDBC_STATEMENT_SECONDS, write_timeout=JDBC_STATEMENT_SECONDS,
            charset="utf8mb4", local_infile=False, client_flag=CLIENT.MULTI_RESULTS,
            ssl=enforced(login) if login.enforces_tls else None,
        )  # fmt: skip
    except (pymysql.MySQLError, OSError, RuntimeError) as error:
        raise JdbcError(_said(error)) from error
    return MysqlDatabase(opened, where.database)


def _said(error: Exception) -> str:
    """Return what the server said; what the driver could not reach, in its own words."""
    return str(error.args[1]) if len(error.args) > 1 else str(error)


class MysqlDatabase:
    """A connection to a database of a MySQL or MariaDB server."""

    def __init__(self, connection: Any, database: str) -> None:
        self._connection, self._database = connection, database

    def tables(self, schema: str, table: str) -> Iterator[DatabaseTable]:
        """Yield the tables the user may read, views among them; there are no schemas."""
        if schema or self._database.lower() in _SYSTEM:
            return
        names = matcher(table)
        try:
            with self._connection.cursor() as cursor:
                cursor.execute("SET SESSION TRANSACTION READ ONLY")
                cursor.execute(_TABLES, (self._database,))
                rows: Sequence[Sequence[Any]] = cursor.fetchall()
        except (pymysql.MySQLError, OSError) as error:
            raise JdbcError(_said(error)) from error
        for name, of in itertools.groupby(rows, lambda row: str(row[0])):
            if names.fullmatch(name):
                yield self._table(name, list(of))

    def _table(self, name: str, rows: Sequence[Sequence[Any]]) -> DatabaseTable:
        columns = tuple(
            DatabaseColumn(
                str(row[3]), glue_type(str(row[4])), str(row[4]), str(row[5] or ""),
                row[6] == "YES", int(row[7]),
            )
            for row in rows
        )  # fmt: skip
        is_view = rows[0][1] == "VIEW"
        # The server says so of every view, where a comment would be.
        comment = "" if is_view else str(rows[0][2] or "")
        return DatabaseTable(self._database, "", name, columns, comment, is_view)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def glue_type(column_type: str) -> str:
    """Spell a type of MySQL (`int(10) unsigned`) as the Data Catalog does."""
    match = _TYPE.fullmatch(column_type.lower().strip())
    assert match is not None
    name, numbers, more = match.group(1), match.group(2) or "", match.group(3)
    if (name, numbers) in (("tinyint", "1"), ("bit", "1")):
        return "boolean"
    if name == "bit":
        return "binary"
    if name in ("decimal", "numeric"):
        digits, _, scale = numbers.replace(" ", "").partition(",")
        return f"decimal({min(int(digits or 10), _DIGITS_MAX)},{int(scale or 0)})"
    if "unsigned" in more and name in _UNSIGNED:
        return _UNSIGNED[name]
    return _PLAIN.get(name, "string")
