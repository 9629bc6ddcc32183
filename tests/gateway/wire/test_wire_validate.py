"""The model's constraints are refused with AWS's sentences."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.errors import AwsError
from lakebed.gateway.wire import validate
from lakebed.gateway.wire.models import load
from lakebed.gateway.wire.patterns import translate


def refuse(service: str, operation: str, request: dict[str, Any]) -> AwsError:
    with pytest.raises(AwsError) as caught:
        load(service).operations[operation].validate(request)
    return caught.value


def test_one_error_in_awss_words() -> None:
    error = refuse("glue", "GetTable", {"DatabaseName": "", "Name": "n"})
    assert (error.code, error.status) == ("ValidationException", 400)
    assert error.message == (
        "1 validation error detected: Value '' at 'databaseName' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1"
    )


def test_several_errors_are_counted_and_joined() -> None:
    error = refuse("glue", "GetTables", {"MaxResults": 101})
    assert error.message == (
        "2 validation errors detected: Value null at 'databaseName' failed to satisfy constraint: "
        "Member must not be null; Value '101' at 'maxResults' failed to satisfy constraint: "
        "Member must have value less than or equal to 100"
    )


def test_nested_members_are_named_by_their_path() -> None:
    columns = [{"Name": "a"}, {"Name": "b", "Comment": "x" * 256}]
    table = {"Name": "t", "StorageDescriptor": {"Columns": columns}}
    error = refuse("glue", "CreateTable", {"DatabaseName": "d", "TableInput": table})
    assert "at 'tableInput.storageDescriptor.columns.2.member.comment' failed" in error.message


def test_athena_has_a_code_of_its_own() -> None:
    error = refuse("athena", "GetWorkGroup", {"WorkGroup": "a b"})
    assert (error.code, error.members) == (
        "InvalidRequestException",
        {"AthenaErrorCode": "INVALID_INPUT"},
    )
    assert error.message == (
        "1 validation error detected: Value 'a b' at 'workGroup' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9._-]{1,128}"
    )


def test_enums_are_listed() -> None:
    request = {"DatabaseName": "d", "TableInput": {"Name": "t"}, "OpenTableFormatInput": {
        "IcebergInput": {"MetadataOperation": "DROP"}}}  # fmt: skip
    error = refuse("glue", "CreateTable", request)
    assert error.message.endswith("Member must satisfy enum value set: [CREATE]")


def test_s3_is_left_to_its_handlers() -> None:
    assert load("s3").operations["PutObject"].validate({}) is None


def test_java_ranges_take_supplementary_characters() -> None:
    pattern = translate(r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*")
    assert pattern is not None
    assert pattern.fullmatch("plain, é, 漢, 😀\r\n\t")
    assert not pattern.fullmatch("\x00")
    assert not pattern.fullmatch("\ufffe")
    word = translate(r"\w+")
    assert word is not None
    assert not word.fullmatch("é")


def test_only_listed_patterns_are_skipped() -> None:
    skipped: set[tuple[str, str]] = set()
    for service in ("athena", "glue", "sts"):
        for operation in load(service).operations.values():
            seen: set[str] = set()
            waiting = [operation.input]
            while waiting:
                shape = waiting.pop()
                if shape.name in seen:
                    continue
                seen.add(shape.name)
                if shape.pattern and translate(shape.pattern) is None:
                    skipped.add((service, shape.name))
                parts = [*shape.members.values(), *shape.parts.values()]
                waiting += [member.shape for member in parts]
    # Its class is Unicode's letters, numbers and punctuation, which Python's `re` has no name for.
    assert skipped == {
        ("glue", "TransactionIdString"), ("sts", "tagKeyType"), ("sts", "tagValueType"),
    }  # fmt: skip


@given(st.text(max_size=20))
def test_glue_names_hold_what_the_pattern_says(name: str) -> None:
    length = len(name.encode("utf-16-le")) // 2
    allowed = re.fullmatch("[\t\\u0020-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]*", name)
    request = {"DatabaseName": name, "Name": "n"}
    if 1 <= length <= 255 and allowed:
        load("glue").operations["GetTable"].validate(request)
    else:
        refuse("glue", "GetTable", request)


@given(st.lists(st.sampled_from(["good", "also good", "x" * 256]), min_size=1, max_size=6))
def test_a_list_that_a_batch_repeats_is_refused_each_time_it_is_wrong(names: list[str]) -> None:
    inputs = [
        {"Values": [str(number)], "StorageDescriptor": {"Columns": [{"Name": name}]}}
        for number, name in enumerate(names)
    ]
    request = {"DatabaseName": "d", "TableName": "t", "PartitionInputList": inputs}
    wrong = [number for number, name in enumerate(names, 1) if len(name) > 255]
    if not wrong:
        load("glue").operations["BatchCreatePartition"].validate(request)
        return
    message = refuse("glue", "BatchCreatePartition", request).message
    places = re.findall(
        r"partitionInputList\.(\d+)\.member\.storageDescriptor\.columns\.1", message
    )
    assert list(map(int, places)) == wrong


_ENTRIES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "PartitionKey": st.sampled_from(["", "k", "é" * 200, "𝄞" * 129, "x" * 257, None]),
            "Data": st.sampled_from([b"", b"x", b"y" * 100, None]),
            "ExplicitHashKey": st.sampled_from(["0", "12", "01", "x", None]),
        },
    ),
    min_size=1,
    max_size=6,
)


@given(entries=_ENTRIES, many=st.integers(0, 20))
def test_a_batch_is_told_the_same_as_its_records_one_by_one(
    entries: list[dict[str, Any]], many: int
) -> None:
    """What is looked at member by member first must not let anything through."""
    whole: list[dict[str, Any]] = [{"PartitionKey": "k", "Data": b"x"}] * many + entries
    request = {"StreamName": "clicks", "Records": whole}
    operation = load("kinesis").operations["PutRecords"]
    said: list[str | None] = []
    for columns_from in (1, 1000):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(validate, "_COLUMNS_FROM", columns_from)
            try:
                validate.compile_validator(operation)(request)
                said.append(None)
            except AwsError as error:
                said.append(error.message)
    assert said[0] == said[1]


def test_a_usual_batch_of_records_is_vouched_for_at_once() -> None:
    records = load("kinesis").operations["PutRecords"].input.members["Records"].shape
    are_fine = validate._column_checks(records.parts["member"].shape)  # pyright: ignore[reportPrivateUsage]
    assert are_fine is not None
    assert are_fine([{"Data": b"x", "PartitionKey": str(number)} for number in range(500)])
    assert not are_fine([{"Data": b"x", "PartitionKey": ""}])
    assert not are_fine([{"Data": b"x", "PartitionKey": "k", "ExplicitHashKey": "7"}])
