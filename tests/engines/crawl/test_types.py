"""Glue's types as values: read, written, widened; columns of two files merged and compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.engines.crawl import Column
from lakebed.engines.crawl.types import (
    NULL,
    STRING,
    Array,
    GlueType,
    Map,
    Scalar,
    Struct,
    compatible,
    merged,
    merged_all,
    parsed,
    similarity,
    text,
    widened,
)

_NAMES = ["string", "int", "bigint", "smallint", "double", "float", "boolean", "date", "timestamp"]
_DIGITS = st.tuples(st.integers(10, 38), st.integers(0, 10))
_SCALARS = (
    st.sampled_from(_NAMES).map(Scalar)
    | _DIGITS.map(lambda numbers: Scalar("decimal", numbers))
    | st.integers(1, 99).map(lambda length: Scalar("varchar", (length,)))
)
_TYPES: st.SearchStrategy[GlueType] = st.recursive(
    _SCALARS,
    lambda inner: (
        inner.map(Array)
        | st.tuples(_SCALARS, inner).map(lambda pair: Map(*pair))
        | st.dictionaries(st.sampled_from("abcd"), inner, min_size=1).map(
            lambda fields: Struct(tuple(fields.items()))
        )
    ),
    max_leaves=6,
)


def _in_any_order(kind: GlueType) -> object:
    """Return a type as a value in which the order of fields does not count."""
    if isinstance(kind, Struct):
        return frozenset((name, _in_any_order(inner)) for name, inner in kind.fields)
    if isinstance(kind, Array):
        return "array", _in_any_order(kind.element)
    if isinstance(kind, Map):
        return "map", _in_any_order(kind.key), _in_any_order(kind.value)
    return kind


@given(_TYPES)
def test_a_type_survives_its_text(kind: GlueType) -> None:
    assert parsed(text(kind)) == kind


@given(_TYPES)
def test_a_type_with_itself_or_with_null_is_itself(kind: GlueType) -> None:
    assert widened(kind, kind) == widened(kind, NULL) == widened(NULL, kind) == kind


@given(_TYPES, _TYPES)
def test_widening_does_not_depend_on_the_order(left: GlueType, right: GlueType) -> None:
    assert _in_any_order(widened(left, right)) == _in_any_order(widened(right, left))


@given(_TYPES, _TYPES, _TYPES)
def test_widening_does_not_depend_on_the_grouping(a: GlueType, b: GlueType, c: GlueType) -> None:
    assert _in_any_order(widened(widened(a, b), c)) == _in_any_order(widened(a, widened(b, c)))


@pytest.mark.parametrize(
    ("left", "right", "both"),
    [
        ("int", "bigint", "bigint"),
        ("tinyint", "smallint", "smallint"),
        ("int", "double", "double"),
        ("float", "int", "double"),
        ("bigint", "string", "string"),
        ("boolean", "int", "string"),
        ("date", "timestamp", "string"),
        ("decimal(10,2)", "decimal(12,4)", "decimal(12,4)"),
        ("decimal(5,2)", "int", "decimal(12,2)"),
        ("decimal(38,0)", "decimal(38,10)", "double"),
        ("decimal(5,2)", "double", "double"),
        ("varchar(5)", "varchar(10)", "varchar(10)"),
        ("varchar(5)", "char(5)", "string"),
        ("array<int>", "array<string>", "array<string>"),
        ("array<int>", "int", "string"),
        ("struct<a:int>", "struct<A:bigint,b:string>", "struct<a:bigint,b:string>"),
        ("map<string,int>", "map<string,double>", "map<string,double>"),
        ("struct<a:int>", "string", "string"),
        ("void", "array<int>", "array<int>"),
    ],
)
def test_what_two_types_are_together(left: str, right: str, both: str) -> None:
    assert text(widened(parsed(left), parsed(right))) == both


@pytest.mark.parametrize(
    ("given_text", "kind"),
    [
        ("Array<Struct<a:Int, b:String>>",
         Array(Struct((("a", Scalar("int")), ("b", STRING))))),
        ("decimal", Scalar("decimal", (10, 0))),
        ("decimal( 5 )", Scalar("decimal", (5, 0))),
        ("struct<a:decimal(5,2),b:map<string,int>>",
         Struct((("a", Scalar("decimal", (5, 2))), ("b", Map(STRING, Scalar("int")))))),
        ("array<int", Scalar("array<int")),
        ("map<string>", Scalar("map<string>")),
        ("uniontype<int,string>", Scalar("uniontype<int,string>")),
        ("array<" * 5000, Scalar("array<" * 5000)),
        ("array<" * 5000 + "int" + ">" * 5000, Scalar("array<" * 5000 + "int" + ">" * 5000)),
    ],
)  # fmt: skip
def test_reading_a_text(given_text: str, kind: GlueType) -> None:
    assert parsed(given_text) == kind


def _columns(*pairs: str) -> tuple[Column, ...]:
    return tuple(Column(*pair.split(" ")) for pair in pairs)


def test_columns_are_merged_by_name_in_the_order_of_first_sight() -> None:
    left, right = _columns("id int", "name string"), _columns("extra double", "id bigint")
    assert merged(left, right) == _columns("id bigint", "name string", "extra double")
    assert merged(left, list(left)) == left
    assert merged_all([left, right, left]) == merged(left, right)
    assert merged_all([]) == ()


def test_a_comment_is_kept() -> None:
    assert merged((Column("a", "int", "mine"),), _columns("a double")) == (
        Column("a", "double", "mine"),
    )


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(_NAMES)))
def test_similarity_of_columns_with_themselves_is_one(kinds: dict[str, str]) -> None:
    columns = [Column(name, kind) for name, kind in kinds.items()]
    assert similarity(columns, columns[::-1]) == 1.0


def test_similarity_is_the_share_of_columns_in_common() -> None:
    left = _columns("a int", "b int", "c int", "d int")
    assert similarity(left, _columns("a int", "b int", "c int", "e int")) == 0.75
    assert similarity(left, _columns("a int", "b int", "c int", "d string")) == 0.75
    assert similarity(left, _columns("a int")) == 0.25
    assert similarity(left, ()) == 0.0
    assert similarity((), ()) == 1.0


def test_compatible_schemas_have_no_column_both_nested_and_plain() -> None:
    left = _columns("a int", "b struct<x:int,y:array<int>>", "c map<string,int>")
    assert compatible(left, _columns("a string", "d double"))
    assert compatible(left, _columns("b struct<x:string>", "c map<string,string>"))
    assert not compatible(left, _columns("a array<int>"))
    assert not compatible(left, _columns("b struct<y:int>"))
    assert not compatible(left, _columns("c map<string,array<int>>"))
