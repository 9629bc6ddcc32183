"""`lakebed sync`: take into the index what hands changed in the lake's folder."""

from __future__ import annotations

import argparse
import sys

from lakebed.cli.claims import claims
from lakebed.cli.owner import OwnerError, ask, is_served, owned, reading
from lakebed.cli.settings import Resolved
from lakebed.core.settings import Settings
from lakebed.services.s3.model import is_legal_bucket_name
from lakebed.store import StoreError
from lakebed.store.ownership import FolderInUseError, FormatError

TAKE_IN_SECONDS = 1.0


def sync(options: argparse.Namespace, resolved: Resolved) -> int:
    """Run the command and return its exit status."""
    settings, bucket = resolved.settings, options.bucket
    print(f"comparing {settings.lake_dir} with its index …", file=sys.stderr)
    try:
        if is_served(settings):
            changed: dict[str, int] = ask(settings, "sync", {"bucket": bucket})["changed"]
        else:
            changed = _alone(settings, bucket)
        strangers = _strangers(settings)
    except (OwnerError, FolderInUseError, FormatError, StoreError, OSError) as error:
        print(f"lakebed sync: {error}", file=sys.stderr)
        return 2
    for name, count in changed.items():
        print(f"{name}: {count or 'no'} change{'' if count == 1 else 's'} made by hand taken in")
    for line in strangers:
        print(f"note: {line}")
    return 0


def _alone(settings: Settings, bucket: str | None) -> dict[str, int]:
    """Take in the changes of a folder that no server owns."""
    changed: dict[str, int] = {}
    with owned(settings) as lake:
        with lake.transaction() as place:
            lake.objects.recover(place)
            known = sorted(claims().buckets(place))
            if bucket is not None and bucket not in known:
                raise OwnerError(f"there is no bucket {bucket!r}")
        hands = lake.objects.upkeep.hands

        def take_in() -> None:
            with lake.transaction() as place:
                while hands.take_in(place, TAKE_IN_SECONDS):
                    pass

        for name in known if bucket is None else [bucket]:
            changed[name] = hands.sync(lake.transaction, name, take_in)
            take_in()
    return changed


def _strangers(settings: Settings) -> list[str]:
    """Return a line for each thing directly in the lake that is no bucket."""
    with reading(settings) as place:
        known = claims().buckets(place)
    said: list[str] = []
    for path in sorted(settings.lake_dir.iterdir()):
        if path.name in known and path.is_dir():
            continue
        if path.is_dir() and is_legal_bucket_name(path.name):
            said.append(
                f"{path} is a folder and no bucket: "
                f"`aws s3 mb s3://{path.name}` makes one of it, with the files it holds"
            )
        else:
            said.append(f"{path} can be no bucket: nothing of it is served")
    return said
