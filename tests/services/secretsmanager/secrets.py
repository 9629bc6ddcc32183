"""What the tests of Secrets Manager share."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:"
DELETED = (
    "InvalidRequestException",
    "You can't perform this operation on the secret because it was marked for deletion.",
)
ABSENT = ("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")


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
