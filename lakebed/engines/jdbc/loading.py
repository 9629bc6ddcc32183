"""Rows of a file into a table of PostgreSQL, loaded by a child process: all of them or none.

It does what Redshift's COPY does with the file; the database must be one that somebody runs.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from lakebed.core.limits import GIB, JDBC_STATEMENT_SECONDS
from lakebed.engines.child import Bounds, ChildError, ask
from lakebed.engines.delivery.copy_options import CopyOptions
from lakebed.engines.jdbc import Endpoint, Login

_BOUNDS = Bounds(seconds=JDBC_STATEMENT_SECONDS * 2.0, memory_bytes=2 * GIB)
_ENGINE = "lakebed.engines.jdbc.postgresql.loading"


class Load(msgspec.Struct, frozen=True):
    """A file and where its rows go; without `columns` they are all of the table's, in its order."""

    where: Endpoint
    login: Login
    table: str
    columns: tuple[str, ...]
    options: CopyOptions
    data: bytes


class LoadError(Exception):
    """The database did not take the rows: Redshift's name for why, and what was said."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Answer(msgspec.Struct, frozen=True):
    count: int = 0
    code: str = ""
    message: str = ""


async def load(job: Load) -> int:
    """Load a file and return how many rows it had; LoadError if none of them is there."""
    try:
        said = await ask("jdbc.loading", msgspec.msgpack.encode(job), _BOUNDS)
    except ChildError as error:
        raise LoadError("DataLoadFailed", str(error)) from error
    found = msgspec.msgpack.decode(said, type=_Answer)
    if found.code:
        raise LoadError(found.code, found.message)
    return found.count


def answer(request: bytes) -> bytes:
    """Load, in the child."""
    job = msgspec.msgpack.decode(request, type=Load)
    work: Callable[[Load], int] = importlib.import_module(_ENGINE).load
    try:
        found = _Answer(work(job))
    except LoadError as error:
        found = _Answer(code=error.code, message=str(error))
    return msgspec.msgpack.encode(found)


def quoted(names: Sequence[Any]) -> str:
    """Return names as the identifiers of a statement."""
    return ".".join('"' + str(name).replace('"', '""') + '"' for name in names)
