"""Event patterns: which events a rule is about. Pure.

A pattern is an object with the fields of an event that matter; each leaf is a list of values and
filters of which one has to fit (`_pattern_filters`).
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
A name with dots is a path, in patterns and in events. The reasons are AWS's, without the place in
the text that AWS adds; that it is no JSON, and too deep, is said in our words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, cast

import msgspec

from lakebed.core.event_limits import EVENT_PATTERNS_REMEMBERED_MAX
from lakebed.services.events._pattern_filters import (
    Number,
    PatternError,
    Test,
    absence,
    test_of,
)

_OR = "$or"
_RESERVED = ("exactly", "prefix", "suffix", "anything-but", "numeric", "exists", "cidr",
             "equals-ignore-case", "wildcard")  # fmt: skip
"""What no field among choices may be called."""
_LEVELS_MAX = 100


class Field(msgspec.Struct, frozen=True):
    """A leaf: one of the tests has to pass, or the field may be absent."""

    tests: tuple[Test, ...]
    may_be_absent: bool


class Pattern(msgspec.Struct, frozen=True):
    """An object: all fields have to fit, and of each list of choices one."""

    fields: Mapping[str, Field | Pattern]
    choices: tuple[tuple[Pattern, ...], ...] = ()


def parse_event(text: str) -> Any:
    """Return an event; numbers are kept as they are written."""
    return json.loads(text, parse_int=Number, parse_float=Number)


def event_fields(text: str) -> Any:
    """Return an event as patterns see it: what a name or path has twice has both values."""
    hook = partial(_object, keeps_both=True)
    return json.loads(text, parse_int=Number, parse_float=Number, object_pairs_hook=hook)


@lru_cache(maxsize=EVENT_PATTERNS_REMEMBERED_MAX)
def parse_pattern(text: str) -> Pattern:
    """Return a pattern; PatternError, with the reason, for a text that is none."""
    try:
        given = json.loads(
            text,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_no_constant,
            object_pairs_hook=partial(_object, keeps_both=False),
        )
    except (json.JSONDecodeError, RecursionError) as error:
        raise PatternError(f"it is no JSON: {error}") from None
    if not isinstance(given, dict):
        raise PatternError("Filter is not an object")
    return _pattern(cast("dict[str, Any]", given))


def matches(pattern: Pattern, event: Mapping[str, Any]) -> bool:
    """Tell whether an event, as `event_fields` gives it, fits a pattern."""
    return _fits(pattern, event, [event])


def _no_constant(name: str) -> Any:
    raise PatternError(f"{name} is no value of JSON")


def _object(pairs: list[tuple[str, Any]], *, keeps_both: bool) -> dict[str, Any]:
    """Return an object in which names with dots are paths; of what is there twice the last."""
    found = dict(pairs)
    if len(found) == len(pairs) and not any("." in name for name in found):
        return found
    found = cast("dict[str, Any]", {})
    for name, value in pairs:
        first, *rest = name.split(".")
        for part in reversed(rest):
            value = {part: value}
        _put(found, first, value, keeps_both=keeps_both)
    return found


def _put(found: dict[str, Any], name: str, value: Any, *, keeps_both: bool) -> None:
    before = found.get(name)
    if isinstance(before, dict) and isinstance(value, dict):
        for inner, one in cast("dict[str, Any]", value).items():
            _put(cast("dict[str, Any]", before), inner, one, keeps_both=keeps_both)
    else:
        found[name] = [before, value] if keeps_both and name in found else value


def _pattern(given: Mapping[str, Any], level: int = 1, *, is_choice: bool = False) -> Pattern:
    if not given:
        raise PatternError("Empty objects are not allowed")
    if level > _LEVELS_MAX:
        raise PatternError(f"it has more than {_LEVELS_MAX} levels")
    fields: dict[str, Field | Pattern] = {}
    choices: list[tuple[Pattern, ...]] = []
    for name, value in given.items():
        if name == _OR:
            choices.append(_choices(value, level))
        elif is_choice and name in _RESERVED:
            raise PatternError(
                f"{name} is Ruler reserved fieldName which cannot be used inside {_OR}."
            )
        elif isinstance(value, dict):
            inner = cast("dict[str, Any]", value)
            fields[name] = _pattern(inner, level + 1, is_choice=is_choice)
        elif isinstance(value, list):
            fields[name] = _field(cast("list[Any]", value))
        else:
            raise PatternError(f'"{name}" must be an object or an array')
    return Pattern(fields, tuple(choices))


def _choices(value: Any, level: int) -> tuple[Pattern, ...]:
    if not isinstance(value, list):
        raise PatternError(f"It must be an Array followed with {_OR}.")
    given = cast("list[Any]", value)
    if not all(isinstance(one, dict) for one in given):
        raise PatternError(f"Only JSON object is allowed in array of {_OR} relationship.")
    found = tuple(_pattern(one, level + 1, is_choice=True) for one in given)
    if len(found) < 2:
        raise PatternError(f"There must have at least 2 Objects in {_OR} relationship.")
    return found


def _field(values: Sequence[Any]) -> Field:
    if not values:
        raise PatternError("Empty arrays are not allowed")
    may_be_absent = any(absence(one) for one in values)
    return Field(tuple(test_of(one) for one in values if not absence(one)), may_be_absent)


def _fits(pattern: Pattern, one: Mapping[str, Any], all_of: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether an object fits, which may be one of a list of them.

    Fields of a list's objects have to fit in the same object; a field is absent only if none of
    them has it.
    """
    for name, wanted in pattern.fields.items():
        fits = _field_fits if isinstance(wanted, Field) else _object_fits
        if not fits(cast(Any, wanted), name, one, all_of):
            return False
    return all(any(_fits(one_of, one, all_of) for one_of in some) for some in pattern.choices)


def _field_fits(
    wanted: Field, name: str, one: Mapping[str, Any], all_of: Sequence[Mapping[str, Any]]
) -> bool:
    if any(test(leaf) for leaf in _leaves(one.get(name, ())) for test in wanted.tests):
        return True
    return wanted.may_be_absent and not any(_leaves(other.get(name, ())) for other in all_of)


def _object_fits(
    wanted: Pattern, name: str, one: Mapping[str, Any], all_of: Sequence[Mapping[str, Any]]
) -> bool:
    del all_of
    inner = _objects(one.get(name)) or [{}]
    return any(_fits(wanted, element, inner) for element in inner)


def _leaves(value: Any) -> list[Any]:
    """Return the values of a field: those of a list are its own; an object is none."""
    if isinstance(value, (list, tuple)):
        return [leaf for one in cast("Sequence[Any]", value) for leaf in _leaves(one)]
    return [] if isinstance(value, dict) else [value]


def _objects(value: Any) -> list[Mapping[str, Any]]:
    if isinstance(value, list):
        return [found for one in cast("list[Any]", value) for found in _objects(one)]
    return [cast("Mapping[str, Any]", value)] if isinstance(value, dict) else []
