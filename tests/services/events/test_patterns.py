"""The language of event patterns: AWS's examples, and properties."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.services.events._pattern_filters import PatternError
from lakebed.services.events._patterns import event_fields, matches, parse_pattern


def fits(pattern, event):
    as_text = pattern if isinstance(pattern, str) else json.dumps(pattern)
    text = event if isinstance(event, str) else json.dumps(event)
    return matches(parse_pattern(as_text), event_fields(text))


def of(*values):
    return {"a": list(values)}


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (of("x"), ["x", ["y", "x"], [["x"]]], ["X", 1, None, True, {"x": 1}, [], ["y"]]),
        (of(None), [None, [None]], ["", "null", 0, False]),
        (of(True), [True], [False, 1, "true"]),
        (of(1), [1], ["1", True, 2, 1.5]),
        (of("x", 2), ["x", 2], ["2", "y"]),
        (of({"prefix": "ab"}), ["ab", "abc", ["x", "abx"]], ["a", "Ab", 1, None]),
        (of({"prefix": {"equals-ignore-case": "aB"}}), ["ab", "ABx"], ["a", 1]),
        (of({"suffix": ".png"}), [".png", "a.png"], [".PNG", "png", 1]),
        (of({"suffix": {"equals-ignore-case": ".png"}}), ["a.PNG"], ["a.gif"]),
        (of({"equals-ignore-case": "ab"}), ["AB", "ab"], ["abc", 1]),
        (of({"anything-but": "x"}), ["y", 1, None, ["x", "y"]], ["x", ["x"], []]),
        (of({"anything-but": ["x", "y"]}), ["z"], ["x", "y"]),
        (of({"anything-but": [1, 2]}), [3, "1"], [1, 2]),
        (of({"anything-but": {"prefix": "ab"}}), ["b", 1], ["abc"]),
        (of({"anything-but": {"prefix": ["ab", "c"]}}), ["b"], ["abc", "cd"]),
        (of({"anything-but": {"suffix": [".a"]}}), ["b"], ["x.a"]),
        (of({"anything-but": {"equals-ignore-case": ["x"]}}), ["y"], ["X"]),
        (of({"anything-but": {"wildcard": "*/lib/*"}}), ["a/b"], ["a/lib/b"]),
        (of({"numeric": ["=", 3.018e2]}), [301.8, 3.018e2], ["301.8", 301]),
        (of({"numeric": [">", 0, "<=", 5]}), [0.1, 5, 5.0], [0, 5.1, -1]),
        (of({"numeric": ["<", -1]}), [-2], [-1, 0]),
        (of({"exists": True}), ["x", None, 0, ["x"]], [[], {"b": 1}]),
        (of({"exists": False}), [[], {"b": 1}], ["x", None, 0]),
        (of({"exists": False}, "x"), ["x", []], ["y"]),
        (of({"cidr": "10.0.0.0/24"}), ["10.0.0.0", "10.0.0.255"], ["10.0.1.0", "x", 1]),
        (of({"cidr": "2001:db8::/32"}), ["2001:db8::1"], ["2001:db9::1", "10.0.0.1"]),
        (of({"wildcard": "*.txt"}), [".txt", "a.txt"], ["a.txt.", "a"]),
        (of({"wildcard": "a*b*c"}), ["abc", "axbxc", "abbc"], ["ab", "acb", "xabc"]),
        (of({"wildcard": "a\\*b"}), ["a*b"], ["axb", "a\\*b"]),
        (of({"wildcard": "a\\\\*"}), ["a\\", "a\\x"], ["a*"]),
        ({"a": {"b": [1], "c": [2]}},
         [{"b": 1, "c": 2}, [{"b": 1, "c": 2}, {}]],
         [{"b": 1}, [{"b": 1}, {"c": 2}], "b"]),
        ({"a": {"b": [{"exists": False}]}}, [{}, {"c": 1}, "x", [{"c": 1}]],
         [{"b": 1}, [{"c": 1}, {"b": 1}]]),
        ({"$or": [of("x"), {"a": [{"prefix": "y"}]}]}, ["x", "yy"], ["z"]),
        ({"a": {"$or": [{"b": [1]}, {"c": [2]}], "d": [3]}},
         [{"b": 1, "d": 3}, {"c": 2, "d": 3}], [{"d": 3}, {"b": 1, "c": 2}]),
    ],
)  # fmt: skip
def test_a_pattern_fits_what_aws_says_it_fits(pattern, yes, no):
    assert [one for one in yes if not fits(pattern, {"a": one})] == []
    assert [one for one in no if fits(pattern, {"a": one})] == []


def test_numbers_match_by_what_they_mean():
    for number in ("300", "300.0", "3.0e2"):
        assert fits('{"a": [300]}', f'{{"a": {number}}}')
        assert not fits('{"a": [{"anything-but": [300]}]}', f'{{"a": {number}}}')
    huge = f"1e{'9' * 30}"
    assert fits(f'{{"a": [{huge}]}}', f'{{"a": {huge}}}')
    assert not fits('{"a": [{"numeric": [">", 1]}]}', f'{{"a": {huge}}}')
    assert fits('{"a": [{"numeric": ["=", 300]}]}', '{"a": 3.0e2}')


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("{", "it is no JSON"),
        ("[]", "Filter is not an object"),
        ("{}", "Empty objects are not allowed"),
        ('{"a": {}}', "Empty objects are not allowed"),
        ('{"a": []}', "Empty arrays are not allowed"),
        ('{"a": "x"}', '"a" must be an object or an array'),
        ('{"a": [NaN]}', "NaN is no value of JSON"),
        ('{"a": ' * 120 + "[1]" + "}" * 120, "it has more than 100 levels"),
        ('{"%s": [1]}' % ("." * 4000), "it has more than 100 levels"),
        ('{"a": [[1]]}', "Match value must be String, number, true, false, or null"),
        ('{"a": [{"prefix": "a", "suffix": "b"}]}', "Only one key allowed in match expression"),
        ('{"a": [{}]}', "Match expression name not found"),
        ('{"a": [{"like": "x"}]}', "Unrecognized match type like"),
        ('{"a": [{"prefix": 1}]}', "prefix match pattern must be a string"),
        ('{"a": [{"prefix": {"x": "y"}}]}', "Unsupported prefix pattern: x"),
        ('{"a": [{"suffix": {"equals-ignore-case": 1}}]}', "equals-ignore-case match pattern"),
        ('{"a": [{"suffix": {"equals-ignore-case": "a", "b": 1}}]}', "Only one key allowed"),
        ('{"a": [{"suffix": 1}]}', "suffix match pattern must be a string"),
        ('{"a": [{"equals-ignore-case": 1}]}', "equals-ignore-case match pattern must be"),
        ('{"a": [{"exists": 1}]}', "exists match pattern must be either true or false."),
        ('{"a": [{"wildcard": 1}]}', "wildcard match pattern must be a string"),
        ('{"a": [{"wildcard": "a**"}]}', "Consecutive wildcard characters at pos 2"),
        ('{"a": [{"wildcard": "\u00e9**"}]}', "Consecutive wildcard characters at pos 3"),
        ('{"a": [{"wildcard": "*:*:*:*:*:*"}]}', "Rule is too complex"),
        ('{"a": [{"wildcard": "a\\\\b"}]}', "Invalid escape character at pos 2"),
        ('{"a": [{"wildcard": "a\\\\"}]}', "Invalid escape character at pos 2"),
        ('{"a": [{"cidr": "x"}]}', "Malformed CIDR, one '/' required"),
        ('{"a": [{"cidr": "10.0.0.0/8/8"}]}', "Malformed CIDR, one '/' required"),
        ('{"a": [{"cidr": "10.0.0.0/x"}]}', "Malformed CIDR, mask bits must be an integer"),
        ('{"a": [{"cidr": "10.0.0.0/-1"}]}', "Malformed CIDR, mask bits must not be negative"),
        ('{"a": [{"cidr": "10.0.0/8"}]}', "Nonstandard IP address: 10.0.0"),
        ('{"a": [{"cidr": "10.0.0.0/32"}]}', "IPv4 mask bits must be < 32"),
        ('{"a": [{"cidr": "::/128"}]}', "IPv6 mask bits must be < 128"),
        ('{"a": [{"cidr": 1}]}', "prefix match pattern must be a string"),
        ('{"a": [{"numeric": 1}]}', "Value of numeric must be an array."),
        ('{"a": [{"numeric": [">"]}]}', "Value of > must be numeric"),
        ('{"a": [{"numeric": []}]}', "Invalid member in numeric match: ]"),
        ('{"a": [{"numeric": [">", 1, 2, 3]}]}', "Bad value in numeric range: 2"),
        ('{"a": [{"numeric": ["<", 1, ">", 0]}]}', "Too many elements in numeric expression"),
        ('{"a": [{"numeric": [">", 1, "<"]}]}', "Value of < must be numeric"),
        ('{"a": [{"numeric": [1, 2]}]}', "Invalid member in numeric match: 1"),
        ('{"a": [{"numeric": ["~", 2]}]}', "Unrecognized numeric range operator: ~"),
        ('{"a": [{"numeric": ["=", "2"]}]}', "Value of equals must be numeric"),
        ('{"a": [{"numeric": [">", 2, ">", 3]}]}', "Bad numeric range operator: >"),
        ('{"a": [{"numeric": [">", 3, "<", 3]}]}', "Bottom must be less than top"),
        ('{"a": [{"numeric": [">", 3, "<", 4, "<", 5]}]}', "Too many terms in numeric"),
        ('{"a": [{"numeric": [">", 6e9]}]}', "Value must be between -5.0E9 and 5.0E9"),
        ('{"a": [{"anything-but": true}]}', "Value of anything-but must be an array or single"),
        ('{"a": [{"anything-but": []}]}', "Inside anything but list, either all values are"),
        ('{"a": [{"anything-but": [null]}]}', "Inside anything but list, start|null|boolean is"),
        ('{"a": [{"anything-but": {}}]}', "Anything-But expression name not found"),
        ('{"a": [{"anything-but": {"prefix": {}}}]}', "Value of anything-but must be an array"),
        ('{"a": [{"anything-but": {"prefix": "a", "b": 1}}]}', "Too many elements in numeric"),
        ('{"a": [{"anything-but": {"equals-ignore-case": [1]}}]}', "Inside anything-but/equals-"),
        ('{"a": [{"anything-but": {"wildcard": [1]}}]}', "wildcard match pattern must be a"),
        ('{"a": [{"anything-but": [1, "a"]}]}', "Inside anything but list"),
        ('{"a": [{"anything-but": {"cidr": "x"}}]}', "Unsupported anything-but pattern: cidr"),
        ('{"a": [{"anything-but": {"prefix": ""}}]}', "Null prefix/suffix not allowed"),
        (
            '{"a": [{"anything-but": {"prefix": 1}}]}',
            "prefix/suffix match pattern must be a string",
        ),
        ('{"$or": {"a": [1]}}', "It must be an Array followed with $or."),
        ('{"$or": [{"prefix": [1]}, {"a": [1]}]}', "prefix is Ruler reserved fieldName which"),
        ('{"$or": [{"a": [1]}]}', "There must have at least 2 Objects in $or relationship."),
        ('{"$or": [1, 2]}', "Only JSON object is allowed in array of $or relationship."),
    ],
)
def test_what_is_no_pattern_says_why(pattern, reason):
    with pytest.raises(PatternError) as error:
        parse_pattern(pattern)
    assert reason in str(error.value)


def test_names_with_dots_are_paths():
    assert fits('{"a": {"b": {"c": [1]}}}', '{"a.b": {"c": 1}}')
    assert fits('{"a.b.c": [1], "a.b": {"d": [2]}}', '{"a": {"b": {"c": 1, "d": 2}}}')
    assert not fits('{"a.b": {"b": [1]}}', '{"a": {"b": 1}}')
    assert fits('{"a.b": [{"exists": false}]}', '{"a": {"c": 1}}')
    assert not fits('{"a.b": [{"exists": false}]}', '{"a": {"b": 1}}')


def test_of_a_path_named_twice_a_pattern_has_the_last_and_an_event_both():
    for number, is_fit in ((1, False), (2, True)):
        assert fits('{"a.b": [1], "a": {"b": [2]}}', f'{{"a": {{"b": {number}}}}}') is is_fit
        assert fits('{"a": [1], "a": [2]}', f'{{"a": {number}}}') is is_fit
        assert fits(f'{{"a": {{"b": [{number}]}}}}', '{"a.b": 1, "a": {"b": 2}}')
    assert not fits('{"a": [3]}', '{"a": 1, "a": 2}')


SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab*\\", max_size=4)
NAMES = st.sampled_from("abc")
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.dictionaries(NAMES, VALUES, max_size=3)


def leaves(value):
    return [leaf for one in value for leaf in leaves(one)] if isinstance(value, list) else (
        [] if isinstance(value, dict) else [value]
    )  # fmt: skip


@given(EVENTS, SCALARS)
def test_a_value_fits_if_the_field_has_it(event, value):
    has = any(type(one) is type(value) and one == value for one in leaves(event.get("a", [])))
    assert fits({"a": [value]}, event) == has


@given(EVENTS)
def test_a_field_is_there_or_it_is_not(event):
    there, absent = {"a": [{"exists": True}]}, {"a": [{"exists": False}]}
    assert fits(there, event) != fits(absent, event)


@given(EVENTS, st.lists(st.text("ab", max_size=2), min_size=1, max_size=2))
def test_anything_but_is_some_other_value(event, values):
    other = [one for one in leaves(event.get("a", [])) if one not in values]
    assert fits({"a": [{"anything-but": values}]}, event) == bool(other)


@given(EVENTS, st.integers(-9, 9), st.integers(-9, 9))
def test_alternatives_are_what_either_fits(event, one, other):
    first, second = {"a": [{"numeric": [">", one]}]}, {"b": [{"numeric": ["<=", other]}]}
    either = fits(first, event) or fits(second, event)
    assert fits({"$or": [first, second]}, event) == either
    assert fits({**first, **second}, event) == (fits(first, event) and fits(second, event))


@given(st.text("ab*", max_size=6).filter(lambda one: "**" not in one), st.text("ab", max_size=8))
def test_stars_stand_for_any_text(pattern, text):
    assert fits({"a": [{"wildcard": pattern}]}, {"a": text}) == fnmatchcase(text, pattern)


@given(VALUES, VALUES)
def test_whatever_is_given_is_a_pattern_or_says_why(pattern, event):
    try:
        found = fits({"a": pattern}, {"a": event})
    except PatternError as error:
        found = str(error)
    assert isinstance(found, bool) or len(found) > 10
