"""Java's date patterns (SimpleDateFormat, DateTimeFormatter) in Python's and DuckDB's codes."""

from __future__ import annotations

import re
from datetime import datetime

from lakebed.dialect import lower
from lakebed.dialect.errors import not_supported

_CODES = {
    "yyyy": "%Y", "YYYY": "%Y", "uuuu": "%Y", "yy": "%y", "MM": "%m", "M": "%-m", "MMM": "%b",
    "MMMM": "%B", "dd": "%d", "d": "%-d", "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I",
    "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S", "SSS": "%g", "SSSSSS": "%f", "a": "%p",
    "EEE": "%a", "EEEE": "%A", "DDD": "%j", "Z": "%z",
    "SSSSSSSSS": "%n",
} | {"X" * count: "%z" for count in (1, 2, 3)}  # fmt: skip
_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|.", re.S)


def codes(pattern: str) -> str:
    """Return the pattern in strftime's codes; a letter we do not know is refused."""
    out: list[str] = []
    for match in _TOKEN.finditer(pattern):
        text = match.group(0)
        if match.group(1) is not None:
            out.append((match.group(1).replace("''", "'") or "'").replace("%", "%%"))
        elif match.group(2) is not None:
            if text not in _CODES:
                raise not_supported(f"The date pattern {pattern!r}")
            out.append(_CODES[text])
        else:
            out.append("%%" if text == "%" else text)
    return "".join(out)


def timestamp(text: str, pattern: str) -> str:
    """Write the reading of a timestamp; `millis` is the number since 1970, as Hive names it."""
    if pattern == "millis":
        whole = f"TRY_CAST(regexp_extract({text}, '^-?[0-9]+$') AS BIGINT)"
        return f"epoch_ms({whole})"
    return f"CAST(try_strptime({text}, {lower.quoted(codes(pattern))}) AS TIMESTAMP)"


def write(moment: datetime, pattern: str) -> str:
    """Write a moment by a pattern."""
    text = codes(pattern).replace("%g", f"{moment.microsecond // 1000:03d}")
    return moment.strftime(text)
