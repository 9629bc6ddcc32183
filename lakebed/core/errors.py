"""Errors a client can meet: AWS's code, AWS's sentence, AWS's status."""

from __future__ import annotations

from collections.abc import Mapping

COVERAGE_URL = "https://github.com/lakebed/lakebed/blob/main/docs/reference/coverage.md"


class AwsError(Exception):
    """One error answer of an AWS operation.

    `code` is AWS's code, `message` AWS's sentence, `status` the HTTP status, and `members` the
    further members of the error's shape (S3's `Key`, `BucketName`, …). `headers` go on the wire as
    they are. Raised by handlers, written by the protocol of the service.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        members: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members: Mapping[str, str | int] = members or {}
        self.headers: Mapping[str, str] = headers or {}


class NotBuiltError(AwsError):
    """The one honest answer of what lakebed has not built yet: never a success, never retried.

    S3 has a code and a status of its own for this (501 NotImplemented); every other service answers
    400 with a code that exists only here. Both name the service and the operation.
    """

    def __init__(self, service: str, operation: str, detail: str = "") -> None:
        what = f"{service}.{operation}" + (f" ({detail})" if detail else "")
        message = f"lakebed has not built {what} yet. What is built: {COVERAGE_URL}"
        if service == "s3":
            super().__init__("NotImplemented", message, 501)
        else:
            super().__init__("LakebedNotBuilt", message, 400)
        self.service = service
        self.operation = operation
