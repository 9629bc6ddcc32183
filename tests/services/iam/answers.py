"""What a test compares of an answer: ids and times are made alike."""

from __future__ import annotations

import datetime
import re
from typing import Any

_ID = re.compile(r"(AIDA|AROA|ANPA|AGPA|AKIA|ASIA|AIPA)[A-Z2-7]{16}")


def whole(answer: Any) -> Any:
    """Return an answer without its metadata, its ids by their first letters, times as `TIME`."""
    if isinstance(answer, dict):
        return {key: whole(value) for key, value in answer.items() if key != "ResponseMetadata"}
    if isinstance(answer, list):
        return [whole(one) for one in answer]
    if isinstance(answer, datetime.datetime):
        age = datetime.datetime.now(datetime.UTC) - answer
        return "TIME" if abs(age.total_seconds()) < 120 else answer
    if isinstance(answer, str) and (match := _ID.fullmatch(answer)):
        return match[1]
    return answer


def allowing(action: str = "s3:*", resource: str = "*", effect: str = "Allow") -> dict[str, Any]:
    """Return a document with one statement."""
    statement = {"Effect": effect, "Action": action, "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}
