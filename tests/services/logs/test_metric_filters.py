"""Filter patterns, each with messages that match and messages that do not; cases from AWS's guide.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.errors import AwsError
from lakebed.services.logs._filter_pattern import compile_pattern
from tests.services.glue.test_databases import body, error_of

TRAIL = json.dumps(
    {
        "eventType": "UpdateTrail",
        "sourceIPAddress": "111.111.111.111",
        "arrayKey": ["value", "another value"],
        "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
        "SomeObject": None,
        "ThisFlag": True,
        "latency": 512.5,
        "a.b": "dotted",
    }
)
USERS = json.dumps(
    {
        "user": {"id": 1, "email": "John.Stiles@example.com"},
        "users": [
            {"id": 2, "email": "John.Doe@example.com"},
            {"id": 3, "email": "Jane.Doe@example.com"},
        ],
        "actions": ["GET", "PUT", "DELETE"],
        "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]],
    }
)
APACHE = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'

CASES = [
    ("ERROR", ["[ERROR] A fatal", "ERRORCODE: -1"], ["error", "warn"]),
    ('"ERROR" -"Exiting"', ["[ERROR] A fatal"], ["Exiting with ERRORCODE: -1"]),
    ("ERROR Exception", ["[ERROR] Caught IllegalArgumentException"], ["ERROR", "Exception"]),
    ("?ERROR ?WARN", ["ERROR WARN", "ERROR", "WARN"], ["INFO"]),
    ("ERROR -WARN", ["ERROR message"], ["ERROR WARN message", "WARN"]),
    ("-WARN", ["ERROR message"], ["ERROR WARN message"]),
    ("?ERROR WARN", ["WARN"], ["ERROR"]),
    ('"INTERNAL SERVER ERROR"', ["500 INTERNAL SERVER ERROR"], ["SERVER INTERNAL ERROR"]),
    (r'"say \"hi\""', ['say "hi"'], ["say hi"]),
    ("%AUTHORI[ZS]ED%", ["UNAUTHORIZED", "AUTHORISED"], ["authorized"]),
    (r"%10\.10\.0\.1$%", ["from 10.10.0.1"], ["10.10.0.12"]),
    ('{ $.eventType = "UpdateTrail" }', [TRAIL], [USERS, "UpdateTrail", "{}"]),
    ("{ $.eventType = Update* }", [TRAIL], [USERS]),
    ("{ $.eventType = *Trail }", [TRAIL], [USERS]),
    ("{ $.eventType = *ateT* }", [TRAIL], [USERS]),
    ("{ $.eventType = Up*ail }", [], [TRAIL]),
    ("{ $.sourceIPAddress != 123.123.* }", [TRAIL], [USERS]),
    ('{ $.arrayKey[0] = "value" }', [TRAIL], [USERS]),
    ("{ $.objectList[1].id = 2 }", [TRAIL], [USERS]),
    ("{ $.objectList[2].id = 2 }", [], [TRAIL]),
    ("{ $.SomeObject IS NULL }", [TRAIL], [USERS]),
    ("{ $.SomeOtherObject NOT EXISTS }", [TRAIL, USERS], ["no json"]),
    ("{ $.ThisFlag IS TRUE }", [TRAIL], [USERS]),
    ("{ $.ThisFlag IS FALSE }", [], [TRAIL, USERS]),
    ("{ $.ThisFlag = 1 }", [], [TRAIL]),
    ("{ $.ThisFlag = true }", [TRAIL], [USERS]),
    ('{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', [USERS], [TRAIL]),
    ('{ ($.user.id = 2 && $.users[0].email = "x") || $.actions[2] = "GET" }', [], [USERS]),
    (
        '{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch && '
        "$.actions[2] = nomatch }",
        [USERS],
        [TRAIL],
    ),
    (
        '{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch) && '
        "$.actions[2] = nomatch }",
        [],
        [USERS],
    ),
    ("{ $.users = 1 }", [], [USERS]),
    ("{ $.users != 1 }", [], [USERS]),
    ("{ $.latency >= 500 }", [TRAIL], [USERS]),
    ("{ $.latency < 10e3 }", [TRAIL], []),
    ("{ $.latency = 512.5 }", [TRAIL], []),
    ("{ $.latency > +1000 }", [], [TRAIL]),
    ("{ $.latency = * }", [TRAIL], [USERS]),
    ("{ $.['a.b'] = dotted }", [TRAIL], [USERS]),
    ("{ $.eventType = %^Upd.*l$% }", [TRAIL], [USERS]),
    ("[ip, user, username, timestamp, request, status_code, bytes]", [APACHE], ["a b c", ""]),
    ("[..., status_code, bytes]", [APACHE, "404 1"], ["1"]),
    ("[ip, user, ...]", [APACHE, "a b"], ["a"]),
    ("[ip, user, ..., status_code = 4*, bytes > 1000]", [APACHE], [APACHE.replace("404", "200")]),
    ("[..., status_code = 4* && status_code != 404, bytes]", [], [APACHE]),
    ("[..., request = *html*, status_code = 200 || status_code = 404, bytes]", [APACHE], []),
    ("[w1=ERROR, w2]", ["ERROR message"], ["ERROR WARN message", "WARN message"]),
    ("[w1=ERROR || w1=WARN, w2]", ["ERROR message", "WARN message"], ["INFO message"]),
    ("[w1!=ERROR&&w1!=WARN, w2]", ["INFO message"], ["ERROR message", "WARN message"]),
    ("[..., code = %4[0-9]{2}%]", ["GET / 404", "404"], ["GET / 200"]),
    ("", ["anything", " "], []),
    ('" "', ["two words"], ["one"]),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "fits", "others"), CASES)
def test_a_pattern_matches_what_the_guide_says(pattern, fits, others):
    compiled = compile_pattern(pattern)
    assert [message for message in fits + others if compiled.matches(message)] == fits


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("a-b", "Invalid character(s) in term 'a-b'"),
        ('"open', "Invalid filter pattern"),
        ("{ $.a = 1", "Invalid filter pattern"),
        ("{ $.a = 1 } x", "Invalid filter pattern"),
        ("{ $.a ~ 1 }", "Invalid filter pattern"),
        ("{ $.a > x }", "Invalid filter pattern"),
        ("{ a = 1 }", "Invalid filter pattern"),
        ("{" + "(" * 50, "Invalid filter pattern"),
        ("[a, b", "Invalid filter pattern"),
        ("[..., a, ...]", "Invalid filter pattern"),
        ("[a = 1 && b = 2]", "Invalid filter pattern"),
        (
            "%(a)%",
            "Invalid filter pattern: the regular expression %(a)% is not supported",
        ),
        (
            "{ $.a = %a% && $.b = %b% && $.c = %c% }",
            "Invalid filter pattern: too many regular expressions",
        ),
    ],
)
def test_what_is_no_pattern_is_refused(logs, stream, pattern, sentence):
    assert error_of(lambda: logs.filter_log_events(logGroupName="/app", filterPattern=pattern)) == (
        "InvalidParameterException", sentence, 400,
    )  # fmt: skip


@given(st.text(st.sampled_from('[]{}"%$.ab=!<>&|?-*, 1()\\')), st.text(max_size=20))
def test_any_text_is_a_pattern_or_refused(pattern, message):
    try:
        compiled = compile_pattern(pattern)
    except AwsError as error:
        refusal = error.code
    else:
        refusal = ""
        if compiled.matches(message):
            compiled.extract(message)
    assert refusal in ("", "InvalidParameterException")


def test_what_a_pattern_takes_from_messages_is_shown(logs):
    answer = logs.test_metric_filter(
        filterPattern="[..., request=*.html*, status_code=4*,]",
        logEventMessages=["no", APACHE],
    )
    assert body(answer) == {
        "matches": [
            {
                "eventNumber": 2,
                "eventMessage": APACHE,
                "extractedValues": {
                    "$1": "127.0.0.1",
                    "$2": "-",
                    "$3": "frank",
                    "$4": "10/Oct/2000:13:25:15 -0700",
                    "$request": "GET /index.html HTTP/1.0",
                    "$status_code": "404",
                    "$7": "1534",
                },
            }
        ]
    }
    answer = logs.test_metric_filter(
        filterPattern="{ $.latency > 1 && $.eventType = * }", logEventMessages=[TRAIL]
    )
    (match,) = answer["matches"]
    assert match["extractedValues"] == {"$.latency": "512.5", "$.eventType": "UpdateTrail"}
