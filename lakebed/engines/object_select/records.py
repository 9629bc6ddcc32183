"""The records of a file, and what a path finds in one."""

# PyArrow's own annotations are partly unknown.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false

from __future__ import annotations

import bz2
import csv
import gzip
import json
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, cast

import msgspec

from lakebed.core.limits import MIB
from lakebed.engines.object_select import CsvForm, SelectError, Source
from lakebed.engines.object_select.tree import Path, Step

RECORD_CHARACTERS_MAX = MIB
"""AWS's limit of an input record, and of one it answers."""


class Missing:
    """The value of what is not there."""


MISSING = Missing()


class Record:
    """One record. `fields` are CSV's texts; `value` is what JSON or Parquet has."""

    __slots__ = ("fields", "value")

    def __init__(self, value: Any = None, fields: list[str] | None = None) -> None:
        self.value = value
        self.fields = fields


class Reader:
    """Reads a file's records. `scanned` and `processed` count bytes as it goes.

    `names` are the columns of a CSV file with a header, once the first record was read.
    """

    def __init__(self, source: Source, steps: tuple[Step, ...]) -> None:
        self._source = source
        self._steps = steps
        self.names: list[str] = []
        self.scanned = 0
        self.processed = 0

    def records(self) -> Iterator[Record]:
        """Yield them in order; SelectError where the file is none of its kind."""
        source = self._source
        if source.kind == "parquet":
            yield from self._parquet()
            return
        with open(source.path, "rb") as file:
            opened = _decompressed(file, source.compression)
            try:
                if source.kind == "csv":
                    yield from self._csv(opened)
                else:
                    yield from self._json(opened)
            except (OSError, EOFError) as error:
                if source.compression == "NONE":
                    raise
                message = f"{source.compression} does not fit the file: {error}."
                raise SelectError("InvalidCompressionFormat", message) from error
            except UnicodeDecodeError as error:
                raise SelectError("InvalidTextEncoding", "The file is not UTF-8.") from error
            self.scanned = min(file.tell(), self._end(file))

    def _end(self, file: BinaryIO) -> int:
        return file.seek(0, 2) if self._source.compression != "NONE" else self.processed

    # -- lines ----------------------------------------------------------------------------------

    def _lines(self, file: BinaryIO, delimiter: bytes) -> Iterator[str]:
        """Yield what lies between delimiters, of what begins in the range that is asked for."""
        source, rest, at = self._source, b"", 0
        while block := file.read(MIB):
            *lines, rest = (rest + block).split(delimiter)
            if len(rest) > RECORD_CHARACTERS_MAX:
                raise SelectError("OverMaxRecordSize", "A record is longer than 1 MB.")
            for line in lines:
                begins, at = at, at + len(line) + len(delimiter)
                if source.end >= 0 and begins > source.end:
                    return
                if begins >= source.start:
                    self.processed += len(line) + len(delimiter)
                    yield line.decode()
        if rest and source.start <= at and not 0 <= source.end < at:
            self.processed += len(rest)
            yield rest.decode()

    # -- CSV ------------------------------------------------------------------------------------

    def _csv(self, file: BinaryIO) -> Iterator[Record]:
        form = self._source.csv
        rows = self._rows(file, form)
        header = form.header
        for row in rows:
            if header != "NONE":
                self.names = row if header == "USE" else []
                header = "NONE"
                continue
            yield Record(fields=row)

    def _rows(self, file: BinaryIO, form: CsvForm) -> Iterator[list[str]]:
        lines: Iterable[str] = self._lines(file, form.record.encode())
        if form.record == "\n":
            lines = (line.removesuffix("\r") for line in lines)
        if form.comment:
            lines = (line for line in lines if not line.startswith(form.comment))
        is_doubled = form.escape in ("", form.quote)
        arguments: dict[str, Any] = {
            "delimiter": form.field,
            "quotechar": form.quote or None,
            "quoting": csv.QUOTE_MINIMAL if form.quote else csv.QUOTE_NONE,
            "doublequote": is_doubled,
            "escapechar": None if is_doubled else form.escape,
        }
        csv.field_size_limit(RECORD_CHARACTERS_MAX)
        try:
            if form.has_quoted_records:
                yield from csv.reader((f"{line}\n" for line in lines), **arguments)
                return
            for line in lines:
                yield next(csv.reader((line,), **arguments), [])
        except csv.Error as error:
            raise SelectError(
                "CSVParsingError", f"The CSV file cannot be read: {error}."
            ) from error

    # -- JSON -----------------------------------------------------------------------------------

    def _json(self, file: BinaryIO) -> Iterator[Record]:
        values = self._values(file)
        steps = self._steps
        for value in values:
            if steps:
                yield from map(Record, _all(value, steps))
            else:
                yield Record(value)

    def _values(self, file: BinaryIO) -> Iterator[Any]:
        if self._source.kind == "lines":
            for line in self._lines(file, b"\n"):
                if line.strip():
                    yield _decoded(line)
            return
        text = file.read().decode()
        self.processed = len(text.encode())
        decoder, at = json.JSONDecoder(), 0
        while True:
            while at < len(text) and text[at] in " \t\r\n,":
                at += 1
            if at == len(text):
                return
            try:
                value, at = decoder.raw_decode(text, at)
            except (ValueError, RecursionError) as error:
                raise _no_json(error) from error
            yield value

    # -- Parquet --------------------------------------------------------------------------------

    def _parquet(self) -> Iterator[Record]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(self._source.path) as file:
                self.names = file.schema_arrow.names
                groups = list(self._groups(file.metadata))
                for batch in file.iter_batches(batch_size=4096, row_groups=groups):
                    self.processed += batch.nbytes
                    yield from map(Record, batch.to_pylist())
        except pa.ArrowException as error:
            message = f"The Parquet file cannot be read: {error}."
            raise SelectError("ParquetParsingError", message) from error
        self.scanned = self.processed

    def _groups(self, metadata: Any) -> Iterator[int]:
        """Yield the row groups that begin in the range that is asked for, whole.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/selecting-content-from-objects.html
        """
        source = self._source
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            chunks = map(group.column, range(group.num_columns))
            begins = min((_begins(chunk) for chunk in chunks), default=0)
            if source.start <= begins and not 0 <= source.end < begins:
                yield number


