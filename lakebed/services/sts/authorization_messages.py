"""Encoded messages of refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import AwsError

if TYPE_CHECKING:
    from lakebed.shapes import sts as shapes


def decode_authorization_message(
    ctx: Context, request: shapes.DecodeAuthorizationMessageRequest
) -> shapes.DecodeAuthorizationMessageResponse:
    """Refuse whatever is given: no operation here encodes why it refused, all say it.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
    """
    raise AwsError("InvalidAuthorizationMessageException", "Message is not valid")
