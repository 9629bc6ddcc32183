"""Lifecycle rules as those who carry them out read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lakebed.context import Context
from lakebed.services.s3._settings import LIFECYCLE, setting_of

ALL_CLASSES = "all_storage_classes_128K"
BY_CLASS = "varies_by_storage_class"


@dataclass(frozen=True, slots=True)
class Transition:
    """A move to a storage class: so many days after the creation, or at a time (epoch seconds).

    Of noncurrent versions the days count from the moment another took their place, and the newest
    `newer_versions` of them stay.
    """

    storage_class: str
    days: int | None = None
    date: float | None = None
    newer_versions: int | None = None


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """One rule of a bucket. None, False and an empty tuple stand for actions it does not have.

    It is for keys that begin with `prefix`, that have all `tags`, and of more than `larger_than`
    and fewer than `smaller_than` bytes. `expiration_date` is in seconds since the epoch.
    """

    id: str
    is_enabled: bool
    prefix: str
    tags: Mapping[str, str]
    larger_than: int | None
    smaller_than: int | None
    expiration_days: int | None
    expiration_date: float | None
    removes_lone_markers: bool
    transitions: tuple[Transition, ...]
    noncurrent_days: int | None
    newer_noncurrent_versions: int | None
    noncurrent_transitions: tuple[Transition, ...]
    abort_upload_days: int | None


def lifecycle_rules(ctx: Context, bucket: str) -> list[LifecycleRule]:
    """Return the rules of a bucket in their order, disabled ones too; none if it has none."""
    setting = setting_of(ctx, bucket, LIFECYCLE)
    if setting is None or setting.document is None:
        return []
    return [rule_of(document) for document in setting.document["Rules"]]


def rule_of(document: Mapping[str, Any]) -> LifecycleRule:
    """Return the rule that a legal `LifecycleRule` structure of AWS's says."""
    where = selection_of(document)
    expiration: Mapping[str, Any] = document.get("Expiration", {})
    noncurrent: Mapping[str, Any] = document.get("NoncurrentVersionExpiration", {})
    abort: Mapping[str, Any] = document.get("AbortIncompleteMultipartUpload", {})
    return LifecycleRule(
        id=document.get("ID", ""),
        is_enabled=document["Status"] == "Enabled",
        prefix=where.get("Prefix", ""),
        tags={tag["Key"]: tag["Value"] for tag in where.get("Tags", ())},
        larger_than=where.get("ObjectSizeGreaterThan"),
        smaller_than=where.get("ObjectSizeLessThan"),
        expiration_days=expiration.get("Days"),
        expiration_date=expiration.get("Date"),
        removes_lone_markers=bool(expiration.get("ExpiredObjectDeleteMarker")),
        transitions=tuple(
            Transition(one["StorageClass"], one.get("Days"), one.get("Date"))
            for one in document.get("Transitions", ())
        ),
        noncurrent_days=noncurrent.get("NoncurrentDays"),
        newer_noncurrent_versions=noncurrent.get("NewerNoncurrentVersions"),
        noncurrent_transitions=tuple(
            Transition(
                one["StorageClass"],
                one.get("NoncurrentDays"),
                newer_versions=one.get("NewerNoncurrentVersions"),
            )
            for one in document.get("NoncurrentVersionTransitions", ())
        ),
        abort_upload_days=abort.get("DaysAfterInitiation"),
    )


def selection_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a rule is for in one form, that of `And`, whichever the document has."""
    if "Filter" not in document:
        return {"Prefix": document.get("Prefix", "")}
    chosen: dict[str, Any] = dict(document["Filter"])
    chosen.update(chosen.pop("And", {}))
    if "Tag" in chosen:
        chosen["Tags"] = [chosen.pop("Tag")]
    return chosen
