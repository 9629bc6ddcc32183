"""Filter patterns about JSON: `{ ($.user.id = 1 || $.error IS TRUE) && $.latency > 500 }`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec

from lakebed.services.logs._pattern_values import OPERATOR, REGEXES_MAX, value_at
from lakebed.services.logs.model import invalid

_SELECTOR = re.compile(
    r"\$(?:\.?\[(?:\d+|\"[^\"]*\"|'[^']*')\]|\.[A-Za-z0-9_\-:@/#]+)+"
)  # fmt: skip
_STEP = re.compile(r"\.?\[(\d+)\]|\.?\[[\"']([^\"']*)[\"']\]|\.([A-Za-z0-9_\-:@/#]+)")
_STATE = re.compile(r"(IS\s+NOT\s+NULL|IS\s+NULL|IS\s+TRUE|IS\s+FALSE|NOT\s+EXISTS|EXISTS)\b", re.I)
_ABSENT = object()
_DEPTH_MAX = 20

Condition = Callable[[Any], bool]
_decode = msgspec.json.Decoder().decode


class JsonPattern:
    """Conditions on members of a JSON object."""

    def __init__(self, text: str) -> None:
        parser = _Parser(text)
        self._condition = parser.whole()
        self._selectors = parser.selectors

    def matches(self, message: str, /) -> bool:
        """Tell whether a message is JSON that meets the conditions."""
        event = _event(message)
        return event is not _ABSENT and self._condition(event)

    def extract(self, message: str, /) -> Mapping[str, str]:
        """Return the values that the conditions ask about, by their selectors."""
        event = _event(message)
        found: dict[str, str] = {}
        for selector, steps in self._selectors.items():
            value = _at(event, steps)
            if value is not _ABSENT and value is not None:
                text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
                found[selector] = text
        return found


def _event(message: str) -> Any:
    if not message.lstrip().startswith(("{", "[")):
        return _ABSENT
    try:
        return _decode(message)
    except (msgspec.DecodeError, RecursionError):
        return _ABSENT


def _at(event: Any, steps: tuple[str | int, ...]) -> Any:
    value = event
    for step in steps:
        if isinstance(step, int):
            if not isinstance(value, list):
                return _ABSENT
            items = cast("list[Any]", value)
            if step >= len(items):
                return _ABSENT
            value = items[step]
        elif isinstance(value, dict):
            value = cast("dict[str, Any]", value).get(step, _ABSENT)
        else:
            return _ABSENT
    return value


class _Parser:
    """Reads a pattern: `||` binds less than `&&`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 1
        self._regexes = 0
        self.selectors: dict[str, tuple[str | int, ...]] = {}

    def whole(self) -> Condition:
        condition = self._either(0)
        if not self._takes("}") or self._position != len(self._text):
            raise invalid("Invalid filter pattern")
        return condition

    def _takes(self, token: str) -> bool:
        self._skip()
        if self._text.startswith(token, self._position):
            self._position += len(token)
            return True
        return False

    def _skip(self) -> None:
        while self._position < len(self._text) and self._text[self._position].isspace():
            self._position += 1

    def _either(self, depth: int) -> Condition:
        parts = [self._both(depth)]
        while self._takes("||"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else lambda event: any(part(event) for part in parts)

    def _both(self, depth: int) -> Condition:
        parts = [self._one(depth)]
        while self._takes("&&"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else lambda event: all(part(event) for part in parts)

    def _one(self, depth: int) -> Condition:
        if depth > _DEPTH_MAX:
            raise invalid("Invalid filter pattern")
        if self._takes("("):
            inner = self._either(depth + 1)
            if not self._takes(")"):
                raise invalid("Invalid filter pattern")
            return inner
        steps = self._selector()
        self._skip()
        if state := _STATE.match(self._text, self._position):
            self._position = state.end()
            return _state(steps, " ".join(state[1].upper().split()))
        operator = OPERATOR.match(self._text, self._position)
        if operator is None:
            raise invalid("Invalid filter pattern")
        self._position = operator.end()
        self._skip()
        value, self._position = value_at(self._text, self._position)
        self._regexes += value.is_regex
        if self._regexes > REGEXES_MAX:
            raise invalid("Invalid filter pattern: too many regular expressions")
        test = value.test(operator[0])

        def condition(event: Any) -> bool:
            found = _at(event, steps)
            # Arrays, objects, null and what is not there meet no comparison, `!=` neither.
            return isinstance(found, (str, int, float)) and test(found)

        return condition

    def _selector(self) -> tuple[str | int, ...]:
        self._skip()
        found = _SELECTOR.match(self._text, self._position)
        if found is None:
            raise invalid("Invalid filter pattern")
        self._position = found.end()
        steps: list[str | int] = []
        for step in _STEP.finditer(found[0]):
            steps.append(int(step[1]) if step[1] is not None else step[2] or step[3])
        self.selectors[found[0]] = tuple(steps)
        return tuple(steps)


def _state(steps: tuple[str | int, ...], state: str) -> Condition:
    if state == "NOT EXISTS":
        return lambda event: _at(event, steps) is _ABSENT
    if state == "EXISTS":
        return lambda event: _at(event, steps) is not _ABSENT
    if state == "IS NOT NULL":
        return lambda event: _at(event, steps) not in (None, _ABSENT)
    wanted = {"IS NULL": None, "IS TRUE": True, "IS FALSE": False}[state]
    return lambda event: _at(event, steps) is wanted
