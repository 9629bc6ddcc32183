"""The rows of a file as Redshift's COPY reads it, for a table's columns.

https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-json.html
https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from lakebed.engines.delivery.compression import gunzipped
from lakebed.engines.delivery.copy_options import EPOCHS, CopyOptions, python_format
from lakebed.engines.delivery.processors import documents

_EXPANDED_MAX = 1 << 30
Field = str | None


class RowError(ValueError):
    """A file that COPY cannot read: what is wrong, and in which row."""


class Target(msgspec.Struct, frozen=True):
    """A column rows go to: `kind` is text, time, date or other; `length` bounds a text (0: not)."""

    name: str
    kind: str = "other"
    length: int = 0


def rows(data: bytes, options: CopyOptions, targets: Sequence[Target]) -> Iterator[list[Field]]:
    """Yield a field for each target of each row; RowError where the file is not as it is said."""
    text = _decoded(data, options)
    found = _documents(text, options, targets) if options.json else _lines(text, options, targets)
    for number, row in enumerate(found, 1):
        try:
            yield [_field(one, to, options) for one, to in zip(row, targets, strict=True)]
        except ValueError as error:
            raise RowError(f"Row {number}: {error}") from error


def _decoded(data: bytes, options: CopyOptions) -> str:
    try:
        plain = gunzipped(data, _EXPANDED_MAX) if options.is_gzip else data
    except ValueError as error:
        raise RowError(f"The file cannot be decompressed: {error}") from error
    try:
        return plain.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if not options.replacement:
            message = f"String contains invalid or unsupported UTF8 codepoints: {error}"
            raise RowError(message) from error
        return plain.decode("utf-8-sig", "replace").replace("\ufffd", options.replacement)


def _documents(text: str, options: CopyOptions, targets: Sequence[Target]) -> Iterator[list[Field]]:
    ignores_case = options.json.endswith("ignorecase")
    found = documents(text.encode())
    while True:
        try:
            piece, value = next(found)
        except StopIteration:
            return
        except ValueError as error:
            raise RowError(f"Invalid JSON: {error}") from error
        if not isinstance(value, dict):
            raise RowError("Invalid JSON: a row is not an object.")
        members = cast("dict[str, Any]", json.loads(piece, parse_float=_Number, parse_int=_Number))
        if ignores_case:
            members = {name.lower(): one for name, one in members.items()}
        yield [_json_field(members.get(to.name)) for to in targets]


class _Number(str):
    """A number as the record has it, digit by digit."""

    __slots__ = ()


def _json_field(value: Any) -> Field:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value)


def _text(value: Any) -> str:
    """Return nested JSON as text, its numbers as they were."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return (
            "{" + ",".join(f"{json.dumps(key)}:{_text(one)}" for key, one in members.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(map(_text, cast("list[Any]", value))) + "]"
    return json.dumps(value)


def _lines(text: str, options: CopyOptions, targets: Sequence[Target]) -> Iterator[list[Field]]:
    found = _quoted_rows(text, options) if options.quote else _plain_rows(text, options)
    for number, row in enumerate(found):
        if number < options.header_lines or (options.ignores_blank_lines and row in ([], [""])):
            continue
        fields: list[Field] = list(row)
        if len(fields) < len(targets) and options.fills_records:
            fields += [None] * (len(targets) - len(fields))
        if len(fields) != len(targets):
            what = "Extra column(s) found" if len(fields) > len(targets) else "Delimiter not found"
            raise RowError(f"Row {number + 1}: {what}")
        yield [None if one == options.null else one for one in fields]


def _quoted_rows(text: str, options: CopyOptions) -> Iterator[list[str]]:
    csv.field_size_limit(1 << 30)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=options.delimiter, quotechar=options.quote,
        strict=True,
    )  # fmt: skip
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise RowError(f"Invalid quote formatting for CSV: {error}") from error


def _plain_rows(text: str, options: CopyOptions) -> Iterator[list[str]]:
    """Yield the fields of lines; a backslash keeps what is behind it if the options say so."""
    if not options.has_escapes:
        for line in text.removesuffix("\n").split("\n") if text else ():
            yield [_bare(one, options) for one in line.removesuffix("\r").split(options.delimiter)]
        return
    fields, field, letters = list[str](), "", iter(text)
    is_open = False
    for letter in letters:
        is_open = True
        if letter == "\\":
            behind = next(letters, "")
            # `\N` stays: it is how NULL is written.
            field += "\\N" if behind == "N" else behind
        elif letter == options.delimiter:
            fields.append(_bare(field, options))
            field = ""
        elif letter == "\n":
            yield [*fields, _bare(field, options)]
            fields, field, is_open = [], "", False
        else:
            field += letter
    if is_open:
        yield [*fields, _bare(field, options)]


def _bare(field: str, options: CopyOptions) -> str:
    if options.removes_quotes and len(field) > 1 and field[0] == field[-1] and field[0] in "\"'":
        return field[1:-1]
    return field


def _field(field: Field, to: Target, options: CopyOptions) -> Field:
    """Return a field in the form PostgreSQL reads."""
    if field is None:
        return None
    if to.kind != "text":
        field = field.strip()
        if not field:
            return None
        return _moment(field, to, options) if to.kind in ("time", "date") else field
    if (options.empty_as_null and not field) or (options.blanks_as_null and field.isspace()):
        return None
    if options.trims_blanks:
        field = field.rstrip(" ")
    if options.truncates and to.length:
        field = field.encode()[: to.length].decode(errors="ignore")
    return field


def _moment(field: str, to: Target, options: CopyOptions) -> str:
    form = options.date_format if to.kind == "date" else options.time_format
    if form == "auto":
        return field
    if form in EPOCHS:
        moment = datetime.fromtimestamp(float(field) / EPOCHS[form], UTC)
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    moment = datetime.strptime(field, python_format(form))
    return str(moment.date() if to.kind == "date" else moment)
