"""Redshift's COPY: its options, and the rows of a file as they say."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.engines.delivery.copy_options import OptionError, parse
from lakebed.engines.delivery.copy_rows import RowError, Target, rows

TEXTS = (Target("a", "text", 3), Target("b", "text"))
MIXED = (Target("a"), Target("b", "time"), Target("c", "date"))


def read(options, data, targets=TEXTS):
    return list(rows(data, parse(options), targets))


@pytest.mark.parametrize(
    ("options", "data", "wanted"),
    [
        ("", b"x|\ny|\\N\n", [["x", ""], ["y", None]]),
        ("delimiter ','", b"x,y", [["x", "y"]]),
        ("delimiter as '\\t' emptyasnull", b"\tx\n", [[None, "x"]]),
        ("delimiter '\\001'", b"x\x01y\n", [["x", "y"]]),
        ("escape", b"a\\|b|c\\\nd\n\\N|\\\\\n", [["a|b", "c\nd"], [None, "\\"]]),
        ("removequotes", b"\"a\"|'b'\n", [["a", "b"]]),
        ("csv quote as '%' ignoreheader 1", b"h,h\n%a,b%,c\n", [["a,b", "c"]]),
        ("format as csv delimiter ';'", b'"a""b";c\n', [['a"b', "c"]]),
        ("null as '-' fillrecord ignoreblanklines", b"-\n\n\nx|y\n", [[None, None], ["x", "y"]]),
        ("truncatecolumns trimblanks", b"abcd|x  \n", [["abc", "x"]]),
        ("blanksasnull", b" |x\n", [[None, "x"]]),
        ("acceptinvchars as '^'", b"\xff|x\n", [["^", "x"]]),
        ("json 'auto'", b'{"a":1.10}\n{"b":"x","A":2}', [["1.10", None], [None, "x"]]),
        ("FORMAT JSON 'auto ignorecase' statupdate off;", b'{"A":true}', [["true", None]]),
    ],
)
def test_rows_are_read_as_the_options_say(options, data, wanted):
    if options.endswith(";"):
        options = options[:-1]
    assert read(options, data) == wanted


def test_times_are_read_by_their_formats():
    assert read("", b"||\n1|2026-01-02 03:04:05|2026-01-02\n", MIXED) == [
        [None, None, None],
        ["1", "2026-01-02 03:04:05", "2026-01-02"],
    ]
    options = "timeformat 'MM/DD/YYYY HH:MI:SS' dateformat 'DD.MM.YY'"
    assert read(options, b"1|01/02/2026 13:04:05|02.01.26", MIXED) == [
        ["1", "2026-01-02 13:04:05", "2026-01-02"]
    ]
    assert read("timeformat 'epochmillisecs'", b"1|1500|", MIXED) == [
        ["1", "1970-01-01 00:00:01.500000", None]
    ]


@pytest.mark.parametrize(
    ("options", "data", "sentence"),
    [
        ("", b"x\n", "Delimiter not found"),
        ("", b"x|y|z\n", "Extra column"),
        ("", b"\xff|x", "UTF8"),
        ("gzip", b"x|y", "cannot be decompressed"),
        ("json 'auto'", b"{", "Invalid JSON"),
        ("json 'auto'", b"[1]", "not an object"),
        ("csv", b'"x,y', "Invalid quote"),
    ],
)
def test_files_that_are_not_as_they_should_be(options, data, sentence):
    with pytest.raises(RowError, match=sentence):
        read(options, data)


@pytest.mark.parametrize(
    "options",
    ["lzop", "fixedwidth 'a:1'", "json 's3://x'", "manifest", "maxerror 3", "delimiter 'ab'",
     "delimiter", "timeformat 'QQ'", "ignoreheader x", "encoding utf16", "'x'", "delimiter 'x"],
)  # fmt: skip
def test_options_that_are_not_built_are_refused(options):
    with pytest.raises(OptionError):
        parse(options)


FIELDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(found=st.lists(st.tuples(FIELDS, FIELDS), max_size=5))
def test_what_was_escaped_is_read_as_it_was(found):
    def escaped(text):
        return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", "\\\n")

    targets = (Target("a", "text"), Target("b", "text"))
    data = "".join(f"{escaped(a)}|{escaped(b)}\n" for a, b in found).encode()
    wanted = [[None if one == "\\N" else one for one in row] for row in found]
    read_back = list(rows(gzip.compress(data), parse("gzip escape"), targets))
    # A text that is NULL's own spelling cannot be told from it, as in COPY.
    assert read_back == wanted
