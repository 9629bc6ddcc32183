"""Starts workflows whose triggers have waited long enough for more events."""

from __future__ import annotations

from typing import Any

from lakebed.cli.crawler_schedules import CrawlerSchedules
from lakebed.store import Table


class TriggerEvents(CrawlerSchedules):
    """The batches of events of one server's triggers, of all accounts and regions."""

    noun = "trigger"
    module = "_trigger_events"

    def table(self) -> Table[Any]:
        """Return where it stands what is due when."""
        from lakebed.services.glue._trigger_events import EVENT_BATCHES

        return EVENT_BATCHES
