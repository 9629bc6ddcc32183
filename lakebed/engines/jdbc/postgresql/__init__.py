"""PostgreSQL, by pg8000.

Types are those that Spark's dialect of PostgreSQL makes, as far as the Data Catalog has them: AWS
does not document what crawlers do with rarer ones, which become strings here.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# pg8000 leaves the types of rows open.

from __future__ import annotations

import itertools
import re
import ssl
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from pg8000 import native

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
    "smallint": "smallint", "integer": "int", "bigint": "bigint", "real": "float",
    "double precision": "double", "boolean": "boolean", "date": "date", "bytea": "binary",
    "oid": "bigint", "money": "double",
}  # fmt: skip
_NUMERIC = re.compile(r"numeric\((\d+),(-?\d+)\)")
_UNBOUNDED = "decimal(38,18)"
"""A numeric without precision, as Spark reads it."""
_DIGITS_MAX = 38

_TABLES = """
SELECT n.nspname, c.relname, c.relkind::text, obj_description(c.oid, 'pg_class'),
       a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum),
       NOT a.attnotnull, coalesce(array_position(i.indkey::int2[], a.attnum), -1)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_t%'
  AND has_schema_privilege(n.oid, 'USAGE')
  AND has_column_privilege(c.oid, a.attnum, 'SELECT')
ORDER BY n.nspname, c.relname, a.attnum
"""


def connect(where: Endpoint, login: Login) -> PostgresDatabase:
    """Connect; blocks for the login's `connect_seconds` at most."""
    context: Any = enforced(login) if login.enforces_tls else None
    try:
        return PostgresDatabase(
            native.Connection(
                login.user, host=where.host, port=where.port, password=login.password,
                database=where.database or login.user, timeout=login.connect_seconds,
                ssl_context=context, application_name="lakebed",
            ),
            where.database or login.user,
        )  # fmt: skip
    except (native.DatabaseError, native.InterfaceError, OSError, struct.error) as error:
        raise JdbcError(_said(error)) from error


def _said(error: Exception) -> str:
    """Return what the server said, as PostgreSQL's JDBC driver shows it."""
    first: Any = error.args[0] if error.args else ""
    if isinstance(first, dict):
        return f"{first.get('S', 'FATAL')}: {first.get('M', '')}"
    if isinstance(error, ssl.SSLError):
        return f"SSL error: {error.reason or error}"
    return f"The connection attempt failed. {error}".strip()


class PostgresDatabase:
    """A connection to a PostgreSQL database."""

    def __init__(self, connection: native.Connection, database: str) -> None:
        self._connection, self._database = connection, database

    def tables(self, schema: str, table: str) -> Iterator[DatabaseTable]:
        """Yield the tables the user may read, partitions and views among them."""
        schemas, names = matcher(schema), matcher(table)
        try:
            self._connection.run("SET default_transaction_read_only = on")
            self._connection.run(f"SET statement_timeout = '{JDBC_STATEMENT_SECONDS}s'")
            rows: Sequence[Sequence[Any]] = self._connection.run(_TABLES) or ()
        except (native.DatabaseError, native.InterfaceError, OSError) as error:
            raise JdbcError(_said(error)) from error
        for (inner, name), of in itertools.groupby(rows, lambda row: (str(row[0]), str(row[1]))):
            if schemas.fullmatch(inner) and names.fullmatch(name):
                yield self._table(inner, name, list(of))

    def _table(self, schema: str, name: str, rows: Sequence[Sequence[Any]]) -> DatabaseTable:
        columns = tuple(
            DatabaseColumn(
                str(row[4]), glue_type(str(row[5])), str(row[5]), str(row[6] or ""),
                bool(row[7]), int(row[8]) + 1,
            )
            for row in rows
        )  # fmt: skip
        comment, is_view = str(rows[0][3] or ""), rows[0][2] in ("v", "m")
        return DatabaseTable(self._database, schema, name, columns, comment, is_view)

    def close(self) -> None:
        """End the connection."""
        try:
            self._connection.close()
        except (native.InterfaceError, OSError):
            # It is gone already, which is what was wanted.
            return


def glue_type(native_type: str) -> str:
    """Spell a type of PostgreSQL as the Data Catalog does."""
    if native_type.endswith("[]"):
        return f"array<{glue_type(native_type[:-2])}>"
    if native_type in _PLAIN:
        return _PLAIN[native_type]
    if native_type.startswith("timestamp"):
        return "timestamp"
    if native_type == "numeric":
        return _UNBOUNDED
    match = _NUMERIC.fullmatch(native_type)
    if match is None:
        return "string"
    digits, scale = int(match.group(1)), int(match.group(2))
    if digits > _DIGITS_MAX or not 0 <= scale <= digits:
        return _UNBOUNDED
    return f"decimal({digits},{scale})"
