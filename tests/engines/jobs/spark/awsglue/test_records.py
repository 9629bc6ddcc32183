"""Values and their types, JSON, XML, grok patterns, listings and bookmarks: without Spark."""

import datetime
import decimal
import json
import math
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.engines.jobs.spark.libraries.awsglue import _bookmarks as b
from lakebed.engines.jobs.spark.libraries.awsglue import (
    _grok,
    _ion,
    _json,
    _listing,
    _records,
    _xml,
)
from lakebed.engines.jobs.spark.libraries.awsglue import gluetypes as g

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(1 << 63), (1 << 63) - 1), st.text(max_size=5),
    st.floats(allow_nan=False), st.dates(), st.binary(max_size=5),
    st.datetimes(min_value=datetime.datetime(1970, 1, 2)),
)  # fmt: skip
RECORDS = st.dictionaries(
    st.text(min_size=1, max_size=4),
    st.recursive(
        SCALARS,
        lambda inside: st.one_of(
            st.lists(inside, max_size=3),
            st.dictionaries(st.text(min_size=1, max_size=3), inside, max_size=3),
        ),
        max_leaves=6,
    ),
    max_size=4,
)


def typed(value, kind):
    """Return a record with null for the fields that only others have."""
    if value is None:
        return None
    if isinstance(kind, g.ChoiceType):
        one = _records.Shape()
        one.see(value)
        return typed(value, kind.choices[one.type(kind).typeName()])
    if isinstance(kind, g.StructType):
        return {f.name: typed(value.get(f.name), f.dataType) for f in kind.fields}
    if isinstance(kind, g.ArrayType):
        return [typed(one, kind.elementType) for one in value]
    return value


@given(st.lists(RECORDS, max_size=4))
def test_records_make_the_round_trip_through_their_common_type(records):
    shape = _records.Shape()
    for record in records:
        shape.see(record)
    kind = shape.struct()
    for record in records:
        assert _records.decode(_records.encode(record, kind), kind) == typed(record, kind)


@given(st.lists(RECORDS, max_size=4), st.integers(0, 4))
def test_shapes_of_parts_add_up(records, at):
    whole, first, second = _records.Shape(), _records.Shape(), _records.Shape()
    for record in records:
        whole.see(record)
    for record in records[:at]:
        first.see(record)
    for record in records[at:]:
        second.see(record)
    assert first.add(second).struct() == whole.struct()


def test_hints_keep_types_that_values_do_not_show():
    shape = _records.Shape()
    shape.see({"a": 1, "b": 1.0, "c": decimal.Decimal("1.5"), "d": None, "e": 1 << 40})
    before = g.StructType(
        [g.Field("a", g.LongType()), g.Field("b", g.FloatType()), g.Field("e", g.IntegerType()),
         g.Field("c", g.DecimalType(10, 2)), g.Field("d", g.DateType())]
    )  # fmt: skip
    assert [(f.name, f.dataType) for f in shape.struct(before)] == [
        ("a", g.LongType()), ("b", g.FloatType()), ("e", g.LongType()),
        ("c", g.DecimalType(10, 2)), ("d", g.DateType()),
    ]  # fmt: skip


def test_a_value_without_a_type_is_an_error():
    with pytest.raises(TypeError, match="holds a object"):
        _records.Shape().see({"a": object()})


def test_a_record_has_its_fields_as_attributes():
    one = _records.DynamicRecord({"a": 1})
    assert one.a == 1
    with pytest.raises(KeyError):
        _ = one.b
    assert not hasattr(one, "b")


@given(st.lists(RECORDS.map(lambda one: json.loads(json.dumps(one, default=str))), max_size=3))
def test_json_values_one_after_another(records):
    for between in ("", "\n", " , "):
        assert list(_json.values(between.join(map(json.dumps, records)))) == records
    pick = _json.path("$.all[*]")
    assert list(_json.records(json.dumps({"all": records}), pick)) == records


def test_json_paths():
    value = {"a": [{"b c": 1}, {"b c": 2}], "x": {"y": 3}}
    assert list(_json.path("$.a[1]['b c']")(value)) == [2]
    assert list(_json.path("$.a['b c']")(value)) == [1, 2]
    assert list(_json.path("$.*.y")(value)) == [3]
    assert list(_json.path(None)(value)) == [value]
    with pytest.raises(NotImplementedError, match=r"the JsonPath expression \$\.a\[\?\(@\.b\)\]"):
        _json.path("$.a[?(@.b)]")
    with pytest.raises(ValueError, match="begins with"):
        _json.path("a.b")
    with pytest.raises(ValueError, match="must be an object"):
        list(_json.records("1", _json.path(None)))


