"""How S3 Control refuses: in the words of S3."""

from __future__ import annotations

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.govern.decision import Decision


def refusal(ctx: Context, decision: Decision) -> AwsError:
    """Return the answer to a call that is not allowed."""
    return AwsError("AccessDenied", decision.reason, 403)
