"""Whole answers and whole errors of S3, without what differs from call to call."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

RECENT = "recent"
"""What stands for a time of the last minutes."""
"""What S3 says of every object that nobody asked to be encrypted otherwise."""


def answer(response: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without its metadata; recent times are RECENT, bodies are read."""
    response.pop("ResponseMetadata")
    return normal(response)


def normal(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        age = datetime.datetime.now(datetime.UTC) - value
        assert abs(age.total_seconds()) < 300
        return RECENT
    if isinstance(value, dict):
        return {name: normal(item) for name, item in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    return value.read() if hasattr(value, "read") else value


def refusal(call: Any, **arguments: Any) -> tuple[int, dict[str, Any]]:
    """Return the status and the members of the error that a call must end in."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]
