"""Event patterns tried by boto3; the language itself is tested in test_patterns.py."""

from __future__ import annotations

import json

from tests.services.events.rules import body, refused

EVENT = {
    "id": "1", "account": "0", "source": "shop", "time": "2026-01-01T00:00:00Z",
    "region": "us-east-1", "resources": [], "detail-type": "Sold", "detail": {"price": 1},
}  # fmt: skip


def test_a_pattern_is_tried_on_an_event(lakebed):
    events, event = lakebed.client("events"), json.dumps(EVENT)
    fits = events.test_event_pattern(EventPattern='{"detail": {"price": [1]}}', Event=event)
    assert body(fits) == {"Result": True}
    other = events.test_event_pattern(EventPattern='{"detail": {"price": ["1"]}}', Event=event)
    assert body(other) == {"Result": False}


def test_what_is_no_pattern_or_no_event_is_refused(lakebed):
    events, event = lakebed.client("events"), json.dumps(EVENT)
    assert refused(lambda: events.test_event_pattern(EventPattern='{"a": []}', Event=event)) == (
        "InvalidEventPatternException",
        "Event pattern is not valid. Reason: Empty arrays are not allowed",
    )
    for given in ("{", "[]", "{}", '{"id": "1"}'):
        found = refused(
            lambda one=given: events.test_event_pattern(EventPattern='{"a": [1]}', Event=one)
        )
        assert found[0] == "ValidationException"
        assert found[1].startswith("Parameter Event is not valid.")
