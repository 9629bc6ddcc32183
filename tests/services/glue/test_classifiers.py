"""Custom classifiers as they are kept, by boto3; what they do to files is the engine's matter."""

from __future__ import annotations

import pytest

from tests.services.glue.test_databases import body, error_of

GIVEN = {
    "GrokClassifier": {
        "Name": "logs",
        "Classification": "app-log",
        "GrokPattern": r"%{STAMP:at} %{LOGLEVEL:level} (?<rest>.*) %{NUMBER:took:double}",
        "CustomPatterns": "# stamps\nSTAMP %{YEAR}-%{MONTHNUM}\n\nWORDS \\b[\\w-]+\\b",
    },
    "XMLClassifier": {"Name": "orders", "Classification": "orders", "RowTag": "order"},
    "JsonClassifier": {"Name": "rows", "JsonPath": "$.rows[*]"},
    "CsvClassifier": {
        "Name": "sheet",
        "Delimiter": ";",
        "QuoteSymbol": "'",
        "ContainsHeader": "PRESENT",
        "Header": ["id", "name"],
        "DisableValueTrimming": True,
        "AllowSingleColumn": False,
        "CustomDatatypeConfigured": True,
        "CustomDatatypes": ["LONG", "STRING"],
        "Serde": "OpenCSVSerDe",
    },
}


@pytest.fixture
def glue(lakebed):
    return lakebed.client("glue")


def shown(glue, name):
    ((kind, found),) = glue.get_classifier(Name=name)["Classifier"].items()
    assert found.pop("CreationTime") <= found.pop("LastUpdated")
    return {kind: found}


@pytest.mark.parametrize("kind", GIVEN)
def test_a_classifier_comes_back_whole(glue, kind):
    given = GIVEN[kind]
    assert body(glue.create_classifier(**{kind: given})) == {}
    assert shown(glue, given["Name"]) == {kind: {**given, "Version": 1}}
    assert body(glue.delete_classifier(Name=given["Name"])) == {}
    assert glue.get_classifiers()["Classifiers"] == []


def test_an_update_replaces_the_members_it_names(glue):
    glue.create_classifier(CsvClassifier=GIVEN["CsvClassifier"])
    change = {"Name": "sheet", "Delimiter": "|", "Header": ["a", "b"]}
    assert body(glue.update_classifier(CsvClassifier=change)) == {}
    whole = {**GIVEN["CsvClassifier"], **change, "Version": 2}
    assert shown(glue, "sheet") == {"CsvClassifier": whole}


def test_classifiers_are_listed_in_pages_by_name(glue):
    for kind in GIVEN:
        glue.create_classifier(**{kind: GIVEN[kind]})
    first = glue.get_classifiers(MaxResults=3)
    second = glue.get_classifiers(MaxResults=3, NextToken=first["NextToken"])
    pages = [[next(iter(one)) for one in page["Classifiers"]] for page in (first, second)]
    assert pages == [["GrokClassifier", "XMLClassifier", "JsonClassifier"], ["CsvClassifier"]]
    assert "NextToken" not in second


def test_errors_of_names(glue):
    glue.create_classifier(JsonClassifier=GIVEN["JsonClassifier"])
    already = ("AlreadyExistsException", "Classifier with name rows already exists", 400)
    xml = {**GIVEN["XMLClassifier"], "Name": "rows"}
    assert error_of(lambda: glue.create_classifier(XMLClassifier=xml)) == already
    missing = ("EntityNotFoundException", "Classifier with name nope does not exist", 400)
    assert error_of(lambda: glue.get_classifier(Name="nope")) == missing
    assert error_of(lambda: glue.delete_classifier(Name="nope")) == missing
    assert error_of(lambda: glue.update_classifier(JsonClassifier={"Name": "nope"})) == missing
    sentence = "Classifier with name rows is no XMLClassifier: its kind cannot be changed."
    refused = ("InvalidInputException", sentence, 400)
    assert error_of(lambda: glue.update_classifier(XMLClassifier={"Name": "rows"})) == refused


@pytest.mark.parametrize(
    ("kind", "members", "message"),
    [
        (
            "GrokClassifier",
            {"GrokPattern": "(%{WORD:a}"},
            "GrokPattern is no regular expression: missing ), unterminated subpattern at position "
            "0",
        ),
        (
            "GrokClassifier",
            {"GrokPattern": "%{WORD:a:text}"},
            "GrokPattern casts a field to an unknown type: text",
        ),
        (
            "GrokClassifier",
            {"GrokPattern": "%{A B}"},
            "GrokPattern has a field that is no %{NAME:field:type}: %{A B}",
        ),
        (
            "GrokClassifier",
            {"CustomPatterns": "ALONE"},
            "CustomPatterns has a line that is no name and pattern: ALONE",
        ),
        (
            "GrokClassifier",
            {"CustomPatterns": "DEEP " + "(" * 7000 + ")" * 7000},
            "CustomPatterns DEEP is nested too deeply, or repeats too often.",
        ),
        (
            "CsvClassifier",
            {"Delimiter": "'"},
            "QuoteSymbol has to be different from Delimiter.",
        ),
        ("CsvClassifier", {"Header": ["a", "A"]}, "Header has a name twice."),
        (
            "CsvClassifier",
            {"CustomDatatypes": ["LONG", "TEXT"]},
            "CustomDatatypes has unknown types: TEXT.",
        ),
    ],
)
def test_what_cannot_be_is_refused(glue, kind, members, message):
    given = {kind: {**GIVEN[kind], **members}}
    refused = ("InvalidInputException", message, 400)
    assert error_of(lambda: glue.create_classifier(**given)) == refused
    glue.create_classifier(**{kind: GIVEN[kind]})
    assert error_of(lambda: glue.update_classifier(**given)) == refused


def test_exactly_one_kind_has_to_be_given(glue):
    sentence = (
        "Exactly one of GrokClassifier, XMLClassifier, JsonClassifier, CsvClassifier has to be "
        "given."
    )
    refused = ("InvalidInputException", sentence, 400)
    assert error_of(lambda: glue.create_classifier()) == refused
    both = {kind: GIVEN[kind] for kind in ("XMLClassifier", "JsonClassifier")}
    assert error_of(lambda: glue.create_classifier(**both)) == refused
