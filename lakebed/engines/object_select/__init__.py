"""S3 Select: one SELECT over one file, by DuckDB in a child process.

`parse` reads the statement in the server, so that what is wrong with it is refused before there is
an answer; the child (`child.answer`) reads the file, runs the query and writes the records.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-select-sql-reference.html
"""

from __future__ import annotations

from typing import Literal

import msgspec


class SelectError(Exception):
    """What AWS names by a code: wrong statements, values that cannot be cast, broken files."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class CsvForm(msgspec.Struct, frozen=True):
    """How CSV is written. `header` of input: USE, IGNORE or NONE; `quotes` of output: ALWAYS or
    ASNEEDED.
    """

    field: str = ","
    record: str = "\n"
    quote: str = '"'
    escape: str = '"'
    comment: str = "#"
    header: Literal["USE", "IGNORE", "NONE"] = "NONE"
    quotes: Literal["ALWAYS", "ASNEEDED"] = "ASNEEDED"
    has_quoted_records: bool = False


class Source(msgspec.Struct, frozen=True):
    """A file: where it lies, what it is, the bytes `start` to `end` in which records may begin.

    `kind` is csv, lines (of JSON), document (JSON values) or parquet.
    """

    path: str
    kind: Literal["csv", "lines", "document", "parquet"]
    compression: Literal["NONE", "GZIP", "BZIP2"] = "NONE"
    csv: CsvForm = CsvForm()
    start: int = 0
    end: int = -1


class Target(msgspec.Struct, frozen=True):
    """How records are written: as CSV, or as JSON with a delimiter."""

    csv: CsvForm | None = None
    record: str = "\n"


class Question(msgspec.Struct, frozen=True):
    """What a child is asked."""

    expression: str
    source: Source
    target: Target


class Found(msgspec.Struct, frozen=True):
    """What a child answers: records, bytes scanned and processed; or an error's code and message.

    The records before an error are there.
    """

    records: bytes = b""
    scanned: int = 0
    processed: int = 0
    code: str = ""
    message: str = ""
