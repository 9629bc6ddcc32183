"""Queries of Insights, by boto3: what each command and function answers."""

from __future__ import annotations

import json
import time

import pytest

from tests.services.glue.test_databases import body, error_of
from tests.services.logs.events import events, now

HOUR = 3_600_000
# A whole hour, two hours ago, so that bins are known.
AT = now() // HOUR * HOUR - 2 * HOUR


def shown(ms):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}"


REQUESTS = [
    {"path": "/a", "status": 200, "took": 12.5, "user": {"name": "Ann", "ids": [7, 8]}, "ok": True},
    {"path": "/b", "status": 404, "took": 3, "user": {"name": "Bob", "ids": []}, "ok": False},
    {"path": "/a", "status": 200, "took": 7.5, "user": {"name": "Cid", "ids": [9]}},
    {"path": "/c", "status": 500, "took": 100, "dotted.name": "x"},
]


@pytest.fixture
def requests(logs, stream):
    """Four requests in JSON, ten minutes apart, and a line of text."""
    made = [
        {"timestamp": AT + index * 600_000, "message": json.dumps(one)}
        for index, one in enumerate(REQUESTS)
    ]
    made.append(
        {"timestamp": AT + 3_000_000, "message": "[ERROR] user=Eve, method:GET, took := 42"}
    )
    logs.put_log_events(**stream, logEvents=made)
    return logs


def answer(logs, text, *, begin=AT, end=AT + HOUR, **more):
    given = {"logGroupName": "/app"} if "logGroupIdentifiers" not in more else {}
    query_id = logs.start_query(
        **given, startTime=begin // 1000, endTime=end // 1000, queryString=text, **more
    )["queryId"]
    for _ in range(600):
        found = body(logs.get_query_results(queryId=query_id))
        if found["status"] not in ("Running", "Scheduled"):
            return found
        time.sleep(0.02)
    raise AssertionError(found)


def rows(logs, text, **more):
    """Return a query's rows as tuples of their values, without pointers."""
    found = answer(logs, text, **more)
    assert found["status"] == "Complete"
    return [
        tuple(cell["value"] for cell in row if cell["field"] != "@ptr") for row in found["results"]
    ]


def test_an_answer_is_whole(requests):
    found = answer(requests, "fields @timestamp, path | filter status = 404")
    (row,) = found.pop("results")
    pointer = row.pop()
    assert pointer["field"] == "@ptr"
    assert row == [
        {"field": "@timestamp", "value": shown(AT + 600_000)},
        {"field": "path", "value": "/b"},
    ]
    scanned = found["statistics"].pop("bytesScanned")
    assert scanned == sum(26 + len(json.dumps(one)) for one in REQUESTS) + 26 + 40
    assert found == {
        "queryLanguage": "CWLI",
        "status": "Complete",
        "statistics": {
            "recordsMatched": 1.0,
            "recordsScanned": 5.0,
            "estimatedRecordsSkipped": 0.0,
            "estimatedBytesSkipped": 0.0,
            "logGroupsScanned": 1.0,
        },
    }


