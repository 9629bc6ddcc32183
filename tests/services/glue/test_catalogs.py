"""The account's catalog as a catalog, by boto3."""

from __future__ import annotations

from tests.services.glue.test_databases import EVERYONE, body, error_of

DEFAULT = {
    "CatalogId": "000000000000",
    "Name": "000000000000",
    "ResourceArn": "arn:aws:glue:us-east-1:000000000000:catalog",
    "CreateTableDefaultPermissions": EVERYONE,
    "CreateDatabaseDefaultPermissions": EVERYONE,
}


def test_the_default_catalog_is_the_only_one(lakebed):
    glue = lakebed.client("glue")
    assert body(glue.get_catalog(CatalogId="000000000000")) == {"Catalog": DEFAULT}
    assert body(glue.get_catalogs()) == {"CatalogList": []}
    assert body(glue.get_catalogs(IncludeRoot=True)) == {"CatalogList": [DEFAULT]}
    assert error_of(lambda: glue.get_catalog(CatalogId="nope")) == (
        "EntityNotFoundException", "Catalog nope not found.", 400,
    )  # fmt: skip
    code, message, _ = error_of(
        lambda: glue.create_catalog(Name="c", CatalogInput={"Description": "x"})
    )
    assert (code, "glue.CreateCatalog" in message) == ("LakebedNotBuilt", True)


def test_nothing_is_left_to_be_imported(lakebed):
    status = lakebed.client("glue").get_catalog_import_status()["ImportStatus"]
    assert status == {"ImportCompleted": True}
