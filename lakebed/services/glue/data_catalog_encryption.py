"""Encryption settings of the Data Catalog: off, until there is a key service to encrypt with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.services.glue.model import check_catalog

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


def get_data_catalog_encryption_settings(
    ctx: Context, request: shapes.GetDataCatalogEncryptionSettingsRequest
) -> shapes.GetDataCatalogEncryptionSettingsResponse:
    """Return the settings: nothing is encrypted with a key of KMS.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetDataCatalogEncryptionSettings.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    return {
        "DataCatalogEncryptionSettings": {
            "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
            "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
        }
    }


def put_data_catalog_encryption_settings(
    ctx: Context, request: shapes.PutDataCatalogEncryptionSettingsRequest
) -> shapes.PutDataCatalogEncryptionSettingsResponse:
    """Accept the settings that turn encryption off; any that would need KMS is refused.

    (Connections are encrypted here with a key of the data folder, whatever is set.)
    https://docs.aws.amazon.com/glue/latest/webapi/API_PutDataCatalogEncryptionSettings.html
    """
    check_catalog(ctx, request.get("CatalogId"))
    operation = "PutDataCatalogEncryptionSettings"
    given = request["DataCatalogEncryptionSettings"]
    at_rest = given.get("EncryptionAtRest")
    if at_rest is not None and at_rest["CatalogEncryptionMode"] != "DISABLED":
        raise NotBuiltError("glue", operation, "a CatalogEncryptionMode with a key of KMS")
    passwords = given.get("ConnectionPasswordEncryption")
    if passwords is not None and passwords["ReturnConnectionPasswordEncrypted"]:
        raise NotBuiltError("glue", operation, "passwords encrypted with a key of KMS")
    return {}
