"""Tables of the Data Catalog, by boto3."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.engines.sql.iceberg_tables import Athena
from tests.services.glue.test_databases import body, error_of

TABLE = {
    "Name": "trips",
    "Description": "d",
    "StorageDescriptor": {
        "Columns": [{"Name": "a", "Type": "int", "Comment": "c"}, {"Name": "b", "Type": "string"}],
        "Location": "s3://b/trips/",
        "SerdeInfo": {"SerializationLibrary": "x", "Parameters": {"k": "v"}},
        "Compressed": False,
    },
    "PartitionKeys": [{"Name": "p", "Type": "string"}],
    "TableType": "EXTERNAL_TABLE",
    "Parameters": {"classification": "csv"},
}


@pytest.fixture
def glue(lakebed):
    client = lakebed.client("glue")
    client.create_database(DatabaseInput={"Name": "d"})
    return client


def test_a_table_comes_back_whole(glue):
    assert body(glue.create_table(DatabaseName="D", TableInput={**TABLE, "Name": "Trips"})) == {}
    table = glue.get_table(DatabaseName="d", Name="TRIPS")["Table"]
    created, updated = table.pop("CreateTime"), table.pop("UpdateTime")
    assert created == updated
    assert table == {
        **TABLE,
        "DatabaseName": "d",
        "Retention": 0,
        "IsRegisteredWithLakeFormation": False,
        "CatalogId": "000000000000",
        "CreatedBy": "arn:aws:iam::000000000000:root",
        "VersionId": "0",
    }


def test_errors_of_tables(glue):
    glue.create_table(DatabaseName="d", TableInput=TABLE)
    assert error_of(lambda: glue.create_table(DatabaseName="d", TableInput=TABLE)) == (
        "AlreadyExistsException",
        "Table already exists.",
        400,
    )
    assert error_of(lambda: glue.get_table(DatabaseName="d", Name="no")) == (
        "EntityNotFoundException",
        "Entity Not Found",
        400,
    )
    assert error_of(lambda: glue.get_table(DatabaseName="no", Name="no")) == (
        "EntityNotFoundException",
        "Database no not found.",
        400,
    )
    assert error_of(lambda: glue.delete_table(DatabaseName="d", Name="no")) == (
        "EntityNotFoundException",
        "Table no not found.",
        400,
    )
    refused = {
        "TransactionId": "t",
    }
    for member, value in refused.items():
        code, message, status = error_of(
            lambda member=member, value=value: glue.create_table(
                DatabaseName="d", TableInput={**TABLE, "Name": "u"}, **{member: value}
            )
        )
        assert (code, status) == ("LakebedNotBuilt", 400)
        assert f"glue.CreateTable ({member})" in message
    assert error_of(
        lambda: glue.create_table(DatabaseName="d", TableInput={"Name": "x" * 256})
    ) == (
        "ValidationException",
        f"1 validation error detected: Value '{'x' * 256}' at 'tableInput.name' failed to satisfy "
        "constraint: Member must have length less than or equal to 255",
        400,
    )


def test_update_keeps_the_creation_time_and_counts_versions(glue):
    glue.create_table(DatabaseName="d", TableInput=TABLE)
    before = glue.get_table(DatabaseName="d", Name="trips")["Table"]
    glue.update_table(DatabaseName="d", TableInput={**TABLE, "Description": "new"})
    after = glue.get_table(DatabaseName="d", Name="trips")["Table"]
    assert after["CreateTime"] == before["CreateTime"]
    assert (after["Description"], after["VersionId"]) == ("new", "1")


def test_update_with_a_stale_version_is_refused(glue):
    glue.create_table(DatabaseName="d", TableInput=TABLE)
    glue.update_table(DatabaseName="d", TableInput=TABLE, VersionId="0")
    assert error_of(
        lambda: glue.update_table(DatabaseName="d", TableInput=TABLE, VersionId="0")
    ) == (
        "ConcurrentModificationException",
        "Update table failed due to concurrent modifications.",
        400,
    )
    assert glue.get_table(DatabaseName="d", Name="trips")["Table"]["VersionId"] == "1"


def test_tables_are_listed_by_pattern_in_pages(glue):
    for name in ("a_1", "a_2", "a_3", "b_1"):
        glue.create_table(DatabaseName="d", TableInput={**TABLE, "Name": name})
    pages = glue.get_paginator("get_tables").paginate(
        DatabaseName="d", Expression="a.*", PaginationConfig={"PageSize": 2}
    )
    assert [[t["Name"] for t in page["TableList"]] for page in pages] == [["a_1", "a_2"], ["a_3"]]
    for pattern, found in (("*_1*", ["a_1", "b_1"]), ("*2", ["a_2"]), ("B*", ["b_1"])):
        # The stars that awswrangler's catalog.tables(name_contains=…) sends.
        tables = glue.get_tables(DatabaseName="d", Expression=pattern)["TableList"]
        assert [table["Name"] for table in tables] == found
    code, _, _ = error_of(lambda: glue.get_tables(DatabaseName="d", Expression="["))
    assert code == "InvalidInputException"


def test_batch_delete_names_what_was_not_there(glue):
    glue.create_table(DatabaseName="d", TableInput=TABLE)
    answer = glue.batch_delete_table(DatabaseName="D", TablesToDelete=["Trips", "no"])
    assert answer["Errors"] == [
        {
            "TableName": "no",
            "ErrorDetail": {
                "ErrorCode": "EntityNotFoundException",
                "ErrorMessage": "Table no not found.",
            },
        }
    ]
    assert glue.get_tables(DatabaseName="d")["TableList"] == []


def test_a_deleted_table_leaves_no_partition_behind(glue):
    glue.create_table(DatabaseName="d", TableInput=TABLE)
    glue.create_partition(DatabaseName="d", TableName="trips", PartitionInput={"Values": ["1"]})
    glue.delete_table(DatabaseName="d", Name="trips")
    glue.create_table(DatabaseName="d", TableInput=TABLE)
    assert glue.get_partitions(DatabaseName="d", TableName="trips")["Partitions"] == []


def test_attributes_to_get_leave_the_rest_out(glue):
    glue.create_table(DatabaseName="d", TableInput=TABLE)

    def listed(*attributes):
        return glue.get_tables(DatabaseName="d", AttributesToGet=attributes)["TableList"]

    name = {"Name": "trips", "DatabaseName": "d"}
    assert listed("NAME") == [name]
    assert listed("NAME", "TABLE_TYPE") == [{**name, "TableType": "EXTERNAL_TABLE"}]
    assert error_of(lambda: listed("TABLE_TYPE")) == (
        "InvalidInputException", "AttributesToGet must include NAME.", 400,
    )  # fmt: skip
    assert glue.get_tables(DatabaseName="d", ResourceShareType="FEDERATED")["TableList"] == []
    assert len(glue.get_tables(DatabaseName="d", ResourceShareType="ALL")["TableList"]) == 1


def test_parameters_come_back_in_the_order_of_a_java_map(glue):
    # What AWS answered to aws-sdk-pandas, whose own tests show it.
    names = ["classification", "compressionType", "typeOfData", "projection.enabled"]
    parameters = dict.fromkeys(names, "x")
    storage = {"SerdeInfo": {"Parameters": parameters}, "Parameters": parameters}
    table = {"Name": "t", "Parameters": parameters, "StorageDescriptor": storage}
    glue.create_table(DatabaseName="d", TableInput=table)
    found = glue.get_table(DatabaseName="d", Name="t")["Table"]
    ordered = ["compressionType", "classification", "projection.enabled", "typeOfData"]
    descriptor = found["StorageDescriptor"]
    for one in (found, descriptor, descriptor["SerdeInfo"]):
        assert list(one["Parameters"]) == ordered
    many = {f"key{number}": "" for number in range(40)}
    glue.update_table(DatabaseName="d", TableInput={"Name": "t", "Parameters": many})
    again = glue.get_table(DatabaseName="d", Name="t")["Table"]["Parameters"]
    assert (again, list(again) == list(many)) == (many, False)


def test_a_view_keeps_its_texts_exactly(glue):
    texts = {"ViewOriginalText": "/* Presto View: e30= */", "ViewExpandedText": "/* Presto View */"}
    view = {
        "Name": "v", "TableType": "VIRTUAL_VIEW", **texts, "Parameters": {"presto_view": "true"},
    }  # fmt: skip
    glue.create_table(DatabaseName="d", TableInput=view)
    table = glue.get_table(DatabaseName="d", Name="v")["Table"]
    assert {key: table[key] for key in view} == view
    code, message, _ = error_of(
        lambda: glue.create_table(
            DatabaseName="d", TableInput={"Name": "m", "ViewDefinition": {"IsProtected": True}}
        )
    )
    assert (code, "TableInput.ViewDefinition" in message) == ("LakebedNotBuilt", True)


OTHER = {"DatabaseName": "d", "TableName": "link"}


def test_a_resource_link_leads_to_its_target(glue):
    glue.create_table(DatabaseName="d", TableInput=TABLE)
    target = {"CatalogId": "000000000000", "DatabaseName": "d", "Name": "trips"}
    glue.create_table(DatabaseName="d", TableInput={"Name": "link", "TargetTable": target})
    glue.create_partition(**OTHER, PartitionInput={"Values": ["1"]})
    found = glue.get_partitions(DatabaseName="d", TableName="trips")["Partitions"]
    assert [(one["TableName"], one["Values"]) for one in found] == [("trips", ["1"])]
    whole = glue.get_table(DatabaseName="d", Name="trips")["Table"]
    linked = {**whole, "Name": "link", "TargetTable": target}
    assert glue.get_table(DatabaseName="d", Name="link")["Table"] == linked
    assert glue.get_tables(DatabaseName="d")["TableList"] == [linked, whole]
    # An update through the link is one of the target.
    glue.update_table(DatabaseName="d", TableInput={**TABLE, "Name": "link", "Description": "new"})
    whole = glue.get_table(DatabaseName="d", Name="trips")["Table"]
    assert (whole["Description"], whole["VersionId"], "TargetTable" in whole) == ("new", "1", False)
    versions = glue.get_table_versions(**OTHER)["TableVersions"]
    assert [one["Table"]["Name"] for one in versions] == ["trips", "trips"]
    changed = {"Name": "link", "TargetTable": {**target, "Name": "no"}}
    assert error_of(lambda: glue.update_table(DatabaseName="d", TableInput=changed)) == (
        "InvalidInputException", "The target of a resource link cannot be changed.", 400,
    )  # fmt: skip
    glue.delete_table(DatabaseName="d", Name="link")
    assert [one["Name"] for one in glue.get_tables(DatabaseName="d")["TableList"]] == ["trips"]


def test_a_resource_link_that_leads_away_is_refused_and_listed(glue):
    for name, target in (
        ("account", {"CatalogId": "111111111111", "DatabaseName": "d", "Name": "t"}),
        ("gone", {"CatalogId": "000000000000", "DatabaseName": "d", "Name": "t"}),
        ("region", {"DatabaseName": "d", "Name": "t", "Region": "eu-west-1"}),
    ):
        glue.create_table(DatabaseName="d", TableInput={"Name": name, "TargetTable": target})
    codes = {
        name: error_of(lambda name=name: glue.get_table(DatabaseName="d", Name=name))[:2]
        for name in ("account", "gone")
    }
    assert codes == {
        "account": ("EntityNotFoundException", "Catalog 111111111111 not found."),
        "gone": ("EntityNotFoundException", "Entity Not Found"),
    }
    code, message, _ = error_of(lambda: glue.get_table(DatabaseName="d", Name="region"))
    assert (code, "a resource link into another region" in message) == ("LakebedNotBuilt", True)
    assert [one["Name"] for one in glue.get_tables(DatabaseName="d")["TableList"]] == [
        "account", "gone", "region",
    ]  # fmt: skip


def test_tables_are_reached_through_a_resource_link_to_their_database(glue):
    target = {"CatalogId": "000000000000", "DatabaseName": "d"}
    glue.create_database(DatabaseInput={"Name": "e", "TargetDatabase": target})
    glue.create_table(DatabaseName="e", TableInput=TABLE)
    whole = glue.get_table(DatabaseName="d", Name="trips")["Table"]
    assert whole["DatabaseName"] == "d"
    assert glue.get_table(DatabaseName="e", Name="trips")["Table"] == whole
    assert glue.get_tables(DatabaseName="e")["TableList"] == [whole]
    glue.create_partition(DatabaseName="e", TableName="trips", PartitionInput={"Values": ["1"]})
    assert len(glue.get_partitions(DatabaseName="d", TableName="trips")["Partitions"]) == 1
    link = {"Name": "l", "TargetTable": {"DatabaseName": "d", "Name": "trips"}}
    assert error_of(lambda: glue.create_table(DatabaseName="e", TableInput=link)) == (
        "InvalidInputException",
        "A resource link to a table cannot be created through one to a database.",
        400,
    )
    glue.create_table(DatabaseName="d", TableInput=link)
    through = glue.get_table(DatabaseName="e", Name="l")["Table"]
    assert (through["TargetTable"], "StorageDescriptor" in through) == (link["TargetTable"], False)
    assert error_of(lambda: glue.update_table(DatabaseName="e", TableInput={"Name": "l"})) == (
        "InvalidInputException",
        "A table cannot be updated through links to both its database and itself.",
        400,
    )
    glue.delete_table(DatabaseName="e", Name="trips")
    assert [one["Name"] for one in glue.get_tables(DatabaseName="d")["TableList"]] == ["l"]


def test_a_change_of_partition_keys_finds_what_is_there(glue):
    glue.create_table(DatabaseName="d", TableInput=TABLE)
    names = {"DatabaseName": "d", "TableName": "trips"}
    inputs = [{"Values": [str(number)]} for number in (8, 9, 10)]
    glue.batch_create_partition(**names, PartitionInputList=inputs)
    numbers = {**TABLE, "PartitionKeys": [{"Name": "p", "Type": "int"}]}
    glue.update_table(DatabaseName="d", TableInput=numbers)

    def found():
        return [
            one["Values"][0]
            for one in glue.get_partitions(**names, Expression="p >= 9 and p < 11")["Partitions"]
        ]

    # They stay sorted as texts; whether they satisfy the filter is decided as numbers.
    assert found() == ["10", "9"]
    glue.batch_delete_partition(**names, PartitionsToDelete=inputs)
    glue.update_table(DatabaseName="d", TableInput=numbers)
    glue.batch_create_partition(**names, PartitionInputList=inputs)
    assert found() == ["9", "10"]


def test_deleting_a_large_table_takes_all_of_it(glue):
    glue.create_table(DatabaseName="d", TableInput=TABLE)
    names = {"DatabaseName": "d", "TableName": "trips"}
    for hundred in range(11):
        inputs = [{"Values": [f"{hundred:02}{number:02}"]} for number in range(100)]
        glue.batch_create_partition(**names, PartitionInputList=inputs)
    assert len(glue.get_partitions(**names, MaxResults=1000)["Partitions"]) == 1000
    glue.batch_delete_table(DatabaseName="d", TablesToDelete=["trips"])
    glue.create_table(DatabaseName="d", TableInput=TABLE)
    assert glue.get_partitions(**names)["Partitions"] == []


def open_tables(lakebed):
    """Return Athena over a database `db` whose bucket is `lake`, and PyIceberg's catalog."""
    athena = Athena(lakebed)
    return athena, athena.catalog()


