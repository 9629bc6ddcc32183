"""The models' patterns are Java's regular expressions; here they become Python's."""

from __future__ import annotations

import re

# In Java's UTF-16, `\uD800\uDC00-\uDBFF\uDFFF` spans the supplementary characters; in Python's
# code points they are one range.
_SUPPLEMENTARY = r"\uD800\uDC00-\uDBFF\uDFFF"
# STS's models write the same range with five digits, which neither language reads so.
_FIVE_DIGITS = r"\u10000-\u10FFFF"
_PYTHON_SUPPLEMENTARY = r"\U00010000-\U0010FFFF"


def translate(pattern: str) -> re.Pattern[str] | None:
    r"""Return the pattern for `fullmatch`, or None where Python has no such class (`\p{L}`).

    Java's `\w`, `\d` and `\s` are ASCII unless told otherwise, so are these.
    """
    if r"\p{" in pattern or r"\P{" in pattern:
        return None
    pattern = pattern.replace(_SUPPLEMENTARY, _PYTHON_SUPPLEMENTARY)
    pattern = pattern.replace(_FIVE_DIGITS, _PYTHON_SUPPLEMENTARY)
    return re.compile(pattern, re.ASCII)
