"""Fields that CloudWatch Logs Insights discovers in messages: of JSON, of Lambda's own lines.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
Members of objects have names with dots, items of lists their number: `items.0.id`. JSON that begins
later in a message is found, too. That true and false are 1 and 0 is remembered. VPC flow logs and
Route 53's are not discovered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec

from lakebed.core.limits import LOG_FIELDS_MAX

_decode = msgspec.json.Decoder().decode
_decode_begin = json.JSONDecoder().raw_decode
_LAMBDA = re.compile(r"(START|END|REPORT|INIT_START) ?(?:RequestId: (\S+))?")
_LAMBDA_VALUES = {
    "@duration": re.compile(r"(?<!Billed )(?<!Init )Duration: ([\d.]+) ms"),
    "@billedDuration": re.compile(r"Billed Duration: ([\d.]+) ms"),
    "@initDuration": re.compile(r"Init Duration: ([\d.]+) ms"),
    "@memorySize": re.compile(r"Memory Size: (\d+) MB"),
    "@maxMemoryUsed": re.compile(r"Max Memory Used: (\d+) MB"),
    "@xrayTraceId": re.compile(r"XRAY TraceId: (\S+)"),
    "@xraySegmentId": re.compile(r"SegmentId: (\S+)"),
}
_MEGABYTE = 1_000_000
_LAMBDA_NAMES = frozenset({*_LAMBDA_VALUES, "@type", "@requestId"})


class Discovery:
    """Finds the fields of some names in messages."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._paths = [
            (at, tuple(name.split("."))) for at, name in enumerate(names)
            if name not in _LAMBDA_NAMES
        ]  # fmt: skip
        self._lambda = [(at, name) for at, name in enumerate(names) if name in _LAMBDA_NAMES]

    def values(self, message: str) -> list[str | None]:
        """Return the texts of the fields, in the order of the names, None for what is not there."""
        found: list[str | None] = [None] * len(self._names)
        if self._paths and (event := _json_of(message)) is not None:
            for at, path in self._paths:
                found[at] = _text(_at(event, path))
        if self._lambda:
            known = lambda_fields(message)
            for at, name in self._lambda:
                found[at] = known.get(name)
        return found


def fields_of(message: str) -> dict[str, str]:
    """Return every field of a message, up to the number that AWS discovers."""
    found: dict[str, str] = {}
    event = _json_of(message)
    if event is not None:
        for name, value in _flat(event, ""):
            if len(found) == LOG_FIELDS_MAX:
                break
            found[name] = value
    found.update(lambda_fields(message))
    return found


def lambda_fields(message: str) -> Mapping[str, str]:
    """Return the fields of a line that Lambda itself writes, its memory sizes in bytes."""
    begin = _LAMBDA.match(message)
    if begin is None:
        return {}
    found = {"@type": begin[1]}
    if begin[2]:
        found["@requestId"] = begin[2]
    for name, regex in _LAMBDA_VALUES.items():
        value = regex.search(message)
        if value is not None:
            is_memory = name in ("@memorySize", "@maxMemoryUsed")
            found[name] = str(int(value[1]) * _MEGABYTE) if is_memory else value[1]
    return found


def _json_of(message: str) -> Any:
    """Return the first object in a message, None if there is none."""
    begin = message.find("{")
    if begin < 0:
        return None
    try:
        return _decode(message) if begin == 0 else _decode_begin(message, begin)[0]
    except (ValueError, RecursionError):
        pass
    try:
        return _decode_begin(message, begin)[0]
    except (ValueError, RecursionError):
        return None


def _at(value: Any, path: tuple[str, ...]) -> Any:
    """Return what is at a path; a member's own name may have dots."""
    if not path:
        return value
    if isinstance(value, list):
        items = cast("list[Any]", value)
        if not path[0].isdecimal() or int(path[0]) >= len(items):
            return None
        return _at(items[int(path[0])], path[1:])
    if not isinstance(value, dict):
        return None
    members = cast("dict[str, Any]", value)
    for length in range(1, len(path) + 1):
        name = ".".join(path[:length])
        if name in members:
            found = _at(members[name], path[length:])
            if found is not None:
                return found
    return None


def _flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in cast("dict[str, Any]", value).items():
            yield from _flat(item, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for at, item in enumerate(cast("list[Any]", value)):
            yield from _flat(item, f"{name}.{at}")
    else:
        text = _text(value)
        if text is not None:
            # A field's own @ is doubled, as the guide says.
            yield (f"@{name}" if name.startswith("@") else name), text


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value) if isinstance(value, (int, float)) else None
