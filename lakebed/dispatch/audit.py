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


class AuditLog:
    """Appends events to `folder/events.jsonl`; older files are `events.1.jsonl` and so on."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / "events.jsonl"
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
            older = self._path.with_name(f"events.{number}.jsonl")
            newer = self._path.with_name(f"events.{number - 1}.jsonl") if number > 1 else self._path
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


def _type_of(principal: Principal) -> str:
    if principal.is_root:
        return "Root"
    return "AssumedRole" if ":assumed-role/" in principal.arn else "AWSAccount"


def _record(event: Audited) -> dict[str, Any]:
    context, principal = event.context, event.context.principal
    record: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": _type_of(principal),
            "principalId": principal.user_id,
            "arn": principal.arn,
            "accountId": principal.account,
        },
        "eventTime": _event_time(int(context.clock.now())),
        "eventSource": f"{event.service}.amazonaws.com",
        "eventName": event.operation,
        "awsRegion": context.region,
        "requestParameters": event.request,
        "requestID": context.request_id,
        "eventType": "AwsApiCall",
        "recipientAccountId": context.account,
    }
    if event.error_code:
        record["errorCode"] = event.error_code
        record["errorMessage"] = event.error_message
    return record
