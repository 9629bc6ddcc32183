"""Passwords of users for single services: none can be made here, so nobody has any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.services.iam._users import meant

if TYPE_CHECKING:
    from lakebed.shapes import iam as shapes


def list_service_specific_credentials(
    ctx: Context, request: shapes.ListServiceSpecificCredentialsRequest
) -> shapes.ListServiceSpecificCredentialsResponse:
    """Return no credentials: CreateServiceSpecificCredential is not built, and answers that.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServiceSpecificCredentials.html
    """
    meant(ctx, request)
    return {"ServiceSpecificCredentials": [], "IsTruncated": False}
