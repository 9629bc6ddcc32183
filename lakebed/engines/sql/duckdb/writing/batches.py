"""Rows by Arrow, a batch at a time, for the files DuckDB does not write itself."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pyarrow
import pyarrow.compute

from lakebed.engines.sql.duckdb.writing import buckets, rows
from lakebed.engines.sql.duckdb.writing.files import RowFile, open_file
from lakebed.engines.sql.duckdb.writing.output import (
    HIVE_NULL,
    WRITERS_MAX,
    File,
    Output,
    too_many_writers,
)

# pyarrow tells type checkers nothing.
pa: Any = pyarrow
pc: Any = pyarrow.compute
_BATCH_ROWS = 50_000
_BUCKET = "lakebed bucket"


class Batches:
    """The files of an output, all open until the last row is written."""

    def __init__(self, output: Output) -> None:
        self.run, self.options = output.run, output.options
        self.data, self.keys, self.output = output.data, output.keys, output
        self.opened: dict[tuple[Any, ...], tuple[RowFile, File]] = {}

    def write(self, text: str) -> tuple[int, list[File]]:
        """Run the query and write its rows; return how many, and the files."""
        options = self.options
        if options.format == "TEXTFILE":
            values = [f"{rows.text_line(self.data, options.delimiter, options.null)} AS line"]
        elif options.format == "JSON":
            values = [f"{rows.json_line(self.data)} AS line"]
        else:
            values = rows.typed(self.data)
        width = len(values)
        values += [
            rows.partition_text(len(self.data) + at, f"lakebed key {at}")
            for at in range(len(self.keys))
        ]
        names = [name for name, _ in self.data]
        bucketed = options.buckets.columns if options.buckets else ()
        values += [
            f'lbr.c{names.index(name)} AS "{_BUCKET} {at}"' for at, name in enumerate(bucketed)
        ]
        source = f"SELECT {', '.join(values)} FROM ({text}) AS lbr"
        reader: Any = self.run.connection.sql(source).to_arrow_reader(_BATCH_ROWS)
        count = 0
        for batch in reader:
            count += len(batch)
            for key, part in self._split(batch, width):
                self._file(key, part.schema)[0].write(part)
        if not self.opened and not self.keys and options.buckets is None:
            self._file((), pa.schema(list(reader.schema)[:width]))
        for file, _ in self.opened.values():
            file.close()
        return count, [found for _, found in self.opened.values()]

    def _file(self, key: tuple[Any, ...], schema: Any) -> tuple[RowFile, File]:
        if key not in self.opened:
            if len(self.opened) == WRITERS_MAX:
                raise too_many_writers()
            values = tuple(one or HIVE_NULL for one in key[: len(self.keys)])
            name = f"{self.output.stem}_{uuid.uuid4().hex}"
            if self.options.buckets is not None:
                name = f"{key[-1]:06d}_0_{self.output.stem}"
            path = self.output.folder / str(len(self.opened))
            found = File(path, values, name + self.output.suffix())
            self.opened[key] = (open_file(path, schema, self.options), found)
        return self.opened[key]

    def _split(self, batch: Any, width: int) -> Iterator[tuple[tuple[Any, ...], Any]]:
        """Yield the rows of each partition and bucket, without the columns that tell them."""
        data = batch.select(range(width))
        keys = [batch.column(width + at) for at in range(len(self.keys))]
        if self.options.buckets is not None:
            hashed = [batch.column(at) for at in range(width + len(self.keys), batch.num_columns)]
            keys.append(buckets.numbers(hashed, self.options.buckets.count))
        if not keys:
            yield (), data
            return
        names = [f"k{at}" for at in range(len(keys))]
        numbered = pa.table([*keys, pa.array(range(len(batch)))], names=[*names, "row"])
        groups = numbered.group_by(names).aggregate([("row", "list")])
        lists = groups.column("row_list")
        for at, key in enumerate(zip(*(groups.column(name).to_pylist() for name in names),
                                     strict=True)):  # fmt: skip
            yield key, data.take(pc.cast(lists[at].values, pa.int64()))
