"""Metadata of tables, by boto3."""

from __future__ import annotations

from tests.services.athena.athena_client import finish
from tests.services.glue.test_databases import error_of

WHERE = {"CatalogName": "AwsDataCatalog", "DatabaseName": "shop"}


def test_a_table_made_by_ddl_comes_back_whole(athena):
    finish(athena, "CREATE DATABASE shop")
    finish(
        athena,
        "CREATE EXTERNAL TABLE shop.orders (id int COMMENT 'the key', name string) "
        "PARTITIONED BY (day date) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        "STORED AS TEXTFILE LOCATION 's3://results/orders/' TBLPROPERTIES ('a'='b')",
    )
    found = athena.get_table_metadata(TableName="orders", **WHERE)["TableMetadata"]
    assert found.pop("CreateTime").year >= 2026
    found.pop("LastAccessTime")
    assert (
        found.pop("Parameters").items()
        >= {
            "EXTERNAL": "TRUE",
            "a": "b",
            "inputformat": "org.apache.hadoop.mapred.TextInputFormat",
            "location": "s3://results/orders",
            "outputformat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "serde.param.field.delim": ",",
            "serde.serialization.lib": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        }.items()
    )
    assert found == {
        "Name": "orders",
        "TableType": "EXTERNAL_TABLE",
        "Columns": [
            {"Name": "id", "Type": "int", "Comment": "the key"},
            {"Name": "name", "Type": "string"},
        ],
        "PartitionKeys": [{"Name": "day", "Type": "date"}],
    }


def test_tables_are_listed_by_expression_in_pages(athena, lakebed):
    glue = lakebed.client("glue")
    glue.create_database(DatabaseInput={"Name": "shop"})
    for name in ("orders", "items", "offers"):
        glue.create_table(
            DatabaseName="shop", TableInput={"Name": name, "TableType": "EXTERNAL_TABLE"}
        )
    first = athena.list_table_metadata(MaxResults=2, **WHERE)
    second = athena.list_table_metadata(MaxResults=2, NextToken=first["NextToken"], **WHERE)
    names = [[one["Name"] for one in page["TableMetadataList"]] for page in (first, second)]
    assert (names, "NextToken" in second) == ([["items", "offers"], ["orders"]], False)
    matching = athena.list_table_metadata(Expression="o.*", AttributesToGet=["NAME"], **WHERE)
    assert matching["TableMetadataList"] == [{"Name": "offers"}, {"Name": "orders"}]
    typed = athena.list_table_metadata(
        Expression="items", AttributesToGet=["NAME", "TABLE_TYPE"], **WHERE
    )
    assert typed["TableMetadataList"] == [{"Name": "items", "TableType": "EXTERNAL_TABLE"}]


def test_what_is_not_there(athena, lakebed):
    lakebed.client("glue").create_database(DatabaseInput={"Name": "shop"})
    for call in (
        lambda: athena.get_table_metadata(TableName="nope", **WHERE),
        lambda: athena.list_table_metadata(CatalogName="AwsDataCatalog", DatabaseName="nope"),
    ):
        code, message, status = error_of(call)
        assert (code, status) == ("MetadataException", 400)
        assert message.startswith("Entity Not Found (Service: AmazonDataCatalog; ")
    assert error_of(
        lambda: athena.list_table_metadata(AttributesToGet=["TABLE_TYPE"], **WHERE)
    ) == ("InvalidRequestException", "AttributesToGet must include NAME.", 400)
