"""JSON: objects one after another, on a line each or over many, or one array of them.

The built-in classifier takes an array at the top for one column (`array`), as the guide says; a
custom one says by a JSON path what a record is. Whole records are needed: of a file whose first
megabyte has none, up to 10 MB are read.
https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html#custom-classifier-json
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

import msgspec

from lakebed.core.limits import CRAWL_RECORDS_MAX, CRAWL_SAMPLE_BYTES, CRAWL_SAMPLE_BYTES_MAX
from lakebed.engines.crawl import Column, Finding
from lakebed.engines.crawl.local import storages
from lakebed.engines.crawl.local.source import Source, opened
from lakebed.engines.crawl.local.values import columns_of, kind_of, said
from lakebed.engines.crawl.types import Array

_decoder = msgspec.json.Decoder()
_scan = json.JSONDecoder(strict=False).raw_decode
_BLANKS = " \t\r\n"


def classify(source: Source) -> Finding | None:
    """Take a file that begins with JSON objects or an array."""
    if source.text.lstrip()[:1] not in (b"{", b"["):
        return None
    records, share, source = records_of(source)
    if not records:
        return None
    if isinstance(records[0], list):
        return _array(source, records, share)
    if any(not isinstance(record, dict) for record in records):
        return None
    if not (columns := columns_of(records)):
        return None
    return found(source, columns, sorted({*chain(*records)}), len(records) / share)


def found(
    source: Source,
    columns: tuple[Column, ...],
    paths: Sequence[str],
    seen: float,
    parameters: dict[str, str] | None = None,
) -> Finding:
    """Say that a file is JSON with these columns."""
    return source.finding(
        "json",
        columns,
        storages.text(storages.JSON, {"paths": ",".join(paths)}),
        {"typeOfData": "file", **(parameters or {})},
        seen,
    )


def _array(source: Source, records: list[Any], share: float) -> Finding | None:
    """Take arrays for records of one column, which the guide calls `array`."""
    if any(not isinstance(record, list) for record in records):
        return None
    kind = kind_of(records)
    if not isinstance(kind, Array):
        return None
    return found(source, (Column("array", said(kind)),), ["array"], len(records) / share)


def records_of(source: Source) -> tuple[list[Any], float, Source]:
    """Return the first whole values of a file, the share of the sample they were in, and that."""
    held = source
    limit = CRAWL_SAMPLE_BYTES
    while True:
        records, share = _records(held)
        if records or held.is_whole or limit >= CRAWL_SAMPLE_BYTES_MAX:
            return records, share, held
        limit = min(2 * limit, CRAWL_SAMPLE_BYTES_MAX)
        held = opened(source.sample, limit)


def _records(source: Source) -> tuple[list[Any], float]:
    lines = source.lines()
    cut, size = _first_lines(lines)
    if not cut:
        return _one_by_one(source)
    try:
        return _decoder.decode_lines(cut), size / max(1, len(source.text))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _one_by_one(source)


def _first_lines(lines: bytes) -> tuple[bytes, int]:
    """Cut after the first 1,000 lines."""
    if lines.count(b"\n") <= CRAWL_RECORDS_MAX:
        return lines, len(lines)
    cut = b"\n".join(lines.split(b"\n", CRAWL_RECORDS_MAX)[:CRAWL_RECORDS_MAX])
    return cut, len(cut) + 1


def _one_by_one(source: Source) -> tuple[list[Any], float]:
    """Read values that are not a line each; what follows the last whole one is cut off."""
    document = source.text.decode("utf-8", "replace")
    records: list[Any] = []
    at = _skipped(document, 0)
    try:
        while at < len(document) and len(records) < CRAWL_RECORDS_MAX:
            record, end = _scan(document, at)
            records.append(record)
            at = _skipped(document, end)
    except RecursionError:
        return [], 1.0
    except ValueError:
        if source.is_whole:
            return [], 1.0
        if not records and document[at : at + 1] == "[":
            elements, at = _elements(document, at + 1)
            records = [elements] if elements else []
    return records, at / max(1, len(document))


def _elements(document: str, at: int) -> tuple[list[Any], int]:
    """Read the whole elements of an array that the sample cuts."""
    found: list[Any] = []
    end = at
    try:
        while len(found) < CRAWL_RECORDS_MAX:
            element, at = _scan(document, _skipped(document, at))
            found.append(element)
            end = at
            at = _skipped(document, at)
            if document[at : at + 1] != ",":
                break
            at += 1
    except ValueError:
        return found, end
    return found, end


def _skipped(document: str, at: int) -> int:
    while at < len(document) and document[at] in _BLANKS:
        at += 1
    return at
