"""The configuration of Glue's Iceberg REST endpoint, and how its requests are routed."""

from __future__ import annotations

from tests.services.glue_iceberg.rest_catalog import ACCOUNT, call


def test_the_prefix_names_the_catalog(lakebed):
    for query in ("", f"?warehouse={ACCOUNT}"):
        status, found = call(lakebed, "GET", f"config{query}")
        assert status == 200
        assert found["overrides"] == {"prefix": f"catalogs/{ACCOUNT}"}
        assert "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}" in found["endpoints"]


def test_another_accounts_catalog_is_not_found(lakebed):
    assert call(lakebed, "GET", "config?warehouse=111111111111") == (
        404,
        {
            "error": {
                "message": "Catalog 111111111111 not found.",
                "type": "NoSuchCatalogException",
                "code": 404,
            }
        },
    )


def test_an_operation_that_is_not_built_is_named(lakebed):
    status, found = call(lakebed, "POST", f"catalogs/{ACCOUNT}/transactions/commit", {})
    assert status == 400
    assert found["error"]["type"] == "LakebedNotBuilt"
    assert "glue_iceberg.CommitTransaction" in found["error"]["message"]


def test_a_wrong_signature_is_refused_in_the_form_of_the_specification(lakebed):
    status, found = call(lakebed, "GET", "config", secret="wrong")
    assert status == found["error"]["code"]
    assert found["error"]["type"] == "InvalidSignatureException"


def test_a_bucket_named_iceberg_is_still_a_bucket(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="iceberg")
    s3.put_object(Bucket="iceberg", Key="v1/config", Body=b"mine")
    assert s3.get_object(Bucket="iceberg", Key="v1/config")["Body"].read() == b"mine"
