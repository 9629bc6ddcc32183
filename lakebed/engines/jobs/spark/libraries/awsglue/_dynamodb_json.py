"""DynamoDB's JSON, in which every value says its type, as plain values."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, cast


def _number(value: str) -> int | float:
    try:
        return int(value)
    except ValueError:
        return float(value)


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "S": lambda value: value,
    "N": lambda value: _number(str(value)),
    "B": lambda value: base64.b64decode(value) if isinstance(value, str) else value,
    "BOOL": lambda value: value,
    "NULL": lambda _: None,
    "SS": lambda value: value,
    "NS": lambda value: [_number(str(one)) for one in value],
    "BS": lambda value: [base64.b64decode(one) for one in value],
    "L": lambda value: [plain_value(one) for one in value],
    "M": lambda value: plain(value),
}


def plain(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with plain values."""
    return {name: plain_value(value) for name, value in record.items()}


def plain_item(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is below `Item` with plain values; a record without it as it is."""
    item: Any = record.get("Item")
    if not isinstance(item, Mapping):
        return record
    return plain(cast("Mapping[str, Any]", item))


def plain_value(value: Any) -> Any:
    """Return the plain value of one that says its type; others as they are."""
    if not isinstance(value, Mapping):
        return value
    typed = cast("Mapping[str, Any]", value)
    # Fields that other records have are null here: they are not the type.
    given = [(name, one) for name, one in typed.items() if one is not None]
    if len(given) == 1 and given[0][0] in _PLAIN:
        return _PLAIN[given[0][0]](given[0][1])
    return typed
