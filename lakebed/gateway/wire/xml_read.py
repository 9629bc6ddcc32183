"""XML to values: a bounded parser that knows no DTD, and readers for the model's shapes."""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

from lakebed.core.errors import AwsError
from lakebed.gateway.wire.models import Member, Shape
from lakebed.gateway.wire.text import read_scalar

DEPTH_MAX = 32
# The longest document AWS takes is a list of 10,000 parts with their checksums.
BYTES_MAX = 8 * 1024 * 1024


def malformed() -> AwsError:
    """Return S3's error for a body that is no XML, or not the XML it expects."""
    return AwsError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )


class Element:
    """An element: its local name, its text, what is in it, and its attributes by local name."""

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element] = []
        self.text = ""


class _Tree:
    def __init__(self) -> None:
        self.root: Element | None = None
        self.open: list[Element] = []
        self.text: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.open) >= DEPTH_MAX:
            raise malformed()
        element = Element(name.rpartition(":")[2], attributes)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)
        self.text.clear()

    def end(self, name: str) -> None:
        element = self.open.pop()
        if not element.children:
            element.text = "".join(self.text)
        self.text.clear()

    def refuse(self, *_: object) -> None:
        # Entities are declared in a DTD, and S3 takes none: no bomb can be built without it.
        raise malformed()


def parse_xml(body: bytes) -> Element:
    """Return the root element of `body`, or raise MalformedXML."""
    if len(body) > BYTES_MAX:
        raise malformed()
    tree = _Tree()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.text.append
    parser.StartDoctypeDeclHandler = tree.refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError):
        raise malformed() from None
    if tree.root is None:
        raise malformed()
    return tree.root


def _read_list(member: Member, elements: list[Element]) -> list[Any]:
    part = member.shape.parts["member"]
    if not member.flattened:
        wanted = part.location_name or "member"
        elements = [item for item in elements[0].children if item.name == wanted]
    return [_read(part, [element]) for element in elements]


def _read_map(member: Member, elements: list[Element]) -> dict[str, Any]:
    key, value = member.shape.parts["key"], member.shape.parts["value"]
    entries = elements if member.flattened else elements[0].children
    out: dict[str, Any] = {}
    for entry in entries:
        found = {child.name: child for child in entry.children}
        one, two = found.get(key.location_name or "key"), found.get(value.location_name or "value")
        if one is None or two is None:
            raise malformed()
        out[_read(key, [one])] = _read(value, [two])
    return out


def _read(member: Member, elements: list[Element]) -> Any:
    kind = member.shape.kind
    if kind == "structure":
        return read_structure(member.shape, elements[0])
    if kind == "list":
        return _read_list(member, elements)
    if kind == "map":
        return _read_map(member, elements)
    if elements[0].children:
        raise malformed()
    try:
        return read_scalar(kind, elements[0].text)
    except ValueError:
        raise malformed() from None


def read_structure(shape: Shape, element: Element) -> dict[str, Any]:
    """Return a structure's members from the children of `element`."""
    found: dict[str, list[Element]] = {}
    for child in element.children:
        found.setdefault(child.name, []).append(child)
    out: dict[str, Any] = {}
    for member in shape.members.values():
        name = member.location_name or member.name
        if member.attribute:
            if name in element.attributes:
                out[member.name] = element.attributes[name]
            continue
        elements = found.get(name)
        if elements is not None:
            out[member.name] = _read(member, elements)
        elif member.required:
            raise malformed()
    return out