def xml(text: str, **options):
    return list(_xml.records(text.encode(), _xml.Rules.of({"rowTag": "r", **options})))


def test_xml_options():
    assert xml("<a><r k=' 7 '>x</r></a>") == [{"_k": 7, "_VALUE": "x"}]
    given = {"attributePrefix": "@", "valueTag": "#", "ignoreSurroundingSpaces": True}
    assert xml("<a><r k=' q '> x </r></a>", **given) == [{"@k": "q", "#": "x"}]
    assert xml("<a><r k='1'><v>true</v></r></a>", excludeAttribute="true") == [{"v": True}]
    assert xml("<r><v> </v></r>") == [{"v": " "}]
    assert xml("<r><v> </v></r>", treatEmptyValuesAsNulls=True) == [{"v": None}]
    assert xml("<r><v>-</v><w/></r>", nullValue="-") == [{"v": None, "w": ""}]
    assert xml("<r><r><x>1</x></r></r>") == [{"r": {"x": 1}}]
    assert xml("<n:r xmlns:n='u'><n:x>1e3</n:x></n:r>") == [{"x": 1000.0}]
    with pytest.raises(ValueError, match="malformed XML"):
        xml("<r><x></r>")


def test_ion():
    text = b'{id: 1, s: "x", y: sym, n: null.int, l: [1, null, 2.5e0], b: true} {id: 2}'
    assert list(_ion.records(text)) == [
        {"id": 1, "s": "x", "y": "sym", "n": None, "l": [1, None, 2.5], "b": True}, {"id": 2}
    ]  # fmt: skip
    assert list(_ion.records(b"{b: true}"))[0]["b"] is True
    _ion.check()


def test_grok():
    grok = _grok.Grok({"logFormat": "%{IP:ip} %{NUMBER:n:int} %{GREEDYDATA:rest}"})
    assert grok.record("10.0.0.1 - x") is None
    assert grok.record("10.0.0.1 3.5 -") == {"ip": "10.0.0.1", "n": "3.5", "rest": None}
    with pytest.raises(ValueError, match="pattern NOPE is not known"):
        _grok.Grok({"logFormat": "%{NOPE}"})
    with pytest.raises(ValueError, match="stands in itself"):
        _grok.Grok({"logFormat": "%{A}", "customPatterns": "A %{A}"})
    for name in _grok._LIBRARY:
        re.compile(_grok.Grok({"logFormat": f"%{{{name}}}"})._expression)


@pytest.mark.parametrize(
    ("pattern", "fits", "fits_not"),
    [
        ("*.csv", "a.csv", "d/a.csv"),
        ("**.csv", "d/a.csv", "d/a.csvx"),
        ("d?/[!a-c]*", "d1/x", "d1/a"),
        ("**/{x,y*}/z", "a/b/yes/z", "a/x/q"),
        ("a,b", "a,b", "a"),
    ],
)
def test_patterns(pattern, fits, fits_not):
    assert _listing.glob(pattern).fullmatch(fits)
    assert not _listing.glob(pattern).fullmatch(fits_not)


FILES = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 4)), max_size=12, unique_by=lambda f: f[0]
)


def listed(files):
    return [_listing.Listed(name, 1, float(at), f"{name}{at}") for name, at in files]


@given(FILES, st.data())
def test_a_range_is_what_lies_between_two_states(files, data):
    whole = sorted(listed(files), key=lambda one: (one.modified, one.path))
    cuts = sorted(data.draw(st.tuples(*[st.integers(0, len(whole))] * 2)))
    first, last = b.after(whole[: cuts[0]], {}), b.after(whole[: cuts[1]], {})
    assert b.unread(whole, first, last) == whole[cuts[0] : cuts[1]]


def test_a_million_keys_cost_little():
    many = [_listing.Listed(f"s3://b/k{at}", 1, float(at // 100), "e") for at in range(1_000_000)]
    started = time.process_time()
    state = b.after(b.unread(many, {}), {})
    assert b.unread(many, state) == []
    assert time.process_time() - started < 4
    assert len(state["files"]) == b.BAND_FILES_MAX
    assert math.isclose(state["modified"], 9999)
