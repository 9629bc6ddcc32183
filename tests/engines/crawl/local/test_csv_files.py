"""CSV by the rules of the built-in classifier, one case each."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lakebed.engines.crawl import Column, Finding, Storage
from tests.engines.crawl.local.looking import columns, look


def test_the_whole_finding(tmp_path: Path) -> None:
    assert look(tmp_path, "Id,Price,Name\n1,2.5,x\n2,3,y\n", "d.csv") == Finding(
        "d.csv",
        "csv",
        1.0,
        (Column("id", "bigint"), Column("price", "double"), Column("name", "string")),
        "none",
        Storage(
            "org.apache.hadoop.mapred.TextInputFormat",
            "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
            {"field.delim": ","},
        ),
        {
            "skip.header.line.count": "1",
            "delimiter": ",",
            "columnsOrdered": "true",
            "areColumnsQuoted": "false",
            "typeOfData": "file",
        },
        2,
    )


@pytest.mark.parametrize("mark", [",", "|", "\t", ";", "\x01"])
@pytest.mark.parametrize("header", [True, False])
def test_five_delimiters_with_and_without_a_header(tmp_path: Path, mark: str, header: bool) -> None:
    rows = ["1,x,0.5", "2,y,1.5", "3,z,2"]
    text = "\n".join(["a,b,c", *rows] if header else rows).replace(",", mark)
    found = look(tmp_path, text)
    names = ["a", "b", "c"] if header else ["col0", "col1", "col2"]
    assert columns(found) == [f"{names[0]} bigint", f"{names[1]} string", f"{names[2]} double"]
    assert found.parameters["delimiter"] == found.storage.serde_parameters["field.delim"] == mark
    assert found.parameters.get("skip.header.line.count") == ("1" if header else None)
    assert found.records == 3


@pytest.mark.parametrize(
    "text",
    [
        "a\n1\n2\n",  # one column
        "1,2\n",  # one row
        "a,b\n",
        "",
        "\n\n",
        "just a text.\nwith two lines, and a comma\n",
        "a,b\n1,2\n3\n4\n5,6,7,8\n",  # too ragged
        "a b c\n1 2 3\n4 5 6\n",  # a blank is no delimiter
        "a:b\n1:2\n3:4\n",
        "a,b\x00\n1,2\n3,4\n",  # binary
    ],
)
def test_what_is_no_csv(tmp_path: Path, text: str) -> None:
    assert look(tmp_path, text).classification == "UNKNOWN"


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("a,b", ["a", "b"]),
        ("First Name, B ", ["first name", "b"]),
        ("a,A", ["a", "a_1"]),
        ("a,1", ["col0", "col1"]),  # a cell that is no text
        ("a,2.5", ["col0", "col1"]),
        (",b", ["col0", "col1"]),  # a name is missing
        ("a,", ["col0", "col1"]),  # the last may only be empty if it always is
        ("x" * 149 + ",b", ["x" * 149, "b"]),
        ("x" * 150 + ",b", ["col0", "col1"]),
        ("a," + "x" * 150, ["a", "x" * 150]),  # but for the last
        ("a," + "x" * 256, ["col0", "col1"]),  # no name of the catalog
    ],
)
def test_the_header_rule(tmp_path: Path, header: str, names: list[str]) -> None:
    found = look(tmp_path, f"{header}\n1,x\n2,y\n")
    assert [column.name for column in found.columns] == names


def test_a_header_and_one_row_are_two_rows(tmp_path: Path) -> None:
    found = look(tmp_path, "a,b\n1,x\n")
    assert (columns(found), found.records) == (["a bigint", "b string"], 1)


def test_rows_of_text_only_have_no_header(tmp_path: Path) -> None:
    found = look(tmp_path, "name,city\nann,rome\nbob,bonn\n")
    assert columns(found) == ["col0 string", "col1 string"]
    assert "skip.header.line.count" not in found.parameters


def test_one_cell_that_is_no_text_makes_a_header(tmp_path: Path) -> None:
    """The guide: one or more of the rows must parse as other than STRING type."""
    found = look(tmp_path, "name,city\nann,rome\nbob,7\n")
    assert columns(found) == ["name string", "city string"]


def test_a_trailing_delimiter(tmp_path: Path) -> None:
    found = look(tmp_path, "a,b,\n1,x,\n2,y,\n")
    assert columns(found) == ["a bigint", "b string", "col2 string"]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-2"], "bigint"),
        (["+1", ""], "bigint"),
        (["007", "1"], "bigint"),
        (["9223372036854775807", "1"], "bigint"),
        (["9223372036854775808", "1"], "double"),
        (["1", "2.5"], "double"),
        (["1e5", ".5"], "double"),
        (["1.", "-0.0"], "double"),
        ([" 1", "2 "], "double"),
        (["1", "x"], "string"),
        (["true", "false"], "string"),
        (["2024-01-31", "2024-02-01"], "string"),
        (["2024-01-31 10:00:00", "2024-02-01 11:00:00"], "string"),
        (["", ""], "string"),
        (["0x1f", "1"], "string"),
        (["1_000", "1"], "string"),
        (["\u0661", "1"], "string"),
        (["NaN", "1.5"], "string"),
    ],
)
def test_the_type_of_a_column(tmp_path: Path, cells: list[str], kind: str) -> None:
    rows = "".join(f"{at},{cell}\n" for at, cell in enumerate(cells))
    assert columns(look(tmp_path, "n,v\n" + rows)) == ["n bigint", f"v {kind}"]


def test_quotes_hide_delimiters_and_line_ends(tmp_path: Path) -> None:
    text = '"n","v","w"\n1,"a, ""b""\nc",1.5\n2,"d",2\n'
    assert columns(look(tmp_path, text)) == ["n bigint", "v string", "w double"]


def test_quoted_numbers_are_text_because_the_serde_knows_no_quotes(tmp_path: Path) -> None:
    found = look(tmp_path, '"n","v"\n"1","x"\n"2","y"\n')
    assert columns(found) == ["n string", "v string"]
    assert found.parameters["skip.header.line.count"] == "1"


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n\n"])
def test_other_line_ends(tmp_path: Path, end: str) -> None:
    found = look(tmp_path, end.join(["\ufeffa,b", "1,x", "2,y", ""]))
    assert (columns(found), found.records) == (["a bigint", "b string"], 2)


def test_the_delimiter_that_makes_even_rows_wins(tmp_path: Path) -> None:
    text = "name;amount;note\nx;1,5;a,b,c\ny;2,5;d\nz;3,5;e,f\n"
    found = look(tmp_path, text)
    assert found.parameters["delimiter"] == ";"
    assert len(found.columns) == 3


def test_a_row_among_many_may_be_ragged(tmp_path: Path) -> None:
    rows = "".join(f"{at},x\n" for at in range(20))
    found = look(tmp_path, "a,b\n" + rows + "21\n22,y,z\n")
    assert columns(found) == ["a bigint", "b string"]


def test_the_first_thousand_records_decide_and_the_rest_is_estimated(tmp_path: Path) -> None:
    rows = "".join(f"{at},{at / 2}\n" for at in range(200_000))
    found = look(tmp_path, "a,b\n" + rows + "x,y\n")
    assert columns(found) == ["a bigint", "b double"]
    assert 150_000 < found.records < 230_000


def test_a_line_of_many_megabytes_is_no_csv(tmp_path: Path) -> None:
    assert look(tmp_path, "a,b," * 600_000).classification == "UNKNOWN"


def test_five_thousand_columns(tmp_path: Path) -> None:
    head = ",".join(f"c{at}" for at in range(5000))
    row = ",".join(["1"] * 5000)
    assert len(look(tmp_path, f"{head}\n{row}\n{row}\n").columns) == 5000


def test_a_text_that_is_not_utf8_is_read_all_the_same(tmp_path: Path) -> None:
    assert columns(look(tmp_path, b"a,b\n1,caf\xe9\n2,x\n")) == ["a bigint", "b string"]


def test_many_quoted_rows_are_cut_after_a_thousand(tmp_path: Path) -> None:
    rows = "".join(f'{at},"x, {at}","say ""no""\n{at}"\n' for at in range(5000))
    found = look(tmp_path, 'a,"b",c\n' + rows + "x,y,z\n")
    assert columns(found) == ["a bigint", "b string", "c string"]


def test_more_columns_than_a_table_may_have_are_no_csv(tmp_path: Path) -> None:
    line = ",".join(["1"] * 10_001)
    assert look(tmp_path, f"{line}\n{line}\n").classification == "UNKNOWN"


@pytest.mark.parametrize(
    "text",
    ['"' * 900_000, '"a\\' * 300_000, ',"' * 450_000, '"\n' * 450_000, '""x,' * 200_000,
     ",".join(['"x\\"'] * 150_000), "1 ," * 300_000, " " * 900_000 + ",",
     "1e" * 400_000 + ",1\n2,3"],
)  # fmt: skip
def test_hostile_texts_cost_little_time(tmp_path: Path, text: str) -> None:
    started = time.process_time()
    look(tmp_path, text + "\n" + text)
    assert time.process_time() - started < 3
