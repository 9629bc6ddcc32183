"""Condition operators, as AWS's page describes each of them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import pytest

from lakebed.govern.conditions import ConditionError, parsed


def holds(block, **context) -> bool:
    given = {key.replace("__", ":").replace("_", "/"): value for key, value in context.items()}
    return all(one.holds(given) for one in parsed(block, variables=True))


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "expected"),
    [
        ("StringEquals", "a*", "a*", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringEqualsIgnoreCase", "a", "A", True),
        ("StringNotEqualsIgnoreCase", "a", "A", False),
        ("StringLike", "home/*/x?", "home/ann/b/x1", True),
        ("StringLike", "home/?", "home/ann", False),
        ("StringNotLike", "home/*", "home/ann", False),
        ("NumericEquals", "10", "10.0", True),
        ("NumericNotEquals", "10", "10", False),
        ("NumericLessThan", 10, "9", True),
        ("NumericLessThanEquals", "10", "10", True),
        ("NumericGreaterThan", "10", "10", False),
        ("NumericGreaterThanEquals", "10", "11", True),
        ("NumericLessThan", "10", "many", False),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", True),
        ("DateLessThan", "2026-01-01", "2025-12-31T23:59:59+00:00", True),
        ("DateEquals", "1767225600", "2026-01-01T00:00:00Z", True),
        ("DateNotEquals", "1767225600", "2026-01-01T00:00:00Z", False),
        ("DateLessThanEquals", "2026-01-01", "2026-01-01", True),
        ("DateGreaterThanEquals", "2026-01-01", "2025-01-01", False),
        ("Bool", "true", "True", True),
        ("Bool", True, "false", False),
        ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
        ("BinaryEquals", "QmluYXJ5", "not base64!", False),
        ("IpAddress", "203.0.113.0/24", "203.0.113.7", True),
        ("IpAddress", ["10.0.0.0/8", "2001:db8::/32"], "2001:db8::1", True),
        ("IpAddress", "203.0.113.0/24", "nowhere", False),
        ("NotIpAddress", "203.0.113.0/24", "203.0.113.7", False),
        ("ArnLike", "arn:aws:s3:::lake/*", "arn:aws:s3:::lake/a/b", True),
        ("ArnEquals", "arn:aws:iam::*:role/r*", "arn:aws:iam::1:role/reader", True),
        ("ArnLike", "arn:aws:*:role/x", "arn:aws:iam::1:role/x", False),
        ("ArnNotLike", "arn:aws:s3:::lake/*", "arn:aws:s3:::other/a", True),
        ("ArnNotEquals", "arn:aws:s3:::lake", "arn:aws:s3:::lake", False),
        ("Null", "false", "there", True),
        ("Null", "true", "there", False),
        ("stringequals", "a", "a", True),
    ],
)
def test_an_operator(operator, wanted, value, expected):
    assert holds({operator: {"k": wanted}}, k=value) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringEqualsIfExists", True),
        ("StringNotEquals", True),
        ("StringNotEqualsIfExists", True),
        ("NumericLessThan", False),
        ("NumericLessThanIfExists", True),
        ("NotIpAddress", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringEqualsIfExists", True),
    ],
)
def test_a_key_that_the_request_does_not_have(operator, expected):
    assert holds({operator: {"k": "1"}}) is expected


def test_null_asks_whether_a_key_is_there():
    assert holds({"Null": {"k": "true"}}) is True
    assert holds({"Null": {"k": "false"}}) is False


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("ForAllValues:StringEquals", ("a", "b"), True),
        ("ForAllValues:StringEquals", ("a", "z"), False),
        ("ForAnyValue:StringEquals", ("z", "b"), True),
        ("ForAnyValue:StringEquals", ("y", "z"), False),
        ("ForAllValues:StringNotEquals", ("y", "z"), True),
        ("ForAllValues:StringNotEquals", ("a", "z"), False),
        ("ForAnyValue:StringNotEquals", ("a", "z"), True),
        ("ForAnyValue:StringNotEquals", ("a", "b"), False),
        ("ForAllValues:StringLike", (), True),
        ("ForAnyValue:StringLike", (), False),
    ],
)
def test_several_values(operator, values, expected):
    assert holds({operator: {"k": ["a", "b"]}}, k=values) is expected


def test_keys_are_found_whatever_their_case_and_all_must_hold():
    block = {"StringEquals": {"AWS:UserName": "ann", "aws:userid": "1"}}
    assert holds(block, aws__username="ann", aws__userid="1") is True
    assert holds(block, aws__username="ann", aws__userid="2") is False


def test_variables_take_the_values_of_the_request():
    block = {"StringLike": {"s3:prefix": "home/${aws:username}/*"}}
    assert holds(block, s3__prefix="home/ann/a", aws__username="ann") is True
    assert holds(block, s3__prefix="home/ann/a", aws__username="*") is False
    assert holds(block, s3__prefix="home/ann/a") is False
    team = {"StringEquals": {"k": "${aws:PrincipalTag/team, 'none'}"}}
    assert holds(team, k="none") is True


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"StringIs": {"k": "v"}}, "Invalid Condition type : StringIs."),
        ({"ForEach:StringEquals": {"k": "v"}}, "Invalid Condition type : ForEach:StringEquals."),
        (
            {"StringEquals": {"k": {"a": 1}}},
            "The value of a condition must be text, a number or a boolean.",
        ),
    ],
)
def test_what_is_no_condition(block, message):
    with pytest.raises(ConditionError) as refused:
        parsed(block, variables=True)
    assert str(refused.value) == message
