"""Event patterns tried on an event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.events._pattern_filters import PatternError
from lakebed.services.events._patterns import event_fields, matches, parse_pattern
from lakebed.services.events.model import invalid

if TYPE_CHECKING:
    from lakebed.shapes import events as shapes

_REQUIRED = ("id", "account", "source", "time", "region", "detail-type")
"""AWS's page names `resources`, too, but AWS does not insist on it."""


def test_event_pattern(
    ctx: Context, request: shapes.TestEventPatternRequest
) -> shapes.TestEventPatternResponse:
    """Tell whether an event fits a pattern; the event has to have what every event has.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html
    """
    del ctx
    try:
        pattern = parse_pattern(request["EventPattern"])
    except PatternError as error:
        message = f"Event pattern is not valid. Reason: {error}"
        raise AwsError("InvalidEventPatternException", message) from None
    try:
        return {"Result": matches(pattern, _event(request["Event"]))}
    except (json.JSONDecodeError, RecursionError):
        raise invalid("Parameter Event is not valid.") from None


def _event(text: str) -> Any:
    event: Any = event_fields(text)
    if not isinstance(event, dict) or any(name not in event for name in _REQUIRED):
        raise invalid("Parameter Event is not valid.")
    return cast("dict[str, Any]", event)
