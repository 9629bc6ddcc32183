"""Compares classifiers of CSV over real files: ours, DuckDB's sniffer, CleverCSV, Python's.

Run as `python -m bench.classifiers`; prints a table: of how many files the delimiter, the header
and the types are right by the reviewed key of AWS Glue's rules. Types of others are compared as
Glue's built-in classifier knows them: whole number, fraction, text.
"""

from __future__ import annotations

import csv
import gzip
import time
from collections.abc import Callable
from typing import Any

import clevercsv
import duckdb

from lakebed.engines.crawl import Sample
from lakebed.engines.crawl.local.chain import classify
from tests.engines.crawl.real_files import RealFile, real_files

Answer = tuple[str, bool, tuple[str, ...]]
"""The delimiter, whether there is a header, the types (none where a tool does not say)."""

_SAMPLE = 1 << 20
_DUCK = {"BIGINT": "bigint", "DOUBLE": "double"}


def lakebed(real: RealFile) -> Answer:
    """Ask our classifiers."""
    found = classify(Sample(real.path.name, real.path, real.path.stat().st_size), [])
    header = "skip.header.line.count" in found.parameters
    kinds = tuple(column.type for column in found.columns)
    return found.parameters.get("delimiter", ""), header, kinds


def duckdb_sniffer(real: RealFile) -> Answer:
    """Ask DuckDB's sniff_csv."""
    row: Any = duckdb.execute(
        "SELECT Delimiter, HasHeader, Columns FROM sniff_csv(?, sample_size = 1000)",
        [str(real.path)],
    ).fetchall()[0]
    return row[0], row[1], tuple(_DUCK.get(column["type"], "string") for column in row[2])


def clever_csv(real: RealFile) -> Answer:
    """Ask CleverCSV, of the first 100 kB (it takes minutes for a megabyte)."""
    text = _text(real)[:100_000]
    sniffer = clevercsv.Sniffer()
    found: Any = sniffer.sniff(text, verbose=False)
    return found.delimiter, sniffer.has_header(text), ()


def python_csv(real: RealFile) -> Answer:
    """Ask the standard library's Sniffer."""
    text = _text(real)
    sniffer = csv.Sniffer()
    return sniffer.sniff(text).delimiter, sniffer.has_header(text), ()


def _text(real: RealFile) -> str:
    opened: Any = gzip.open if real.path.suffix == ".gz" else open
    with opened(real.path, "rb") as file:
        return file.read(_SAMPLE).decode("utf-8", "replace")


_TOOLS: dict[str, Callable[[RealFile], Answer]] = {
    "lakebed": lakebed,
    "DuckDB's sniffer": duckdb_sniffer,
    "CleverCSV": clever_csv,
    "Python's csv.Sniffer": python_csv,
}


def main() -> None:
    """Print the table."""
    files = [real for real in real_files() if real.format == "csv"]
    print(f"{len(files)} CSV files of {len({real.package for real in files})} packages")
    print("| tool | delimiter | header | types | ms a file |\n|---|---|---|---|---|")
    for name, ask in _TOOLS.items():
        right = [0, 0, 0]
        says_types = False
        started = time.perf_counter()
        for real in files:
            try:
                delimiter, header, types = ask(real)
            except (csv.Error, duckdb.Error, clevercsv.Error):
                continue
            says_types |= bool(types)
            right[0] += delimiter == real.delimiter
            right[1] += header == real.has_header
            right[2] += types == real.types
        spent = 1000 * (time.perf_counter() - started) / max(1, len(files))
        kinds = str(right[2]) if says_types else "–"
        print(f"| {name} | {right[0]} | {right[1]} | {kinds} | {spent:.1f} |")


if __name__ == "__main__":
    main()
