"""What the tests of Parameter Store share."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

ARN = "arn:aws:ssm:us-east-1:000000000000:parameter/"


def body(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without what the SDK adds."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def refused(call: Any) -> tuple[str, str]:
    """Return code and sentence of a refusal."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("it was not refused")
