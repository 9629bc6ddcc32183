"""Mappings between tables, by boto3."""

from __future__ import annotations

import pytest

from tests.services.glue.test_databases import body, error_of

SOURCE = {"DatabaseName": "shop", "TableName": "orders"}
SINK = {"DatabaseName": "shop", "TableName": "totals"}


@pytest.fixture
def glue(lakebed):
    glue = lakebed.client("glue")
    glue.create_database(DatabaseInput={"Name": "shop"})
    columns = {"id": "bigint", "who": "varchar(9)", "tiny": "tinyint", "n": "decimal(9,2)",
               "parts": "array<struct<a:int>>"}  # fmt: skip
    for name, given in (("orders", columns), ("totals", {"ID": "int", "n": "double"})):
        found = [{"Name": one, "Type": kind} for one, kind in given.items()]
        glue.create_table(
            DatabaseName="shop",
            TableInput={
                "Name": name,
                "StorageDescriptor": {"Columns": found, "Location": "s3://lake/x/"},
                "PartitionKeys": [{"Name": "day", "Type": "string"}],
            },
        )
    return glue


def entry(source, kind, target, target_kind, table):
    return {
        "SourceTable": "orders", "SourcePath": source, "SourceType": kind,
        "TargetTable": table, "TargetPath": target, "TargetType": target_kind,
    }  # fmt: skip


def test_every_column_becomes_itself(glue):
    kinds = {"id": "long", "who": "string", "tiny": "byte", "n": "decimal(9,2)",
             "parts": "array", "day": "string"}  # fmt: skip
    wanted = [entry(name, kind, name, kind, "orders") for name, kind in kinds.items()]
    assert body(glue.get_mapping(Source=SOURCE)) == {"Mapping": wanted}


def test_columns_become_those_of_a_sink_with_their_names(glue):
    assert glue.get_mapping(Source=SOURCE, Sinks=[SINK])["Mapping"] == [
        entry("id", "long", "ID", "int", "totals"),
        entry("n", "decimal(9,2)", "n", "double", "totals"),
        entry("day", "string", "day", "string", "totals"),
    ]


def test_a_table_that_is_not_there_is_an_error(glue):
    source = {**SOURCE, "TableName": "none"}
    code, _, status = error_of(lambda: glue.get_mapping(Source=source))
    assert (code, status) == ("EntityNotFoundException", 400)
