"""JSON by the built-in classifier: what a record is, types, samples that are cut."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lakebed.engines.crawl import Column, Finding, Storage
from tests.engines.crawl.local.looking import columns, look


def test_the_whole_finding_of_lines(tmp_path: Path) -> None:
    assert look(tmp_path, '{"Id": 1, "name": "a"}\n{"Id": 2}\n', "d.json") == Finding(
        "d.json",
        "json",
        1.0,
        (Column("id", "int"), Column("name", "string")),
        "none",
        Storage(
            "org.apache.hadoop.mapred.TextInputFormat",
            "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "org.openx.data.jsonserde.JsonSerDe",
            {"paths": "Id,name"},
        ),
        {"typeOfData": "file"},
        2,
    )


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1", "int"),
        ("2147483648", "bigint"),
        ("-2147483648", "int"),
        ("9223372036854775808", "double"),
        ("1.5", "double"),
        ("true", "boolean"),
        ('"x"', "string"),
        ("null", "string"),
        ("[]", "array<string>"),
        ("[1, 2.5]", "array<double>"),
        ('[1, "x"]', "array<string>"),
        ("{}", "string"),
        ('{"x": {"y": [1]}}', "struct<x:struct<y:array<int>>>"),
        ('[{"a": 1}, {"b": true}]', "array<struct<a:int,b:boolean>>"),
        ('{"a:b": 1}', "string"),
        ('{"x": {"$ref": 1}, "y": 2}', "struct<x:string,y:int>"),
        ('{"A": 1, "a": 2.5}', "struct<A:double>"),
        ("[" * 70 + "]" * 70, "array<" * 61 + "string" + ">" * 61),
    ],
)
def test_the_type_of_a_value(tmp_path: Path, text: str, kind: str) -> None:
    assert columns(look(tmp_path, f'{{"v": {text}}}\n')) == [f"v {kind}"]


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        ("1", "null", "int"),
        ("1", "3000000000", "bigint"),
        ("1", "1.5", "double"),
        ("1", '"x"', "string"),
        ("true", "1", "string"),
        ('{"a": 1}', '{"b": 1}', "struct<a:int,b:int>"),
        ('{"a": 1}', "[1]", "string"),
        ("[]", "[1]", "array<int>"),
        ('{"a": null}', '{"a": [1]}', "struct<a:array<int>>"),
    ],
)
def test_the_type_of_two_values(tmp_path: Path, first: str, second: str, kind: str) -> None:
    assert columns(look(tmp_path, f'{{"v": {first}}}\n{{"v": {second}}}\n')) == [f"v {kind}"]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}{"a": 2}',
        '{\n  "a": 1\n}\n{\n  "a": 2\n}\n',
        '\ufeff{"a": 1}\n{"a": 2}',
        '{"a": 1}\r\n\r\n{"a": 2}\r\n',
    ],
)
def test_objects_follow_one_another_in_any_way(tmp_path: Path, text: str) -> None:
    found = look(tmp_path, text)
    assert (columns(found), found.records) == (["a int"], 2)


def test_an_array_at_the_top_is_one_column(tmp_path: Path) -> None:
    """As the guide says: without a JSON path the crawler treats the data as one array."""
    found = look(tmp_path, json.dumps([{"a": 1}, {"a": 2, "b": "x"}], indent=2))
    assert columns(found) == ["array array<struct<a:int,b:string>>"]
    assert found.records == 1


@pytest.mark.parametrize("text", ["1\n2\n", '"a"\n', '{"a": 1}\n2\n', '{"a": ', "{}\n", "[1]\n{}"])
def test_what_is_no_json_of_objects(tmp_path: Path, text: str) -> None:
    assert look(tmp_path, text).classification == "UNKNOWN"


def test_a_long_file_is_judged_by_its_first_thousand_records(tmp_path: Path) -> None:
    lines = [f'{{"a": {at}}}' for at in range(5000)] + ['{"a": "x"}']
    found = look(tmp_path, "\n".join(lines) + "\n")
    assert columns(found) == ["a int"]
    assert 4500 < found.records < 5700


def test_a_record_longer_than_a_megabyte_is_read_up_to_ten(tmp_path: Path) -> None:
    long = json.dumps({"a": "x" * 3_000_000, "b": 1})
    assert columns(look(tmp_path, long + "\n" + long)) == ["a string", "b int"]
    assert look(tmp_path, '{"a": "' + "x" * 11_000_000).classification == "UNKNOWN"


def test_an_object_over_lines_that_the_sample_cuts_is_left_out(tmp_path: Path) -> None:
    text = json.dumps({"a": "x" * 400_000, "b": 1}, indent=1)
    found = look(tmp_path, "\n".join([text] * 5))
    assert (columns(found), 4 <= found.records <= 6) == (["a string", "b int"], True)


def test_five_thousand_fields(tmp_path: Path) -> None:
    found = look(tmp_path, json.dumps({f"f{at}": at for at in range(5000)}))
    assert len(found.columns) == 5000


def test_bytes_that_are_not_utf8_do_not_hide_the_json(tmp_path: Path) -> None:
    assert columns(look(tmp_path, b'{"a": "caf\xe9"}\n{"a": 1}\n')) == ["a string"]


def test_names_are_such_as_the_catalog_takes(tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/glue/latest/webapi/API_Column.html"""
    found = look(tmp_path, json.dumps({"x" * 300: 1, "a\nb": 1, "\U0001f600 é\t": 1, "": 1}))
    assert columns(found) == ["x" * 255 + " int", "a_b int", "\U0001f600 é\t int"]
