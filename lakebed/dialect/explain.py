"""EXPLAIN and its options.

Source: https://docs.aws.amazon.com/athena/latest/ug/athena-explain-statement.html
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.reader import blank

_HEAD = re.compile(r"(?is)\s*explain\b(\s+analyze\b(\s+verbose\b)?)?")
_OPTIONS = re.compile(r"(?is)\s*\((?=\s*(?:type|format)\b)([^()]*)\)")
_OPTION = re.compile(r"(?is)(\s*)(type|format)(\s+)(\w+)\s*")
_VALUES = {
    "TYPE": ("DISTRIBUTED", "IO", "LOGICAL", "VALIDATE"),
    "FORMAT": ("GRAPHVIZ", "JSON", "TEXT"),
}
_EXPLAINED = (st.Select, st.Insert, st.CreateTableAs, st.Unload)


def parse(text: str, parse_statement: Callable[[str], st.Statement]) -> st.Explain | None:
    """Read an EXPLAIN; None if the statement is another. Comments are blanked already."""
    head = _HEAD.match(text)
    if head is None:
        return None
    is_analyze = head.group(1) is not None
    found = _OPTIONS.match(text, head.end())
    given = _options(text, found.start(1), found.group(1)) if found is not None else {}
    if is_analyze and ("TYPE" in given or given.get("FORMAT") == "GRAPHVIZ"):
        message = "EXPLAIN ANALYZE has the option FORMAT, which is TEXT or JSON"
        raise TrinoError("SYNTAX_ERROR", message, *_place(text, head.end()))
    end = found.end() if found is not None else head.end()
    statement = parse_statement(blank(text, end))
    if not isinstance(statement, st.Select if is_analyze else _EXPLAINED):
        verb = text[end:].split(maxsplit=1)[0].upper()
        raise not_supported(f"EXPLAIN {'ANALYZE ' if is_analyze else ''}of {verb}", 1, 1)
    return st.Explain(
        statement, given.get("TYPE", "DISTRIBUTED"), given.get("FORMAT", "TEXT"), is_analyze
    )


def _options(text: str, start: int, listed: str) -> dict[str, str]:
    """Read `TYPE …, FORMAT …`; of an option given twice the first counts, as in Trino."""
    given: dict[str, str] = {}
    at = start
    for part in listed.split(","):
        match = _OPTION.fullmatch(part)
        if match is None:
            message = f"mismatched input '{part.strip()}'. Expecting: 'FORMAT', 'TYPE'"
            raise TrinoError("SYNTAX_ERROR", message, *_place(text, at))
        name, value = match.group(2).upper(), match.group(4)
        if value.upper() not in _VALUES[name]:
            allowed = ", ".join(f"'{one}'" for one in _VALUES[name])
            message = f"mismatched input '{value}'. Expecting: {allowed}"
            raise TrinoError("SYNTAX_ERROR", message, *_place(text, at + match.start(4)))
        given.setdefault(name, value.upper())
        at += len(part) + 1
    return given


def _place(text: str, at: int) -> tuple[int, int]:
    """Return line and column, both from 1."""
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1