def test_an_iceberg_table_is_made_of_hive_columns(lakebed):
    athena, catalog = open_tables(lakebed)
    columns = [
        {"Name": "id", "Type": "bigint", "Comment": "key"},
        {"Name": "n", "Type": "decimal(9,2)"},
        {"Name": "at", "Type": "timestamp"},
        {"Name": "deep", "Type": "array<struct<a:int,b:map<string,double>>>"},
    ]
    athena.glue.create_table(
        DatabaseName="db",
        TableInput={
            "Name": "T",
            "Description": "mine",
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"k": "v"},
            "StorageDescriptor": {"Columns": columns, "Location": "s3://lake/t/"},
        },
        OpenTableFormatInput={"IcebergInput": {"MetadataOperation": "CREATE", "Version": "2"}},
    )
    table = athena.glue.get_table(DatabaseName="db", Name="t")["Table"]
    assert table["Description"] == "mine"
    assert table["VersionId"] == "0"
    location = table["Parameters"].pop("metadata_location")
    assert location.startswith("s3://lake/t/metadata/00000-")
    assert table["Parameters"] == {"EXTERNAL": "TRUE", "k": "v", "table_type": "ICEBERG"}
    assert [(one["Name"], one["Type"]) for one in table["StorageDescriptor"]["Columns"]] == [
        (one["Name"], one["Type"]) for one in columns
    ]
    found = catalog.load_table("db.t")
    assert [str(one) for one in found.schema().fields] == [
        "1: id: optional long (key)",
        "2: n: optional decimal(9, 2)",
        "3: at: optional timestamp",
        "4: deep: optional list<struct<6: a: optional int, 7: b: optional map<string, double>>>",
    ]
    athena.ok("INSERT INTO t (id, n) VALUES (1, 2.5)")
    assert athena.rows("SELECT id, n FROM t") == [["1", "2.50"]]


