"""Single events and the fields of recent ones, by boto3."""

from __future__ import annotations

import json

from tests.services.glue.test_databases import body, error_of
from tests.services.logs.events import events, messages, now
from tests.services.logs.test_queries import answer


def test_a_pointer_leads_to_its_event(logs, stream):
    message = json.dumps({"user": {"name": "Ann", "ids": [7]}, "ok": True, "@x": 1})
    (made,) = events(message)
    logs.put_log_events(**stream, logEvents=[made])
    at = made["timestamp"]
    (row,) = answer(logs, "fields @ptr", begin=at - 1000, end=at + 1000)["results"]
    assert [cell["field"] for cell in row] == ["@ptr"]
    record = logs.get_log_record(logRecordPointer=row[0]["value"])["logRecord"]
    assert abs(int(record.pop("@ingestionTime")) - now()) < 60_000
    assert record == {
        "@timestamp": str(at),
        "@message": message,
        "@logStream": "one",
        "@log": "000000000000:/app",
        "user.name": "Ann",
        "user.ids.0": "7",
        "ok": "1",
        "@@x": "1",
    }
    logs.delete_log_group(logGroupName="/app")
    assert error_of(lambda: logs.get_log_record(logRecordPointer=row[0]["value"])) == (
        "ResourceNotFoundException", "The specified log record does not exist.", 400,
    )  # fmt: skip
    assert error_of(lambda: logs.get_log_record(logRecordPointer="x"))[0] == (
        "InvalidParameterException"
    )


def test_fields_are_counted_by_percent(logs, stream):
    made = [*(json.dumps({"a": {"b": index}}) for index in range(3)), "text"]
    logs.put_log_events(**stream, logEvents=events(*made))
    logs.put_log_events(**stream, logEvents=events('{"old": 1}', at=now() - 3_600_000))
    always = [
        {"name": name, "percent": 100}
        for name in ("@ingestionTime", "@log", "@logStream", "@message", "@timestamp")
    ]
    found = body(logs.get_log_group_fields(logGroupName="/app"))
    assert found == {"logGroupFields": [*always, {"name": "a.b", "percent": 75}]}
    earlier = logs.get_log_group_fields(logGroupName="/app", time=now() // 1000 - 3600)
    assert earlier["logGroupFields"] == [*always, {"name": "old", "percent": 100}]
    assert logs.get_log_group_fields(logGroupName="/app", time=1)["logGroupFields"] == []
    assert len(messages(logs.get_log_events(**stream))) == 5
