"""The filter language of GetPartitions, against SQLite's WHERE over the same rows."""

from __future__ import annotations

import sqlite3
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.errors import AwsError
from lakebed.services.glue._expression import compile_expression
from lakebed.services.glue._predicates import ranges
from lakebed.services.glue._sort_keys import NULL_PARTITION, order_of, sort_key

KEYS = [
    {"Name": "n", "Type": "int"},
    {"Name": "t", "Type": "string"},
    {"Name": "d", "Type": "decimal(10,2)"},
]
ORDER = order_of(KEYS)
TEXTS = st.sampled_from(["", "a", "ab", "b", "A", "é", "a\x01", "a/b", "1", "10", "%", "_"])
INTEGERS = st.integers(-120, 120) | st.sampled_from([-(10**12), 10**12, 999, 1000])
DECIMALS = st.decimals(-20, 20, places=2) | st.sampled_from([Decimal("0.5"), Decimal("1e9")])
ROWS = st.lists(st.tuples(INTEGERS | st.none(), TEXTS, DECIMALS), max_size=20, unique=True)


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def literal(key):
    return {"n": INTEGERS.map(str), "t": TEXTS.map(quoted), "d": DECIMALS.map("{:f}".format)}[key]


@st.composite
def comparisons(draw):
    key = draw(st.sampled_from("ntd"))
    one = literal(key)
    kind = draw(st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "in", "between", "null", "like"]))
    negation = draw(st.sampled_from(["", "NOT "]))
    if kind == "in":
        return f"{key} {negation}IN ({', '.join(draw(st.lists(one, min_size=1, max_size=4)))})"
    if kind == "between":
        return f"{key} {negation}between {draw(one)} AND {draw(one)}"
    if kind == "null":
        return f"{key} is {negation}null"
    if kind == "like":
        pattern = "".join(draw(st.lists(st.sampled_from("ab%_1é"), max_size=4)))
        return f"t {negation}LIKE '{pattern}'"
    return f"{negation}{key} {kind} {draw(one)}"


EXPRESSIONS = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: f"({two[0]} AND {two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} or {two[1]})"),
        inner.map(lambda one: f"NOT ({one})"),
    ),
    max_leaves=5,
)


def values_of(row):
    n, t, d = row
    return (
        NULL_PARTITION if n is None else str(n),
        NULL_PARTITION if t is None else t,
        f"{d:f}",
    )


def stored(rows):
    return {sort_key(values_of(row), ORDER): values_of(row) for row in rows}


def found_by_range(rows, expression):
    predicate = compile_expression(expression, KEYS)
    test, kept = predicate.test(), stored(rows)
    return [
        kept[key]
        for low, high in ranges(predicate, ORDER)
        for key in sorted(kept)
        if low <= key < high and test(kept[key])
    ]


@given(rows=ROWS, expression=EXPRESSIONS)
def test_an_expression_finds_what_sqlite_finds(rows, expression):
    database = sqlite3.connect(":memory:")
    database.execute("PRAGMA case_sensitive_like = ON")
    database.execute("CREATE TABLE p (n INTEGER, t TEXT, d REAL, row INTEGER)")
    for number, (n, t, d) in enumerate(rows):
        database.execute("INSERT INTO p VALUES (?, ?, ?, ?)", (n, t, float(d), number))
    expected = {row[0] for row in database.execute(f"SELECT row FROM p WHERE {expression}")}
    database.close()
    found = found_by_range(rows, expression)
    assert sorted(found) == sorted(values_of(rows[number]) for number in expected)


def test_a_null_text_is_null_and_the_text_that_stands_for_it():
    rows = [(1, None, Decimal(1)), (1, "a", Decimal(1))]
    null = [("1", NULL_PARTITION, "1")]
    assert found_by_range(rows, "n = 1 and t is null") == null
    assert found_by_range(rows, f"n = 1 and t = '{NULL_PARTITION}'") == null
    assert found_by_range(rows, f"t <> '{NULL_PARTITION}'") == [("1", "a", "1")]
    assert found_by_range([(None, "a", Decimal(1))], "n is null") == [(NULL_PARTITION, "a", "1")]


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=3), unique=True))
def test_sort_keys_of_numbers_sort_as_the_numbers(numbers):
    keys = [(sort_key((f"{number:f}",), "n"), number) for number in numbers]
    assert [number for _, number in sorted(keys)] == sorted(numbers)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), unique=True))