SCHEMA = {
    "Type": "struct",
    "Fields": [
        {"Id": 1, "Name": "id", "Type": "long", "Required": True, "Doc": "key"},
        {"Id": 2, "Name": "day", "Type": "date", "Required": False},
    ],
    "IdentifierFieldIds": [1],
}


def test_an_iceberg_table_is_made_of_a_schema_and_updated(lakebed):
    athena, catalog = open_tables(lakebed)
    athena.glue.create_table(
        DatabaseName="db",
        Name="t",
        OpenTableFormatInput={
            "IcebergInput": {
                "MetadataOperation": "CREATE",
                "CreateIcebergTableInput": {
                    "Location": "s3://lake/t",
                    "Schema": SCHEMA,
                    "PartitionSpec": {
                        "Fields": [{"SourceId": 2, "Transform": "month", "Name": "m"}]
                    },
                    "Properties": {"a": "1"},
                },
            }
        },
    )
    table = catalog.load_table("db.t")
    assert [str(one.transform) for one in table.spec().fields] == ["month"]
    assert table.schema().identifier_field_ids == [1]
    wider = {**SCHEMA, "Fields": [*SCHEMA["Fields"], {"Id": 3, "Name": "n", "Type": "int",
                                                      "Required": False}]}  # fmt: skip
    update = {"Schema": wider, "Location": "s3://lake/t", "Properties": {"b": "2"}}
    given = {"UpdateIcebergInput": {"UpdateIcebergTableInput": {"Updates": [update]}}}
    changed = {"DatabaseName": "db", "Name": "t", "UpdateOpenTableFormatInput": given}
    athena.glue.update_table(**changed, VersionId="0")
    table = catalog.load_table("db.t")
    assert [one.name for one in table.schema().fields] == ["id", "day", "n"]
    assert table.properties == {"a": "1", "b": "2"}
    with pytest.raises(athena.glue.exceptions.ConcurrentModificationException):
        athena.glue.update_table(**changed, VersionId="0")
    update |= {"Action": "remove-properties", "Properties": {"a": ""}}
    athena.glue.update_table(**changed)
    assert catalog.load_table("db.t").properties == {"b": "2"}
    athena.ok("INSERT INTO t VALUES (1, DATE '2024-01-02', 3)")
    assert athena.rows("SELECT * FROM t") == [["1", "2024-01-02", "3"]]


