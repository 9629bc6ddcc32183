"""What a target is given of an event: all of it, a part, a constant text, or a template. Pure.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
How values of templates stand in quotes is as tests of others recorded it of EventBridge.
https://github.com/localstack/localstack/blob/main/tests/aws/services/events
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from lakebed.core.errors import AwsError
from lakebed.services.events._pattern_filters import Number
from lakebed.services.events._patterns import parse_event

_PATH = re.compile(r"\$(?:\.[\w-]+|\[\d+\]|\[(?:'[^']*'|\"[^\"]*\")\])*")
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
_PLACE = re.compile(r"<([\w.-]+)>")
_MISSING = object()
_RESERVED = (
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
)
"""What every template may ask for."""


class Facts(msgspec.Struct, frozen=True):
    """What a template may ask for besides the event: its rule, and when the event was accepted."""

    rule_arn: str
    rule_name: str
    accepted: str


def is_path(text: str) -> bool:
    """Tell whether a text is a path that can be followed: names and numbers, no wildcards."""
    return _PATH.fullmatch(text) is not None


def input_of(definition: Mapping[str, Any], body: str, facts: Facts) -> str:
    """Return what a target is given of an event, by what PutTargets was given.

    AwsError if a template of JSON gives none.
    """
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


def unknown_places(transformer: Mapping[str, Any]) -> list[str]:
    """Return what a template asks for that neither the paths nor EventBridge know."""
    known = {*transformer.get("InputPathsMap", {}), *_RESERVED}
    return [one for one in _PLACE.findall(transformer["InputTemplate"]) if one not in known]


def _transformed(transformer: Mapping[str, Any], body: str, facts: Facts) -> str:
    event: dict[str, Any] = parse_event(body)
    paths: Mapping[str, str] = transformer.get("InputPathsMap", {})
    about = {name: one for name, one in event.items() if name not in ("detail", "detail-type")}
    values = {name: _followed(event, path) for name, path in paths.items()} | dict(
        zip(
            _RESERVED,
            (
                facts.rule_arn,
                facts.rule_name,
                facts.accepted,
                {**about, "detailType": event.get("detail-type")},
                event,
            ),
            strict=True,
        )
    )
    template = transformer["InputTemplate"]
    is_json = template.lstrip()[:1] in ("{", "[")
    parts: list[str] = []
    end, is_quoted = 0, False
    for place in _PLACE.finditer(template):
        before = template[end : place.start()]
        is_quoted ^= _turns(before)
        value = values.get(place[1], _MISSING)
        parts += [before, _quoted(value, is_json=is_json) if is_quoted else _bare(value)]
        end = place.end()
    text = "".join([*parts, template[end:]])
    if is_json:
        _check_json(text)
    return text


def _check_json(text: str) -> None:
    """Refuse what a template of JSON became that is none: it is not delivered."""
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        message = f"What the InputTemplate gives is no JSON: {error}"
        raise AwsError("ValidationException", message) from None


def _turns(text: str) -> bool:
    """Tell whether a text ends on the other side of a JSON string's quotes than it began."""
    return re.sub(r"\\.", "", text).count('"') % 2 == 1


def _bare(value: Any) -> str:
    return '""' if value is _MISSING else _written(value)


def _quoted(value: Any, *, is_json: bool) -> str:
    """Return a value as it stands within quotes.

    A list or object has none of its own in a text; in JSON it keeps them, and the whole is none.
    """
    if value is _MISSING:
        return ""
    if isinstance(value, str):
        return msgspec.json.encode(value).decode()[1:-1]
    return _written(value) if is_json else _written(value).replace('"', "")


def _written(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=_number).decode()


def _number(value: Any) -> Any:
    assert isinstance(value, Number)
    return msgspec.Raw(value.text.encode())
