"""Object lock: until when a version is kept, by whose word, and who may shorten that.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
A bucket's lock is AWS's structure `ObjectLockConfiguration`, kept with the bucket; empty for none.
The lock holds for everybody who asks S3, lifecycle rules included; a file that is deleted by hand
in the lake's folder is gone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.engines.objects import ObjectLock, StoredObject
from lakebed.services.s3._checksums import check_algorithm, claimed_algorithm
from lakebed.services.s3.model import Bucket, invalid_argument, malformed_xml

GOVERNANCE, COMPLIANCE = "GOVERNANCE", "COMPLIANCE"
MODES = (GOVERNANCE, COMPLIANCE)
HOLDS = ("ON", "OFF")
_DAY_SECONDS = 86_400
_PERIODS = {"Days": (1, 36_500), "Years": (365, 100)}
"""How many days each is, and how many of it at most."""
_MODE, _UNTIL = "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date"
_EVENTS = ("EventHold", "EventHoldDuration", "DefaultEventHold")


# -- a bucket's ------------------------------------------------------------------------------------


def checked_configuration(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lock of a bucket as it is kept; MalformedXML for what AWS's schema does not take.

    The sentences about periods are those that users report of AWS.
    """
    if given.get("ObjectLockEnabled") != "Enabled":
        raise malformed_xml()
    if "Rule" not in given:
        return {"ObjectLockEnabled": "Enabled"}
    rule: Mapping[str, Any] = given["Rule"] or {}
    default: Mapping[str, Any] = rule.get("DefaultRetention") or {}
    refuse_events(default, "PutObjectLockConfiguration")
    periods = [unit for unit in _PERIODS if unit in default]
    if default.get("Mode") not in MODES or len(periods) != 1:
        raise malformed_xml()
    unit = periods[0]
    count = default[unit]
    if count < 1:
        message = "Default retention period must be a positive integer value."
        raise invalid_argument(message, unit, str(count))
    if count > _PERIODS[unit][1]:
        raise invalid_argument("Default retention period too large.", unit, str(count))
    kept = {"DefaultRetention": {"Mode": default["Mode"], unit: count}}
    return {"ObjectLockEnabled": "Enabled", "Rule": kept}


def refuse_events(given: Mapping[str, Any], operation: str) -> None:
    """Refuse holds that end with an event, which are not built."""
    for name in _EVENTS:
        if name in given:
            raise NotBuiltError("s3", operation, name)


def missing_lock() -> AwsError:
    """Return S3's answer where only a bucket with a lock would do."""
    return AwsError("InvalidRequest", "Bucket is missing Object Lock Configuration", 400)


# -- a new version's -------------------------------------------------------------------------------


def asked_lock(ctx: Context, bucket: Bucket, request: Mapping[str, Any]) -> ObjectLock | None:
    """Return the lock that the headers of a write ask for, None if they say nothing of it."""
    mode, until = request.get("ObjectLockMode"), request.get("ObjectLockRetainUntilDate")
    hold = request.get("ObjectLockLegalHoldStatus")
    if mode is None and until is None and hold is None:
        return None
    if not bucket.lock:
        raise missing_lock()
    if (mode is None) != (until is None):
        name = _MODE if mode is None else _UNTIL
        message = f"{_UNTIL} and {_MODE} must both be supplied"
        raise AwsError("InvalidArgument", message, 400, {"ArgumentName": name})
    if mode is not None and mode not in MODES:
        raise invalid_argument("Unknown wormMode directive.", _MODE, mode)
    if until is not None:
        until = checked_until(ctx, until, _UNTIL)
    if hold is not None and hold not in HOLDS:
        message = "Legal Hold must be either of 'ON' or 'OFF'"
        raise invalid_argument(message, "x-amz-object-lock-legal-hold", hold)
    return ObjectLock(mode or "", until or 0.0, hold or "")


