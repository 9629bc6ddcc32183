"""The policy of a POST form: what it may hold, as whoever signed it said.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
The sentences of refusals are S3's as clients report them: no page lists them.
"""

from __future__ import annotations

import base64
import binascii
import calendar
import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from lakebed.core.errors import AwsError

_RANGE = "content-length-range"
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z", re.ASCII)
_UNCOVERED = frozenset({"policy", "file", "x-amz-signature", "signature", "awsaccesskeyid"})
_IGNORED = "x-ignore-"


class PostPolicy(msgspec.Struct, frozen=True):
    """A policy that was read: until when it holds, in seconds, and its conditions.

    A condition is an operator (`eq`, `starts-with`), a field's name and a value, spelled as in the
    policy; `sizes` is the least and the greatest size of the file in bytes.
    """

    expiration: float
    conditions: tuple[tuple[str, str, str], ...]
    sizes: tuple[int, int] | None = None


def read_policy(encoded: str) -> PostPolicy:
    """Read a policy from its field of a form; InvalidPolicyDocument for what is none."""
    try:
        text = base64.b64decode("".join(encoded.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        raise _invalid("invalid Base64 encoding.") from None
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise _invalid("Invalid JSON.") from None
    if not isinstance(document, dict):
        raise _invalid("Invalid JSON.")
    members = cast("dict[str, Any]", document)
    for name in members:
        if name not in ("expiration", "conditions"):
            raise _invalid(f"Unexpected: '{name.lower()}'")
    return _read(members)


def _read(members: Mapping[str, Any]) -> PostPolicy:
    for name in ("expiration", "conditions"):
        if name not in members:
            raise _invalid(f"Policy missing {name}.")
    if not isinstance(members["conditions"], list):
        raise _invalid("Invalid 'conditions' value: must be a List.")
    found: list[tuple[str, str, str]] = []
    sizes: tuple[int, int] | None = None
    for given in cast("list[Any]", members["conditions"]):
        if isinstance(given, dict):
            found.append(_simple(cast("dict[str, Any]", given)))
        elif isinstance(given, list):
            items = cast("list[Any]", given)
            if items and str(items[0]).lower() == _RANGE:
                sizes = _sizes(items)
            else:
                found.append(_condition(items))
        else:
            raise _invalid("Invalid condition test: must be a List or Object.")
    return PostPolicy(_expiration(members["expiration"]), tuple(found), sizes)


def _expiration(given: Any) -> float:
    text = str(given)
    if isinstance(given, str) and _TIME.fullmatch(text):
        try:
            return float(calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")))
        except ValueError:
            pass
    raise _invalid(f"Invalid 'expiration' value: '{text}'")


def _simple(given: Mapping[str, Any]) -> tuple[str, str, str]:
    if len(given) != 1:
        raise _invalid(
            "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified."
        )
    ((name, value),) = given.items()
    if value is None:
        raise _invalid("Invalid JSON.")
    if not isinstance(value, str):
        raise _invalid("Invalid Simple-Condition: value must be a string.")
    return "eq", f"${name}", value


def _condition(items: Sequence[Any]) -> tuple[str, str, str]:
    if not items:
        raise _invalid("Invalid Condition: missing operation identifier.")
    operator = str(items[0])
    if operator.lower() not in ("eq", "starts-with"):
        raise _invalid(f"Invalid Condition: unknown operation '{operator}'.")
    if len(items) != 3:
        raise _invalid(f"Invalid {operator}: wrong number of arguments.")
    if not all(isinstance(one, str) for one in items):
        raise _invalid("Invalid JSON.")
    return operator, str(items[1]), str(items[2])


def _sizes(items: Sequence[Any]) -> tuple[int, int]:
    if len(items) != 3:
        raise _invalid(f"Invalid {_RANGE}: wrong number of arguments.")
    least, most = items[1:]
    if isinstance(least, float) or isinstance(most, float):
        raise _invalid("Invalid JSON.")
    try:
        sizes = int(least), int(most)
    except (TypeError, ValueError):
        raise _failed(items) from None
    if min(sizes) < 0:
        # Remembered: only the status is known.
        raise _invalid(f"Invalid {_RANGE}: bounds must not be negative.")
    return sizes


def check_fields(policy: PostPolicy, fields: Mapping[str, str], bucket: str, now: float) -> None:
    """Refuse a form whose fields are not what its policy says, or that says nothing of one.

    `fields` are by name in lower case; the bucket is where the form was sent, whatever it says.
    """
    if now >= policy.expiration:
        raise _denied("Policy expired.")
    held = {**fields, "bucket": bucket}
    named: set[str] = set()
    for operator, field, value in policy.conditions:
        name = field.removeprefix("$").lower()
        named.add(name)
        found = held.get(name) if field.startswith("$") else None
        is_met = found is not None and (
            found == value if operator.lower() == "eq" else found.startswith(value)
        )
        if not is_met:
            raise _failed([operator, field, value])
    for name in held:
        if name not in named and name not in _UNCOVERED and not name.startswith(_IGNORED):
            raise _denied(f"Extra input fields: {name}")


def check_size(policy: PostPolicy | None, size: int, *, is_whole: bool) -> None:
    """Refuse a file that is larger or, once it is whole, smaller than its policy says."""
    if policy is None or policy.sizes is None:
        return
    least, most = policy.sizes
    if size > most:
        message = "Your proposed upload exceeds the maximum allowed size"
        members = {"ProposedSize": size, "MaxSizeAllowed": most}
        raise AwsError("EntityTooLarge", message, 400, members)
    if is_whole and size < least:
        message = "Your proposed upload is smaller than the minimum allowed size"
        members = {"ProposedSize": size, "MinSizeAllowed": least}
        raise AwsError("EntityTooSmall", message, 400, members)


def _invalid(what: str) -> AwsError:
    return AwsError("InvalidPolicyDocument", f"Invalid Policy: {what}", 400)


def _denied(what: str) -> AwsError:
    return AwsError("AccessDenied", f"Invalid according to Policy: {what}", 403)


def _failed(condition: Sequence[Any]) -> AwsError:
    return _denied(f"Policy Condition failed: {json.dumps(list(condition), ensure_ascii=False)}")
