"""What a target is given of an event: all of it, a part, a constant text, or a template. Pure.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from lakebed.services.events._pattern_filters import Number
from lakebed.services.events._patterns import parse_event

_PATH = re.compile(r"\$(?:\.[\w-]+|\[\d+\]|\[(?:'[^']*'|\"[^\"]*\")\])*")
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
_PLACE = re.compile(r"<([\w.-]+)>")
_MISSING = object()


class Facts(msgspec.Struct, frozen=True):
    """What a template may ask for besides the event: its rule, and when the event was accepted."""

    rule_arn: str
    rule_name: str
    accepted: str


def is_path(text: str) -> bool:
    """Tell whether a text is a path that can be followed: names and numbers, no wildcards."""
    return _PATH.fullmatch(text) is not None


def input_of(definition: Mapping[str, Any], body: str, facts: Facts) -> str:
    """Return what a target is given of an event, by what PutTargets was given."""
    if "Input" in definition:
        return str(definition["Input"])
    if "InputPath" in definition:
        found = _followed(parse_event(body), definition["InputPath"])
        return "null" if found is _MISSING else _written(found)
    if "InputTransformer" in definition:
        return _transformed(definition["InputTransformer"], body, facts)
    return body


def followed(body: str, path: str) -> str | None:
    """Return what a path leads to as a text; None where that is nothing."""
    found = _followed(parse_event(body), path)
    if found is _MISSING or found is None:
        return None
    return found if isinstance(found, str) else _written(found)


def _followed(event: Any, path: str) -> Any:
    found: Any = event
    for step in _STEP.finditer(path):
        name = step[1] or step[3] or step[4]
        if step[2] is not None:
            items = cast("list[Any]", found)
            at = int(step[2])
            found = items[at] if isinstance(found, list) and at < len(items) else _MISSING
        else:
            members = cast("dict[str, Any]", found)
            found = members.get(name, _MISSING) if isinstance(found, dict) else _MISSING
        if found is _MISSING:
            return _MISSING
    return found


def _transformed(transformer: Mapping[str, Any], body: str, facts: Facts) -> str:
    event: dict[str, Any] = parse_event(body)
    paths: Mapping[str, str] = transformer.get("InputPathsMap", {})
    values = {name: _followed(event, path) for name, path in paths.items()} | {
        "aws.events.rule-arn": facts.rule_arn,
        "aws.events.rule-name": facts.rule_name,
        "aws.events.event.ingestion-time": facts.accepted,
        "aws.events.event": {name: one for name, one in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }
    template = transformer["InputTemplate"]
    parts: list[str] = []
    end, is_quoted = 0, False
    for place in _PLACE.finditer(template):
        before = template[end : place.start()]
        is_quoted ^= _turns(before)
        parts.append(before)
        known = place[1] in values
        parts.append(_inserted(values[place[1]], is_quoted=is_quoted) if known else place[0])
        end = place.end()
    return "".join([*parts, template[end:]])


def _turns(text: str) -> bool:
    """Tell whether a text ends on the other side of a JSON string's quotes than it began."""
    return re.sub(r"\\.", "", text).count('"') % 2 == 1


def _inserted(value: Any, *, is_quoted: bool) -> str:
    """Return a value as it stands in a template: within quotes without quotes of its own."""
    if value is _MISSING:
        return "" if is_quoted else '""'
    if not is_quoted:
        return _written(value)
    text = value if isinstance(value, str) else _written(value)
    return msgspec.json.encode(text).decode()[1:-1]


def _written(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=_number).decode()


def _number(value: Any) -> Any:
    assert isinstance(value, Number)
    return msgspec.Raw(value.text.encode())
