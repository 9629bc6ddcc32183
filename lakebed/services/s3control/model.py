"""The nouns of S3 Control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.govern.access_points import ACCESS_POINTS, AccessPoint


def account_of(ctx: Context, request: Mapping[str, Any]) -> str:
    """Return the account that a request is about, which must be the caller's own."""
    account: str = request.get("AccountId", "")
    if account != ctx.account:
        raise AwsError("AccessDenied", "Access Denied", 403)
    return account


def access_point(ctx: Context, request: Mapping[str, Any]) -> AccessPoint:
    """Return the access point that a request is about."""
    account, name = account_of(ctx, request), request["Name"]
    found = ACCESS_POINTS.get(ctx, account, ctx.region, name)
    if found is None:
        message = "The specified accesspoint does not exist"
        raise AwsError("NoSuchAccessPoint", message, 404, {"AccessPointName": name})
    return found