def checked_until(ctx: Context, until: float, name: str) -> float:
    """Return the end of a retention, which must not be over; AWS shows it in Pacific time, we UTC.

    It is kept to the second, as it is shown: what is shown as over is over.
    """
    if until <= ctx.clock.now():
        shown = datetime.fromtimestamp(until, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
        raise invalid_argument("The retain until date must be in the future!", name, shown)
    return float(math.ceil(until))


def lock_of_new(bucket: Bucket, asked: ObjectLock | None, made: float) -> ObjectLock | None:
    """Return the lock of a version made at a time: what was asked, else the bucket's default.

    A year counts 365 days; AWS does not say how many.
    """
    if not bucket.lock or (asked is not None and asked.mode):
        return asked
    default = bucket.lock.get("Rule", {}).get("DefaultRetention")
    if default is None:
        return asked
    days = sum(default.get(unit, 0) * each for unit, (each, _) in _PERIODS.items())
    hold = "" if asked is None else asked.hold
    return ObjectLock(default["Mode"], made + days * _DAY_SECONDS, hold)


def check_is_summed(
    ctx: Context, lock: ObjectLock | None, request: Mapping[str, Any], what: str
) -> None:
    """Refuse bytes that will be locked and came without an MD5 or checksum of the client's.

    Runs of our own send theirs with the digests of their files.
    """
    is_summed = "ContentMD5" in request or claimed_algorithm(request) or check_algorithm(request)
    if lock is None or is_summed or ctx.origin is None:
        return
    message = (
        f"Content-MD5 OR x-amz-checksum- HTTP header is required for Put {what} requests with "
        "Object Lock parameters"
    )
    raise AwsError("InvalidRequest", message, 400)


# -- a version's -----------------------------------------------------------------------------------


def is_retained(found: StoredObject, now: float) -> bool:
    """Say whether a version's retention is not over yet."""
    return found.lock is not None and bool(found.lock.mode) and found.lock.until > now


def is_locked(found: StoredObject, now: float, *, bypasses: bool = False) -> bool:
    """Say whether a version may not be deleted; who bypasses it passes by governance alone."""
    lock = found.lock
    if lock is None:
        return False
    if lock.hold == "ON":
        return True
    return is_retained(found, now) and not (bypasses and lock.mode == GOVERNANCE)


def check_unlocked(ctx: Context, found: StoredObject | None, *, bypasses: bool) -> None:
    """Refuse to delete a version that is locked."""
    if found is not None and is_locked(found, ctx.clock.now(), bypasses=bypasses):
        raise protected()


def protected() -> AwsError:
    """Return S3's answer to whoever would delete or loosen what is locked."""
    return AwsError("AccessDenied", "Access Denied because object protected by object lock.", 403)


def with_retention(
    found: StoredObject, mode: str, until: float, now: float, *, bypasses: bool
) -> ObjectLock:
    """Return the lock with another retention, empty for none; refused if it locks less.

    Without a bypass a retention is only ever made longer, and a mode stays what it is.
    """
    lock = found.lock or ObjectLock()
    is_longer = mode == lock.mode and until >= lock.until
    may_loosen = bypasses and lock.mode == GOVERNANCE
    if is_retained(found, now) and not (is_longer or may_loosen):
        raise protected()
    return msgspec.structs.replace(lock, mode=mode, until=until)


def shown_lock(ctx: Context, found: StoredObject, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what readers are told of a lock: as much as they have permissions for.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
    """
    lock, answer = found.lock, dict[str, Any]()
    if lock is None:
        return answer
    asked = {name: request[name] for name in ("Bucket", "Key", "VersionId") if name in request}
    if lock.mode and _may(ctx, "get_object_retention", asked):
        answer["ObjectLockMode"] = lock.mode
        answer["ObjectLockRetainUntilDate"] = lock.until
    if lock.hold and _may(ctx, "get_object_legal_hold", asked):
        answer["ObjectLockLegalHoldStatus"] = lock.hold
    return answer


def _may(ctx: Context, operation: str, request: Mapping[str, Any]) -> bool:
    try:
        ctx.door.authorise(ctx, "s3", operation, request)
    except AwsError:
        return False
    return True
