"""Filters of a visual job as expressions of Python over a record, `row`. Pure.

A constant is given as text, and nobody says of which type the field is: `constant_like` makes it
what the field holds, in the script, when it runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.services.glue._python_text import WIDTH, Code, literal

_SIGNS = {"EQ": "==", "LT": "<", "GT": ">", "LTE": "<=", "GTE": ">="}
COLUMN = "COLUMNEXTRACTED"
_FLAT_MAX = WIDTH - 20


def predicate(filters: Sequence[Mapping[str, Any]], operator: str, indent: str) -> Code:
    """Return a function of a record that is true of those that pass.

    `indent` is that of the line it stands in; what does not fit there has a line for each filter.
    """
    texts = [_one(one) for one in filters]
    if len(texts) == 1:
        return Code(f"lambda row: {texts[0]}")
    flat = f" {operator.lower()} ".join(f"({one})" for one in texts)
    if len(indent) + len(flat) <= _FLAT_MAX:
        return Code(f"lambda row: {flat}")
    lines = [
        f"{indent}    {operator.lower() + ' ' if at else ''}({one})" for at, one in enumerate(texts)
    ]
    return Code("\n".join(["lambda row: (", *lines, f"{indent})"]))


def uses_constants(filters: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether expressions of filters call `constant_like`."""
    return any(
        one["Operation"] in _SIGNS and any(value["Type"] != COLUMN for value in one["Values"][:2])
        for one in filters
    )


def uses_patterns(filters: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether expressions of filters need the module `re`."""
    return any(one["Operation"] == "REGEX" for one in filters)


def _one(one: Mapping[str, Any]) -> str:
    operation, values = one["Operation"], one["Values"]
    if operation == "ISNULL":
        return f"{_value(values[0])} is {'not ' if one.get('Negated') else ''}None"
    if operation == "REGEX":
        text = f"bool(re.match({literal(_constant(values[1]))}, {_value(values[0])}))"
    else:
        left, right = values[0], values[1]
        text = f"{_value(left, right)} {_SIGNS[operation]} {_value(right, left)}"
    return f"not ({text})" if one.get("Negated") else text


def _value(value: Mapping[str, Any], beside: Mapping[str, Any] | None = None) -> str:
    """Return a field of the record, or a constant like the field it is compared with."""
    if value["Type"] == COLUMN:
        return "row" + "".join(f"[{literal(step)}]" for step in value["Value"])
    text = literal(_constant(value))
    if beside is None or beside["Type"] != COLUMN:
        return text
    return f"constant_like({_value(beside)}, {text})"


def _constant(value: Mapping[str, Any]) -> str:
    return ".".join(value["Value"])
