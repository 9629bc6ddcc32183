"""The worker process: one statement at a time, each in a DuckDB database of its own.

Run as `python -m lakebed.engines.sql.duckdb.worker FD`; FD is its end of a socket pair. While it
waits it holds the next database open already, because opening takes longer than `SELECT 1`.
"""

from __future__ import annotations

import ctypes
import gc
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb

from lakebed.dialect import macros, parse, statements
from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb import ddl, explaining, failures, profile, queries, readers
from lakebed.engines.sql.duckdb.catalog import LakeCatalog, Server, ServiceError
from lakebed.engines.sql.duckdb.ddl.prepared import prepared
from lakebed.engines.sql.duckdb.messages import Channel, GoneError, Message
from lakebed.engines.sql.duckdb.run import Run, ScanLimitError
from lakebed.engines.sql.duckdb.writing import statements as writing

DATABASES_READY = 3
PAUSE_SECONDS = 0.15
"""A worker that waits so long opens one database more: that takes a core for 10 to 25 ms, which a
query that follows at once, here or in another worker, had better have for itself."""
IDLE_SECONDS = 0.25
"""A worker that waits so long loads what the readers need, before a query waits for it."""
_DEATH_SIGNAL = 1


Handlers = dict[type, Callable[[Run, Any], dict[str, Any]]]


def _iceberg(module: str, name: str) -> Callable[[Run, Any], dict[str, Any]]:
    """Return a rule of Iceberg tables, whose library is loaded when one is first used."""

    def run_it(context: Run, statement: Any) -> dict[str, Any]:
        found = import_module(f"lakebed.engines.sql.duckdb.iceberg.{module}")
        return getattr(found, name)(context, statement)

    return run_it


_QUERIES: Handlers = {
    statements.Select: queries.select,
    statements.Explain: explaining.explain,
    statements.CreateTableAs: writing.create_table_as,
    statements.Insert: writing.insert,
    statements.Delete: _iceberg("dml", "delete"),
    statements.Update: _iceberg("dml", "update"),
    statements.Merge: _iceberg("merge", "merge"),
    statements.Optimize: _iceberg("maintenance", "optimize"),
    statements.Vacuum: _iceberg("maintenance", "vacuum"),
    statements.Unload: writing.unload,
}


def open_database() -> duckdb.DuckDBPyConnection:
    """Open a fresh database in memory."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": 1,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )
    # The footers read to learn a file's columns are not read again by the query itself; what it
    # scans is data, as Athena counts it (a count(*) over Parquet scans nothing).
    connection.execute(
        "SET TimeZone = 'UTC'; SET enable_profiling = 'no_output'; "
        "SET parquet_metadata_cache = true;" + macros.common()
    )
    return connection


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the server dies (Linux; elsewhere EOF does)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)


def run(channel: Channel, message: Message, connection: duckdb.DuckDBPyConnection) -> Message:
    """Run one statement and return its outcome."""
    started = time.perf_counter()
    scratch = Path(message["scratch"])
    catalog = LakeCatalog(Server(channel), connection, scratch)
    context = Run(
        message["id"],
        message["text"],
        message["database"].lower(),
        scratch,
        message["output_location"],
        catalog,
        connection,
        message["memory_bytes"],
        message["threads"],
        message["work_group"],
        bytes_scanned_max=message["bytes_scanned_max"],
        parameters=tuple(message["parameters"]),
        remote_url=message["url"],
        remote=lambda query: channel.send({"kind": "remote", "query": query}),
    )
    outcome: dict[str, Any] = {"state": "SUCCEEDED"}
    try:
        elsewhere = import_module(message["statements"]) if message["statements"] else None
        read: Any = parse.parse if elsewhere is None else elsewhere.parse
        statement: statements.Statement = read(context.text, message["parameters"])
        if isinstance(statement, statements.Execute):
            context.parameters = tuple(statement.parameters or message["parameters"])
            context.text, statement = prepared(context, statement, message["parameters"])
        outcome |= ddl.kind_of(statement)
        channel.send({"kind": "parsed", "statement": ddl.kind_of(statement)})
        handlers = _QUERIES if elsewhere is None else {**_QUERIES, **elsewhere.STATEMENTS}
        outcome |= handlers.get(type(statement), ddl.run)(context, statement)
        if context.is_prepared:
            context.check_scanned(outcome.get("data_scanned_bytes", 0))
            outcome["stage"] = profile.stage(connection)
    except ScanLimitError as error:
        outcome |= failures.over_scan_limit(error.scanned_bytes)
    except (TrinoError, ServiceError, duckdb.Error, RecursionError) as error:
        outcome |= {"state": "FAILED", "error": failures.describe(error), "result": None}
    except (GoneError, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001 - the worker's loop: a bug fails one query, loudly
        traceback.print_exc()
        outcome |= {"state": "FAILED", "error": failures.describe(error), "result": None}
    if outcome["state"] != "SUCCEEDED" or outcome.get("error"):
        catalog.undo()
    outcome["planning_ms"] = int(1000 * (context.planned - started)) if context.planned else 0
    total = int(1000 * (time.perf_counter() - started))
    outcome["execution_ms"] = max(0, total - outcome["planning_ms"])
    return outcome


def main() -> None:
    """Serve until the server closes the socket."""
    die_with_parent()
    link = socket.socket(fileno=int(sys.argv[1]))
    channel = Channel(link)
    stock = [open_database()]
    gc.freeze()
    try:
        while True:
            channel.send({"kind": "ready", "rss": resident_bytes()})
            while len(stock) < DATABASES_READY and is_quiet(link, PAUSE_SECONDS):
                stock.append(open_database())
            if is_quiet(link, IDLE_SECONDS):
                readers.preload()
            message = channel.receive()
            channel.send({"kind": "begun"})
            connection = stock.pop()
            outcome = run(channel, message, connection)
            channel.send({"kind": "done", "outcome": outcome})
            connection.close()
            if not stock:
                stock.append(open_database())
    except (GoneError, BrokenPipeError, ConnectionResetError):
        os._exit(0)


def is_quiet(link: socket.socket, seconds: float) -> bool:
    """Wait for a message; tell whether there was none."""
    return not select.select([link], [], [], seconds)[0]


def resident_bytes() -> int:
    """Return the memory this process holds."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
