"""The tables of a database, asked for by a child process: whoever waits can always stop waiting.

A thread that waits for a server which does not answer would hold up the end of the process.
"""

from __future__ import annotations

import asyncio

import msgspec

from lakebed.core.limits import JDBC_STATEMENT_SECONDS, MIB
from lakebed.engines.child import Bounds, ChildError, ask
from lakebed.engines.jdbc import DatabaseTable, Endpoint, JdbcError, Login, connect

_BOUNDS = Bounds(seconds=JDBC_STATEMENT_SECONDS * 2.0, memory_bytes=1024 * MIB)


class _Question(msgspec.Struct, frozen=True):
    where: Endpoint
    login: Login
    schema: str
    table: str


class _Answer(msgspec.Struct, frozen=True):
    tables: list[DatabaseTable] = []
    error: str = ""


async def list_tables(
    where: Endpoint, login: Login, schema: str, table: str
) -> list[DatabaseTable]:
    """Return the tables that the user may read; `%` in a name stands for any.

    Raises JdbcError with what the server, or the way to it, said. Cancelling ends the connection.
    """
    request = msgspec.msgpack.encode(_Question(where, login, schema, table))
    try:
        said = await ask("jdbc.listing", request, _BOUNDS)
    except ChildError as error:
        raise JdbcError(str(error)) from error
    # In a thread: a warehouse may have thousands of tables.
    found = await asyncio.to_thread(msgspec.msgpack.decode, said, type=_Answer)
    if found.error:
        raise JdbcError(found.error)
    return found.tables


def answer(request: bytes) -> bytes:
    """Answer a question, in the child."""
    asked = msgspec.msgpack.decode(request, type=_Question)
    try:
        database = connect(asked.where, asked.login)
        try:
            found = _Answer(list(database.tables(asked.schema, asked.table)))
        finally:
            database.close()
    except JdbcError as error:
        found = _Answer(error=str(error))
    return msgspec.msgpack.encode(found)
