"""One statement's run inside a worker: what it is, where it writes, what it may ask."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from lakebed.dialect import lower, tree
from lakebed.engines.sql.duckdb import udf
from lakebed.engines.sql.duckdb.catalog import LakeCatalog
from lakebed.engines.sql.duckdb.profile import read_bytes


class ScanLimitError(Exception):
    """The statement scanned more than it may."""

    def __init__(self, scanned_bytes: int) -> None:
        super().__init__(f"{scanned_bytes} bytes were scanned")
        self.scanned_bytes = scanned_bytes


@dataclass
class Run:
    """The statement being run.

    `scans` are the tables its query reads, once that is analysed; `remote` tells the server as
    which query it runs elsewhere.
    """

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
    scans: Sequence[tree.Scan] = ()
    bytes_scanned_max: int = 0
    is_prepared: bool = False
    parameters: tuple[str, ...] = ()
    remote_url: str = ""
    remote: Callable[[str], None] = lambda query: None

    def prepare(self, text: str, paths: Sequence[str]) -> None:
        """Make what `text` calls, set the limits, then shut out all but the files given.

        From here on the database reaches these files and the scratch folder, nothing else.
        """
        udf.define(self.connection, text)
        listed = ", ".join(lower.quoted(path) for path in paths)
        scratch = lower.quoted(str(self.scratch))
        self.connection.execute(
            f"SET memory_limit = '{self.memory_bytes}B'; SET threads = {self.threads}; "
            f"SET temp_directory = {scratch}; SET allowed_paths = [{listed}]; "
            f"SET allowed_directories = [{scratch}]; SET enable_external_access = false; "
            "SET lock_configuration = true;"
        )
        self.is_prepared = True
        self.planned = time.perf_counter()

    def scanned(self, beside: int = 0) -> int:
        """Return the bytes the statement read, and `beside` them what others read for it.

        ScanLimitError if they are more than it may: whoever writes asks before it publishes.
        """
        scanned = read_bytes(self.connection) + beside
        self.check_scanned(scanned)
        return scanned

    def check_scanned(self, scanned_bytes: int) -> None:
        """Refuse what scanned too much."""
        if self.bytes_scanned_max and scanned_bytes > self.bytes_scanned_max:
            raise ScanLimitError(scanned_bytes)
