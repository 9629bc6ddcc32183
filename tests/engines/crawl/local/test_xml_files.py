"""XML by the built-in classifier: the row tag, attributes, nested and repeated elements."""

from __future__ import annotations

from pathlib import Path

from lakebed.engines.crawl import Storage
from tests.engines.crawl.local.looking import columns, look

_BOOKS = """<?xml version="1.0"?>
<!-- a catalog -->
<catalog>
  <book id="1"><title>A</title><price>9.5</price><tag>x</tag><tag>y</tag>
    <by lang="en">Ann</by></book>
  <book id="2"><title>B</title><price>10</price><stock><at>1</at></stock></book>
  <owner>me</owner>
</catalog>
"""


def test_rows_are_the_roots_most_frequent_children(tmp_path: Path) -> None:
    found = look(tmp_path, _BOOKS)
    assert columns(found) == [
        "_id int",
        "title string",
        "price double",
        "tag array<string>",
        "by struct<_lang:string,_VALUE:string>",
        "stock struct<at:int>",
    ]
    assert found.classification == "xml"
    assert found.parameters == {"typeOfData": "file", "rowTag": "book"}
    assert (found.storage, found.records) == (Storage(), 2)


def test_a_root_without_children_is_the_row(tmp_path: Path) -> None:
    found = look(tmp_path, '<row a="1">x</row>')
    assert (columns(found), found.parameters["rowTag"]) == (["_a int", "_value string"], "row")


def test_xml_that_is_not_well_formed_says_so(tmp_path: Path) -> None:
    found = look(tmp_path, "<a><b>1</b></c>")
    assert (found.classification, found.message) == (
        "UNKNOWN",
        "The XML is not well-formed: mismatched tag: line 1, column 13.",
    )


def test_half_a_document_says_so(tmp_path: Path) -> None:
    assert look(tmp_path, _BOOKS[:200]).message.startswith("The XML is not well-formed: ")


def test_entities_that_grow_are_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;">]><a><r>&c;</r></a>'
    assert look(tmp_path, bomb).message == (
        "The XML declares entities of its own, which are not read."
    )


def test_a_tree_too_deep_is_refused(tmp_path: Path) -> None:
    deep = "<a>" * 100 + "</a>" * 100
    assert look(tmp_path, deep).message == "The XML is nested deeper than 60 elements."


def test_a_long_document_is_judged_by_its_beginning(tmp_path: Path) -> None:
    rows = "".join(f"<r><a>{at}</a></r>\n" for at in range(100_000))
    found = look(tmp_path, f"<t>{rows}</t>")
    assert columns(found) == ["a int"]
    assert 80_000 < found.records < 130_000


def test_a_text_that_begins_with_a_bracket_is_none(tmp_path: Path) -> None:
    assert look(tmp_path, "<5,b\n1,2\n3,4\n").classification == "csv"
    assert look(tmp_path, "<info> a,1\n<info> b,2\n").classification == "csv"
