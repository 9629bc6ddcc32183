"""What conditions of filter patterns compare with: texts with wildcards, numbers, expressions."""

from __future__ import annotations

import re
from collections.abc import Callable

from lakebed.services.logs.model import invalid

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
OPERATOR = re.compile(r"!=|<=|>=|=!|=|<|>")
_REGEX_LETTERS = re.compile(r"[A-Za-z0-9:_#=@/;,\-\^$?\[\]{}|\\*+.\s]*")
_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"|%((?:[^%\\]|\\.)*)%|([^\s"(),&|{}]+)')

REGEXES_MAX = 2
"""In one pattern of JSON or fields."""

Test = Callable[[str | float], bool]
"""Tells whether a value of an event fits: a text, or a number of JSON."""


def checked_regex(text: str) -> re.Pattern[str]:
    """Return a regular expression of the small kind that filter patterns know."""
    if not _REGEX_LETTERS.fullmatch(text) or not text:
        # The rules are documented, the sentence is ours.
        raise invalid(f"Invalid filter pattern: the regular expression %{text}% is not supported")
    try:
        return re.compile(text)
    except re.error:
        raise invalid(f"Invalid filter pattern: %{text}% is no regular expression") from None


def value_at(text: str, position: int) -> tuple[Value, int]:
    """Return the value that stands at a position of a pattern, and where it ends."""
    found = _VALUE.match(text, position)
    if found is None:
        raise invalid("Invalid filter pattern")
    phrase, regex, word = found.groups()
    if regex is not None:
        return Value(regex, is_regex=True), found.end()
    if phrase is not None:
        return Value(re.sub(r"\\(.)", r"\1", phrase), is_quoted=True), found.end()
    return Value(word), found.end()


class Value:
    """What stands right of an operator."""

    def __init__(self, text: str, *, is_regex: bool = False, is_quoted: bool = False) -> None:
        self.text = text
        self.is_regex = is_regex
        is_number = not is_regex and not is_quoted and NUMBER.fullmatch(text) is not None
        self.number = float(text) if is_number else None

    def test(self, operator: str) -> Test:
        """Return what tells whether an event's value stands so to this one."""
        if operator in ("!=", "=!"):
            fits = self._equals()
            return lambda value: not fits(value)
        if operator == "=":
            return self._equals()
        if self.number is None:
            raise invalid("Invalid filter pattern")
        return _ordered(operator, self.number)

    def _equals(self) -> Test:
        text, number = self.text, self.number
        if self.is_regex:
            search = checked_regex(text).search
            return lambda value: search(_text(value)) is not None
        if number is not None:
            return lambda value: value == text or _number(value) == number
        core = text.strip("*")
        is_open, is_open_ended = text.startswith("*"), text.endswith("*")
        # Within a text, an asterisk is an asterisk: as documented.
        if is_open and is_open_ended:
            return lambda value: core in _text(value)
        if is_open:
            return lambda value: _text(value).endswith(text[1:])
        if is_open_ended:
            return lambda value: _text(value).startswith(text[:-1])
        return lambda value: _text(value) == text


def _ordered(operator: str, bound: float) -> Test:
    def test(value: str | float) -> bool:
        number = _number(value)
        if number is None:
            return False
        if operator == "<":
            return number < bound
        if operator == "<=":
            return number <= bound
        return number > bound if operator == ">" else number >= bound

    return test


def _number(value: str | float) -> float | None:
    if isinstance(value, str):
        return float(value) if NUMBER.fullmatch(value) else None
    return None if isinstance(value, bool) else float(value)


def _text(value: str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else format(value, "g") if value % 1 else str(int(value))
