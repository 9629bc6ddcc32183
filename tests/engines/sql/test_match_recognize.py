"""The matcher of MATCH_RECOGNIZE against Python's regular expressions, which prefer alike."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from lakebed.dialect.row_patterns import RowPatternReader
from lakebed.engines.sql.duckdb.udf.match_recognize import Partition, Program

LETTERS = "ABC"


def _grouped(inner):
    quantifiers = st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{,2}", "{2,}"])
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: " ".join(parts)),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' | '.join(parts)})"),
        st.tuples(inner, quantifiers, st.sampled_from(["", "?"])).map(
            lambda parts: f"({parts[0]}){parts[1]}{parts[2]}"
        ),
    )


patterns = st.recursive(st.sampled_from([*LETTERS, "()", "^", "$"]), _grouped, max_leaves=6)


def _matches(pattern: str, text: str) -> list[tuple[int, int]]:
    """Return start and length of each match, as the matcher finds them."""
    reader = RowPatternReader(pattern, 0, len(pattern))
    code = reader.program()
    conditions = [{"bits": LETTERS.index(label)} for label in reader.labels]
    known = [[mark == letter for mark in text] for letter in LETTERS]
    told = {
        "code": code, "names": reader.labels, "conditions": conditions, "skip": ["past"],
        "rows": "one", "leaves": [],
    }  # fmt: skip
    partition = Partition(Program(told), len(text), known, [])
    found: list[tuple[int, int]] = []
    row = 0
    while row < len(text):
        match = partition.match_at(row)
        length = len(match.labels) if match is not None else 0
        if match is not None:
            found.append((row, length))
        row += max(1, length)
    return found


def _expected(pattern: str, text: str) -> list[tuple[int, int]]:
    plain = re.sub(r"\(\)", "(?:)", pattern)
    plain = re.sub(r"\((?!\?)", "(?:", plain).replace(" ", "").replace("{,", "{0,")
    compiled = re.compile(plain)
    found: list[tuple[int, int]] = []
    row = 0
    while row < len(text):
        match = compiled.match(text, row)
        if match is not None:
            found.append((row, match.end() - row))
        row += max(1, match.end() - row if match is not None else 0)
    return found


@example("((() | A))*", "A")
@given(patterns, st.text(LETTERS, max_size=8))
def test_matches_are_those_of_a_regular_expression(pattern, text):
    assert _matches(pattern, text) == _expected(pattern, text)


def _framed(pattern: str, text: str, skip: str, seeks: bool, width: int | None):
    """Return for each row of a window where its match begins and how long it is."""
    reader = RowPatternReader(pattern, 0, len(pattern))
    told = {
        "code": reader.program(), "names": reader.labels, "skip": [skip], "rows": "one",
        "conditions": [{"bits": LETTERS.index(label)} for label in reader.labels],
        "leaves": [{"owner": True}], "framed": True, "seeks": seeks,
    }  # fmt: skip
    known = [[mark == letter for mark in text] for letter in LETTERS]
    partition = Partition(Program(told), len(text), known, [])
    found: dict[int, tuple[int, int]] = {}
    for row in partition.framed([width] * len(text)):
        owner, empty = row[5], row[2] is None
        start = min(row[0], found.get(owner, (row[0], 0))[0])
        found[owner] = (start, 0 if empty else row[0] - start + 1)
    return found


def _framed_expected(pattern: str, text: str, skip: str, seeks: bool, width: int | None):
    """Try every start of every frame, one after the other."""
    plain = re.compile(pattern.replace("(", "(?:").replace(" ", "").replace("{,", "{0,"))
    found: dict[int, tuple[int, int]] = {}
    row = 0
    while row < len(text):
        end = len(text) if width is None else min(len(text), row + width + 1)
        starts = range(row, end) if seeks else [row]
        match = next((one for at in starts if (one := plain.match(text, at, end))), None)
        if match is not None:
            found[row] = (match.start() if match.group() else row, len(match.group()))
        row = match.end() if match is not None and match.group() and skip == "past" else row + 1
    return found


framed_patterns = st.recursive(st.sampled_from(LETTERS), _grouped, max_leaves=5)


@given(
    framed_patterns,
    st.text(LETTERS, max_size=8),
    st.sampled_from(["past", "next"]),
    st.booleans(),
    st.none() | st.integers(0, 4),
)
def test_matches_of_windows_are_those_of_each_frame(pattern, text, skip, seeks, width):
    told = pattern, text, skip, seeks, width
    assert _framed(*told) == _framed_expected(*told)


def test_a_window_with_a_pattern_over_a_table(console):
    console.ok(
        "CREATE TABLE paid WITH (format='parquet', external_location='s3://lake/paid/') AS "
        "SELECT x / 100 AS customer, x AS day, x % 7 AS price FROM TABLE(sequence(0, 9999)) t(x)"
    )
    text = (
        "SELECT count(b), sum(n), count(*) FROM (SELECT last_price OVER w b, count(*) OVER w n "
        "FROM paid WINDOW w AS (PARTITION BY customer ORDER BY day MEASURES LAST(B.price) AS "
        "last_price ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING PATTERN (A B+) "
        "DEFINE B AS price > PREV(price)))"
    )
    rows = lengths = 0
    for start in range(0, 10_000, 100):
        prices = [day % 7 for day in range(start, start + 100)]
        at = 0
        while at < 100:
            end = at + 1
            while end < 100 and prices[end] > prices[end - 1]:
                end += 1
            rows, lengths = (rows + 1, lengths + end - at) if end > at + 1 else (rows, lengths)
            at = end if end > at + 1 else at + 1
    assert console.rows(text) == [[str(rows), str(lengths), "10000"]]


def test_many_ways_to_match_do_not_multiply():
    assert _matches("(A* A*)* B", "A" * 200) == []
    assert _matches("(A | A | A)+ $", "A" * 200) == [(0, 200)]


def test_rows_and_partitions_of_some_size(console):
    text = (
        "SELECT count(*), sum(n), max(m) FROM (SELECT x, x / 10 AS p FROM "
        "TABLE(sequence(0, 19999)) t(x)) MATCH_RECOGNIZE (PARTITION BY p ORDER BY x MEASURES "
        "count(*) AS n, MATCH_NUMBER() AS m PATTERN (A B*) DEFINE B AS x > PREV(x) AND x % 5 <> 0)"
    )
    assert console.rows(text) == [["4000", "20000", "2"]]
    remembering = (
        "SELECT count(*), sum(n) FROM TABLE(sequence(0, 4999)) t(x) MATCH_RECOGNIZE (ORDER BY x "
        "MEASURES count(*) AS n PATTERN (A B*) DEFINE B AS x < A.x + 100)"
    )
    assert console.rows(remembering) == [["50", "5000"]]


def test_tables_views_and_parameters(console):
    console.ok(
        "CREATE TABLE prices WITH (format='parquet', external_location='s3://lake/prices/') AS "
        "SELECT * FROM (VALUES (1, 90), (2, 80), (3, 70), (4, 80)) t(day, price)"
    )
    matched = (
        "SELECT bottom, top FROM prices MATCH_RECOGNIZE (ORDER BY day MEASURES LAST(B.price) AS "
        "bottom, LAST(C.price) AS top PATTERN (A B+ C+) DEFINE B AS price < PREV(price), "
        "C AS price > {})"
    )
    console.ok(f"CREATE VIEW valleys AS {matched.format('PREV(price)')}")
    assert console.rows("SELECT * FROM valleys WHERE top > 75") == [["70", "80"]]
    assert console.rows(matched.format("?"), parameters=("75",)) == [["70", "80"]]
    console.ok(f"CREATE TABLE kept AS {matched.format('B.price')}")
    assert console.rows("SELECT * FROM kept") == [["70", "80"]]
    assert console.error("SELECT x FROM prices MATCH_RECOGNIZE (ORDER BY day PATTERN (A))") == (
        "SYNTAX_ERROR", "line 1:63: mismatched input ')'. Expecting: <expression>",
    )  # fmt: skip
