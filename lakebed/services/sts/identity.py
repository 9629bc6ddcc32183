"""Who the caller is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context

if TYPE_CHECKING:
    from lakebed.shapes import sts as shapes


def get_caller_identity(
    ctx: Context, request: shapes.GetCallerIdentityRequest
) -> shapes.GetCallerIdentityResponse:
    """Return the account, ARN and user id of whoever signed the request.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """
    principal = ctx.principal
    return {"UserId": principal.user_id, "Account": principal.account, "Arn": principal.arn}
