"""Filter patterns: terms, JSON conditions, space-delimited fields, regular expressions.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
A pattern in braces asks about JSON, one in brackets about fields between spaces, any other one
about terms. Terms are found anywhere, within words, too; upper and lower case differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from lakebed.services.logs._pattern_values import checked_regex
from lakebed.services.logs.model import invalid

_TERM = re.compile(r'\s*([-?]?)(?:"((?:[^"\\]|\\.)*)"|%((?:[^%\\]|\\.)*)%|([^\s"]+))')

Matcher = Callable[[str], bool]


class FilterPattern(Protocol):
    """A pattern, ready to be used."""

    def matches(self, message: str, /) -> bool:
        """Tell whether a message is one that is looked for."""
        ...

    def extract(self, message: str, /) -> Mapping[str, str]:
        """Return the values of a matching message by the names the pattern gives them."""
        ...


class _Terms:
    """Words, phrases and regular expressions: all of them, any of those with `?`, none with `-`."""

    def __init__(
        self, wanted: Sequence[Matcher], any_of: Sequence[Matcher], unwanted: Sequence[Matcher]
    ) -> None:
        self._wanted = wanted
        # AWS passes over `?` beside terms without it.
        self._any_of = any_of if not wanted and not unwanted else ()
        self._unwanted = unwanted
        if len(wanted) == 1 and not unwanted:
            self.matches = wanted[0]

    def matches(self, message: str, /) -> bool:
        """Tell whether a message has the terms."""
        if self._any_of and not any(has(message) for has in self._any_of):
            return False
        if not all(has(message) for has in self._wanted):
            return False
        return not any(has(message) for has in self._unwanted)

    def extract(self, message: str, /) -> Mapping[str, str]:
        """Return nothing: terms have no names."""
        return {}


def compile_pattern(text: str) -> FilterPattern:
    """Return a pattern; InvalidParameterException for what is none."""
    text = text.strip()
    if text.startswith("{"):
        from lakebed.services.logs._json_pattern import JsonPattern

        return JsonPattern(text)
    if text.startswith("["):
        from lakebed.services.logs._field_pattern import FieldPattern

        return FieldPattern(text)
    return _terms(text)


def _terms(text: str) -> _Terms:
    wanted: list[Matcher] = []
    any_of: list[Matcher] = []
    unwanted: list[Matcher] = []
    lists = {"": wanted, "?": any_of, "-": unwanted}
    position = 0
    while position < len(text):
        found = _TERM.match(text, position)
        if found is None:
            raise invalid("Invalid filter pattern")
        position = found.end()
        sign, phrase, regex, word = found.groups()
        if regex is not None:
            matcher = _finds(checked_regex(regex))
        elif phrase is not None:
            matcher = _contains(re.sub(r"\\(.)", r"\1", phrase))
        else:
            matcher = _contains(_checked_word(word))
        lists[sign].append(matcher)
    return _Terms(wanted, any_of, unwanted)


def _checked_word(word: str) -> str:
    if not all(letter.isalnum() or letter == "_" for letter in word):
        raise invalid(f"Invalid character(s) in term '{word}'")
    return word


def _contains(term: str) -> Matcher:
    return lambda message: term in message


def _finds(regex: re.Pattern[str]) -> Matcher:
    search = regex.search
    return lambda message: search(message) is not None
