"""Export tasks, by boto3: what is in the bucket at the end."""

from __future__ import annotations

import gzip
import time

import pytest
from botocore.config import Config

from tests.services.glue.test_databases import body, error_of
from tests.services.logs.events import DAY, events, now

AT = now() // 1000 * 1000 - 3_600_000


@pytest.fixture
def s3(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="exports")
    return s3


def export(logs, **more):
    given = {"logGroupName": "/app", "from": AT - 1000, "to": AT, "destination": "exports", **more}
    return logs.create_export_task(**given)["taskId"]


def ended(logs, task_id):
    for _ in range(500):
        (task,) = body(logs.describe_export_tasks(taskId=task_id))["exportTasks"]
        if task["status"]["code"] != "RUNNING":
            return task
        time.sleep(0.02)
    raise AssertionError(task)


def objects(s3):
    found = {}
    for item in s3.list_objects_v2(Bucket="exports").get("Contents", ()):
        found[item["Key"]] = s3.get_object(Bucket="exports", Key=item["Key"])["Body"].read()
    return found


def test_streams_become_files(logs, stream, s3):
    logs.create_log_stream(logGroupName="/app", logStreamName="a/b")
    logs.create_log_stream(logGroupName="/app", logStreamName="empty")
    logs.put_log_events(**stream, logEvents=events("first", "späte", "too late", at=AT + 1))
    logs.put_log_events(
        logGroupName="/app", logStreamName="a/b", logEvents=events("other", at=AT - 500)
    )
    task_id = export(logs, taskName="mine", destinationPrefix="logs")
    task = ended(logs, task_id)
    times = task.pop("executionInfo")
    assert abs(times["creationTime"] - now()) < 60_000
    assert times["completionTime"] >= times["creationTime"]
    assert task == {
        "taskId": task_id,
        "taskName": "mine",
        "logGroupName": "/app",
        "from": AT - 1000,
        "to": AT,
        "destination": "exports",
        "destinationPrefix": "logs",
        "status": {"code": "COMPLETED", "message": "Completed successfully"},
    }
    found = objects(s3)
    assert found.pop("logs/aws-logs-write-test") == b"Permission Check Successful"
    second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(AT // 1000))
    before = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(AT // 1000 - 1))
    assert {key: gzip.decompress(data).decode() for key, data in found.items()} == {
        f"logs/{task_id}/one/000000.gz": f"{before}.999Z first\n{second}.000Z späte\n",
        f"logs/{task_id}/a-b/000000.gz": f"{before}.500Z other\n",
    }


def test_streams_are_chosen_by_prefix_and_retention_holds(logs, stream, s3):
    logs.create_log_stream(logGroupName="/app", logStreamName="web-1")
    for name in ("one", "web-1"):
        names = {"logGroupName": "/app", "logStreamName": name}
        logs.put_log_events(**names, logEvents=events("old", at=now() - 5 * DAY))
        logs.put_log_events(**names, logEvents=events("new", at=AT))
    logs.put_retention_policy(logGroupName="/app", retentionInDays=3)
    task_id = export(logs, logStreamNamePrefix="web", **{"from": 0})
    assert ended(logs, task_id)["destinationPrefix"] == "exportedlogs"
    found = objects(s3)
    del found["exportedlogs/aws-logs-write-test"]
    ((key, data),) = found.items()
    assert key == f"exportedlogs/{task_id}/web-1/000000.gz"
    assert gzip.decompress(data).decode().split(" ", 1)[1] == "new\n"


def test_tasks_are_listed_and_cancelled_once(logs, stream, s3):
    tasks = [export(logs)]
    ended(logs, tasks[0])
    tasks.append(export(logs))
    ended(logs, tasks[1])
    page = logs.describe_export_tasks(limit=1)
    rest = logs.describe_export_tasks(limit=1, nextToken=page["nextToken"])
    listed = [one["taskId"] for found in (page, rest) for one in found["exportTasks"]]
    assert listed == tasks[::-1]
    assert logs.describe_export_tasks(statusCode="FAILED")["exportTasks"] == []
    assert error_of(lambda: logs.cancel_export_task(taskId=tasks[0])) == (
        "InvalidOperationException", "The specified export task has already finished", 400,
    )  # fmt: skip


def test_one_task_runs_at_a_time_and_can_be_cancelled(lakebed, logs, stream, s3):
    """A mebibyte a batch: the export is still at it when the next request comes."""
    # boto3 takes this error for throttling, and would try again until the first task is over.
    at_once = lakebed.client("logs", config=Config(retries={"total_max_attempts": 1}))
    for _ in range(8):
        logs.put_log_events(**stream, logEvents=events("x" * 1_000_000, at=AT))
    running = export(logs)
    assert error_of(lambda: export(at_once)) == (
        "LimitExceededException", "Resource limit exceeded.", 400,
    )  # fmt: skip
    assert body(logs.cancel_export_task(taskId=running)) == {}
    assert ended(logs, running)["status"] == {"code": "CANCELLED", "message": "Cancelled"}


def test_what_cannot_be_exported_is_refused(logs, stream, s3):
    assert error_of(lambda: export(logs, destination="nowhere")) == (
        "InvalidParameterException",
        "The given bucket does not exist. Please make sure the bucket is valid.",
        400,
    )
    assert error_of(lambda: export(logs, logGroupName="nope"))[0] == "ResourceNotFoundException"
    assert error_of(lambda: export(logs, to=1))[0] == "InvalidParameterException"
    for call in (logs.cancel_export_task, logs.describe_export_tasks):
        assert error_of(lambda call=call: call(taskId="x")) == (
            "ResourceNotFoundException", "The specified export task does not exist.", 400,
        )  # fmt: skip
