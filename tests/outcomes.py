"""What fuzz tests assert: whatever the input, an answer or AWS's error, never anything else."""

from __future__ import annotations

from collections.abc import Callable

from lakebed.core.errors import AwsError


def is_answered(call: Callable[[], object]) -> bool:
    """Return True for a call that returns or raises AwsError; others pass through."""
    try:
        call()
    except AwsError as error:
        return 400 <= error.status < 600
    return True
