"""Carries out lifecycle rules: finds what is due, page by page, and does it, one deed at a time.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
Days are counted as AWS counts them: what is due becomes so at the next midnight UTC. What was found
due is looked at once more when it is done: an object that was put anew meanwhile stays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from lakebed.context import Context
from lakebed.core.limits import KIB
from lakebed.engines.objects import ListedVersion, StoredObject, VersionSpan
from lakebed.services.s3._lifecycle import LifecycleRule, Transition, lifecycle_rules
from lakebed.services.s3._locks import is_locked
from lakebed.services.s3._settings import LIFECYCLE, setting_of
from lakebed.services.s3._told_events import as_lifecycle
from lakebed.services.s3._versions import shown
from lakebed.services.s3.model import UPLOADS, Bucket, Upload, discard
from lakebed.store import Range, Table

if TYPE_CHECKING:
    from lakebed.shapes import s3

DAY_SECONDS = 86_400
PAGE_ROWS = 200
SMALLEST_MOVED_BYTES = 128 * KIB
"""A smaller object is not moved to another class, unless a rule says of which size it is."""
_CLASSES = (
    "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA",
    "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE",
)  # fmt: skip
"""Objects move down this list, never up."""
_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
_SIZE, _BY_CLASS = "TransitionDefaultMinimumObjectSize", "varies_by_storage_class"


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that is due: the current object expires, a version goes or moves, an upload ends.

    `what` was found when it was planned; `rule` is the id of the rule that asks for it.
    """

    kind: Literal["expire", "remove", "move", "abort"]
    rule: str
    what: StoredObject | Upload
    storage_class: str = ""


@dataclass(frozen=True, slots=True)
class LifecycleRun:
    """What carrying out a bucket's rules came to the last time.

    `rules` are the rules as they were then, so that new ones are carried out soon.
    """

    bucket: str
    ended: float
    rules: list[Any] = field(default_factory=list[Any])
    done: dict[str, int] = field(default_factory=dict[str, int])


LIFECYCLE_RUNS = Table("s3_lifecycle_run", LifecycleRun, ("bucket",), everywhere=True)


def due_at(begun: float, days: int) -> float:
    """Return the midnight at which something is due so many days after it began."""
    return math.ceil((begun + days * DAY_SECONDS) / DAY_SECONDS) * DAY_SECONDS


def rules_document(ctx: Context, bucket: str) -> list[Any]:
    """Return the rules of a bucket as they were put, none if it has none."""
    setting = setting_of(ctx, bucket, LIFECYCLE)
    return [] if setting is None or setting.document is None else setting.document["Rules"]


# -- what is due -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Judge:
    """The enabled rules of a bucket, at one moment."""

    rules: Sequence[LifecycleRule]
    now: float
    moves_small_to_archives: bool = False

    @classmethod
    def of(cls, ctx: Context, bucket: str, now: float) -> Judge:
        """Return the judge of a bucket."""
        rules = [rule for rule in lifecycle_rules(ctx, bucket) if rule.is_enabled]
        setting = setting_of(ctx, bucket, LIFECYCLE)
        document = {} if setting is None or setting.document is None else setting.document
        return cls(rules, now, document.get(_SIZE) == _BY_CLASS)

    def current(self, found: StoredObject) -> Deed | None:
        """Return what is due of a current object."""
        for rule in self.rules:
            if self.matches(rule, found) and self._is_expired(rule, found):
                return Deed("expire", rule.id, found)
        return self._move(found, found.last_modified, None)

    def lone_marker(self, found: StoredObject) -> Deed | None:
        """Return what is due of a delete marker that is all that is left of its key."""
        for rule in self.rules:
            if self.matches(rule, found) and (
                rule.removes_lone_markers or self._is_expired(rule, found)
            ):
                return Deed("remove", rule.id, found)
        return None

    def noncurrent(self, found: StoredObject, since: float, newer_count: int) -> Deed | None:
        """Return what is due of a version that was replaced at `since`; newer ones are counted."""
        for rule in self.rules:
            if (
                rule.noncurrent_days is not None
                and self.matches(rule, found)
                and newer_count >= (rule.newer_noncurrent_versions or 0)
                and self.now >= due_at(since, rule.noncurrent_days)
            ):
                return Deed("remove", rule.id, found)
        return self._move(found, since, newer_count)

    def upload(self, upload: Upload) -> Deed | None:
        """Return what is due of a multipart upload."""
        for rule in self.rules:
            days = rule.abort_upload_days
            if days is None or rule.tags or not upload.key.startswith(rule.prefix):
                continue
            if self.now >= due_at(upload.initiated, days):
                return Deed("abort", rule.id, upload)
        return None

    def _is_expired(self, rule: LifecycleRule, found: StoredObject) -> bool:
        if rule.expiration_date is not None and self.now >= rule.expiration_date:
            return True
        days = rule.expiration_days
        return days is not None and self.now >= due_at(found.last_modified, days)

    def matches(self, rule: LifecycleRule, found: StoredObject) -> bool:
        """Tell whether a rule is for a version."""
        if not found.key.startswith(rule.prefix):
            return False
        if rule.larger_than is not None and not found.size > rule.larger_than:
            return False
        if rule.smaller_than is not None and not found.size < rule.smaller_than:
            return False
        if found.is_delete_marker and (rule.larger_than is not None or rule.smaller_than):
            return False
        return rule.tags.items() <= found.tags.items()

    def _move(self, found: StoredObject, since: float, newer_count: int | None) -> Deed | None:
        """Return the move to the lowest class that is due, of a current or noncurrent version."""
        if found.is_delete_marker:
            return None
        best = _CLASSES.index(found.storage_class or _CLASSES[0])
        deed: Deed | None = None
        for rule in self.rules:
            moves = rule.transitions if newer_count is None else rule.noncurrent_transitions
            if not moves or not self.matches(rule, found):
                continue
            for move in moves:
                rank = _CLASSES.index(move.storage_class)
                if rank <= best or not self._is_large_enough(rule, found, move):
                    continue
                if self._is_move_due(move, since, newer_count):
                    best = rank
                    deed = Deed("move", rule.id, found, move.storage_class)
        return deed

    def _is_large_enough(self, rule: LifecycleRule, found: StoredObject, move: Transition) -> bool:
        if rule.larger_than is not None or rule.smaller_than is not None:
            return True
        if self.moves_small_to_archives and move.storage_class in _ARCHIVES:
            return True
        return found.size >= SMALLEST_MOVED_BYTES

    def _is_move_due(self, move: Transition, since: float, newer_count: int | None) -> bool:
        if (newer_count or 0) < (move.newer_versions or 0):
            return False
        if move.date is not None:
            return self.now >= move.date
        return self.now >= due_at(since, move.days or 0)


