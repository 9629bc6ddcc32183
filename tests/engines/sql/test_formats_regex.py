"""Lines by regular expressions and by Grok patterns."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.readers import grok, regex

REGEX = "org.apache.hadoop.hive.serde2.RegexSerDe"
GROK = "com.amazonaws.glue.serde.GrokSerDe"


def make(console, columns: str, body: bytes, serde: str, properties: dict[str, str]):
    console.lake.write("b", "t/a.log", body)
    console.ok(
        f"CREATE EXTERNAL TABLE t ({columns}) ROW FORMAT SERDE '{serde}' LOCATION 's3://b/t/'"
    )
    found = console.lake.tables["default", "t"]["StorageDescriptor"]["SerdeInfo"]
    found["Parameters"] = properties


def test_a_line_is_its_groups_and_what_does_not_match_is_null(console):
    make(console, "a string, n int, c string",
         b'x 5 "q r"\nx - "s"\n\nx 5 "q r" more\n', REGEX,
         {"input.regex": r'(\w+) (?:(\d+)|-) "([^"]*)"'})  # fmt: skip
    assert console.rows("SELECT a, n, c FROM t") == [
        ["x", "5", "q r"], ["x", "", "s"], ["", "", ""], ["", "", ""],
    ]  # fmt: skip
    assert console.rows("SELECT count(*) FROM t WHERE n IS NULL") == [["3"]]


def test_case_is_ignored_when_told(console):
    make(console, "a string", b"ABC\n", REGEX,
         {"input.regex": "(abc)", "input.regex.case.insensitive": "true"})  # fmt: skip
    assert console.rows("SELECT a FROM t") == [["ABC"]]


def test_columns_without_a_group_are_null_and_groups_without_a_column_are_left(console):
    make(console, "a string, b string, c int", b"x1\n", REGEX, {"input.regex": "(x)(.)"})
    assert console.rows("SELECT a, b, c FROM t") == [["x", "1", ""]]
    console.ok("DROP TABLE t")
    make(console, "a string", b"x1\n", REGEX, {"input.regex": "(x)(.)"})
    assert console.rows("SELECT a FROM t") == [["x"]]


@pytest.mark.parametrize(
    ("java", "text", "groups"),
    [
        (r"(?<name>\w+)-(\d++)", "ab-12", ("ab", "12")),
        (r"\Qa.b\E(.)", "a.bc", ("c",)),
        (r"(\p{Alpha}+)([\p{Digit}-]+)(\P{Digit})", "ab1-2x", ("ab", "1-2", "x")),
        (r"([]x]+)", "]x]", ("]x]",)),
        (r"(\h)(\S+)\z", "\u00a0x", ("\u00a0", "x")),
        (r"(\d+)", "\u0661", None),
        (r"(?i)(ABC)", "abc", ("abc",)),
        (r"(?:a|(b))(c)?", "a", (None, None)),
        (r"([A-Z0-9-_]+)", "A-_9", ("A-_9",)),
        (r"(- |[^ ]*)", "-", ("-",)),
    ],
)
def test_javas_expressions(java, text, groups):
    match = regex.translated(java, re.ASCII).fullmatch(text)
    assert (match and match.groups()) == groups


@pytest.mark.parametrize(
    "java", [r"[a-z&&[^b]]", r"[a[b]]", r"\G", r"\X", r"\p{IsGreek}", "(", r"\k<a>"]
)
def test_what_python_cannot_do_is_refused_by_name(java):
    with pytest.raises(TrinoError) as error:
        regex.translated(java, 0)
    assert error.value.name == "NOT_SUPPORTED"


@given(st.text(), st.text())
def test_quoted_text_matches_itself_only(text, other):
    if "\\E" in text:
        return
    pattern = regex.translated(f"\\Q{text}\\E", re.ASCII)
    assert pattern.fullmatch(text)
    assert bool(pattern.fullmatch(other)) == (text == other)


LOG = b"""Feb  9 07:15:00 m4eastmail postfix/smtpd[19305]: B88C4120838: connect from unknown
no mail log line
"""


def test_grok_reads_postfix_as_athenas_page_shows(console):
    make(console, "syslogbase string, queue_id string, syslog_message string", LOG, GROK, {
        "input.grokCustomPatterns": "POSTFIX_QUEUEID [0-9A-F]{7,12}",
        "input.format": "%{SYSLOGBASE} %{POSTFIX_QUEUEID:queue_id}: %{GREEDYDATA:syslog_message}",
    })  # fmt: skip
    assert console.rows("SELECT * FROM t") == [
        ["Feb  9 07:15:00 m4eastmail postfix/smtpd[19305]:", "B88C4120838",
         "connect from unknown"],
        ["", "", ""],
    ]  # fmt: skip


def test_grok_columns_have_types(console):
    make(console, "loglevel string, executiontime int, ts string, action string",
         b"2017-09-12 12:10:34,972 INFO time=7290, action=receive\n", GROK, {
             "input.grokCustomPatterns": "C_ACTION receive|send\nUNUSED x",
             "input.format": "%{TIMESTAMP_ISO8601:ts} %{LOGLEVEL:loglevel} "
             "time=%{POSINT:executiontime}, action=%{C_ACTION:action}",
         })  # fmt: skip
    assert console.rows("SELECT loglevel, executiontime + 1, ts, action FROM t") == [
        ["INFO", "7291", "2017-09-12 12:10:34,972", "receive"]
    ]


SAMPLES = {
    "INT": "-5", "NUMBER": "1.5", "BASE16NUM": "0xFF", "WORD": "ab", "NOTSPACE": "a,b",
    "QUOTEDSTRING": '"a \\" b"', "UUID": "123e4567-e89b-12d3-a456-426614174000",
    "MAC": "00:1A:2b:3c:4d:5e", "IPV4": "192.168.255.1", "IPV6": "2001:db8::ff00:42:8329",
    "HOSTNAME": "a-b.example.com", "HOSTPORT": "example.com:80", "UNIXPATH": "/usr/lib/x.so",
    "WINPATH": "C:\\Windows\\x", "URI": "https://u@example.com:8080/a/b?x=1&y=%20#f",
    "TIMESTAMP_ISO8601": "2024-02-29T01:02:03.456+02:00", "SYSLOGTIMESTAMP": "Feb 29 01:02:03",
    "HTTPDATE": "29/Feb/2024:01:02:03 +0000", "DATE_US": "2/29/2024", "DATE_EU": "29.2.2024",
    "DATESTAMP_RFC2822": "Thu, 29 Feb 2024 01:02:03 +0000", "LOGLEVEL": "WARN",
    "COMBINEDAPACHELOG": '1.2.3.4 - bob [29/Feb/2024:01:02:03 +0000] "GET /x HTTP/1.1" 200 12 '
    '"http://a/" "curl"',
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_predefined_patterns_match_what_they_name(name):
    text, groups = grok.expand(f"%{{{name}:found}}", grok.patterns())
    assert (
        regex.translated(text, re.ASCII).fullmatch(SAMPLES[name])[groups["found"]] == SAMPLES[name]
    )


def test_every_predefined_pattern_compiles():
    for name in grok.patterns():
        text, _ = grok.expand(f"%{{{name}}}", grok.patterns())
        assert regex.translated(text, re.ASCII).groups == 1


@pytest.mark.parametrize(
    ("given_format", "message"),
    [
        ("%{NOPE:a}", "No definition for key 'NOPE' found"),
        ("%{WORD:b}", "input.format has no pattern for the column a"),
        ("%{LOOP:a}", "The Grok pattern LOOP uses itself"),
    ],
)
def test_a_wrong_format_is_an_error(console, given_format, message):
    make(console, "a string", b"x\n", GROK,
         {"input.format": given_format, "input.grokCustomPatterns": "LOOP %{LOOP}"})  # fmt: skip
    assert console.error("SELECT a FROM t") == ("HIVE_INVALID_METADATA", message)
