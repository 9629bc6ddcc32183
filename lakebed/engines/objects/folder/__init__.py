"""Objects as plain files: `DIR/lake/BUCKET/KEY` holds the object's bytes."""

from __future__ import annotations

from lakebed.core.settings import Settings
from lakebed.engines.objects.folder.store import FolderStore


def open_engine(settings: Settings) -> FolderStore:
    """Open the lake of a data folder."""
    return FolderStore(settings.lake_dir, settings.state_dir, durability=settings.durability)
