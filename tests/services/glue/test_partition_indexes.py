"""Partition indexes, by boto3."""

from __future__ import annotations

import pytest

from tests.services.glue.test_databases import body, error_of

NAMES = {"DatabaseName": "d", "TableName": "t"}
KEYS = [
    {"Name": "year", "Type": "int"},
    {"Name": "city", "Type": "string"},
    {"Name": "rate", "Type": "double"},
]


@pytest.fixture
def glue(lakebed):
    client = lakebed.client("glue")
    client.create_database(DatabaseInput={"Name": "d"})
    client.create_table(
        DatabaseName="d",
        TableInput={"Name": "t", "PartitionKeys": KEYS},
        PartitionIndexes=[{"IndexName": "by_year", "Keys": ["year"]}],
    )
    return client


def create(glue, name, *keys):
    return glue.create_partition_index(
        **NAMES, PartitionIndex={"IndexName": name, "Keys": list(keys)}
    )


def test_indexes_are_listed_with_their_keys_and_deleted(glue):
    assert body(create(glue, "both", "City", "year")) == {}
    assert body(glue.get_partition_indexes(**NAMES)) == {
        "PartitionIndexDescriptorList": [
            {"IndexName": "by_year", "Keys": [KEYS[0]], "IndexStatus": "ACTIVE"},
            {"IndexName": "both", "Keys": [KEYS[1], KEYS[0]], "IndexStatus": "ACTIVE"},
        ]
    }
    assert body(glue.delete_partition_index(**NAMES, IndexName="both")) == {}
    left = glue.get_partition_indexes(**NAMES)["PartitionIndexDescriptorList"]
    assert [index["IndexName"] for index in left] == ["by_year"]


def test_errors_of_partition_indexes(glue):
    create(glue, "two", "city")
    create(glue, "three", "city", "year")
    for call, code, message in (
        (
            lambda: create(glue, "four", "year", "city"),
            "ResourceNumberLimitExceededException",
            "Number of partition indexes exceeds the limit of 3 per table.",
        ),
        (
            lambda: create(glue, "two", "year"),
            "AlreadyExistsException",
            "Partition index two already exists.",
        ),
        (
            lambda: create(glue, "x", "no"),
            "InvalidInputException",
            "Partition index key no is not a partition key of table t.",
        ),
        (
            lambda: create(glue, "x", "rate"),
            "InvalidInputException",
            "Partition index key rate has the unsupported type double.",
        ),
        (
            lambda: create(glue, "x", "year", "year"),
            "InvalidInputException",
            "Partition index keys must be distinct.",
        ),
        (
            lambda: glue.delete_partition_index(**NAMES, IndexName="no"),
            "EntityNotFoundException",
            "Partition index no not found.",
        ),
        (
            lambda: glue.update_table(
                DatabaseName="d", TableInput={"Name": "t", "PartitionKeys": KEYS[1:]}
            ),
            "InvalidInputException",
            "Partition key year cannot be changed: partition index by_year has it.",
        ),
        (
            lambda: glue.get_partition_indexes(DatabaseName="d", TableName="no"),
            "EntityNotFoundException",
            "Table no not found.",
        ),
    ):
        assert error_of(call) == (code, message, 400)
    found = glue.get_partition_indexes(**NAMES)["PartitionIndexDescriptorList"]
    assert [index["IndexName"] for index in found] == ["by_year", "two", "three"]


def test_a_table_whose_index_is_refused_is_not_created(glue):
    index = {"IndexName": "x", "Keys": ["no"]}
    code, message, _ = error_of(
        lambda: glue.create_table(
            DatabaseName="d", TableInput={"Name": "u"}, PartitionIndexes=[index]
        )
    )
    assert (code, message) == (
        "InvalidInputException",
        "Partition index key no is not a partition key of table u.",
    )
    assert [one["Name"] for one in glue.get_tables(DatabaseName="d")["TableList"]] == ["t"]
