"""One statement's run inside a worker: what it is, where it writes, what it may ask."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from lakebed.dialect import lower, macros
from lakebed.engines.sql.duckdb.catalog import LakeCatalog


@dataclass
class Run:
    """The statement being run."""

    id: str
    text: str
    database: str
    scratch: Path
    output_location: str
    catalog: LakeCatalog
    connection: duckdb.DuckDBPyConnection
    memory_bytes: int
    threads: int
    work_group: str = "primary"
    planned: float = 0.0

    def prepare(self, text: str, paths: Sequence[str]) -> None:
        """Make the macros `text` calls, set the limits, then shut out all but the files given.

        From here on the database reaches these files and the scratch folder, nothing else.
        """
        if made := macros.needed(text):
            self.connection.execute(made)
        listed = ", ".join(lower.quoted(path) for path in paths)
        scratch = lower.quoted(str(self.scratch))
        self.connection.execute(
            f"SET memory_limit = '{self.memory_bytes}B'; SET threads = {self.threads}; "
            f"SET temp_directory = {scratch}; SET allowed_paths = [{listed}]; "
            f"SET allowed_directories = [{scratch}]; SET enable_external_access = false; "
            "SET lock_configuration = true;"
        )
        self.planned = time.perf_counter()


def read_bytes(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the bytes the last statement read from files."""
    found: Any = msgspec.json.decode(connection.get_profiling_information())
    return int(found["io"]["total_bytes_read"])
