"""Event patterns tried on an event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.events._pattern_filters import PatternError
from lakebed.services.events._patterns import matches, parse_event, parse_pattern
from lakebed.services.events.model import invalid

if TYPE_CHECKING:
    from lakebed.shapes import events as shapes

_REQUIRED = ("id", "account", "source", "time", "region", "resources", "detail-type")


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
    return {"Result": matches(pattern, _event(request["Event"]))}


def _event(text: str) -> Any:
    try:
        event: Any = parse_event(text)
    except (json.JSONDecodeError, RecursionError):
        raise invalid("Parameter Event is not valid.") from None
    if not isinstance(event, dict) or any(name not in event for name in _REQUIRED):
        # Only that these members are mandatory is documented, the sentence is ours.
        raise invalid(f"Parameter Event is not valid. Reason: it needs {', '.join(_REQUIRED)}.")
    return cast("dict[str, Any]", event)
