"""Encryption settings of the catalog, by boto3."""

from __future__ import annotations

from tests.services.glue.test_databases import body, error_of

OFF = {
    "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
    "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
}


def test_settings_are_off_and_what_needs_a_key_service_is_refused(lakebed):
    glue = lakebed.client("glue")
    put = glue.put_data_catalog_encryption_settings
    assert body(put(DataCatalogEncryptionSettings=OFF)) == {}
    for given, named in (
        (
            {"EncryptionAtRest": {"CatalogEncryptionMode": "SSE-KMS"}},
            "a CatalogEncryptionMode with a key of KMS",
        ),
        (
            {"ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": True}},
            "passwords encrypted with a key of KMS",
        ),
    ):
        code, message, status = error_of(
            lambda given=given: put(DataCatalogEncryptionSettings=given)
        )
        assert (code, status, named in message) == ("LakebedNotBuilt", 400, True)
    assert body(glue.get_data_catalog_encryption_settings()) == {
        "DataCatalogEncryptionSettings": OFF
    }
