"""Types of fields: their JSON, how they are written, how two become one; paths to fields."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lakebed.engines.jobs.spark.libraries.awsglue import _paths, _types
from lakebed.engines.jobs.spark.libraries.awsglue import gluetypes as g

ATOMIC = st.sampled_from(
    [g.BinaryType, g.BooleanType, g.ByteType, g.DateType, g.DoubleType, g.FloatType, g.IntegerType,
     g.LongType, g.NullType, g.ShortType, g.StringType, g.TimestampType, g.UnknownType]
).map(lambda one: one())  # fmt: skip
DECIMALS = st.builds(g.DecimalType, st.integers(10, 38), st.integers(0, 10))
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="`"), min_size=1, max_size=8)


def nested(inside):
    fields = st.dictionaries(NAMES, inside, max_size=3)
    choices = st.lists(inside, max_size=3, unique_by=lambda one: one.typeName())
    return st.one_of(
        inside.map(g.ArrayType),
        inside.map(g.SetType),
        inside.map(g.MapType),
        choices.filter(lambda many: not any(isinstance(one, g.ChoiceType) for one in many)).map(
            g.ChoiceType
        ),
        fields.map(lambda many: g.StructType([g.Field(n, one) for n, one in many.items()])),
    )


TYPES = st.recursive(st.one_of(ATOMIC, DECIMALS), nested, max_leaves=8)


@given(TYPES)
def test_json_makes_the_round_trip(one):
    assert g.DataType.fromJsonValue(json.loads(json.dumps(one.jsonValue()))) == one


@given(TYPES, TYPES)
@example(
    g.ChoiceType([g.SetType(g.BinaryType())]),
    g.ChoiceType([g.ArrayType(g.BinaryType()), g.SetType(g.BooleanType())]),
)
def test_merging_does_not_depend_on_the_order_but_for_fields(left, right):
    def shape(one):
        value = one.jsonValue()
        return json.dumps(_without_order(value), sort_keys=True)

    assert shape(_types.merge(left, right)) == shape(_types.merge(right, left))
    assert _types.merge(left, left) == left


def _without_order(value):
    if isinstance(value, dict):
        # What is null and what is unknown are both nothing; sets and arrays differ by name.
        return {k: _without_order(v) for k, v in value.items()} | (
            {"dataType": "null"} if value.get("dataType") == "unknown" else {}
        )
    if isinstance(value, list):
        return sorted((_without_order(one) for one in value), key=lambda one: json.dumps(one))
    return value


def test_json_of_a_type():
    one = g.StructType([g.Field("a", g.ChoiceType([g.StringType(), g.IntegerType()]))])
    assert one.jsonValue() == {
        "dataType": "struct",
        "properties": {},
        "fields": [
            {
                "name": "a",
                "container": {
                    "dataType": "choice",
                    "properties": {},
                    "choices": [
                        {"dataType": "int", "properties": {}},
                        {"dataType": "string", "properties": {}},
                    ],
                },
                "properties": {},
            }
        ],
    }


def test_a_struct_and_a_choice_know_their_parts():
    one = g.StructType([g.Field("a", g.StringType())])
    one.add(g.Field("b", g.LongType()))
    assert one.hasField("b")
    assert one.hasField(g.Field("a", g.LongType()))
    assert one.getField("b").dataType == g.LongType()
    with pytest.raises(ValueError, match="duplicate field a"):
        one.add(g.Field("a", g.LongType()))
    choice = g.ChoiceType([g.StringType()])
    choice.merge([g.LongType(), g.ChoiceType([g.DoubleType()])])
    assert sorted(choice.choices) == ["double", "long", "string"]
    with pytest.raises(ValueError, match="duplicate choice"):
        choice.add(g.StringType())
    with pytest.raises(NotImplementedError):
        g.EntityType(None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Long", g.LongType()),
        ("bigint", g.LongType()),
        ("decimal(12, 3)", g.DecimalType(12, 3)),
        ("varchar(10)", g.StringType()),
        ("array<struct<a:int,b:map<string,double>>>",
         g.ArrayType(g.StructType([g.Field("a", g.IntegerType()),
                                   g.Field("b", g.MapType(g.DoubleType()))]))),
    ],
)  # fmt: skip
def test_types_as_scripts_and_tables_write_them(text, expected):
    assert _types.from_text(text) == expected
    assert _types.from_text(_types.in_catalog(expected)) == expected


@pytest.mark.parametrize("text", ["", "nothing", "array<int", "map<int>", "struct<a>", "int x"])
def test_what_is_no_type(text):
    with pytest.raises(ValueError, match="type|takes|take"):
        _types.from_text(text)


def test_merging_keeps_every_type_once():
    one = _types.merge(g.IntegerType(), g.StringType())
    assert one == g.ChoiceType([g.IntegerType(), g.StringType()])
    assert _types.merge(one, g.IntegerType()) == one
    assert _types.merge(g.NullType(), one) == one
    assert _types.merge(g.DecimalType(5, 2), g.DecimalType(6, 4)) == g.DecimalType(7, 4)


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_paths_make_the_round_trip(names):
    assert _paths.parse(".".join(f"`{name}`" for name in names)) == tuple(names)


def test_paths():
    assert _paths.parse("a.b") == ("a", "b")
    assert _paths.parse("myList[].price") == ("myList", "[]", "price")
    assert _paths.parse("`a.b`.c") == ("a.b", "c")
    assert _paths.text(("a", "[]", "b")) == "a.b"
    for broken in ("", "a.", "`a", "a..b", "`a`b"):
        with pytest.raises(ValueError, match=r"dot|back-tick|empty|named"):
            _paths.parse(broken)
