"""The user's classifiers: every option of each kind, their precedence and certainty."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lakebed.engines.crawl import Classifier
from tests.engines.crawl.local.looking import columns, look

_LOG = "2024-01-02T03:04:05 [a-b-c-d-e] INFO : started 5\n"


def _grok(pattern: str, custom: str = "", name: str = "mine") -> Classifier:
    options = {"GrokPattern": pattern, "Classification": "special", "CustomPatterns": custom}
    return Classifier("grok", name, options)


def _csv(**options: Any) -> Classifier:
    return Classifier("csv", "mine", options)


def _json(path: str) -> Classifier:
    return Classifier("json", "mine", {"JsonPath": path})


def _xml(tag: str) -> Classifier:
    return Classifier("xml", "mine", {"RowTag": tag, "Classification": "books"})


def test_grok_with_custom_patterns_and_types(tmp_path: Path) -> None:
    """The example of the guide, with a number at its end."""
    custom = "CRAWLERLOGLEVEL (BENCHMARK|ERROR|WARN|INFO|TRACE)\nMESSAGEPREFIX .*-.*-.*-.*-.*"
    pattern = (
        r"%{TIMESTAMP_ISO8601:timestamp} \[%{MESSAGEPREFIX:message_prefix}\] "
        "%{CRAWLERLOGLEVEL:loglevel} : %{DATA:Message} %{NUMBER:num:int}$"
    )
    found = look(tmp_path, _LOG * 2, "d.log", _grok(pattern, custom))
    assert columns(found) == [
        "timestamp string",
        "message_prefix string",
        "loglevel string",
        "message string",
        "num int",
    ]
    assert (found.classification, found.classifier, found.certainty) == ("special", "mine", 1.0)
    assert found.storage.serde == "com.amazonaws.glue.serde.GrokSerDe"
    assert found.storage.serde_parameters == {
        "input.format": pattern,
        "input.grokCustomPatterns": custom,
    }


def test_patterns_that_name_fields_of_their_own_are_spread(tmp_path: Path) -> None:
    custom = "PAIR %{WORD:key}=%{INT:value}"
    found = look(tmp_path, "x a=1\n", "d", _grok("%{WORD:first} %{PAIR}", custom))
    assert columns(found) == ["first string", "key string", "value string"]
    assert found.storage.serde_parameters["input.format"] == (
        "%{WORD:first} (?:%{WORD:key}=%{INT:value})"
    )
    apache = '1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 5\n'
    found = look(tmp_path, apache, "d", _grok("%{COMMONAPACHELOG}"))
    assert [column.name for column in found.columns][:3] == ["clientip", "ident", "auth"]


def test_a_grok_classifier_is_as_certain_as_its_lines_match(tmp_path: Path) -> None:
    found = look(tmp_path, "a 1\nb 2\nc\nd 4\n", "d", _grok("^%{WORD:w} %{INT:n:int}$"))
    assert (found.classification, found.certainty) == ("special", 0.75)


def test_what_is_not_certain_gives_way_to_a_built_in_classifier(tmp_path: Path) -> None:
    found = look(tmp_path, "a,1\nb,2\nc c,3\n", "d", _grok("^%{WORD:w},%{INT:n}$"))
    assert (found.classification, found.certainty, found.classifier) == ("csv", 1.0, "")


def test_the_more_certain_of_two_wins_and_the_first_of_equals(tmp_path: Path) -> None:
    low, high = _grok("^%{WORD:a} 1$", name="low"), _grok("^%{WORD:b} %{INT}$", name="high")
    text = "a 1\nb 2\nc\n"
    assert look(tmp_path, text, "d", low, high).classifier == "high"
    assert look(tmp_path, text, "d", high, low).classifier == "high"
    again = _grok("^%{WORD:b} %{INT}$", name="again")
    assert look(tmp_path, text, "d", high, again).classifier == "high"


def test_custom_classifiers_come_first_in_their_order(tmp_path: Path) -> None:
    first = _csv(ContainsHeader="ABSENT")
    second = Classifier("csv", "second", {"ContainsHeader": "PRESENT"})
    found = look(tmp_path, "a,b\n1,2\n3,4\n", "d", first, second)
    assert (found.classifier, columns(found)) == ("mine", ["col0 string", "col1 string"])
    found = look(tmp_path, "a,b\n1,2\n3,4\n", "d", _json("$"), second)
    assert (found.classifier, columns(found)) == ("second", ["a bigint", "b bigint"])


def test_lines_that_do_not_match_at_all_are_unknown(tmp_path: Path) -> None:
    assert look(tmp_path, "x\ny\n", "d", _grok("%{INT:n}")).classification == "UNKNOWN"


_BOOKS = """<catalog>
  <book id="bk101"><AnyCompany><author>A</author><title>B</title></AnyCompany></book>
  <book id="bk102"><AnyCompany><author>C</author><title>D</title></AnyCompany></book>
  <empty a="1"/><full a="1"> </full>