CASES = {
    # -- fields, display, defaults ---------------------------------------------------------------
    "filter @message like 'ERROR'": [
        (shown(AT + 3_000_000), "[ERROR] user=Eve, method:GET, took := 42")
    ],
    "fields path, status | sort @timestamp asc | limit 2": [("/a", "200"), ("/b", "404")],
    "fields path | fields status | filter status > 400 | sort status": [
        ("/b", "404"), ("/c", "500"),
    ],
    "fields path | display status | filter status = 500": [("500",)],
    "fields user.name as who, user.ids.0 | sort who | limit 2": [("Ann", "7"), ("Bob",)],
    "fields `dotted.name` | filter ispresent(`dotted.name`)": [("x",)],
    "fields ok | filter ispresent(ok) | sort ok": [("0",), ("1",)],
    "fields @logStream, @log | limit 1": [("one", "000000000000:/app")],
    # -- filter ----------------------------------------------------------------------------------
    "fields path | filter status in [404, 500] | sort path": [("/b",), ("/c",)],
    "fields path | filter path not in ['/a', '/b']": [("/c",)],
    'fields path | filter path = "/a" and took < 10': [("/a",)],
    "fields path | filter not (status = 200) and ispresent(status) | sort path": [("/b",), ("/c",)],
    "fields path | filter user.name like /^(?i)b/": [("/b",)],
    "fields path | filter user.name =~ /ob|nn/ | sort path": [("/a",), ("/b",)],
    "fields path | filter user.name not like /o/ | sort took": [("/a",), ("/a",)],
    "fields path | filter status != 200 | sort path # a comment": [("/b",), ("/c",)],
    # -- arithmetic and functions ------------------------------------------------------------------
    "fields took * 2 + 1, took ^ 2, took % 5, took / 0 | filter path = '/b'": [("7", "9", "3")],
    "fields abs(-took) as a, ceil(12.2), floor(took), sqrt(16) | filter took = 12.5": [
        ("12.5", "13", "12", "4")
    ],
    "fields greatest(took, status, 300), least(took, 5), log(1) | filter path='/b'": [
        ("404", "3", "0")
    ],
    "fields strlen(path), toupper(user.name), tolower('ABC') | filter path = '/b'": [
        ("2", "BOB", "abc")
    ],
    "fields substr('xyZfooxyZ', 3, 3), replace('foo', 'o', '0'), trim('  x ') | limit 1": [
        ("foo", "f00", "x")
    ],
    "fields ltrim('xyZfooxyZ', 'xyZ'), rtrim('xyZfooxyZ', 'xyZ'), concat('a', 1) | limit 1": [
        ("fooxyZ", "xyZfoo", "a1")
    ],
    "fields strcontains(@message, 'Ann') as has | filter has = 1": [("1",)],
    "fields coalesce(nope, path) | filter isempty(nope) and path = '/c'": [("/c",)],
    "fields isIpv4InSubnet('10.1.2.3', '10.0.0.0/8'), isValidIp('x') | limit 1": [("1", "0")],
    "fields datefloor(@timestamp, 1h), dateceil(@timestamp, 1h) | filter path = '/b'": [
        (shown(AT), shown(AT + HOUR))
    ],
    "fields tomillis(@timestamp), frommillis(0) | filter path = '/b'": [
        (str(AT + 600_000), "1970-01-01 00:00:00.000")
    ],
    # -- stats -------------------------------------------------------------------------------------
    "stats count(*)": [("5",)],
    "stats count(*) as n, count(took), sum(took), avg(took) as mean, max(took), min(path)": [
        ("5", "4", "123", "30.75", "100", "/a")
    ],
    "stats count(*) as n by path | filter ispresent(path) | sort n desc, path": [
        ("/a", "2"), ("/b", "1"), ("/c", "1"),
    ],
    "stats count(*) by bin(30m) | sort bin(30m)": [
        (shown(AT), "3"), (shown(AT + HOUR // 2), "2"),
    ],
    "stats count_distinct(path), pct(took, 100), stddev(took) > 1 by 1": None,
    "fields datefloor(frommillis(1763753400000), 1mo) as m, datefloor(frommillis(0), 1q) as q, "
    "datefloor(frommillis(1763753400000), 1y) as y | limit 1": [
        ("2025-11-01 00:00:00.000", "1970-01-01 00:00:00.000", "2025-01-01 00:00:00.000")
    ],
    "stats count_distinct(path) as paths, pct(took, 100)": [("3", "100")],
    "stats earliest(path), latest(status), sortsFirst(user.name), sortsLast(user.name)": [
        ("/a", "500", "Ann", "Cid")
    ],
    "stats max(took) - min(took) as spread": [("97",)],
    "stats sum(took) as t by path | stats count(*) as paths, max(t) as most": [("4", "100")],
    "filter status = 1 | stats count(*)": [("0",)],
    "stats max(@timestamp)": [(shown(AT + 3_000_000),)],
    # -- parse, dedup ------------------------------------------------------------------------------
    'parse @message "user=*, method:*, took := *" as @user, @method, @took '
    "| filter ispresent(@user) | display @user, @method, @took": [("Eve", "GET", "42")],
    r"parse @message /user=(?<who>\w+), (x)?method:(?<how>[A-Z]+)/ | filter ispresent(who)": [
        ("Eve", "GET")
    ],
    "parse '[*]' as level | filter level = 'ERROR' | stats count(*) as n by level": [
        ("ERROR", "1")
    ],
    "fields path, took | filter ispresent(path) | sort took desc | dedup path": [
        ("/c", "100"), ("/a", "12.5"), ("/b", "3"),
    ],
}  # fmt: skip


def test_commands_and_functions_answer_as_the_guide_says(requests):
    for text, expected in CASES.items():
        if expected is None:
            assert (
                error_of(lambda text=text: answer(requests, text))[0] == "MalformedQueryException"
            )
            continue
        assert rows(requests, text) == expected, text


@pytest.mark.parametrize(
    ("text", "sentence", "place"),
    [
        ("", "unexpected end of input", (0, 0)),
        ("fields @timestamp |", "unexpected end of input", (19, 19)),
        ("felds a", "unexpected symbol found felds at line 1 and position 0", (0, 5)),
        (
            "fields a\n| filter a ! 1",
            "unexpected symbol found ! at line 2 and position 11",
            (20, 21),
        ),
        ("stats nope(a)", "unknown function nope", (6, 13)),
        ("stats a", "a is no aggregate function", (6, 7)),
        ("fields abs(a, b)", "wrong arguments of function abs", (7, 16)),
        ("parse @message 'a*b*' as x", "parse has 2 wildcards and 1 names", (6, 26)),
        ("filter a like /(/", None, None),
        ("limit x", "unexpected symbol found x at line 1 and position 6", (6, 7)),
        ("filter " + "(" * 100, "the query is nested too deeply", None),
    ],
)
def test_what_is_no_query_is_refused_with_its_place(logs, stream, text, sentence, place):
    with pytest.raises(logs.exceptions.MalformedQueryException) as caught:
        answer(logs, text)
    found = caught.value.response
    if sentence:
        assert found["Error"]["Message"] == sentence
    if place:
        assert found["queryCompileError"] == {
            "location": {"startCharOffset": place[0], "endCharOffset": place[1]},
            "message": sentence,
        }
    assert logs.describe_queries()["queries"] == []


@pytest.mark.parametrize(
    "text",
    [
        "pattern @message",
        "fields jsonParse(@message)",
        "diff",
        "fields a | unmask a",
        "stats count(*) by bin(5mo)",
    ],
)
def test_what_is_not_built_says_so(logs, stream, text):
    code, message, _ = error_of(lambda: answer(logs, text))
    assert code == "LakebedNotBuilt"
    assert "logs.StartQuery" in message


def test_several_groups_and_times_are_queried(requests):
    requests.create_log_group(logGroupName="other")
    requests.create_log_stream(logGroupName="other", logStreamName="s")
    requests.put_log_events(
        logGroupName="other", logStreamName="s", logEvents=events("there", at=AT + 1000)
    )
    given = {"logGroupIdentifiers": ["/app", "arn:aws:logs:us-east-1:000000000000:log-group:other"]}
    found = rows(requests, "stats count(*) by @log | sort @log", **given)
    assert found == [("000000000000:/app", "5"), ("000000000000:other", "1")]
    # Both ends of the range are in it, to the second.
    assert rows(requests, "stats count(*)", end=AT + 600_000) == [("2",)]
    assert rows(requests, "stats count(*)", begin=AT + 1_800_000) == [("2",)]


def test_results_are_paged_and_limited(logs, stream):
    logs.put_log_events(**stream, logEvents=events(*map(str, range(1200)), at=AT + 5000))
    assert len(rows(logs, "fields @message", limit=7)) == 7
    found = rows(logs, "fields @message | sort @timestamp | limit 1100")
    assert found == [(str(index),) for index in range(1100)]
    query_id = logs.describe_queries()["queries"][0]["queryId"]
    page = logs.get_query_results(queryId=query_id, maxItems=700)
    assert [row[0]["value"] for row in page["results"]] == [str(index) for index in range(700)]
    page = logs.get_query_results(queryId=query_id, maxItems=700, nextToken=page["nextToken"])
    assert [row[0]["value"] for row in page["results"]] == [str(one) for one in range(700, 1100)]
    assert "nextToken" not in page


def test_queries_are_described_and_stopped(requests):
    assert rows(requests, "stats count(*)") == [("5",)]
    (found,) = requests.describe_queries(logGroupName="/app", status="Complete")["queries"]
    assert abs(found.pop("createTime") - now()) < 60_000
    assert found.pop("queryDuration") >= 0
    assert found.pop("bytesScanned") > 400
    query_id = found.pop("queryId")
    assert found == {
        "queryLanguage": "CWLI",
        "queryString": "stats count(*)",
        "status": "Complete",
        "logGroupName": "/app",
    }
    assert requests.describe_queries(status="Failed")["queries"] == []
    assert error_of(lambda: requests.stop_query(queryId=query_id))[0] == "InvalidParameterException"
    running = requests.start_query(
        logGroupName="/app", startTime=0, endTime=AT // 1000, queryString="stats count(*)"
    )["queryId"]
    assert body(requests.stop_query(queryId=running)) == {"success": True}
    assert requests.get_query_results(queryId=running)["status"] == "Cancelled"
    assert error_of(lambda: requests.get_query_results(queryId="nope")) == (
        "ResourceNotFoundException", "The specified query does not exist.", 400,
    )  # fmt: skip


def test_a_query_names_its_groups_once(logs, stream):
    times = {"startTime": 0, "endTime": 1, "queryString": "fields a"}
    for given in ({}, {"logGroupName": "/app", "logGroupNames": ["/app"]}):
        assert error_of(lambda given=given: logs.start_query(**given, **times))[0] == (
            "InvalidParameterException"
        )
    assert error_of(lambda: logs.start_query(logGroupNames=["x"], **times)) == (
        "ResourceNotFoundException", "The specified log group does not exist.", 400,
    )  # fmt: skip
    backwards = {**times, "startTime": 2}
    assert error_of(lambda: logs.start_query(logGroupName="/app", **backwards)) == (
        "InvalidParameterException", "The end time of the query is before its start time.", 400,
    )  # fmt: skip
    other = {**times, "queryLanguage": "SQL"}
    assert error_of(lambda: logs.start_query(logGroupName="/app", **other))[0] == "LakebedNotBuilt"


def test_lambdas_own_lines_have_fields(logs, stream):
    line = (
        "REPORT RequestId: 8f5-1\tDuration: 102.25 ms\tBilled Duration: 103 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 58 MB\tInit Duration: 9.5 ms"
    )
    logs.put_log_events(**stream, logEvents=events(line, at=AT))
    text = (
        "fields @requestId, @duration, @billedDuration, @memorySize, @maxMemoryUsed, @initDuration "
        "| filter @type = 'REPORT'"
    )
    assert rows(logs, text) == [("8f5-1", "102.25", "103", "128000000", "58000000", "9.5")]