class Walk:
    """Judges versions in the order of their listing, newest first within a key."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._before: ListedVersion | None = None
        self._since = 0.0
        self._newer_count = -1

    def next(self, version: ListedVersion | None) -> Deed | None:
        """Take the next version, None at the end; return what is due of the one before."""
        before, self._before = self._before, version
        if before is None:
            return None
        has_older = version is not None and version.key == before.key
        deed = self._judged(before.found, has_older=has_older)
        if has_older:
            self._since, self._newer_count = before.found.last_modified, self._newer_count + 1
        else:
            self._since, self._newer_count = 0.0, -1
        return deed

    def _judged(self, found: StoredObject, *, has_older: bool) -> Deed | None:
        if self._newer_count >= 0:
            return self._judge.noncurrent(found, self._since, self._newer_count)
        if not found.is_delete_marker:
            return self._judge.current(found)
        return None if has_older else self._judge.lone_marker(found)


class Plan:
    """Finds what is due in a bucket, a page at a time; a key's versions may fill many pages."""

    def __init__(self, bucket: str, now: float) -> None:
        self._bucket = bucket
        self._now = now
        self._walk: Walk | None = None
        self._at: tuple[str, str] | None = None
        # A page goes on behind a version, so it is listed before that version's deed is done.
        self._held: list[Deed] = []
        self.is_done = False

    def page(self, ctx: Context) -> list[Deed]:
        """Return what is due of the page before the next, the first time of uploads."""
        deeds, self._held = self._held, []
        if self._walk is None:
            judge = Judge.of(ctx, self._bucket, self._now)
            self._walk = Walk(judge)
            uploads = UPLOADS.scan(ctx, Range(prefix=(self._bucket,)))
            deeds.extend(deed for one in uploads if (deed := judge.upload(one)) is not None)
            if not any(_is_about_versions(rule) for rule in judge.rules):
                self.is_done = True
                return deeds
        listed = self._listed(ctx)
        self._held = [deed for one in listed if (deed := self._walk.next(one)) is not None]
        if len(listed) < PAGE_ROWS:
            last = self._walk.next(None)
            deeds += [*self._held, *([last] if last is not None else [])]
            self._held, self.is_done = [], True
        return deeds

    def _listed(self, ctx: Context) -> Sequence[ListedVersion]:
        span = VersionSpan(self._bucket, limit=PAGE_ROWS)
        if self._at is not None:
            key, version = self._at
            span = VersionSpan(self._bucket, start=key, after_version=version, limit=PAGE_ROWS)
        listed = ctx.engines.objects.versions.list(ctx, span)
        if listed:
            self._at = (listed[-1].key, listed[-1].found.version_id)
        return listed


def _is_about_versions(rule: LifecycleRule) -> bool:
    return (
        rule.expiration_days is not None
        or rule.expiration_date is not None
        or rule.removes_lone_markers
        or rule.noncurrent_days is not None
        or bool(rule.transitions)
        or bool(rule.noncurrent_transitions)
    )


# -- doing it --------------------------------------------------------------------------------------


def carry_out(ctx: Context, bucket: Bucket, deed: Deed) -> bool:
    """Do what is due; False, and nothing done, if what it is about has changed since."""
    what = deed.what
    if isinstance(what, Upload):
        return discard(ctx, what)
    objects = ctx.engines.objects
    wanted = None if deed.kind == "expire" else what.version_id
    if bucket.is_versioned:
        now = objects.versions.stat(ctx, bucket.name, what.key, wanted)
    else:
        now = objects.stat(ctx, bucket.name, what.key)
    if now is None or _identity(now) != _identity(what):
        return False
    if deed.kind == "move":
        objects.update(ctx, msgspec.structs.replace(now, storage_class=deed.storage_class))
        return True
    if deed.kind == "remove" and is_locked(now, ctx.clock.now()):
        return False
    request: s3.DeleteObjectRequest = {"Bucket": bucket.name, "Key": what.key}
    if deed.kind == "remove" and bucket.is_versioned:
        request["VersionId"] = shown(what.version_id)
    (as_lifecycle(ctx) if bucket.tells_eventbridge else ctx).aws.s3.delete_object(request)
    return True


def _identity(found: StoredObject) -> tuple[str, float, int, int, str]:
    return (
        found.version_id, found.last_modified, found.inode, found.mtime_ns, found.storage_class
    )  # fmt: skip


def keep_run(ctx: Context, run: LifecycleRun) -> None:
    """Remember what carrying out a bucket's rules came to."""
    LIFECYCLE_RUNS.put(ctx, run)
