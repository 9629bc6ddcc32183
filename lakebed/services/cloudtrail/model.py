"""The nouns of CloudTrail and where they are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.store import Range, Table

_NAME = re.compile(r"(?=.{3,128}$)[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*")
_ARN = re.compile(r"arn:aws:cloudtrail:([\w-]+):(\d{12}):trail/(.+)")


class Trail(msgspec.Struct, frozen=True):
    """A trail: where its events go, which ones, and how far the audit log is delivered.

    `inode` and `offset` are the place in the audit log behind what is delivered.
    """

    account: str
    home: str
    name: str
    bucket: str
    prefix: str = ""
    has_global_events: bool = True
    is_multi_region: bool = False
    selectors: tuple[dict[str, Any], ...] = ()
    advanced: tuple[dict[str, Any], ...] = ()
    tags: dict[str, str] = {}
    is_logging: bool = False
    started: float = 0.0
    stopped: float = 0.0
    delivered: float = 0.0
    error: str = ""
    inode: int = 0
    offset: int = 0


TRAILS = Table("cloudtrail_trail", Trail, key=("account", "home", "name"), everywhere=True)

DEFAULT_SELECTORS: tuple[dict[str, Any], ...] = (
    {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    },
)

replace = msgspec.structs.replace


def arn_of(trail: Trail) -> str:
    """Return the ARN of a trail."""
    return f"arn:aws:cloudtrail:{trail.home}:{trail.account}:trail/{trail.name}"


def trails_of(ctx: Context, *, shadows: bool = True) -> list[Trail]:
    """Return the trails of this region, and those of all regions that were made in others."""
    found = TRAILS.scan(ctx, Range((ctx.account,)))
    return [one for one in found if one.home == ctx.region or (shadows and one.is_multi_region)]


def checked_name(name: str) -> str:
    """Return a trail's name; InvalidTrailNameException for what is none."""
    if not _NAME.fullmatch(name) or re.fullmatch(r"\d{1,3}(?:\.\d{1,3}){3}", name):
        message = (
            "Trail name must be between 3 and 128 characters, begin and end with a letter or "
            "number, and contain only letters, numbers, periods, underscores and dashes."
        )
        raise AwsError("InvalidTrailNameException", message)
    return name


def find_trail(ctx: Context, name: str) -> Trail:
    """Return the trail of a name or ARN; TrailNotFoundException without it."""
    match = _ARN.fullmatch(name)
    if name.startswith("arn:") and match is None:
        raise AwsError("CloudTrailARNInvalidException", f"Invalid ARN format: {name}")
    region = match[1] if match else ctx.region
    trail = TRAILS.get(ctx, ctx.account, region, match[3] if match else name)
    if trail is None or (match is not None and match[2] != ctx.account):
        arn = f"arn:aws:cloudtrail:{region}:{ctx.account}:trail/{match[3] if match else name}"
        message = f"Unknown trail: {arn} for the user: {ctx.account}"
        raise AwsError("TrailNotFoundException", message)
    return trail


def refuse_unbuilt(operation: str, request: Mapping[str, Any], *members: str) -> None:
    """Refuse members that would change what is done, and are not built."""
    for member in members:
        if request.get(member):
            raise NotBuiltError("cloudtrail", operation, member)
