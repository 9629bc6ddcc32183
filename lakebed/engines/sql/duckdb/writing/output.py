"""Rows of a query into files of the scratch folder, apart by partition and bucket."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import msgspec

from lakebed.dialect import lower
from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.run import Run
from lakebed.engines.sql.duckdb.writing import rows
from lakebed.engines.sql.duckdb.writing.options import SUFFIXES, Options

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
WRITERS_MAX = 100
_DUCK_CODECS = {"NONE": "none", "GZIP": "gzip", "ZSTD": "zstd"}


class File(msgspec.Struct, frozen=True):
    """A file of rows: where it is, its partition's values, the name it gets."""

    path: Path
    values: tuple[str, ...]
    name: str


def too_many_writers() -> TrinoError:
    """Return what Trino says when a statement writes to more partitions than it may."""
    message = f"Exceeded limit of {WRITERS_MAX} open writers for partitions/buckets"
    return TrinoError("HIVE_TOO_MANY_OPEN_PARTITIONS", message)


class Output:
    """Writes one query's rows; `columns` are named and typed, the partitions' last."""

    def __init__(self, run: Run, columns: rows.Columns, options: Options) -> None:
        self.run = run
        self.options = options
        count = len(columns) - len(options.partitioned)
        self.data, self.keys = columns[:count], columns[count:]
        self.folder = run.scratch / "table"
        self.folder.mkdir()
        moment = time.strftime("%Y%m%d_%H%M%S", time.gmtime())
        self.stem = f"{moment}_00000_{uuid.uuid4().hex[:5]}_{run.id}"

    def copy_options(self) -> str:
        """Return COPY's options, "" where DuckDB cannot write such files."""
        options = self.options
        if options.buckets is not None:
            return ""
        if options.format == "PARQUET":
            codec = {"NONE": "uncompressed", "LZ4": "lz4_raw"}.get(
                options.compression, options.compression.lower()
            )
            level = f", COMPRESSION_LEVEL {options.level}" if options.level else ""
            return f"FORMAT parquet, COMPRESSION {lower.quoted(codec)}{level}"
        codec = _DUCK_CODECS.get(options.compression)
        if codec is None or options.format not in ("JSON", "TEXTFILE"):
            return ""
        # A line of JSON holds no such delimiter.
        delimiter = "\x01" if options.format == "JSON" else options.delimiter
        return (
            f"FORMAT csv, HEADER false, DELIMITER {lower.quoted(delimiter)}, QUOTE '', "
            f"ESCAPE '', COMPRESSION {lower.quoted(codec)}"
        )

    def copied(self, text: str, copy: str) -> tuple[int, list[File]]:
        """Run the query and have DuckDB write its rows; return how many, and the files."""
        values = self._columns() + [
            rows.partition_text(len(self.data) + at, name) for at, (name, _) in enumerate(self.keys)
        ]
        source = f"SELECT {', '.join(values)} FROM ({text}) AS lbr"
        target = self.folder / f"{self.stem}_{uuid.uuid4().hex}{self.suffix()}"
        if self.keys:
            names = ", ".join(lower.identifier(name) for name, _ in self.keys)
            copy += f", PARTITION_BY ({names}), FILENAME_PATTERN {lower.quoted(self.stem + '_{i}')}"
            target = self.folder
        row = self.run.connection.execute(
            f"COPY ({source}) TO {lower.quoted(str(target))} ({copy})"
        ).fetchone()
        return (row[0] if row else 0), list(self._found())

    def _columns(self) -> list[str]:
        if self.options.format == "JSON":
            return [f"{rows.json_line(self.data)} AS line"]
        if self.options.format == "TEXTFILE":
            texts = rows.as_texts(self.data, self.options.null)
            return [f"{one} AS t{at}" for at, one in enumerate(texts)]
        return rows.typed(self.data)

    def _found(self) -> Iterator[File]:
        for path in sorted(path for path in self.folder.rglob("*") if path.is_file()):
            parts = path.relative_to(self.folder).parts[:-1]
            values = tuple(unquote(part.partition("=")[2]) or HIVE_NULL for part in parts)
            stem = path.name.split(".")[0]
            yield File(path, values, stem + self.suffix())

    def suffix(self) -> str:
        """Return what the names of the files end in."""
        is_text = self.options.format in ("TEXTFILE", "JSON")
        return SUFFIXES[self.options.compression] if is_text else ""
