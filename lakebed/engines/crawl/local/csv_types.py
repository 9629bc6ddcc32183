"""Types of columns of text, from the cells of a sample.

The built-in classifier finds `bigint`, `double` and `string`. A custom classifier with custom data
types finds those it lists: BINARY, BOOLEAN, DATE, DECIMAL, DOUBLE, FLOAT, INT, LONG, SHORT, STRING,
TIMESTAMP; the first that holds every cell of a column, in the order below, is the column's.
A blank before or after a number makes it a `double`: Hive reads such a text as a fraction, but not
as a whole number.
https://docs.aws.amazon.com/glue/latest/webapi/API_CsvClassifier.html (which type comes before which
is ours; BINARY is never guessed: every text would be one)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

_BIGINT_MAX = (1 << 63) - 1
_DECIMAL_DIGITS_MAX = 38
_FLOAT_DIGITS_MAX = 7
_WHOLE = re.compile(r"(?>(?:[+-]?[0-9]++)?\n)*+")
_NUMBER = re.compile(
    r"(?>[ \t]*+(?:[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?)?[ \t]*+\n)*+"
)
_TRUTH = re.compile(r"(?>(?:true|false)?\n)*+", re.IGNORECASE)
_DATE = re.compile(r"(?>(?:[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))?\n)*+")
_MOMENT = re.compile(
    r"(?>(?:[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r" (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?)?\n)*+"
)
_FIXED = re.compile(r"(?>(?:[+-]?[0-9]++(?:\.[0-9]++)?)?\n)*+")
_BLANKS = re.compile(r"^[ \t]+|[ \t]+$", re.MULTILINE)

Rule = Callable[[str], str | None]
"""From the cells of a column, each with a line end, to its type."""


def kind_of(cells: Sequence[str], is_trimmed: bool = False) -> str:
    """Return `bigint`, `double` or `string`; empty cells say nothing."""
    joined = _joined(cells, is_trimmed)
    if not joined.strip():
        return "string"
    if _WHOLE.fullmatch(joined):
        return "bigint" if _within(joined, _BIGINT_MAX) else "double"
    return "double" if _NUMBER.fullmatch(joined) else "string"


def kind_among(cells: Sequence[str], names: Collection[str], is_trimmed: bool = False) -> str:
    """Return the first type that holds every cell, of those that a custom classifier lists."""
    joined = _joined(cells, is_trimmed)
    if joined.strip():
        for name, rule in _RULES.items():
            if name in names and (found := rule(joined)) is not None:
                return found
    return "string"


def _joined(cells: Sequence[str], is_trimmed: bool) -> str:
    joined = "\n".join(cells) + "\n"
    if is_trimmed and (" " in joined or "\t" in joined):
        return _BLANKS.sub("", joined)
    return joined


def _within(joined: str, most: int) -> bool:
    """Tell whether whole numbers have room; only long ones have to be looked at."""
    cells = joined.split()
    digits = len(str(most))
    if len(max(cells, key=len)) < digits:
        return True
    return all(-most - 1 <= int(cell) <= most for cell in cells if len(cell) >= digits)


def _whole(name: str, bits: int) -> Rule:
    most = (1 << (bits - 1)) - 1
    return lambda joined: name if _WHOLE.fullmatch(joined) and _within(joined, most) else None


def _like(name: str, pattern: re.Pattern[str]) -> Rule:
    return lambda joined: name if pattern.fullmatch(joined) else None


def _decimal(joined: str) -> str | None:
    if not _FIXED.fullmatch(joined):
        return None
    whole = scale = 0
    for cell in joined.split():
        before, _, after = cell.lstrip("+-").partition(".")
        whole, scale = max(whole, len(before)), max(scale, len(after))
    return f"decimal({whole + scale},{scale})" if whole + scale <= _DECIMAL_DIGITS_MAX else None


def _float(joined: str) -> str | None:
    """Take numbers whose digits a `float` keeps."""
    if not _NUMBER.fullmatch(joined):
        return None
    digits = (re.sub(r"[eE].*|[^0-9]", "", cell).lstrip("0") for cell in joined.split())
    return "float" if all(len(found) <= _FLOAT_DIGITS_MAX for found in digits) else None


_RULES: dict[str, Rule] = {
    "BOOLEAN": _like("boolean", _TRUTH),
    "SHORT": _whole("smallint", 16),
    "INT": _whole("int", 32),
    "LONG": _whole("bigint", 64),
    "DECIMAL": _decimal,
    "FLOAT": _float,
    "DOUBLE": _like("double", _NUMBER),
    "DATE": _like("date", _DATE),
    "TIMESTAMP": _like("timestamp", _MOMENT),
}
"""In the order in which they are tried."""
