"""Files that Python reads whole: XML, Ion, and logs by grok patterns."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable
from typing import Any, cast

from .. import _grok, _records, _xml
from .. import gluetypes as g
from .._not_built import NotBuiltError
from .errors import error_of
from .frame import SparkFrame, conformed
from .modules import core
from .scans import Scan
from .tagged import bad, good

Read = Callable[[bytes], Iterable[Any]]
_PLAIN: tuple[Any, ...] = (bool, int, float, str, bytes)


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
        return _ion()
    grok = _grok.Grok(scan.options)
    return lambda content: _lines(content, grok)


def _lines(content: bytes, grok: _grok.Grok) -> Iterable[Any]:
    for line in content.decode("utf-8").splitlines():
        record = grok.record(line)
        if record is not None:
            yield record
        elif line.strip():
            yield _Broken(ValueError("the line does not match logFormat"), line)


def _ion() -> Read:
    try:
        simpleion: Any = importlib.import_module("amazon.ion.simpleion")
    except ImportError as problem:
        hint = "Install its reader with --additional-python-modules amazon.ion"
        raise NotBuiltError("format ion", hint) from problem

    def read(content: bytes) -> Iterable[Any]:
        for one in simpleion.loads(content, single_value=False):
            yield _plain(one)

    return read


def _plain(value: Any) -> Any:
    """Return an Ion value as one of Python's own."""
    if value is None or type(value).__name__ == "IonPyNull":
        return None
    if hasattr(value, "items"):
        return _records.DynamicRecord({str(name): _plain(one) for name, one in value.items()})
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in cast("list[Any]", value)]
    for kind in _PLAIN:
        if isinstance(value, kind):
            return kind(value)
    text = getattr(value, "text", None)
    return value if text is None else str(text)
