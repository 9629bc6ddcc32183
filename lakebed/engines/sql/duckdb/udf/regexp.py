"""Trino's regular expressions: Java's syntax as Joni reads it, run by the `regex` library.

https://trino.io/docs/current/functions/regexp.html
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import regex

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function

_MESSAGES = (
    ("missing )", "end pattern with unmatched parenthesis"),
    ("unbalanced parenthesis", "unmatched close parenthesis"),
    ("unterminated character set", "premature end of char-class"),
    ("nothing to repeat", "target of repeat operator is not specified"),
    ("bad character range", "empty range in char class"),
    ("unknown property", "invalid character property name"),
)
_PROPERTIES = {"Lower": "Ll", "Upper": "Lu", "Alpha": "Alphabetic", "Digit": "Nd", "Space": "Space",
               "Punct": "P", "Alnum": "Alnum", "XDigit": "XDigit", "ASCII": "ASCII"}  # fmt: skip
# These classes are of ASCII there; `regex` takes sets inside of sets.
_ASCII = {"\\d": "[0-9]", "\\D": "[^0-9]", "\\w": "[A-Za-z0-9_]", "\\W": "[^A-Za-z0-9_]",
          "\\s": r"[\t\n\v\f\r ]", "\\S": r"[^\t\n\v\f\r ]"}  # fmt: skip
_REPLACEMENT = re.compile(r"\\(.)|\$\{([^}]*)\}|\$(\d+)|\\$|\$(.?)|[^\\$]+", re.S)


def _invalid(message: str) -> TrinoError:
    return TrinoError("INVALID_FUNCTION_ARGUMENT", message)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    try:
        return regex.compile(_translated(pattern), regex.VERSION1 | regex.FULLCASE & 0)
    except regex.error as error:
        text = str(error)
        for part, message in _MESSAGES:
            if part in text:
                raise _invalid(message) from None
        raise _invalid(text) from None


_QUOTE = re.compile(r"\\Q(.*?)(?:\\E|$)", re.S)


def _translated(pattern: str) -> str:
    """Write a Java pattern as the library takes it."""
    pattern = _QUOTE.sub(lambda found: regex.escape(found.group(1)), pattern)

    def escape(found: re.Match[str]) -> str:
        text = found.group(0)
        if text == "\\h":
            return "[0-9A-Fa-f]"
        if text in _ASCII:
            return _ASCII[text]
        if text == "\\Z":
            return "(?=\\n?\\Z)"
        if text == "\\z":
            return "\\Z"
        if text[:2] in ("\\p", "\\P") and len(text) > 2:
            negated = text[1] == "P" or text[3:4] == "^"
            name = text[3:-1].lstrip("^")
            if name.startswith("Is"):
                raise _invalid(f"invalid character property name <{name}>")
            return f"\\{'P' if negated else 'p'}{{{_PROPERTIES.get(name, name)}}}"
        return text

    found = re.sub(r"\\[pP]\{[^}]*\}|\\.", escape, pattern, flags=re.S)
    # `$` of the library is before a last line feed, too; so is Java's.
    return found.replace("&&[", "&&[")


def _matches(text: str, pattern: str) -> list[Any]:
    return list(_compiled(pattern).finditer(text))


def _check_group(found: Any, group: int) -> None:
    if group < 0:
        raise _invalid("Group cannot be negative")
    if group > found.groups:
        message = f"Pattern has {found.groups} groups. Cannot access group {group}"
        raise _invalid(message)


@function
def regexp_like(text: str, pattern: str) -> bool:
    """Tell whether the pattern is found in the text."""
    return _compiled(pattern).search(text) is not None


@function
def regexp_extract(text: str, pattern: str) -> str | None:
    """Return the first match."""
    found = _compiled(pattern).search(text)
    return None if found is None else found.group()


@function
def extract_group(text: str, pattern: str, group: int) -> str | None:
    """Return a group of the first match."""
    compiled = _compiled(pattern)
    _check_group(compiled, group)
    found = compiled.search(text)
    return None if found is None else found.group(group)


@function
def regexp_extract_all(text: str, pattern: str) -> list[str]:
    """Return every match."""
    return [found.group() for found in _matches(text, pattern)]


@function
def extract_all_group(text: str, pattern: str, group: int) -> list[str | None]:
    """Return a group of every match."""
    compiled = _compiled(pattern)
    _check_group(compiled, group)
    return [found.group(group) for found in compiled.finditer(text)]


@function
def regexp_count(text: str, pattern: str) -> int:
    """Count the matches."""
    return len(_matches(text, pattern))


@function
def regexp_split(text: str, pattern: str) -> list[str]:
    """Return what is between the matches."""
    parts: list[str] = []
    at = 0
    for found in _matches(text, pattern):
        parts.append(text[at : found.start()])
        at = found.end()
    return [*parts, text[at:]]


@function
def regexp_position(text: str, pattern: str) -> int:
    """Return where the first match starts, counted from 1; -1 without one."""
    return position_of(text, pattern, 1, 1)


@function
def position_from(text: str, pattern: str, start: int) -> int:
    """Return where the first match from a place on starts."""
    return position_of(text, pattern, start, 1)


@function
def position_of(text: str, pattern: str, start: int, occurrence: int) -> int:
    """Return where the n-th match from a place on starts."""
    if start < 1:
        raise _invalid("start position cannot be smaller than 1")
    if occurrence < 1:
        raise _invalid("occurrence cannot be smaller than 1")
    if start > len(text):
        return -1
    for number, found in enumerate(_compiled(pattern).finditer(text, start - 1), 1):
        if number == occurrence:
            return found.start() + 1
    return -1


@function
def regexp_replace(text: str, pattern: str) -> str:
    """Remove every match."""
    return _compiled(pattern).sub("", text)


@function
def replace_with(text: str, pattern: str, replacement: str) -> str:
    """Replace every match by a text with `$1` and `${name}`."""
    compiled = _compiled(pattern)
    out: list[str] = []
    at = 0
    parts: list[str | int] | None = None
    for found in compiled.finditer(text):
        if parts is None:
            parts = _parts(replacement, compiled)
        out.append(text[at : found.start()])
        out += [(found.group(part) or "") if isinstance(part, int) else part for part in parts]
        at = found.end()
    return "".join([*out, text[at:]])


@lru_cache(maxsize=256)
def _parts(replacement: str, compiled: Any) -> list[str | int]:
    """Read a replacement: texts and numbers of groups."""
    parts: list[str | int] = []
    for found in _REPLACEMENT.finditer(replacement):
        escaped, name, digits, odd = found.groups()
        if escaped is not None:
            parts.append(escaped)
        elif name is not None:
            number = compiled.groupindex.get(name)
            if number is None:
                raise _invalid(f"Illegal replacement sequence: unknown group {{ {name} }}")
            parts.append(number)
        elif digits is not None:
            parts += _group_number(digits, compiled.groups)
        elif odd is not None:
            raise _invalid(f"Illegal replacement sequence: ${odd}")
        elif found.group(0) == "\\":
            raise _invalid("Illegal replacement sequence: \\")
        else:
            parts.append(found.group(0))
    return parts


def _group_number(digits: str, count: int) -> list[str | int]:
    """Take as many digits as still name a group, as Java does."""
    number, used = int(digits[0]), 1
    while used < len(digits) and number * 10 + int(digits[used]) <= count:
        number = number * 10 + int(digits[used])
        used += 1
    if number > count:
        raise _invalid(f"Illegal replacement sequence: unknown group {number}")
    return [number, digits[used:]] if digits[used:] else [number]


@function
def spans(text: str, pattern: str) -> list[dict[str, Any]]:
    """Return the text in pieces: what is before each match, and the groups of the match.

    The last piece has no groups. A lambda makes the texts of the matches of them.
    """
    out: list[dict[str, Any]] = []
    at = 0
    for found in _matches(text, pattern):
        out.append({"before": text[at : found.start()], "groups": list(found.groups())})
        at = found.end()
    return [*out, {"before": text[at:], "groups": None}]
