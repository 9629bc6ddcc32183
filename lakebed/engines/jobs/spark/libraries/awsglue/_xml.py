"""XML documents as records: one for each element of a name.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-xml-home.html
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from xml.etree import ElementTree

from ._options import flag

_WHOLE = re.compile(r"[+-]?\d{1,18}")
_FLOATING = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+)([eE][+-]?\d+)?")
_HEAD = re.compile(rb"\s*<\?xml[^>]*\?>")


@dataclass(frozen=True)
class Rules:
    """How elements become fields."""

    row_tag: str
    encoding: str
    attributes: bool
    attribute_prefix: str
    value_tag: str
    empty_is_null: bool
    null_value: str
    trim: bool
    typed: bool

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Rules:
        """Return the rules that format options give."""
        if not options.get("rowTag"):
            raise ValueError("'rowTag' option is required for format xml")
        return cls(
            options["rowTag"],
            options.get("encoding", "UTF-8"),
            not flag(options, "excludeAttribute"),
            options.get("attributePrefix", "_"),
            options.get("valueTag", "_VALUE"),
            flag(options, "treatEmptyValuesAsNulls"),
            options.get("nullValue", ""),
            flag(options, "ignoreSurroundingSpaces"),
            not options.get("withSchema"),
        )


def records(content: bytes, rules: Rules) -> Iterator[dict[str, Any]]:
    """Return the records of a document; ValueError if it is broken."""
    text = _HEAD.sub(b"", content, count=1).decode(rules.encoding)
    depth = 0
    try:
        for event, element in ElementTree.iterparse(io.StringIO(text), ("start", "end")):
            if _name(element.tag) != rules.row_tag:
                continue
            depth += 1 if event == "start" else -1
            if event == "end" and depth == 0:
                value = _value(element, rules)
                yield (
                    cast("dict[str, Any]", value)
                    if isinstance(value, dict)
                    else {rules.value_tag: value}
                )
                element.clear()
    except ElementTree.ParseError as problem:
        raise ValueError(f"malformed XML: {problem}") from problem


def _value(element: ElementTree.Element, rules: Rules) -> Any:
    found: dict[str, Any] = {}
    if rules.attributes:
        for name, text in element.attrib.items():
            found[rules.attribute_prefix + _name(name)] = _scalar(text, rules)
    repeated: dict[str, list[Any]] = {}
    for child in element:
        repeated.setdefault(_name(child.tag), []).append(_value(child, rules))
    found |= {name: many[0] if len(many) == 1 else many for name, many in repeated.items()}
    text = element.text or ""
    if not found:
        return _scalar(text, rules)
    if text.strip() and not repeated:
        found[rules.value_tag] = _scalar(text, rules)
    return found


def _name(tag: str) -> str:
    """Return a name without its namespace."""
    return tag.rpartition("}")[2]


def _scalar(text: str, rules: Rules) -> Any:
    if rules.trim:
        text = text.strip()
    if text == rules.null_value or (rules.empty_is_null and not text.strip()):
        return None
    if not rules.typed:
        return text
    bare = text.strip()
    if _WHOLE.fullmatch(bare):
        return int(bare)
    if _FLOATING.fullmatch(bare):
        return float(bare)
    return {"true": True, "false": False}.get(bare.lower(), text)
