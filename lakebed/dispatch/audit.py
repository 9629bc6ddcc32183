"""Who did what: one CloudTrail-shaped JSON line a call, in rotating files under `state/audit/`.

Shape: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
Management events always; data events (objects) by setting. Lines are buffered for one turn of the
event loop and written before the answers of that turn leave.
"""

from __future__ import annotations

import functools
import os
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from lakebed.context import Context
from lakebed.core.audit_files import NEWEST, numbered
from lakebed.core.limits import AUDIT_FILE_BYTES_MAX, AUDIT_FILES_MAX
from lakebed.core.principal import Principal

_HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_encode = msgspec.json.Encoder(enc_hook=lambda value: f"<{type(value).__name__}>").encode


class Audited(msgspec.Struct, frozen=True):
    """One call as it ended: `error_code` is empty where it succeeded."""

    context: Context
    service: str
    operation: str
    request: Mapping[str, Any]
    error_code: str = ""
    error_message: str = ""
    is_data_event: bool = False


class AuditLog:
    """Appends events to the files that `core.audit_files` describes.

    `wants_data_events` is set while something (a trail) wants data events written down, too.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.wants_data_events = False
        self._path = folder / NEWEST
        self._open()
        # Threads append, the loop takes out: a deque does both without a lock.
        self._lines: deque[bytes] = deque()

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._descriptor = os.open(self._path, flags, 0o600)
        self._size = os.fstat(self._descriptor).st_size

    def record(self, event: Audited) -> None:
        """Keep the event's line until the next `flush`."""
        self._lines.append(_encode(_record(event)))

    def flush(self) -> None:
        """Write what was recorded since the last time."""
        if not self._lines:
            return
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        data = b"\n".join(lines) + b"\n"
        os.write(self._descriptor, data)
        self._size += len(data)
        if self._size >= AUDIT_FILE_BYTES_MAX:
            self._rotate()

    def _rotate(self) -> None:
        os.close(self._descriptor)
        for number in range(AUDIT_FILES_MAX - 1, 0, -1):
            older = self._path.with_name(numbered(number))
            newer = self._path.with_name(numbered(number - 1))
            if newer.exists():
                newer.replace(older)
        self._open()

    def close(self) -> None:
        """Write what is left and close the file."""
        self.flush()
        os.close(self._descriptor)


def without(request: Any, hidden: frozenset[str]) -> Any:
    """Return a request with CloudTrail's words in place of the members that must not be kept."""
    if not hidden:
        return request
    if isinstance(request, dict):
        members = cast(dict[str, Any], request).items()
        return {key: _HIDDEN if key in hidden else without(one, hidden) for key, one in members}
    if isinstance(request, list):
        return [without(one, hidden) for one in cast(list[Any], request)]
    return request


@functools.lru_cache(maxsize=4)
def _event_time(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


_READS = ("Get", "List", "Describe", "Head", "BatchGet", "Lookup", "Filter", "Search", "Select")
_SOURCES = {"glue_iceberg": "glue"}


def _identity(principal: Principal) -> dict[str, Any]:
    kind = "AWSAccount"
    if principal.is_root:
        kind = "Root"
    elif principal.role or ":assumed-role/" in principal.arn:
        kind = "AssumedRole"
    elif principal.user:
        kind = "IAMUser"
    identity: dict[str, Any] = {
        "type": kind,
        "principalId": principal.user_id,
        "arn": principal.arn,
        "accountId": principal.account,
    }
    if principal.access_key:
        identity["accessKeyId"] = principal.access_key
    if principal.user:
        identity["userName"] = principal.user
    if principal.role:
        issuer = {
            "type": "Role",
            "arn": f"arn:aws:iam::{principal.account}:role/{principal.role}",
            "accountId": principal.account,
            "userName": principal.role.rpartition("/")[2],
        }
        identity["sessionContext"] = {"sessionIssuer": issuer}
    return identity


def _record(event: Audited) -> dict[str, Any]:
    context = event.context
    source = _SOURCES.get(event.service, event.service)
    record: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(context.principal),
        "eventTime": _event_time(int(context.clock.now())),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": event.operation,
        "awsRegion": context.region,
        "requestParameters": event.request,
        "requestID": context.request_id,
        "eventID": context.ids.uuid(),
        "readOnly": event.operation.startswith(_READS),
        "eventType": "AwsApiCall",
        "managementEvent": not event.is_data_event,
        "recipientAccountId": context.account,
        "eventCategory": "Data" if event.is_data_event else "Management",
    }
    if context.origin is not None:
        record["sourceIPAddress"] = context.origin.address
        record["userAgent"] = context.origin.user_agent
    if event.is_data_event and isinstance(bucket := event.request.get("Bucket"), str):
        record["resources"] = _resources(bucket, event.request.get("Key"), context.account)
    if event.error_code:
        record["errorCode"] = event.error_code
        record["errorMessage"] = event.error_message
    return record


def _resources(bucket: str, key: object, account: str) -> list[dict[str, str]]:
    arn = f"arn:aws:s3:::{bucket}"
    found = [{"type": "AWS::S3::Bucket", "ARN": arn, "accountId": account}]
    if isinstance(key, str):
        found.insert(0, {"type": "AWS::S3::Object", "ARN": f"{arn}/{key}"})
    return found
