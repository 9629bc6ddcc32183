"""The JSON text of a crawler's Configuration: read, and every key of it known or refused.

https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html and the pages below it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec

from lakebed.services.glue._crawlers import invalid

Check = Callable[[Any], bool]


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is(*known: Any) -> Check:
    return lambda value: value in known


_KEYS: Mapping[str, Any] = {
    "Version": _is(1, 1.0),
    "CrawlerOutput": {
        "Tables": {"AddOrUpdateBehavior": _is("MergeNewColumns"), "TableThreshold": _is_count},
        "Partitions": {"AddOrUpdateBehavior": _is("InheritFromTable")},
    },
    "Grouping": {
        "TableGroupingPolicy": _is("CombineCompatibleSchemas"),
        "TableLevelConfiguration": _is_count,
    },
    "CreatePartitionIndex": _is_flag,
    # lakebed's own: see docs/reference/crawlers.md.
    "Lakebed": {"UnstructuredFiles": _is_flag},
}


def read_configuration(text: str) -> Mapping[str, Any]:
    """Return what a Configuration says; an empty text says nothing.

    Raises InvalidInputException for what is no JSON object, keys that are not known and values
    they cannot have. The sentence about keys is AWS's, the others are ours.
    """
    if not text:
        return {}
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise invalid(f"Configuration is not valid JSON: {error}") from None
    if not isinstance(found, dict):
        raise invalid("Configuration is not a JSON object.")
    given = cast(dict[str, Any], found)
    if "Version" not in given:
        raise invalid("Configuration must have a Version; it is 1.0.")
    _check(given, _KEYS, "")
    return given


def _check(given: Mapping[str, Any], known: Mapping[str, Any], path: str) -> None:
    unknown = [key for key in given if key not in known]
    if unknown:
        raise invalid(f"{path or 'Configuration'} contains unsupported keys: {', '.join(unknown)}.")
    for key, value in given.items():
        where, rule = f"{path}.{key}" if path else key, known[key]
        if isinstance(rule, Mapping):
            if not isinstance(value, dict):
                raise invalid(f"{where} is not a JSON object.")
            _check(cast(dict[str, Any], value), cast(Mapping[str, Any], rule), where)
        elif not rule(value):
            raise invalid(f"{where} cannot be {msgspec.json.encode(value).decode()}.")
