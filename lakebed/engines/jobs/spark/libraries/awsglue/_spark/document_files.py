"""Files that Python reads whole: XML, Ion, and logs by grok patterns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from .. import _grok, _ion, _xml
from .. import gluetypes as g
from .errors import error_of
from .frame import SparkFrame, conformed
from .modules import core
from .scans import Scan
from .tagged import bad, good

Read = Callable[[bytes], Iterable[Any]]


def read(scan: Scan, format: str) -> SparkFrame:
    """Return the records of the files."""
    schema = scan.options.get("withSchema")
    reading = _reader(scan, format)
    names = [name for name, _, _ in scan.origins]
    tagged = scan.contents().mapPartitions(_tagging(reading, names))
    tagged = tagged.persist(core.StorageLevel.MEMORY_AND_DISK)
    frame = SparkFrame.of_records(good(tagged), g.StructType(scan.origin_fields))
    if schema:
        frame = _with_schema(frame, g.DataType.fromJsonValue(json.loads(schema)), scan)
    return frame.with_errors(lambda: bad(tagged))


def _with_schema(frame: SparkFrame, schema: g.DataType, scan: Scan) -> SparkFrame:
    if not isinstance(schema, g.StructType):
        raise ValueError("withSchema must be the JSON of a StructType")
    whole = g.StructType([*schema.fields, *scan.origin_fields])
    return SparkFrame.of(conformed(frame.df, frame.schema, whole), whole)


def _tagging(read: Read, names: list[str]) -> Callable[[Iterable[Any]], Iterable[Any]]:
    def run(parts: Iterable[Any]) -> Iterable[Any]:
        for content, origins in parts:
            extra = dict(zip(names, origins, strict=True))
            try:
                for one in read(content):
                    if isinstance(one, _Broken):
                        yield False, error_of(one.problem, one.text, "")
                    else:
                        yield True, one | extra
            except ValueError as problem:
                yield False, error_of(problem, content[:1000].decode("utf-8", "replace"), "")

    return run


class _Broken:
    """A part of a file that is no record."""

    def __init__(self, problem: Exception, text: str) -> None:
        self.problem, self.text = problem, text


def _reader(scan: Scan, format: str) -> Read:
    if format == "xml":
        rules = _xml.Rules.of(scan.options)
        return lambda content: _xml.records(content, rules)
    if format == "ion":
        _ion.check()
        return _ion.records
    grok = _grok.Grok(scan.options)
    return lambda content: _lines(content, grok)


def _lines(content: bytes, grok: _grok.Grok) -> Iterable[Any]:
    for line in content.decode("utf-8").splitlines():
        record = grok.record(line)
        if record is not None:
            yield record
        elif line.strip():
            yield _Broken(ValueError("the line does not match logFormat"), line)
