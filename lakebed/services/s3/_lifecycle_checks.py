"""Which lifecycle configurations S3 takes, and what it says to those it does not.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from lakebed.core.errors import AwsError
from lakebed.core.limits import (
    LIFECYCLE_ID_CHARACTERS_MAX,
    LIFECYCLE_NEWER_VERSIONS_MAX,
    LIFECYCLE_RULES_MAX,
)
from lakebed.services.s3._lifecycle import selection_of
from lakebed.services.s3.model import malformed_xml

Rule = Mapping[str, Any]

_DAY_SECONDS = 86_400
# In the order of S3's waterfall: a transition leads only to what stands further on.
_CLASSES = (
    "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE",
)  # fmt: skip
_DAYS_MIN = {"STANDARD_IA": 30, "ONEZONE_IA": 30}
_ACTIONS = (
    "Expiration", "Transitions", "NoncurrentVersionExpiration", "NoncurrentVersionTransitions",
    "AbortIncompleteMultipartUpload",
)  # fmt: skip


def check_rules(rules: Sequence[Rule]) -> None:
    """Refuse a configuration as S3 does, by the first thing that is wrong with it."""
    if not rules:
        raise malformed_xml()
    if len(rules) > LIFECYCLE_RULES_MAX:
        raise _invalid_request(
            "The number of lifecycle rules must not exceed the allowed limit of "
            f"{LIFECYCLE_RULES_MAX} rules"
        )
    for rule in rules:
        _check_form(rule)
    ids = [rule["ID"] for rule in rules if rule.get("ID")]
    if len(set(ids)) < len(ids):
        raise _invalid_argument("Rule ID must be unique. Found same ID for more than one rule")
    _check_prefixes(rules)
    for rule in rules:
        _check_expiration(rule)
        _check_transitions(rule)
        _check_noncurrent(rule)
        _check_abort(rule)


def _check_form(rule: Rule) -> None:
    if rule.get("Status") not in ("Enabled", "Disabled"):
        raise malformed_xml()
    if len(rule.get("ID", "")) > LIFECYCLE_ID_CHARACTERS_MAX:
        raise _invalid_argument(
            f"ID length should not exceed allowed limit of {LIFECYCLE_ID_CHARACTERS_MAX}"
        )
    if ("Filter" in rule) == ("Prefix" in rule):
        raise malformed_xml()
    if "Filter" in rule:
        _check_filter(rule["Filter"])
    if not any(rule.get(action) for action in _ACTIONS):
        raise _invalid_request("At least one action needs to be specified in a rule")


def _check_filter(chosen: Mapping[str, Any]) -> None:
    if len(chosen) > 1:
        raise malformed_xml()
    both: Mapping[str, Any] = chosen.get("And", {})
    if "And" in chosen and len(both) - ("Tags" in both) + len(both.get("Tags", ())) < 2:
        raise malformed_xml()
    tags = selection_of({"Filter": chosen}).get("Tags", ())
    if any(not tag.get("Key") or "Value" not in tag for tag in tags):
        raise malformed_xml()
    if len({tag["Key"] for tag in tags}) < len(tags):
        raise _invalid_request("Duplicate Tag Keys are not allowed.")
    where = selection_of({"Filter": chosen})
    larger, smaller = where.get("ObjectSizeGreaterThan"), where.get("ObjectSizeLessThan")
    if (larger is not None and larger < 0) or (smaller is not None and smaller <= 0):
        raise malformed_xml()
    if larger is not None and smaller is not None and smaller <= larger:
        raise _invalid_request(
            "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'"
        )


def _check_prefixes(rules: Sequence[Rule]) -> None:
    """Refuse rules of the old form, with a prefix of their own, that meet each other or filters."""
    old = [rule for rule in rules if "Prefix" in rule]
    if old and len(old) < len(rules):
        raise _invalid_request(
            "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the "
            "Filter."
        )
    for one, two in combinations(old, 2):
        first, second = sorted((one["Prefix"], two["Prefix"]))
        if first == second:
            raise _invalid_argument(f"Found two rules with same prefix '{first}'")
        for action in ("Expiration", "NoncurrentVersionExpiration"):
            if action in one and action in two and second.startswith(first):
                raise _invalid_request(
                    f"Found overlapping prefixes '{first}' and '{second}' for same action type "
                    f"'{action}'"
                )


def _check_expiration(rule: Rule) -> None:
    if "Expiration" not in rule:
        return
    expiration: Mapping[str, Any] = rule["Expiration"]
    if len(expiration) != 1:
        raise malformed_xml()
    if "Days" in expiration:
        _check_positive(expiration["Days"], "Days", "Expiration")
    if "Date" in expiration:
        _check_midnight(expiration["Date"])
    if expiration.get("ExpiredObjectDeleteMarker"):
        _check_unfiltered(rule, "ExpiredObjectDeleteMarker")


def _check_transitions(rule: Rule) -> None:
    transitions: Sequence[Mapping[str, Any]] = rule.get("Transitions", ())
    for one in transitions:
        _check_class(one)
        if ("Days" in one) == ("Date" in one):
            raise malformed_xml()
        if "Date" in one:
            _check_midnight(one["Date"])
        else:
            _check_days(one["Days"], one["StorageClass"], "Days", "Transition")
    if not transitions:
        return
    _check_different(rule, transitions, "Transition")
    unit = "Days" if "Days" in transitions[0] else "Date"
    expiration: Mapping[str, Any] = rule.get("Expiration", {})
    is_timed = "Days" in expiration or "Date" in expiration
    if any(unit not in one for one in transitions) or (is_timed and unit not in expiration):
        raise _invalid_request(
            "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle "
            f"rule for {_filter_text(rule)}"
        )
    _check_order(rule, transitions, unit, "Transition")
    if unit in expiration and expiration[unit] <= max(one[unit] for one in transitions):
        later = "greater" if unit == "Days" else "later"
        raise _invalid_argument(
            f"'{unit}' in the Expiration action for {_filter_text(rule)} must be {later} than "
            f"'{unit}' in the Transition action"
        )


def _check_noncurrent(rule: Rule) -> None:
    action, unit = "NoncurrentVersionTransition", "NoncurrentDays"
    transitions: Sequence[Mapping[str, Any]] = rule.get("NoncurrentVersionTransitions", ())
    for one in transitions:
        _check_class(one)
        if unit not in one:
            raise malformed_xml()
        _check_days(one[unit], one["StorageClass"], unit, action)
        _check_newer(one, action)
    _check_different(rule, transitions, action)
    _check_order(rule, transitions, unit, action)
    if "NoncurrentVersionExpiration" not in rule:
        return
    expiration: Mapping[str, Any] = rule["NoncurrentVersionExpiration"]
    if unit not in expiration:
        raise malformed_xml()
    _check_positive(expiration[unit], unit, "NoncurrentVersionExpiration")
    _check_newer(expiration, "NoncurrentVersionExpiration")
    if any(expiration[unit] <= one[unit] for one in transitions):
        raise _invalid_argument(
            f"'{unit}' in the NoncurrentVersionExpiration action for {_filter_text(rule)} must be "
            f"greater than '{unit}' in the {action} action"
        )


def _check_abort(rule: Rule) -> None:
    if "AbortIncompleteMultipartUpload" not in rule:
        return
    abort: Mapping[str, Any] = rule["AbortIncompleteMultipartUpload"]
    if "DaysAfterInitiation" not in abort:
        raise malformed_xml()
    action = "AbortIncompleteMultipartUpload"
    _check_positive(abort["DaysAfterInitiation"], "DaysAfterInitiation", action)
    _check_unfiltered(rule, action)


def _check_unfiltered(rule: Rule, action: str) -> None:
    """Refuse what is done to no object, or to no bytes, for objects of some tags or sizes."""
    where = selection_of(rule)
    if where.get("Tags"):
        raise _invalid_request(f"{action} cannot be specified with Tags.")
    if "ObjectSizeGreaterThan" in where or "ObjectSizeLessThan" in where:
        raise _invalid_request(f"{action} cannot be specified with Object Size.")


def _check_class(transition: Mapping[str, Any]) -> None:
    if transition.get("StorageClass") not in _CLASSES:
        raise malformed_xml()


def _check_days(days: int, storage_class: str, unit: str, action: str) -> None:
    if days < 0:
        raise _invalid_argument(f"'{unit}' for {action} action must be nonnegative")
    least = _DAYS_MIN.get(storage_class, 0)
    if days < least:
        raise _invalid_argument(
            f"'{unit}' in {action} action must be greater than or equal to {least} for "
            f"storageClass '{storage_class}'"
        )


def _check_newer(action: Mapping[str, Any], name: str) -> None:
    newer = action.get("NewerNoncurrentVersions")
    if newer is None:
        return
    _check_positive(newer, "NewerNoncurrentVersions", name)
    if newer > LIFECYCLE_NEWER_VERSIONS_MAX:
        raise _invalid_argument(
            f"'NewerNoncurrentVersions' for {name} action must be less than or equal to "
            f"{LIFECYCLE_NEWER_VERSIONS_MAX}"
        )


def _check_different(rule: Rule, transitions: Sequence[Mapping[str, Any]], action: str) -> None:
    if len({one["StorageClass"] for one in transitions}) < len(transitions):
        raise _invalid_request(
            f"'StorageClass' must be different for '{action}' actions in same 'Rule' with "
            f"{_filter_text(rule)}"
        )


def _check_order(
    rule: Rule, transitions: Sequence[Mapping[str, Any]], unit: str, action: str
) -> None:
    """Refuse a later move to a class that stands before the one of an earlier move."""
    moves = sorted(transitions, key=lambda one: _CLASSES.index(one["StorageClass"]))
    for one, two in combinations(moves, 2):
        if two[unit] <= one[unit]:
            text = _filter_text(rule)
            raise _invalid_argument(
                f"'{unit}' in the '{action}' action for StorageClass '{two['StorageClass']}' for "
                f"{text} must be greater than '{unit}' in the '{action}' action for StorageClass "
                f"'{one['StorageClass']}' for {text}"
            )


def _check_positive(value: int, name: str, action: str) -> None:
    if value <= 0:
        raise _invalid_argument(f"'{name}' for {action} action must be a positive integer")


def _check_midnight(date: float) -> None:
    if date % _DAY_SECONDS:
        raise _invalid_argument("'Date' must be at midnight GMT")


def _filter_text(rule: Rule) -> str:
    """Return what a rule is for, as S3 writes it in its sentences."""
    if "Filter" not in rule:
        return f"prefix '{rule.get('Prefix', '')}'"
    where = selection_of(rule)
    parts: list[str] = []
    if "ObjectSizeGreaterThan" in where:
        parts.append(f"objectsizegreaterthan={where['ObjectSizeGreaterThan']}")
    if "ObjectSizeLessThan" in where:
        parts.append(f"objectsizelessthan={where['ObjectSizeLessThan']}")
    if "Prefix" in where or not where:
        parts.append(f"prefix={where.get('Prefix', '')}")
    parts += [f"tag: key={tag['Key']}, value={tag['Value']}" for tag in where.get("Tags", ())]
    return f"filter '({' and '.join(parts)})'"


def _invalid_argument(message: str) -> AwsError:
    return AwsError("InvalidArgument", message, 400)


def _invalid_request(message: str) -> AwsError:
    return AwsError("InvalidRequest", message, 400)
