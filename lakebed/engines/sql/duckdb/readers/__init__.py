"""Reading stored files: one module a format, each writes DuckDB text that reads its files.

A reader is a function `(Scan) -> list[str]`: every text is a SELECT that answers the used columns
of the scan as `c0, c1, …`; the scanner puts them together. What DuckDB reads itself it reads
itself; what it cannot, Python decodes into Arrow batches while the query runs, one at a time.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec


def preload() -> None:
    """Load the libraries that text and Arrow need: they take longer than a small query.

    DuckDB asks for pandas, where there is one, before the first function written in Python.
    """
    for name in ("numpy", "pyarrow", "pandas"):
        if find_spec(name) is not None:
            import_module(name)
