"""Column statistics of tables and partitions, by boto3."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.services.glue.test_databases import body, error_of

NAMES = {"DatabaseName": "d", "TableName": "t"}
WHEN = datetime(2026, 6, 8, tzinfo=UTC)
MISSING = {
    "ErrorCode": "EntityNotFoundException",
    "ErrorMessage": "Statistics do not exist for this column",
}


def statistics(name, kind, **data):
    member = f"{kind.capitalize()}ColumnStatisticsData"
    return {
        "ColumnName": name, "ColumnType": "x", "AnalyzedTime": WHEN,
        "StatisticsData": {"Type": kind, member: data},
    }  # fmt: skip


COUNTS = {"NumberOfNulls": 0, "NumberOfDistinctValues": 9}
ALL = [
    statistics("a", "LONG", MinimumValue=-1, MaximumValue=2**40, **COUNTS),
    statistics("b", "DECIMAL", MinimumValue={"UnscaledValue": b"\xff\x00", "Scale": 2}, **COUNTS),
    statistics("c", "DATE", MinimumValue=WHEN, MaximumValue=WHEN, **COUNTS),
    statistics("d", "DOUBLE", MinimumValue=0.5, **COUNTS),
    statistics("e", "STRING", MaximumLength=3, AverageLength=1.5, **COUNTS),
    statistics("f", "BINARY", MaximumLength=3, AverageLength=1.5, NumberOfNulls=1),
    statistics("p", "BOOLEAN", NumberOfTrues=1, NumberOfFalses=2, NumberOfNulls=3),
]


@pytest.fixture
def glue(lakebed):
    client = lakebed.client("glue")
    client.create_database(DatabaseInput={"Name": "d"})
    client.create_table(
        DatabaseName="d",
        TableInput={
            "Name": "t",
            "StorageDescriptor": {"Columns": [{"Name": name, "Type": "x"} for name in "abcdef"]},
            "PartitionKeys": [{"Name": "p", "Type": "string"}],
        },
    )
    client.create_partition(**NAMES, PartitionInput={"Values": ["1"]})
    return client


def test_statistics_of_a_table_come_back_whole(glue):
    assert body(glue.update_column_statistics_for_table(**NAMES, ColumnStatisticsList=ALL)) == {
        "Errors": []
    }
    names = [one["ColumnName"] for one in ALL]
    found = glue.get_column_statistics_for_table(**NAMES, ColumnNames=[*names, "no"])
    assert body(found) == {
        "ColumnStatisticsList": ALL,
        "Errors": [{"ColumnName": "no", "Error": MISSING}],
    }
    assert body(glue.delete_column_statistics_for_table(**NAMES, ColumnName="A")) == {}
    assert body(glue.delete_column_statistics_for_table(**NAMES, ColumnName="a")) == {}
    found = glue.get_column_statistics_for_table(**NAMES, ColumnNames=["a"])
    assert body(found) == {
        "ColumnStatisticsList": [],
        "Errors": [{"ColumnName": "a", "Error": MISSING}],
    }


def test_statistics_of_a_partition_are_its_own(glue):
    mine = {**NAMES, "PartitionValues": ["1"]}
    glue.update_column_statistics_for_partition(**mine, ColumnStatisticsList=ALL[:2])
    assert body(glue.get_column_statistics_for_partition(**mine, ColumnNames=["a", "c"])) == {
        "ColumnStatisticsList": ALL[:1],
        "Errors": [{"ColumnName": "c", "Error": MISSING}],
    }
    of_table = glue.get_column_statistics_for_table(**NAMES, ColumnNames=["a"])
    assert of_table["ColumnStatisticsList"] == []
    glue.delete_column_statistics_for_partition(**mine, ColumnName="a")
    found = glue.get_column_statistics_for_partition(**mine, ColumnNames=["a", "b"])
    assert [one["ColumnName"] for one in found["ColumnStatisticsList"]] == ["b"]
    other = {**NAMES, "PartitionValues": ["2"]}
    assert error_of(
        lambda: glue.get_column_statistics_for_partition(**other, ColumnNames=["a"])
    ) == ("EntityNotFoundException", "Partition [2] not found", 400)


def test_statistics_that_fail_are_named_and_the_others_kept(glue):
    wrong = [
        statistics("no", "LONG", **COUNTS),
        {**ALL[0], "StatisticsData": {"Type": "STRING", **ALL[0]["StatisticsData"]}},
    ]
    wrong[1]["StatisticsData"]["Type"] = "STRING"
    answer = glue.update_column_statistics_for_table(**NAMES, ColumnStatisticsList=[*wrong, ALL[4]])
    assert [(one["ColumnStatistics"], one["Error"]) for one in answer["Errors"]] == [
        (
            wrong[0],
            {
                "ErrorCode": "InvalidInputException",
                "ErrorMessage": "Column no does not exist in table t.",
            },
        ),
        (
            wrong[1],
            {
                "ErrorCode": "InvalidInputException",
                "ErrorMessage": "Statistics of type STRING consist of StringColumnStatisticsData.",
            },
        ),
    ]
    found = glue.get_column_statistics_for_table(**NAMES, ColumnNames=["e"])
    assert found["ColumnStatisticsList"] == [ALL[4]]


def test_a_partition_created_again_has_no_statistics(glue):
    mine = {**NAMES, "PartitionValues": ["1"]}
    glue.update_column_statistics_for_partition(**mine, ColumnStatisticsList=ALL[:1])
    glue.delete_partition(**mine)
    glue.create_partition(**NAMES, PartitionInput={"Values": ["1"]})
    found = glue.get_column_statistics_for_partition(**mine, ColumnNames=["a"])
    assert found["ColumnStatisticsList"] == []
