"""Partitions of the Data Catalog, by boto3."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.services.glue.test_databases import error_of

NAMES = {"DatabaseName": "d", "TableName": "t"}


@pytest.fixture
def glue(lakebed):
    client = lakebed.client("glue")
    client.create_database(DatabaseInput={"Name": "d"})
    keys = [{"Name": "year", "Type": "int"}, {"Name": "city", "Type": "string"}]
    client.create_table(DatabaseName="d", TableInput={"Name": "t", "PartitionKeys": keys})
    return client


def add(glue, *values):
    inputs = [
        {"Values": list(one), "StorageDescriptor": {"Location": f"s3://b/{one}", "Columns": []}}
        for one in values
    ]
    return glue.batch_create_partition(**NAMES, PartitionInputList=inputs)


def find(glue, expression=None, **more):
    if expression is not None:
        more["Expression"] = expression
    return [tuple(p["Values"]) for p in glue.get_partitions(**NAMES, **more)["Partitions"]]


def test_a_partition_comes_back_whole(glue):
    given = {"Values": ["2024", "a/b c"], "Parameters": {"k": "v"}}
    glue.create_partition(**NAMES, PartitionInput=given)
    partition = glue.get_partition(**NAMES, PartitionValues=["2024", "a/b c"])["Partition"]
    assert partition.pop("CreationTime").timestamp() > 1_700_000_000
    assert partition == {**given, **NAMES, "CatalogId": "000000000000"}


def test_errors_of_partitions(glue):
    add(glue, ("1", "x"))
    assert error_of(
        lambda: glue.create_partition(**NAMES, PartitionInput={"Values": ["1", "x"]})
    ) == ("AlreadyExistsException", "Partition already exists.", 400)
    assert error_of(lambda: glue.get_partition(**NAMES, PartitionValues=["2", "x"])) == (
        "EntityNotFoundException",
        "Cannot find partition.",
        400,
    )
    wrong = "The number of partition keys do not match the number of partition values"
    assert error_of(lambda: glue.create_partition(**NAMES, PartitionInput={"Values": ["1"]})) == (
        "InvalidInputException",
        wrong,
        400,
    )


def test_a_batch_reports_what_failed_and_keeps_the_rest(glue):
    add(glue, ("1", "x"))
    assert add(glue, ("1", "x"), ("2", "x"))["Errors"] == [
        {
            "PartitionValues": ["1", "x"],
            "ErrorDetail": {
                "ErrorCode": "AlreadyExistsException",
                "ErrorMessage": "Partition already exists.",
            },
        }
    ]
    assert find(glue) == [("1", "x"), ("2", "x")]
    found = glue.batch_get_partition(
        **NAMES, PartitionsToGet=[{"Values": ["2", "x"]}, {"Values": ["3", "x"]}]
    )
    assert [p["Values"] for p in found["Partitions"]] == [["2", "x"]]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("year = 10", {("10", "rome")}),
        ("year > 9", {("10", "rome")}),
        ("year >= 9 AND city <> 'rome'", {("9", "o'hare")}),
        ("city = 'o''hare'", {("9", "o'hare")}),
        ("city in ('bern', 'rome') and (year = 8 or year = 10)", {("8", "bern"), ("10", "rome")}),
        ("year between 8 and 9", {("8", "bern"), ("9", "o'hare")}),
        ("not year = 8", {("9", "o'hare"), ("10", "rome")}),
        ("city like 'r%' OR city like '_ern'", {("10", "rome"), ("8", "bern")}),
        ("city not in ('rome')", {("8", "bern"), ("9", "o'hare")}),
        ("10 = year", {("10", "rome")}),
        ("year is not null", {("8", "bern"), ("9", "o'hare"), ("10", "rome")}),
        ("(year) = ((8))", {("8", "bern")}),
        ("year = '8'", {("8", "bern")}),
        ("not (year = 8 or city = 'rome')", {("9", "o'hare")}),
        ("not (year > 8 and not city like '%e')", {("8", "bern"), ("9", "o'hare"), ("10", "rome")}),
        ("year not between 9 and 11", {("8", "bern")}),
        ("city < > 'rome' AND year!=8", {("9", "o'hare")}),
        ("city = 8", set()),
        ("`year` = 8", {("8", "bern")}),
        ("year = city", set()),
        ("city > 'bern' and city <= 'rome'", {("9", "o'hare"), ("10", "rome")}),
        ("year = 8 and year = 9", set()),
        ("8 < year", {("9", "o'hare"), ("10", "rome")}),
        ("city is null", set()),
    ],
)
def test_expressions_choose_partitions(glue, expression, expected):
    add(glue, ("8", "bern"), ("9", "o'hare"), ("10", "rome"))
    assert set(find(glue, expression)) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "year",
        "year =",
        "(year = 1",
        "year = 1 foo",
        "#",
        "year in ()",
        "1 = 1",
        "year in (city)",
        "year is 1",
        "not",
        "(((((",
        "year between 1",
        "city like",
        "year = 1abc",
    ],
)
def test_what_is_no_expression_is_refused(glue, expression):
    assert error_of(lambda: find(glue, expression)) == (
        "InvalidInputException",
        f"Unsupported expression '{expression}'",
        400,
    )


def test_segments_split_all_partitions(glue):
    add(glue, *((str(number), "x") for number in range(40)))
    parts = [
        find(glue, Segment={"SegmentNumber": number, "TotalSegments": 3}) for number in range(3)
    ]
    assert sorted(sum(parts, [])) == sorted((str(number), "x") for number in range(40))
    assert all(parts)


def test_pages_and_columns_left_out(glue):
    add(glue, ("1", "x"), ("2", "x"), ("3", "x"))
    first = glue.get_partitions(**NAMES, MaxResults=2, ExcludeColumnSchema=True)
    assert [p["Values"][0] for p in first["Partitions"]] == ["1", "2"]
    assert "Columns" not in first["Partitions"][0]["StorageDescriptor"]
    assert find(glue, NextToken=first["NextToken"]) == [("3", "x")]


def test_update_can_change_the_values(glue):
    add(glue, ("1", "x"), ("2", "x"))
    glue.update_partition(
        **NAMES,
        PartitionValueList=["1", "x"],
        PartitionInput={"Values": ["5", "x"], "Parameters": {"k": "v"}},
    )
    assert find(glue) == [("2", "x"), ("5", "x")]
    entry = {"PartitionValueList": ["9", "x"], "PartitionInput": {"Values": ["9", "x"]}}
    assert glue.batch_update_partition(**NAMES, Entries=[entry])["Errors"] == [
        {
            "PartitionValueList": ["9", "x"],
            "ErrorDetail": {
                "ErrorCode": "EntityNotFoundException",
                "ErrorMessage": "Cannot find partition.",
            },
        }
    ]


def test_deleting_partitions(glue):
    add(glue, ("1", "x"), ("2", "x"), ("3", "x"))
    glue.delete_partition(**NAMES, PartitionValues=["1", "x"])
    errors = glue.batch_delete_partition(
        **NAMES, PartitionsToDelete=[{"Values": ["1", "x"]}, {"Values": ["2", "x"]}]
    )["Errors"]
    assert [error["PartitionValues"] for error in errors] == [["1", "x"]]
    assert find(glue) == [("3", "x")]


def test_a_condition_on_a_later_key_reads_few_partitions(glue):
    add(glue, *((str(year), city) for year in (8, 9, -3, 10) for city in ("bern", "rome", "o/x")))
    assert find(glue, "city = 'o/x'") == [("-3", "o/x"), ("8", "o/x"), ("9", "o/x"), ("10", "o/x")]
    assert find(glue, "city > 'o' and city < 'p' and year > 0") == [
        ("8", "o/x"),
        ("9", "o/x"),
        ("10", "o/x"),
    ]


def test_pages_of_a_filter_go_on_where_they_ended(glue):
    add(glue, *((str(year), city) for year in range(9) for city in ("a", "b", "c")))
    pages = glue.get_paginator("get_partitions").paginate(
        **NAMES, Expression="year in (1, 3, 5, 7) and city <> 'b'", PaginationConfig={"PageSize": 3}
    )
    found = [[tuple(one["Values"]) for one in page["Partitions"]] for page in pages]
    assert [len(page) for page in found] == [3, 3, 2]
    assert sum(found, []) == [(year, city) for year in "1357" for city in "ac"]


def test_errors_of_listing_partitions(glue):
    for more, sentence in (
        ({"Expression": "nope = 1"}, "Invalid partition expression!"),
        ({"Expression": "year = 'x'"}, '"x" is not an integer'),
        ({"NextToken": "%%%"}, "Invalid NextToken"),
        (
            {"Segment": {"SegmentNumber": 2, "TotalSegments": 2}},
            "SegmentNumber 2 must be less than TotalSegments 2.",
        ),
    ):
        assert error_of(lambda more=more: find(glue, **more)) == (
            "InvalidInputException", sentence, 400,
        )  # fmt: skip
    code, message, _ = error_of(lambda: find(glue, QueryAsOfTime=1))
    assert (code, "glue.GetPartitions (time travel)" in message) == ("LakebedNotBuilt", True)
    # The model's limits, as AWS says them.
    assert error_of(lambda: find(glue, Segment={"SegmentNumber": 0, "TotalSegments": 11})) == (
        "ValidationException",
        "1 validation error detected: Value '11' at 'segment.totalSegments' failed to satisfy "
        "constraint: Member must have value less than or equal to 10",
        400,
    )
    code, message, _ = error_of(lambda: add(glue, *((str(year), "x") for year in range(101))))
    assert code == "ValidationException"
    assert message.endswith("constraint: Member must have length less than or equal to 100")


def test_partitions_keep_what_they_do_not_share(glue):
    columns = [{"Name": "a", "Type": "int"}]
    whole = {
        "Columns": columns, "Location": "s3://b/1/", "Parameters": {"k": "1"},
        "InputFormat": "i", "SerdeInfo": {"Name": "s", "Parameters": {"field.delim": ","}},
        "SortColumns": [{"Column": "a", "SortOrder": 1}], "StoredAsSubDirectories": True,
    }  # fmt: skip
    given = {
        "1": whole,
        "2": {**whole, "Location": "s3://b/2/"},
        "3": {"Columns": [], "Location": "s3://b/3/"},
        "4": {"Location": "s3://b/4/"},
    }
    glue.batch_create_partition(
        **NAMES,
        PartitionInputList=[
            {"Values": [year, "x"], "StorageDescriptor": one} for year, one in given.items()
        ],
    )
    created = glue.get_partition(**NAMES, PartitionValues=["4", "x"])["Partition"]["CreationTime"]
    glue.update_partition(
        **NAMES,
        PartitionValueList=["4", "x"],
        PartitionInput={"Values": ["4", "x"], "StorageDescriptor": {**whole, "Parameters": {}}},
    )
    given["4"] = {**whole, "Parameters": {}}
    found = glue.get_partitions(**NAMES)["Partitions"]
    assert {one["Values"][0]: one["StorageDescriptor"] for one in found} == given
    assert found[3]["CreationTime"] == created
    slim = glue.get_partitions(**NAMES, ExcludeColumnSchema=True)["Partitions"][0]
    assert slim["StorageDescriptor"] == {k: v for k, v in whole.items() if k != "Columns"}


def test_one_number_written_twice_is_two_partitions(glue):
    add(glue, ("1", "x"), ("01", "x"), ("1.0", "x"), ("x", "x"))
    assert find(glue, "year = 1") == [("1", "x"), ("01", "x"), ("1.0", "x")]
    assert (
        glue.get_partition(**NAMES, PartitionValues=["01", "x"])["Partition"]["Values"][0] == "01"
    )
    assert find(glue, "year <> 7") == [("1", "x"), ("01", "x"), ("1.0", "x")]
    assert find(glue)[3] == ("x", "x")


def test_a_page_of_very_wide_partitions_holds_fewer(glue):
    wide = {"Columns": [{"Name": f"c{number}", "Type": "int"} for number in range(9000)]}
    inputs = [{"Values": [str(year), "x"], "StorageDescriptor": wide} for year in range(5)]
    glue.batch_create_partition(**NAMES, PartitionInputList=inputs)
    pages = list(glue.get_paginator("get_partitions").paginate(**NAMES))
    found = [[one["Values"][0] for one in page["Partitions"]] for page in pages]
    assert found == [["0", "1"], ["2", "3"], ["4"]]
    assert pages[2]["Partitions"][0]["StorageDescriptor"] == wide
    assert len(find(glue, ExcludeColumnSchema=True)) == 5


EXPRESSIONS = st.sampled_from(
    ["", "year > 3", "city = 'b'", "year in (1, 2, 9) or city = 'c'", "not year = 4", "year = 77"]
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None
)
@given(expression=EXPRESSIONS, size=st.integers(1, 40), total=st.integers(1, 10))
def test_pages_and_segments_hold_each_partition_once(glue, expression, size, total):
    if not find(glue):
        add(glue, *((str(year), city) for year in range(12) for city in "abc"))
    whole = find(glue, expression)
    parts = []
    for number in range(total):
        pages = glue.get_paginator("get_partitions").paginate(
            **NAMES,
            Expression=expression,
            Segment={"SegmentNumber": number, "TotalSegments": total},
            PaginationConfig={"PageSize": size},
        )
        found = [[tuple(one["Values"]) for one in page["Partitions"]] for page in pages]
        assert all(len(page) == size for page in found[:-1])
        parts.append(sum(found, []))
        assert parts[-1] == [one for one in whole if one in parts[-1]]
    assert sorted(sum(parts, [])) == sorted(whole)
