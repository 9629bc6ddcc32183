"""Whose an access key is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.govern.identities import ACCESS_KEYS, SESSIONS
from lakebed.services.sts._sessions import invalid

if TYPE_CHECKING:
    from lakebed.shapes import sts as shapes


def get_access_key_info(
    ctx: Context, request: shapes.GetAccessKeyInfoRequest
) -> shapes.GetAccessKeyInfoResponse:
    """Return the account of an access key that is known here, active or not.

    AWS reads the account out of the key; here it is looked up, so deleted keys are not known.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
    """
    name = request["AccessKeyId"]
    row = SESSIONS.get(ctx, name) or ACCESS_KEYS.get(ctx, name)
    if row is None:
        raise invalid(f"The access key {name} is not known.")
    return {"Account": row.account}
