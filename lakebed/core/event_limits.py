"""Limits of events: those of EventBridge, and of what events start (the others: `limits`)."""

from __future__ import annotations

from typing import Final

from lakebed.core.limits import MIB

# EventBridge. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
EVENT_BUSES_MAX: Final = 100
EVENT_RULES_MAX: Final = 300
"""Of a bus."""
EVENT_TARGETS_MAX: Final = 5
"""Of a rule."""
EVENT_TAGS_MAX: Final = 50
EVENT_PATTERN_CHARACTERS_MAX: Final = 2048
EVENTS_LIST_MAX: Final = 100
EVENT_ENTRIES_BYTES_MAX: Final = MIB
"""Of all entries of one PutEvents."""
EVENTS_WAITING_MAX: Final = 10_000
"""Ours: events that have not been matched with rules. One more is throttled."""
EVENT_DELIVERIES_MAX: Final = 1000
"""Ours: what waits for one target, because it is throttled. One more is dropped, and said."""
EVENTS_AT_ONCE: Final = 20
"""Ours: matched with rules, or delivered, before others have their turn."""
EVENT_ATTEMPTS_MAX: Final = 185
EVENT_AGE_SECONDS_MAX: Final = 86_400
EVENT_PATTERNS_REMEMBERED_MAX: Final = 1000
"""Ours: patterns that are kept read."""
GLUE_EVENT_BATCH_SECONDS: Final = 900
"""A trigger waits so long for its batch of events, unless it says otherwise."""
