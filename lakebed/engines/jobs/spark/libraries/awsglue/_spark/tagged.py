"""RDDs of records that came out of a function, and of what went wrong with the others."""

from __future__ import annotations

from typing import Any

Tagged = tuple[bool, Any]
"""Whether it is a record, and the record or the error record."""


def good(tagged: Any) -> Any:
    """Return the records."""
    return tagged.filter(_is_good).map(_value)


def bad(tagged: Any) -> Any:
    """Return the error records."""
    return tagged.filter(_is_bad).map(_value)


def _is_good(one: Tagged) -> bool:
    return one[0]


def _is_bad(one: Tagged) -> bool:
    return not one[0]


def _value(one: Tagged) -> Any:
    return one[1]
