"""XML: rows are the elements of one tag; their attributes and children are columns.

A custom classifier names the row tag. The built-in one "determines the table schema based on XML
tags in the document": here the tag of the root's children that comes most often, the root's own
where it has none; that choice is ours. Attributes are called `_name`, an element's text beside
attributes or children `_VALUE`, as Glue's XML reader has them. An element that comes twice in a row
is an array. A row that closes itself (`<row a="1"/>`) is not one.
https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html#custom-classifier-xml
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-xml-home.html
No SerDe of Athena's reads XML: the table is Glue's, for jobs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from lakebed.core.limits import CRAWL_RECORDS_MAX
from lakebed.engines.crawl import Finding
from lakebed.engines.crawl.local import storages
from lakebed.engines.crawl.local.source import Source, UnreadableError
from lakebed.engines.crawl.local.values import kind_of, named
from lakebed.engines.crawl.types import STRING, Array, GlueType, Struct

DEPTH_MAX = 60
_OPENING = re.compile(rb"\s*(?:<\?xml\s|<!--|<!DOCTYPE\s|<[A-Za-z_][\w.:-]*[\s>/])")
_DECLARATION = b"<?xml"
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(slots=True)
class Element:
    """An element as it was read."""

    tag: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list["Element"])
    text: list[str] = field(default_factory=list[str])


class _EnoughError(Exception):
    """As many rows were read as are looked at."""


@dataclass(slots=True)
class _Reading:
    """Collects the elements that may be rows: those of a tag, or the root's children."""

    text: bytes
    row_tag: str
    parser: expat.XMLParserType
    stack: list[Element] = field(default_factory=list[Element])
    rows: list[Element] = field(default_factory=list[Element])
    root: Element | None = None
    end: int = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Open an element."""
        found = Element(tag, attributes)
        if len(self.stack) > DEPTH_MAX:
            raise UnreadableError(f"The XML is nested deeper than {DEPTH_MAX} elements.")
        self.root = self.root or found
        self.stack.append(found)

    def data(self, text: str) -> None:
        """Keep text."""
        if self.stack:
            self.stack[-1].text.append(text)

    def close(self, tag: str) -> None:
        """Close an element: it is a row, or a part of one, or passed over."""
        found = self.stack.pop()
        inside = any(self._is_row(one, depth) for depth, one in enumerate(self.stack))
        if inside:
            self.stack[-1].children.append(found)
        elif self._is_row(found, len(self.stack)):
            self.end = self.parser.CurrentByteIndex
            if not self.row_tag or not self._closes_itself(found):
                self.rows.append(found)
            if len(self.rows) >= CRAWL_RECORDS_MAX:
                raise _EnoughError

    def entity(self, *_: object) -> None:
        """Refuse entities of the document's own: they may grow without bounds."""
        raise UnreadableError("The XML declares entities of its own, which are not read.")

    def _closes_itself(self, element: Element) -> bool:
        return not element.children and not element.text and self.text.endswith(b"/>", 0, self.end)

    def _is_row(self, element: Element, depth: int) -> bool:
        return element.tag == self.row_tag if self.row_tag else depth == 1


def classify(source: Source) -> Finding | None:
    """Take a file that begins with a tag."""
    if not _OPENING.match(source.text):
        return None
    reading = read(source, "")
    if reading is None or reading.root is None:
        return None
    if not reading.rows:
        if not source.is_whole:
            return None
        return found(source, reading.root.tag, [reading.root], len(source.text))
    tag = Counter(row.tag for row in reading.rows).most_common(1)[0][0]
    return found(source, tag, [row for row in reading.rows if row.tag == tag], reading.end)


def with_row_tag(source: Source, row_tag: str) -> Finding | None:
    """Take a file that has rows of this tag."""
    if not _OPENING.match(source.text):
        return None
    reading = read(source, row_tag)
    if reading is None or not reading.rows:
        return None
    return found(source, row_tag, reading.rows, reading.end)


def read(source: Source, row_tag: str) -> _Reading | None:
    """Read the document as far as the sample goes; None if it is no XML."""
    parser = expat.ParserCreate()
    reading = _Reading(source.text, row_tag, parser)
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.close
    parser.CharacterDataHandler = reading.data
    parser.EntityDeclHandler = reading.entity
    parser.buffer_text = True
    try:
        parser.Parse(source.text, source.is_whole)
    except _EnoughError:
        return reading
    except expat.ExpatError as error:
        if not reading.rows and not source.text.lstrip().startswith(_DECLARATION):
            # A text that begins with a word in angle brackets may be anything.
            return None
        raise UnreadableError(f"The XML is not well-formed: {error}.") from error
    return reading


def found(source: Source, row_tag: str, rows: Sequence[Element], end: int) -> Finding | None:
    """Say that a file is XML with these rows."""
    kind = _type_of(rows)
    if not isinstance(kind, Struct):
        kind = Struct((("_VALUE", kind),))
    columns = named(kind.fields)
    parameters = {"typeOfData": "file", "rowTag": row_tag}
    seen = (
        len(rows) * max(1.0, len(source.text) / max(1, end)) if not source.is_whole else len(rows)
    )
    return source.finding("xml", columns, storages.NOT_HIVES, parameters, seen)


def _type_of(elements: Sequence[Element]) -> GlueType:
    """Return the type of elements of one name: a struct where one has attributes or children."""
    if not any(element.attributes or element.children for element in elements):
        return kind_of([_value("".join(element.text)) for element in elements])
    fields: dict[str, GlueType] = {}
    for name in dict.fromkeys(name for one in elements for name in one.attributes):
        values = [_value(one.attributes[name]) for one in elements if name in one.attributes]
        fields[f"_{name}"] = kind_of(values)
    named: dict[str, list[Element]] = {}
    repeated: set[str] = set()
    for element in elements:
        counts = Counter(child.tag for child in element.children)
        repeated.update(tag for tag, count in counts.items() if count > 1)
        for child in element.children:
            named.setdefault(child.tag, []).append(child)
    for tag, children in named.items():
        kind = _type_of(children)
        fields[tag] = Array(kind) if tag in repeated else kind
    texts = [text for element in elements if (text := "".join(element.text).strip())]
    if texts:
        fields["_VALUE"] = kind_of([_value(text) for text in texts])
    # A name with a prefix cannot stand in Hive's text of a struct.
    safe = {name.replace(":", "_"): kind for name, kind in fields.items()}
    return Struct(tuple(safe.items())) if safe else STRING


def _value(text: str) -> object:
    """Read a text as the value it may be: a number, true or false, nothing."""
    text = text.strip()
    if not text:
        return None
    if _WHOLE.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    return text == "true" if text in ("true", "false") else text