</catalog>"""


def test_the_row_tag_of_xml(tmp_path: Path) -> None:
    """The example of the guide."""
    found = look(tmp_path, _BOOKS, "d.xml", _xml("AnyCompany"))
    assert columns(found) == ["author string", "title string"]
    assert (found.classification, found.parameters["rowTag"]) == ("books", "AnyCompany")
    assert (found.records, found.classifier) == (2, "mine")


def test_a_row_that_closes_itself_is_none(tmp_path: Path) -> None:
    assert look(tmp_path, _BOOKS, "d.xml", _xml("empty")).classifier == ""
    assert columns(look(tmp_path, _BOOKS, "d.xml", _xml("full"))) == ["_a int"]


_AREAS = [
    {"type": "constituency", "id": "ak"},
    {"type": "constituency", "id": "al", "identifiers": [{"scheme": "dmoz", "identifier": "x"}]},
]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", ["type string", "id string", "identifiers array<struct<scheme:string,"
               "identifier:string>>"]),
        ("$.id", ["record string"]),
        ("$['id']", ["record string"]),
        ('$["id"]', ["record string"]),
        ("$.identifiers", ["record array<struct<scheme:string,identifier:string>>"]),
        ("$.identifiers[*]", ["scheme string", "identifier string"]),
        ("$.identifiers[0]", ["scheme string", "identifier string"]),
        ("$.identifiers[*].identifier", ["record string"]),
        ("$.identifiers.*.scheme", ["record string"]),
    ],
)  # fmt: skip
def test_a_json_path_says_what_a_record_is(tmp_path: Path, path: str, expected: list[str]) -> None:
    text = "\n".join(json.dumps(area, indent=1) for area in _AREAS)
    found = look(tmp_path, text, "d.json", _json(path))
    assert columns(found) == expected
    assert (found.classification, found.parameters["jsonPath"]) == ("json", path)


@pytest.mark.parametrize("count", [2, 200_000])
def test_the_records_of_an_array(tmp_path: Path, count: int) -> None:
    """The example of the guide, and an array that is longer than what is read."""
    found = look(tmp_path, json.dumps([_AREAS[0]] * count), "d.json", _json("$[*]"))
    assert columns(found) == ["type string", "id string"]
    assert 0.9 * count <= found.records <= 1.2 * count


@pytest.mark.parametrize("path", ["$.nothing", "$.id.x", "$[0]", "id", "$..id", "$.id[?(@.a)]"])
def test_a_path_that_leads_nowhere_leaves_it_to_the_others(tmp_path: Path, path: str) -> None:
    found = look(tmp_path, json.dumps(_AREAS[0]), "d.json", _json(path))
    assert (found.classification, found.classifier) == ("json", "")


_ROWS = "1,true,2024-01-31,1.50,2024-01-31 10:00:00,30000\n2,false,2024-02-01,22.5,"


@pytest.mark.parametrize(
    ("options", "text", "expected"),
    [
        ({"Delimiter": ":"}, "a:b\n1:x\n2:y\n", ["a bigint", "b string"]),
        ({"Delimiter": ":"}, "a,b\n1,x\n2,y\n", None),
        ({"Delimiter": ";", "QuoteSymbol": "'"}, "a;b\n1;'x;y'\n2;z\n", ["a bigint", "b string"]),
        ({"ContainsHeader": "PRESENT"}, "a,\n1,x\n", ["a bigint", "col1 string"]),
        ({"ContainsHeader": "PRESENT"}, "a,b\nx,y\n", ["a string", "b string"]),
        ({"ContainsHeader": "PRESENT"}, "a,b\n", None),
        ({"ContainsHeader": "ABSENT"}, "a,b\n1,x\n", ["col0 string", "col1 string"]),
        ({"ContainsHeader": "UNKNOWN"}, "a,b\n1,x\n2,y\n", ["a bigint", "b string"]),
        ({"Header": ["X", "y"]}, "1,x\n2,y\n", ["x bigint", "y string"]),
        ({"Header": ["X", "y"]}, "X,y\na,b\n", ["x string", "y string"]),
        ({"Header": ["x", "y", "z"]}, "1,x\n2,y\n", None),
        ({"Header": ["x", "y"], "ContainsHeader": "PRESENT"}, "a,b\n1,2\n",
         ["x bigint", "y bigint"]),
        ({"AllowSingleColumn": True}, "a\n1\n2\n", ["a bigint"]),
        ({"AllowSingleColumn": False}, "a\n1\n2\n", None),
        ({"DisableValueTrimming": False}, "a,b\n1, 2\n3, 4 \n", ["a bigint", "b bigint"]),
        ({"DisableValueTrimming": True}, "a,b\n1, 2\n3, 4 \n", ["a bigint", "b double"]),
        ({"CustomDatatypeConfigured": True, "CustomDatatypes": ["INT", "BOOLEAN", "date",
          "DECIMAL", "TIMESTAMP", "SHORT"], "ContainsHeader": "ABSENT"},
         _ROWS + "2024-02-01 11:00:00.5,1\n",
         ["col0 smallint", "col1 boolean", "col2 date", "col3 decimal(4,2)", "col4 timestamp",
          "col5 smallint"]),
        ({"CustomDatatypeConfigured": True, "CustomDatatypes": ["FLOAT", "INT", "BINARY"],
          "ContainsHeader": "ABSENT"}, "70000,1.5,x\n2,1e3,y\n",
         ["col0 int", "col1 float", "col2 string"]),
        ({"CustomDatatypeConfigured": False, "CustomDatatypes": ["INT"]}, "a,b\n1,true\n",
         ["a bigint", "b string"]),
    ],
)  # fmt: skip
def test_the_options_of_csv(
    tmp_path: Path, options: dict[str, Any], text: str, expected: list[str] | None
) -> None:
    found = look(tmp_path, text, "d", _csv(**options))
    if expected is None:
        assert found.classifier == ""
    else:
        assert (found.classifier, columns(found)) == ("mine", expected)


_QUOTED = 'a,b,c,d\n"1",x,1,2\n"2","y,z",2,\n'


@pytest.mark.parametrize(
    ("serde", "text", "library", "kinds", "quoted"),
    [
        ("OpenCSVSerDe", _QUOTED, "OpenCSVSerde", "bigint string bigint string", "true"),
        ("LazySimpleSerDe", _QUOTED, "lazy.LazySimpleSerDe", "string string bigint bigint",
         "false"),
        ("None", _QUOTED, "OpenCSVSerde", "bigint string bigint string", "true"),
        ("None", "a,b\n1,x\n", "lazy.LazySimpleSerDe", "bigint string", "false"),
        ("OpenCSVSerDe", "a,b\n1,x\n", "OpenCSVSerde", "bigint string", "false"),
    ],
)  # fmt: skip
def test_the_serde_of_csv(
    tmp_path: Path, serde: str, text: str, library: str, kinds: str, quoted: str
) -> None:
    found = look(tmp_path, text, "d", _csv(Serde=serde))
    assert found.storage.serde == f"org.apache.hadoop.hive.serde2.{library}"
    assert [column.type for column in found.columns] == kinds.split()
    assert found.parameters["areColumnsQuoted"] == quoted
    if library == "OpenCSVSerde":
        assert found.storage.serde_parameters == {
            "separatorChar": ",",
            "quoteChar": '"',
            "escapeChar": "\\",
        }
