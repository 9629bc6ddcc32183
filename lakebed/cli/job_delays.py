"""Has EventBridge told of job runs that take longer than they were to."""

from __future__ import annotations

from typing import Any

from lakebed.cli.crawler_schedules import CrawlerSchedules
from lakebed.store import Table


class JobDelays(CrawlerSchedules):
    """The runs of one server that are to be told of when they are late."""

    noun = "run"
    module = "_job_delays"

    def table(self) -> Table[Any]:
        """Return where it stands what is due when."""
        from lakebed.services.glue._job_delays import JOB_DELAYS

        return JOB_DELAYS
