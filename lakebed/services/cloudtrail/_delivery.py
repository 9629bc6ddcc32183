"""Delivers a trail's events into its bucket: what the audit log has behind the last delivery.

The object and how far it goes are one commit, so that an event is delivered once, whatever dies on
the way. Layout: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
"""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lakebed.context import Context
from lakebed.core.audit_files import Position, after
from lakebed.core.bodies import Spooled
from lakebed.core.errors import AwsError
from lakebed.core.limits import TRAIL_FILE_BYTES
from lakebed.services.cloudtrail._records import wants, wants_data
from lakebed.services.cloudtrail.model import TRAILS, Trail, replace

_UNIQUE_CHARACTERS = 16


def logging_trails(ctx: Context) -> list[Trail]:
    """Return the trails of all accounts that log."""
    return [trail for trail in TRAILS.scan(ctx) if trail.is_logging]


def data_events_wanted(ctx: Context) -> bool:
    """Tell whether any trail wants data events."""
    return any(wants_data(trail) for trail in TRAILS.scan(ctx))


def now_of(ctx: Context, trail: Trail) -> Trail | None:
    """Return a trail as it is now; None if it is gone."""
    return TRAILS.get(ctx, trail.account, trail.home, trail.name)


class Part:
    """What of the audit log is next for a trail: a compressed file of events, or none."""

    def __init__(self, trail: Trail, folder: Path) -> None:
        position: Position = (trail.inode, trail.offset)
        lines, self.position, self.is_lossy = after(folder, position, TRAIL_FILE_BYTES)
        events = (json.loads(line) for line in lines)
        records: list[Any] = [one for one in events if wants(trail, one)]
        self.count = len(records)
        self.has_moved = self.position != position
        self.data = gzip.compress(json.dumps({"Records": records}).encode()) if records else b""


def deliver(ctx: Context, wanted: Trail, part: Part, scratch: Path) -> bool:
    """Put a part's file, and keep how far the trail is; False if nothing was done.

    A bucket that cannot be written is said in GetTrailStatus; the events wait.
    """
    trail = now_of(ctx, wanted)
    if trail is None or not trail.is_logging or not part.has_moved:
        return False
    now = ctx.clock.now()
    moved = replace(trail, inode=part.position[0], offset=part.position[1])
    if part.count:
        scratch.write_bytes(part.data)
        digest = hashlib.md5(part.data, usedforsecurity=False).hexdigest()
        body = Spooled(scratch, len(part.data), {"md5": digest})
        request: Any = {
            "Bucket": trail.bucket, "Key": _key(ctx, trail, now), "Body": body,
            "ContentType": "application/json", "ContentEncoding": "gzip",
        }  # fmt: skip
        try:
            ctx.aws.s3.put_object(request)
        except AwsError as error:
            TRAILS.put(ctx, replace(trail, error=error.code))
            return False
        moved = replace(moved, delivered=now, error="")
    TRAILS.put(ctx, moved)
    return True


def _key(ctx: Context, trail: Trail, now: float) -> str:
    moment = datetime.fromtimestamp(now, UTC)
    prefix = f"{trail.prefix}/" if trail.prefix else ""
    unique = ctx.ids.uuid().replace("-", "")[:_UNIQUE_CHARACTERS]
    folder = f"{prefix}AWSLogs/{ctx.account}/CloudTrail/{trail.home}/{moment:%Y/%m/%d}"
    name = f"{ctx.account}_CloudTrail_{trail.home}_{moment:%Y%m%dT%H%MZ}_{unique}.json.gz"
    return f"{folder}/{name}"
