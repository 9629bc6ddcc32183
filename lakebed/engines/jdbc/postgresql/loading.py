"""Loads rows into a table by PostgreSQL's own COPY, in one transaction."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# pg8000 leaves the types of rows open.

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from pg8000 import native

from lakebed.core.limits import JDBC_STATEMENT_SECONDS
from lakebed.engines.delivery.copy_rows import Field, RowError, Target, rows
from lakebed.engines.jdbc.loading import Load, LoadError, quoted

_COLUMNS = """
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), t.typcategory::text
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE c.oid = CAST(CAST(:name AS text) AS regclass)
ORDER BY a.attnum
"""
_LENGTH = re.compile(r"character(?: varying)?\((\d+)\)")
_CODES = {
    "28P01": "AuthenticationFailed", "28000": "AuthenticationFailed", "3D000": "DatabaseNotFound",
    "42P01": "TableNotFound", "3F000": "TableNotFound", "42602": "TableNotFound",
    "42703": "ColumnNotFound", "42501": "AccessDenied",
}  # fmt: skip
"""Redshift's names of errors in Firehose's log, by PostgreSQL's states.

https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-logs.html
"""
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def load(job: Load) -> int:
    """Load a file's rows and return how many they are."""
    try:
        connection = _connected(job)
    except (native.DatabaseError, native.InterfaceError, OSError, struct.error) as error:
        raise _failed(error, "ConnectionFailed") from error
    try:
        return _loaded(connection, job)
    except RowError as error:
        raise LoadError("DataLoadFailed", str(error)) from error
    except (native.DatabaseError, native.InterfaceError, OSError, struct.error) as error:
        raise _failed(error, "DataLoadFailed") from error
    finally:
        connection.close()


def _connected(job: Load) -> native.Connection:
    where, login = job.where, job.login
    return native.Connection(
        login.user, host=where.host, port=where.port, password=login.password,
        database=where.database, timeout=login.connect_seconds, application_name="lakebed",
    )  # fmt: skip


def _failed(error: Exception, otherwise: str) -> LoadError:
    said: Any = error.args[0] if error.args else ""
    if isinstance(said, dict):
        return LoadError(_CODES.get(str(said.get("C")), otherwise), str(said.get("M")))
    return LoadError(otherwise, str(error))


def _loaded(connection: native.Connection, job: Load) -> int:
    connection.run("BEGIN")
    connection.run(f"SET LOCAL statement_timeout = '{JDBC_STATEMENT_SECONDS}s'")
    described: Sequence[Sequence[Any]] = connection.run(_COLUMNS, name=job.table) or ()
    if not described:
        raise LoadError("TableNotFound", f'relation "{job.table}" has no columns')
    targets = _targets(described, job.columns)
    names = ", ".join(quoted([one.name]) for one in targets)
    statement = f"COPY {quoted(described[0][:2])} ({names}) FROM STDIN"
    # Made before COPY begins: a file that cannot be read changes nothing.
    lines = list(_lines(rows(job.data, job.options, targets)))
    connection.run(statement, stream=iter(lines))
    connection.run("COMMIT")
    return len(lines)


def _targets(described: Sequence[Sequence[Any]], asked: Sequence[str]) -> list[Target]:
    known = {str(row[2]): _target(*row[2:]) for row in described}
    for name in asked:
        if name not in known:
            raise LoadError("ColumnNotFound", f'column "{name}" does not exist')
    return [known[name] for name in asked] if asked else list(known.values())


def _target(name: str, kind: str, category: str) -> Target:
    if category == "S":
        match = _LENGTH.fullmatch(kind)
        return Target(name, "text", int(match[1]) if match else 0)
    if kind == "date":
        return Target(name, "date")
    return Target(name, "time" if kind.startswith("timestamp") else "other")


def _lines(found: Iterator[list[Field]]) -> Iterator[bytes]:
    for row in found:
        texts = ["\\N" if one is None else one.translate(_ESCAPED) for one in row]
        yield ("\t".join(texts) + "\n").encode()
