"""Reading stored files: one module a format, each writes DuckDB text that reads its files.

A reader is a function `(Scan) -> list[str]`: every text is a SELECT that answers the used columns
of the scan as `c0, c1, …`; the scanner puts them together. What DuckDB reads itself it reads
itself; what it cannot, Python decodes into Arrow batches while the query runs, one at a time.
"""
