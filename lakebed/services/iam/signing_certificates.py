"""Signing certificates of users: none can be uploaded here, so nobody has any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.services.iam._users import meant

if TYPE_CHECKING:
    from lakebed.shapes import iam as shapes


def list_signing_certificates(
    ctx: Context, request: shapes.ListSigningCertificatesRequest
) -> shapes.ListSigningCertificatesResponse:
    """Return no certificates: UploadSigningCertificate is not built, which is what it answers.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSigningCertificates.html
    """
    meant(ctx, request)
    return {"Certificates": [], "IsTruncated": False}
