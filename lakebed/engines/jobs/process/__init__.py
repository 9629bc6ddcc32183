"""Programs as processes of this machine; for Spark, each with a JVM of its own.

A process is started for one program and never used for a second one. One per Spark environment is
started ahead (`spares.py`).
"""

from __future__ import annotations

from lakebed.core.settings import Settings
from lakebed.engines.isolation import open_isolation
from lakebed.engines.jobs.process.engine import ProcessJobs


def open_engine(settings: Settings) -> ProcessJobs:
    """Return the engine of a server; IsolationError where it cannot isolate as asked."""
    return ProcessJobs(settings, open_isolation(settings))
