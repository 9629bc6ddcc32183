"""Data catalogs, by boto3."""

from __future__ import annotations

import pytest

from tests.services.athena.athena_client import finish, rows, start
from tests.services.glue.test_databases import body, error_of

DEFAULT = {"CatalogName": "AwsDataCatalog", "Type": "GLUE", "Status": "CREATE_COMPLETE"}
LAMBDA = {"function": "arn:aws:lambda:us-east-1:000000000000:function:f"}


def test_the_glue_catalog_is_always_there(athena):
    assert athena.list_data_catalogs()["DataCatalogsSummary"] == [DEFAULT]
    assert athena.get_data_catalog(Name="awsdatacatalog")["DataCatalog"] == {
        "Name": "AwsDataCatalog",
        "Type": "GLUE",
        "Parameters": {"catalog-id": "000000000000"},
        "Status": "CREATE_COMPLETE",
    }
    for call in (
        lambda: athena.delete_data_catalog(Name="AwsDataCatalog"),
        lambda: athena.update_data_catalog(Name="AwsDataCatalog", Type="GLUE"),
    ):
        assert error_of(call)[:2] == (
            "InvalidRequestException", "AwsDataCatalog cannot be changed or deleted.",
        )  # fmt: skip


def test_a_catalog_comes_back_whole(athena):
    expected = {
        "Name": "Sales",
        "Type": "LAMBDA",
        "Parameters": LAMBDA,
        "Status": "CREATE_COMPLETE",
        "Description": "d",
    }
    made = athena.create_data_catalog(
        Name="Sales", Type="LAMBDA", Parameters=LAMBDA, Description="d"
    )
    assert made["DataCatalog"] == expected
    assert error_of(
        lambda: athena.create_data_catalog(Name="sales", Type="LAMBDA", Parameters=LAMBDA)
    ) == ("InvalidRequestException", "Catalog sales already exists", 400)
    parameters = {"metadata-function": LAMBDA["function"]}
    athena.update_data_catalog(Name="Sales", Type="HIVE", Parameters=parameters)
    expected |= {"Type": "HIVE", "Parameters": parameters}
    assert athena.get_data_catalog(Name="Sales")["DataCatalog"] == expected
    gone = athena.delete_data_catalog(Name="Sales")["DataCatalog"]
    assert gone == expected | {"Status": "DELETE_COMPLETE"}
    assert error_of(lambda: athena.get_data_catalog(Name="Sales")) == (
        "InvalidRequestException", "Data catalog Sales was not found", 400,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "parameters", "code", "said"),
    [
        ("GLUE", {}, "InvalidRequestException", "of type GLUE needs the parameters catalog-id."),
        ("HIVE", {}, "InvalidRequestException", "needs the parameters metadata-function."),
        ("LAMBDA", {"record-function": "f"}, "InvalidRequestException",
         "needs the parameters function or metadata-function, record-function."),
        ("FEDERATED", {}, "LakebedNotBuilt", "athena.CreateDataCatalog (Type FEDERATED)"),
    ],
)  # fmt: skip
def test_catalogs_that_are_refused(athena, kind, parameters, code, said):
    found = error_of(lambda: athena.create_data_catalog(Name="c", Type=kind, Parameters=parameters))
    assert (found[0], said in found[1]) == (code, True)


def test_catalogs_are_listed_in_pages(athena):
    for name in ("b", "a", "c"):
        athena.create_data_catalog(Name=name, Type="LAMBDA", Parameters=LAMBDA)
    found, token = [], {}
    while True:
        page = body(athena.list_data_catalogs(MaxResults=2, **token))
        found.append([one["CatalogName"] for one in page["DataCatalogsSummary"]])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert found == [["AwsDataCatalog", "a"], ["b", "c"]]


def test_what_a_query_can_reach(athena):
    athena.create_data_catalog(Name="Mine", Type="GLUE", Parameters={"catalog-id": "000000000000"})
    athena.create_data_catalog(Name="Far", Type="LAMBDA", Parameters=LAMBDA)
    athena.create_data_catalog(
        Name="Theirs", Type="GLUE", Parameters={"catalog-id": "111111111111"}
    )
    query = finish(athena, "SHOW DATABASES", QueryExecutionContext={"Catalog": "mine"})
    assert rows(athena, query) == [["default"]]
    assert query["QueryExecutionContext"] == {"Catalog": "mine"}
    for catalog, code, said in (
        ("Far", "LakebedNotBuilt", "athena.data catalogs of type LAMBDA (Far)"),
        ("Theirs", "LakebedNotBuilt", "a catalog of another account"),
        ("None", "InvalidRequestException", "Catalog 'None' does not exist"),
    ):
        found = error_of(
            lambda catalog=catalog: start(
                athena, "SELECT 1", QueryExecutionContext={"Catalog": catalog}
            )
        )
        assert (found[0], said in found[1]) == (code, True)