def _begins(chunk: Any) -> int:
    """Return where a column of a row group begins: with its dictionary, if it has one."""
    return (chunk.has_dictionary_page and chunk.dictionary_page_offset) or chunk.data_page_offset


def _decompressed(file: BinaryIO, compression: str) -> BinaryIO:
    if compression == "GZIP":
        return cast(BinaryIO, gzip.GzipFile(fileobj=file))
    if compression == "BZIP2":
        return cast(BinaryIO, bz2.BZ2File(file))
    return file


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _no_json(error) from error


def _no_json(error: Exception) -> SelectError:
    return SelectError("JSONParsingError", f"The JSON file cannot be read: {error}.")


def _all(value: Any, steps: tuple[Step, ...]) -> Iterator[Any]:
    """Yield what a path with `[*]` finds; one MISSING where that is nothing."""
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if not step.is_all:
        yield from _all(member(value, step), rest)
        return
    many: Iterable[Any]
    if isinstance(value, list):
        many = cast("list[Any]", value)
    elif isinstance(value, dict) and rest == () and step is not steps[0]:
        many = cast("dict[str, Any]", value).values()
    else:
        many = [value]
    is_empty = True
    for one in many:
        is_empty = False
        yield from _all(one, rest)
    if is_empty:
        yield MISSING


def member(value: Any, step: Step) -> Any:
    """Return what one step finds, MISSING if there is nothing."""
    if step.index >= 0:
        many = cast("list[Any]", value) if isinstance(value, list) else []
        return many[step.index] if step.index < len(many) else MISSING
    if not isinstance(value, dict):
        return MISSING
    held = cast("dict[str, Any]", value)
    if step.name in held or step.is_exact:
        return held.get(step.name, MISSING)
    name = step.name.lower()
    return next((one for key, one in held.items() if key.lower() == name), MISSING)


def found_in(record: Record, path: Path, names: dict[str, int]) -> Any:
    """Return what a path finds in a record; `names` are CSV's columns by name."""
    if record.fields is None:
        value = record.value
        for step in path.steps:
            value = member(value, step)
        return value
    step = path.steps[0]
    at = names.get(step.name, -1) if step.is_exact else names.get(step.name.lower(), -1)
    if at < 0 and step.name.startswith("_") and step.name[1:].isdigit():
        at = int(step.name[1:]) - 1
    if at < 0 or len(path.steps) > 1:
        if not names and not step.name.startswith("_"):
            message = f"The file has no header that would name {step.name}."
            raise SelectError("MissingHeaders", message)
        raise SelectError("InvalidColumnIndex", f"There is no column {step.name}.")
    return record.fields[at] if at < len(record.fields) else MISSING
