"""The language of event patterns: AWS's examples, and properties."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.services.events._pattern_filters import PatternError
from lakebed.services.events._patterns import matches, parse_event, parse_pattern


def fits(pattern, event):
    as_text = pattern if isinstance(pattern, str) else json.dumps(pattern)
    text = event if isinstance(event, str) else json.dumps(event)
    return matches(parse_pattern(as_text), parse_event(text))


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


def test_numbers_match_as_they_are_written():
    assert fits('{"a": [300]}', '{"a": 300}')
    assert not fits('{"a": [300]}', '{"a": 300.0}')
    assert not fits('{"a": [300]}', '{"a": 3.0e2}')
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
        ('{"a": [1], "a": [2]}', "Path `a` cannot be allowed multiple times"),
        ('{"a": [[1]]}', "Match value must be String, number, true, false, or null"),
        ('{"a": [{"prefix": "a", "suffix": "b"}]}', "Only one key allowed in match expression"),
        ('{"a": [{}]}', "Only one key allowed in match expression"),
        ('{"a": [{"like": "x"}]}', "Unrecognized match type like"),
        ('{"a": [{"prefix": 1}]}', "prefix match pattern must be a string"),
        ('{"a": [{"prefix": {"x": "y"}}]}', "prefix match pattern must be a string"),
        ('{"a": [{"suffix": 1}]}', "suffix match pattern must be a string"),
        ('{"a": [{"equals-ignore-case": 1}]}', "equals-ignore-case match pattern must be"),
        ('{"a": [{"exists": 1}]}', "exists match pattern must be either true or false."),
        ('{"a": [{"wildcard": 1}]}', "wildcard match pattern must be a string"),
        ('{"a": [{"wildcard": "a**"}]}', "Consecutive wildcard characters at pos 1"),
        ('{"a": [{"wildcard": "a\\\\b"}]}', "Invalid escape character at pos 1"),
        ('{"a": [{"wildcard": "a\\\\"}]}', "Invalid escape character at pos 1"),
        ('{"a": [{"cidr": "x"}]}', "Malformed CIDR"),
        ('{"a": [{"cidr": 1}]}', "prefix match pattern must be a string"),
        ('{"a": [{"numeric": 1}]}', "Value of numeric must be an array."),
        ('{"a": [{"numeric": [">"]}]}', "Invalid member in numeric match"),
        ('{"a": [{"numeric": [1, 2]}]}', "Invalid member in numeric match: 1"),
        ('{"a": [{"numeric": ["~", 2]}]}', "Unrecognized numeric range operator: ~"),
        ('{"a": [{"numeric": ["=", "2"]}]}', "Value of equals must be numeric"),
        ('{"a": [{"numeric": [">", 2, ">", 3]}]}', "Too many terms in numeric range expression"),
        ('{"a": [{"numeric": [">", 3, "<", 3]}]}', "Bottom must be less than top"),
        ('{"a": [{"numeric": [">", 3, "<", 4, "<", 5]}]}', "Too many elements in numeric"),
        ('{"a": [{"numeric": [">", 6e9]}]}', "Value must be between -5.0E9 and 5.0E9"),
        ('{"a": [{"anything-but": true}]}', "Value of anything-but must be an array or single"),
        ('{"a": [{"anything-but": []}]}', "Empty arrays are not allowed"),
        ('{"a": [{"anything-but": [1, "a"]}]}', "Inside anything but list"),
        ('{"a": [{"anything-but": {"cidr": "x"}}]}', "Unsupported anything-but pattern: cidr"),
        ('{"a": [{"anything-but": {"prefix": ""}}]}', "Null prefix/suffix not allowed"),
        ('{"a": [{"anything-but": {"prefix": 1}}]}', "prefix match pattern must be a string"),
        ('{"$or": [{"a": [1]}]}', "There must have at least 2 Objects in $or relationship."),
        ('{"$or": [1, 2]}', "Only objects are allowed in $or relationship."),
    ],
)
def test_what_is_no_pattern_says_why(pattern, reason):
    with pytest.raises(PatternError) as error:
        parse_pattern(pattern)
    assert reason in str(error.value)


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
