"""The nouns of S3 Control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError


def account_of(ctx: Context, request: Mapping[str, Any]) -> str:
    """Return the account that a request is about, which must be the caller's own."""
    account: str = request.get("AccountId", "")
    if account != ctx.account:
        raise AwsError("AccessDenied", "Access Denied", 403)
    return account