def test_open_tables_that_cannot_be_made_are_refused(lakebed):
    athena, _ = open_tables(lakebed)
    wanted = {"IcebergInput": {"MetadataOperation": "CREATE"}}
    table = {"Name": "t", "StorageDescriptor": {"Location": "s3://lake/t", "Columns": []}}

    def refused(**more: object) -> str:
        given = {"TableInput": table, "OpenTableFormatInput": wanted, **more}
        with pytest.raises(ClientError) as error:
            athena.glue.create_table(DatabaseName="db", **given)
        return error.value.response["Error"]["Message"]

    keyed = {**table, "PartitionKeys": [{"Name": "p", "Type": "int"}]}
    assert refused(TableInput=keyed) == "PartitionKeys cannot be given for an Iceberg table."
    storage = {"Location": "s3://lake/t", "Columns": [{"Name": "x", "Type": "uniontype<int>"}]}
    odd = {**table, "StorageDescriptor": storage}
    message = "Type uniontype<int> cannot be a column of an Iceberg table."
    assert refused(TableInput=odd) == message
    third = {"IcebergInput": {"MetadataOperation": "CREATE", "Version": "3"}}
    assert "format version 3" in refused(OpenTableFormatInput=third)
    athena.glue.create_table(DatabaseName="db", TableInput=table, OpenTableFormatInput=wanted)
    assert refused() == "Table already exists: db.t"


