"""Filter patterns about fields between spaces: `[ip, user, ..., status = 4* && status != 404]`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from lakebed.services.logs._pattern_values import OPERATOR, REGEXES_MAX, Test, value_at
from lakebed.services.logs.model import invalid

_FIELD = re.compile(r'\[([^\]]*)\]|"((?:[^"\\]|\\.)*)"|(\S+)')
_NAME = re.compile(r"\s*(\$?[A-Za-z_][A-Za-z0-9_\-]*)?\s*")
_ELLIPSIS = ("...", "\N{HORIZONTAL ELLIPSIS}")


class _Field(msgspec.Struct, frozen=True):
    """A field's name, if it has one, and what its value is tested by."""

    name: str
    test: Callable[[str], bool] | None


class FieldPattern:
    """Fields by position, some of them tested; an ellipsis stands for any number of them."""

    def __init__(self, text: str) -> None:
        text = text.strip()
        if not text.endswith("]"):
            raise invalid("Invalid filter pattern")
        self._before: list[_Field] = []
        self._after: list[_Field] = []
        self._is_open = False
        regexes = 0
        for part in _parts(text[1:-1]):
            if part.strip() in _ELLIPSIS:
                if self._is_open:
                    raise invalid("Invalid filter pattern")
                self._is_open = True
                continue
            field, count = _field(part)
            regexes += count
            (self._after if self._is_open else self._before).append(field)
        if regexes > REGEXES_MAX:
            raise invalid("Invalid filter pattern: too many regular expressions")

    def matches(self, message: str, /) -> bool:
        """Tell whether a message has the fields."""
        return self._placed(_fields_of(message)) is not None

    def extract(self, message: str, /) -> Mapping[str, str]:
        """Return the fields by name, those without one by their place: `$3`."""
        values = _fields_of(message)
        placed = self._placed(values) or {}
        return {
            f"${placed[index].name.removeprefix('$')}"
            if index in placed and placed[index].name
            else f"${index + 1}": value
            for index, value in enumerate(values)
        }

    def _placed(self, values: Sequence[str]) -> dict[int, _Field] | None:
        """Return the pattern's fields by the place of their values, None if they do not fit."""
        known = len(self._before) + len(self._after)
        if len(values) < known or (len(values) > known and not self._is_open):
            return None
        placed = dict(enumerate(self._before))
        placed |= dict(enumerate(self._after, len(values) - len(self._after)))
        for index, field in placed.items():
            if field.test is not None and not field.test(values[index]):
                return None
        return placed


def _fields_of(message: str) -> list[str]:
    """Return the fields of a message: what is in brackets or quotes is one."""
    return [
        next(part for part in found.groups() if part is not None)
        for found in _FIELD.finditer(message)
    ]


def _parts(text: str) -> list[str]:
    """Split at commas outside of quotes and regular expressions."""
    parts = [""]
    closing = ""
    for letter in text:
        if closing:
            closing = "" if letter == closing else closing
        elif letter in ('"', "%"):
            closing = letter
        elif letter == ",":
            parts.append("")
            continue
        parts[-1] += letter
    return parts


def _field(text: str) -> tuple[_Field, int]:
    """Return a field, and how many regular expressions are in its tests."""
    name, position = _name_at(text, 0)
    if position == len(text):
        return _Field(name, None), 0
    choices: list[list[Test]] = [[]]
    regexes = 0
    while True:
        operator = OPERATOR.match(text, position)
        if operator is None:
            raise invalid("Invalid filter pattern")
        position = operator.end()
        while text[position : position + 1].isspace():
            position += 1
        value, position = value_at(text, position)
        regexes += value.is_regex
        choices[-1].append(value.test(operator[0]))
        rest = text[position:].lstrip()
        if not rest:
            break
        position = len(text) - len(rest) + 2
        if rest.startswith("||"):
            choices.append([])
        elif not rest.startswith("&&"):
            raise invalid("Invalid filter pattern")
        again, position = _name_at(text, position)
        if again != name:
            raise invalid("Invalid filter pattern")
    return _Field(
        name, lambda value: any(all(one(value) for one in all_of) for all_of in choices)
    ), (regexes)


def _name_at(text: str, position: int) -> tuple[str, int]:
    found = _NAME.match(text, position)
    assert found is not None
    return found[1] or "", found.end()
