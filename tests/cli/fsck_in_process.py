"""A check of a stopped lake without a process of its own: what `lakebed fsck` would find."""

from __future__ import annotations

import time
from pathlib import Path

from lakebed.cli.claims import claims
from lakebed.cli.owner import owned
from lakebed.core.settings import Settings
from lakebed.engines.objects.upkeep import Finding, Options
from lakebed.store.reader import damage


def problems(data: Path, *, is_deep: bool = False, recovers: bool = True) -> list[Finding]:
    """Return what is wrong, after what the next start does if that is wanted; no notes."""
    settings = Settings(data_dir=data)
    assert damage(settings.state_dir / "store.sqlite") == []
    with owned(settings) as lake:
        if recovers:
            with lake.transaction() as place:
                lake.objects.recover(place)
            lake.objects.upkeep.sweep(lake.transaction, claims(), time.time() + 1)
        checking = lake.objects.upkeep.check(claims(), lake.transaction, Options(is_deep=is_deep))
        return [finding for finding in checking.run() if not finding.is_note]