def test_the_newest_iceberg_metadata_is_shown(lakebed):
    athena, catalog = open_tables(lakebed)
    athena.create("t", "id bigint, day date", "PARTITIONED BY (month(day))")
    athena.ok("ALTER TABLE t ADD COLUMNS (n int)")
    named = {"DatabaseName": "db", "Name": "t"}
    only = athena.glue.get_table(**named, AttributesToGet=["LATEST_ICEBERG_METADATA"])["Table"]
    assert sorted(only) == ["CatalogId", "DatabaseName", "IcebergTableMetadata", "Name"]
    found, wanted = only["IcebergTableMetadata"], catalog.load_table("db.t").metadata
    assert found["FormatVersion"] == "2"
    assert found["TableUuid"] == str(wanted.table_uuid)
    assert (found["CurrentSchemaId"], found["LastColumnId"]) == (1, 3)
    assert [len(one["Fields"]) for one in found["Schemas"]] == [2, 3]
    assert found["Schemas"][1]["Fields"][1:] == [
        {"Id": 2, "Name": "day", "Type": "date", "Required": False},
        {"Id": 3, "Name": "n", "Type": "int", "Required": False},
    ]
    [field] = found["PartitionSpecs"][0]["Fields"]
    assert field == {"SourceId": 2, "FieldId": 1000, "Transform": "month", "Name": "day_month"}
    both = athena.glue.get_table(**named, AttributesToGet=["DEFAULT", "LATEST_ICEBERG_METADATA"])
    plain = athena.glue.get_table(**named, AttributesToGet=["DEFAULT"])["Table"]
    assert both["Table"] == {**plain, "IcebergTableMetadata": found}
    assert error_of(lambda: athena.glue.get_table(**named, AttributesToGet=["NAME"])) == (
        "InvalidInputException",
        "AttributesToGet of GetTable allows DEFAULT and LATEST_ICEBERG_METADATA.",
        400,
    )
    athena.glue.create_table(DatabaseName="db", TableInput={"Name": "hive"})
    hive = athena.glue.get_table(
        DatabaseName="db", Name="hive", AttributesToGet=["LATEST_ICEBERG_METADATA"]
    )["Table"]
    assert sorted(hive) == ["CatalogId", "DatabaseName", "Name"]