def test_sort_keys_of_texts_sort_as_the_texts(texts):
    assert [text for _, text in sorted((sort_key((t, "x"), "tt"), t) for t in texts)] == sorted(
        texts
    )


NEARLY_NUMBERS = st.text("01+-.e~x\x00\x01", max_size=4) | st.sampled_from(
    ["1", "01", "1.0", "1.", "+1", "1e0", "0.1", ".1", "0.10", "0", "-0", "0.0", "10", "1e1", "-1"]
)


@given(st.lists(st.tuples(NEARLY_NUMBERS), unique=True))
def test_different_values_have_different_sort_keys(values):
    for order in ("n", "t"):
        assert len({sort_key(one, order) for one in values}) == len(values)


@pytest.mark.parametrize(
    ("expression", "spans"),
    [
        ("n = 5", 1),
        ("n = 5 and t = 'a'", 1),
        ("n in (1, 2, 3) and t in ('a', 'b')", 6),
        ("n between 1 and 3 or n = 9", 2),
        ("n = 1 and n = 2", 0),
        ("t = 'a'", 1),
    ],
)
def test_conditions_on_leading_keys_are_ranges(expression, spans):
    found = ranges(compile_expression(expression, KEYS), ORDER)
    assert len(found) == spans
    everything = expression == "t = 'a'"
    assert all((low == "") == everything for low, _ in found)


@pytest.mark.parametrize(
    ("type_name", "expression", "message"),
    [
        ("int", "k = 'x'", '"x" is not an integer'),
        ("bigint", "k in (2.5)", '"2.5" is not an integer'),
        ("decimal(5,2)", "k > 'x'", "x is not a decimal"),
        ("date", "k = '2024-1-1'", "2024-1-1 is not a date"),
        ("timestamp", "k < 'noon'", "noon is not a timestamp"),
        ("int", "k LIKE '2'", "Integral data type doesn't support operation 'LIKE'"),
        ("decimal", "k LIKE '2'", "Decimal data type doesn't support operation 'LIKE'"),
        ("double", "k = 1", "Unknown type : 'double'"),
        ("boolean", "k = 'true'", "Unknown type : 'boolean'"),
        ("string", "other = 'x'", "Invalid partition expression!"),
    ],
)
def test_what_does_not_fit_a_key_is_refused(type_name, expression, message):
    with pytest.raises(AwsError) as raised:
        compile_expression(expression, [{"Name": "k", "Type": type_name}])
    assert (raised.value.code, raised.value.message) == ("InvalidInputException", message)


@pytest.mark.parametrize(
    ("type_name", "expression", "expected"),
    [
        ("timestamp", "k = '2024-01-02 00:00:00.0'", {"2024-01-02", "2024-01-02 00:00:00"}),
        ("timestamp", "k > timestamp '2024-01-02T00:00'", {"2024-01-02T12:00:00.50"}),
        ("date", "k <= date '2024-01-02'", {"2024-01-02"}),
        ("string", "k >= '2024-01-02 '", {"2024-01-02 00:00:00", "2024-01-02T12:00:00.50"}),
    ],
)
def test_times_compare_as_times_and_texts_as_texts(type_name, expression, expected):
    keys = [{"Name": "k", "Type": type_name}]
    values = ["2024-01-02", "2024-01-02 00:00:00", "2024-01-02T12:00:00.50"]
    if type_name == "date":
        values = ["2024-01-02", "2024-01-03"]
    predicate = compile_expression(expression, keys)
    test = predicate.test()
    found = {
        value
        for low, high in ranges(predicate, "t")
        for value in values
        if low <= sort_key((value,), "t") < high and test((value,))
    }
    assert found == expected
