"""Where one statement ends and the next begins."""

from __future__ import annotations

import re

_PIECES = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|--[^\n]*|/\*.*?\*/|;", re.S)


def split(text: str) -> list[str]:
    """Return the statements of a text, without the semicolons between them."""
    found: list[str] = []
    start = 0
    for match in _PIECES.finditer(text):
        if match.group() == ";":
            found.append(text[start : match.start()])
            start = match.end()
    found.append(text[start:])
    return [one.strip() for one in found if _without_comments(one).strip()]


def is_whole(text: str) -> bool:
    """Tell whether what was typed so far ends a statement."""
    last = None
    for match in _PIECES.finditer(text):
        last = match
    return last is not None and last.group() == ";" and not text[last.end() :].strip()


def _without_comments(text: str) -> str:
    return _PIECES.sub(lambda m: "" if m.group()[:2] in ("--", "/*") else m.group(), text)
