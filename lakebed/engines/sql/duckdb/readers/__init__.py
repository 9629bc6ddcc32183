"""Reading stored files: one module a format, each writes DuckDB text that reads its files.

A reader is a function `(Scan) -> list[str]`: every text is a SELECT that answers the used columns
of the scan as `c0, c1, …`; the scanner puts them together. What DuckDB reads itself it reads
itself; what it cannot, Python decodes into Arrow batches while the query runs, one at a time.
"""

from __future__ import annotations

from importlib import import_module


def preload() -> None:
    """Load the libraries that text and Arrow need: they take longer than a small query."""
    for name in ("numpy", "pyarrow"):
        import_module(name)
