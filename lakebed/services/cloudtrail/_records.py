"""What is read from an event: who, about what, and whether a trail wants it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.services.cloudtrail.model import DEFAULT_SELECTORS, Trail

_RESOURCES = (
    ("s3.amazonaws.com", "bucketName", "AWS::S3::Bucket"),
    ("s3.amazonaws.com", "Bucket", "AWS::S3::Bucket"),
    ("glue.amazonaws.com", "DatabaseName", "AWS::Glue::Database"),
    ("iam.amazonaws.com", "UserName", "AWS::IAM::User"),
    ("iam.amazonaws.com", "RoleName", "AWS::IAM::Role"),
    ("iam.amazonaws.com", "PolicyArn", "AWS::IAM::Policy"),
    ("kms.amazonaws.com", "KeyId", "AWS::KMS::Key"),
    ("cloudtrail.amazonaws.com", "Name", "AWS::CloudTrail::Trail"),
    ("logs.amazonaws.com", "logGroupName", "AWS::Logs::LogGroup"),
)
_GLOBAL = ("iam.amazonaws.com", "sts.amazonaws.com")
Event = Mapping[str, Any]


def username_of(event: Event) -> str:
    """Return the name an event is looked up by: of a user, a session, or `root`."""
    identity: Event = event["userIdentity"]
    if identity.get("type") == "Root":
        return "root"
    return str(identity.get("userName") or identity.get("arn", "").rpartition("/")[2])


def resources_of(event: Event) -> list[dict[str, str]]:
    """Return the resources that an event names, as LookupEvents shows them."""
    request: Event = event.get("requestParameters") or {}
    found = [
        {"ResourceType": kind, "ResourceName": str(request[member])}
        for source, member, kind in _RESOURCES
        if event["eventSource"] == source and isinstance(request.get(member), str)
    ]
    arns: Sequence[Event] = event.get("resources") or ()
    return found + [
        {"ResourceType": one.get("type", ""), "ResourceName": one["ARN"]}
        for one in arns
        if one.get("ARN")
    ]


def wants(trail: Trail, event: Event) -> bool:
    """Tell whether a trail delivers an event."""
    if event["recipientAccountId"] != trail.account:
        return False
    is_global = event["eventSource"] in _GLOBAL
    if event["awsRegion"] != trail.home and not trail.is_multi_region:
        return False
    if is_global and not (trail.has_global_events or trail.is_multi_region):
        return False
    if trail.advanced:
        return any(_fits_advanced(one, event) for one in trail.advanced)
    return any(_fits(one, event) for one in trail.selectors or DEFAULT_SELECTORS)


def wants_data(trail: Trail) -> bool:
    """Tell whether a trail delivers data events, so that they have to be written down at all."""
    if not trail.is_logging:
        return False
    plain = any(one.get("DataResources") for one in trail.selectors)
    return plain or any(field_of(one, "eventCategory") == ["Data"] for one in trail.advanced)


def _fits(selector: Mapping[str, Any], event: Event) -> bool:
    kind = selector["ReadWriteType"]
    is_read = bool(event.get("readOnly"))
    if kind != "All" and (kind == "ReadOnly") is not is_read:
        return False
    if event.get("managementEvent", True):
        excluded: Sequence[str] = selector.get("ExcludeManagementEventSources") or ()
        return bool(selector["IncludeManagementEvents"]) and event["eventSource"] not in excluded
    prefixes = [value for one in selector["DataResources"] for value in one.get("Values") or ()]
    return any(_about(event, prefix) for prefix in prefixes)


def _about(event: Event, prefix: str) -> bool:
    """Tell whether an event is about an object below an ARN; `arn:aws:s3` is all of them."""
    if prefix in ("arn:aws:s3", "arn:aws:s3:::"):
        return True
    return any(one.get("ARN", "").startswith(prefix) for one in event.get("resources") or ())


def field_of(selector: Mapping[str, Any], name: str) -> Any:
    """Return what a field of an advanced selector has to equal, None if it says nothing."""
    fields: Sequence[Event] = selector.get("FieldSelectors") or ()
    return next((one.get("Equals") for one in fields if one["Field"] == name), None)


def _fits_advanced(selector: Mapping[str, Any], event: Event) -> bool:
    arns = [one.get("ARN", "") for one in event.get("resources") or ()]
    values: dict[str, list[str]] = {
        "eventCategory": ["Management" if event.get("managementEvent", True) else "Data"],
        "readOnly": [str(bool(event.get("readOnly"))).lower()],
        "eventSource": [event["eventSource"]],
        "eventName": [event["eventName"]],
        "resources.type": [one.get("type", "") for one in event.get("resources") or ()],
        "resources.ARN": arns,
        "userIdentity.arn": [event["userIdentity"].get("arn", "")],
    }
    fields: Sequence[Event] = selector.get("FieldSelectors") or ()
    return all(_meets(one, values.get(one["Field"], [])) for one in fields)


def _meets(field: Event, values: Sequence[str]) -> bool:
    """Tell whether one of the values meets an operator of a field selector; `Not…`: none does."""
    tests = {
        "Equals": str.__eq__,
        "StartsWith": str.startswith,
        "EndsWith": str.endswith,
    }
    for name, test in tests.items():
        wanted: Sequence[str] = field.get(name) or ()
        if wanted and not any(test(value, one) for value in values for one in wanted):
            return False
        unwanted: Sequence[str] = field.get(f"Not{name}") or ()
        if any(test(value, one) for value in values for one in unwanted):
            return False
    return True
