"""Logs as files: `state/streams/LOG/FIRST.log`, one after another, and sparse marks beside them."""

from __future__ import annotations

from lakebed.core.settings import Settings
from lakebed.engines.stream.segments.store import SegmentStore


def open_engine(settings: Settings) -> SegmentStore:
    """Open the logs of a data folder."""
    return SegmentStore(settings.state_dir / "streams", is_synced=settings.durability != "none")
