"""What a classifier is given, checked: patterns that compile, types that exist.

https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html. A JSON path is not checked: AWS
takes any text for one. The sentences are ours.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any

from lakebed.services.glue._crawlers import invalid

DATATYPES = frozenset(
    ("BINARY", "BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "FLOAT", "INT", "LONG", "SHORT", "STRING",
     "TIMESTAMP")
)  # fmt: skip
"""What CustomDatatypes may name."""
FIELD_TYPES = frozenset(("byte", "boolean", "double", "short", "int", "long", "float", "string"))
"""What a field of a grok pattern may be cast to."""

_REFERENCE = re.compile(r"%\{([^}]*)\}")
_JAVA_GROUP = re.compile(r"\(\?<(?=[A-Za-z])")
_NAME = re.compile(r"\w+")


def check_options(kind: str, options: Mapping[str, Any]) -> None:
    """Refuse the members of a classifier that cannot be right together."""
    if kind == "GrokClassifier":
        _check_grok(options)
    elif kind == "CsvClassifier":
        _check_csv(options)


def _check_grok(options: Mapping[str, Any]) -> None:
    _check_pattern("GrokPattern", options["GrokPattern"])
    # Console and templates write line ends as two characters, too.
    for line in options.get("CustomPatterns", "").replace("\\n", "\n").splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, _, pattern = line.strip().partition(" ")
        if not _NAME.fullmatch(name) or not pattern.strip():
            raise invalid(f"CustomPatterns has a line that is no name and pattern: {line}")
        _check_pattern(f"CustomPatterns {name}", pattern.strip())


def _check_pattern(member: str, pattern: str) -> None:
    for reference in _REFERENCE.findall(pattern):
        name, *rest = reference.split(":")
        if not _NAME.fullmatch(name) or len(rest) > 2:
            raise invalid(f"{member} has a field that is no %{{NAME:field:type}}: %{{{reference}}}")
        if len(rest) == 2 and rest[1] not in FIELD_TYPES:
            raise invalid(f"{member} casts a field to an unknown type: {rest[1]}")
    text = _JAVA_GROUP.sub("(?P<", _REFERENCE.sub("(?:x)", pattern))
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(text)
    except re.error as error:
        raise invalid(f"{member} is no regular expression: {error}") from None
    except (RecursionError, OverflowError):
        raise invalid(f"{member} is nested too deeply, or repeats too often.") from None


def _check_csv(options: Mapping[str, Any]) -> None:
    quote = options.get("QuoteSymbol")
    if quote is not None and quote == options.get("Delimiter"):
        raise invalid("QuoteSymbol has to be different from Delimiter.")
    header = options.get("Header", [])
    if len({name.lower() for name in header}) != len(header):
        raise invalid("Header has a name twice.")
    unknown = [name for name in options.get("CustomDatatypes", ()) if name.upper() not in DATATYPES]
    if unknown:
        raise invalid(f"CustomDatatypes has unknown types: {', '.join(unknown)}.")
