"""Prefixes: AWS's examples, what AWS refuses, and Java's patterns."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.ids import Ids
from lakebed.services.firehose import _dates, _prefixes

ARRIVAL = int(datetime(2018, 8, 27, 10, 30, 5, tzinfo=UTC).timestamp() * 1000)


def _moment(error_type: str = "", zone: str = "") -> _prefixes.Moment:
    found = _prefixes.moment(ARRIVAL, zone, Ids(1).token)
    return _prefixes.Moment(found.at, found.random, error_type)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", "2018/08/27/10/"),
        ("logs", "logs2018/08/27/10/"),
        ("logs/", "logs/2018/08/27/10/"),
        ("year=!{timestamp:yyyy}/!{timestamp:MM-dd}/", "year=2018/08-27/"),
        ("dt=!{timestamp:yyyy'-'MM'}'dd}/", "dt=2018-08}27/"),
        ("c=!{partitionKeyFromQuery:carrier}/", "c=UA/"),
    ],
)
def test_a_prefix_is_evaluated(prefix, expected):
    assert _prefixes.evaluated(prefix, _moment(), {"carrier": "UA"}) == expected


def test_each_random_string_is_another():
    text = _prefixes.evaluated("!{firehose:random-string}/!{firehose:random-string}", _moment(), {})
    first, second = text.split("/")
    assert first != second
    assert re.fullmatch("[0-9a-zA-Z]{11}", first)


@pytest.mark.parametrize(
    ("prefix", "error_prefix", "expected"),
    [
        ("", "", "processing-failed/2018/08/27/10/"),
        ("my/", "", "my/processing-failed/2018/08/27/10/"),
        ("my/", "errors/", "errors/processing-failed/2018/08/27/10/"),
        ("", "bad/!{firehose:error-output-type}/!{timestamp:dd}/", "bad/processing-failed/27/"),
    ],
)
def test_the_error_prefix_has_the_type_of_the_error(prefix, error_prefix, expected):
    at = _moment("processing-failed")
    assert _prefixes.evaluated_error(prefix, error_prefix, at) == expected


def test_times_are_in_the_streams_zone():
    assert _prefixes.evaluated("", _moment(zone="Asia/Tokyo"), {}) == "2018/08/27/19/"


@pytest.mark.parametrize(
    ("prefix", "error_prefix", "sentence"),
    [
        ("!{timestamp:yyyy}/", "", "ErrorOutputPrefix cannot be null or empty when Prefix contains "
         "expressions."),
        ("!{firehose:error-output-type}/", "e/", "Prefix cannot contain "
         "!{firehose:error-output-type}"),
        ("", "!{timestamp:yyyy}/", "ErrorOutputPrefix must contain at least one "
         "!{firehose:error-output-type}"),
        ("!{nonsense:x}", "e/", "Invalid namespace in the prefix expression: nonsense"),
        ("!{firehose:x}", "e/", "Invalid value of the firehose namespace: x"),
        ("!{timestamp:yyyy", "e/", "Invalid expression in the prefix: !{timestamp:yyyy"),
        ("!{timestamp:bbb}", "e/", "Invalid timestamp pattern bbb: Unknown or too long pattern: "
         "bbb"),
        ("!{partitionKeyFromQuery:x}", "e/", "Prefix uses a partition key namespace, but dynamic "
         "partitioning is not enabled."),
    ],
)  # fmt: skip
def test_what_aws_refuses_is_refused(prefix, error_prefix, sentence):
    with pytest.raises(AwsError) as caught:
        _prefixes.check_prefixes(prefix, error_prefix, is_partitioned=False)
    assert (caught.value.code, caught.value.message) == ("InvalidArgumentException", sentence)


def test_partitions_need_a_key_in_the_prefix():
    with pytest.raises(AwsError, match="at least one partition key expression"):
        _prefixes.check_prefixes("a/", "e/", is_partitioned=True)
    _prefixes.check_prefixes("!{partitionKeyFromQuery:x}/", "e/", is_partitioned=True)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("yyyy-MM-dd'T'HH:mm:ss.SSS", "2026-02-03T14:05:06.007"),
        ("yy M d H h K k m s", "26 2 3 14 2 2 14 5 6"),
        ("MMM MMMM MMMMM E EEEE EEEEE e", "Feb February F Tue Tuesday T 3"),
        ("D DDD Q QQQ QQQQ q", "34 034 1 Q1 1st quarter 1"),
        ("YYYY w W F", "2026 6 1 3"),
        ("c ccc ee eee YY GGGG GGGGG QQQQQ L LLL", "3 Tue 03 Tue 26 Anno Domini A 1 2 Feb"),
        ("G a A n N SSSSSSSSS", "AD PM 50706007 7000000 50706007000000 007000000"),
        ("z VV O OOOO", "CET Europe/Berlin GMT+1 GMT+01:00"),
        ("X XX x xx Z ZZZZ ZZZZZ", "+01 +0100 +01 +0100 +0100 GMT+01:00 +01:00"),
        ("''yyyy'o''clock'[HH]", "'2026o'clock14"),
    ],
)
def test_java_patterns_are_written(pattern, expected):
    at = datetime(2026, 2, 3, 14, 5, 6, 7000, ZoneInfo("Europe/Berlin"))
    assert _dates.written(pattern, at) == expected


@pytest.mark.parametrize("pattern", ["b", "VVV", "{", "'open", "]", "yyyy#", "SSSSSSSSSS"])
def test_what_is_no_java_pattern_is_refused(pattern):
    with pytest.raises(_dates.PatternError):
        _dates.items(pattern)


def test_whole_names_of_zones_are_not_built():
    with pytest.raises(NotBuiltError, match="names of zones"):
        _prefixes.parts("!{timestamp:zzzz}")


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)))
def test_a_time_written_whole_can_be_read_again(at):
    written = _dates.written("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'", at.replace(tzinfo=UTC))
    assert datetime.fromisoformat(written.removesuffix("Z")) == at


@given(st.text(max_size=40))
def test_a_prefix_is_read_or_refused(prefix):
    try:
        parts = _prefixes.parts(prefix)
    except AwsError:
        return
    shown = (
        part if isinstance(part, str) else f"!{{{part.namespace}:{part.value}}}" for part in parts
    )
    assert "".join(shown) == prefix
