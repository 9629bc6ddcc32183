"""Workflows that events start, by boto3: EventBridge tells Glue, whose jobs then run."""

from __future__ import annotations

import contextlib
import datetime
import json
import time

import pytest

from lakebed.testing import environment, start
from tests.services.events.rules import put, rule
from tests.services.glue.job_runs import Jobs, shell_engine, shell_server
from tests.services.glue.test_workflow_runs import PREAMBLE, wait

FLOW = "arn:aws:glue:us-east-1:000000000000:workflow/w"
ROLE = "arn:aws:iam::000000000000:role/bridge"
TARGET = {"Id": "glue", "Arn": FLOW, "RoleArn": ROLE}
WHICH = PREAMBLE + (
    "given = glue.get_workflow_run_properties(**run)['RunProperties']['aws:eventIds']\n"
    "glue.put_workflow_run_properties(**run, RunProperties={'seen': given[1:-1]})\n"
)


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    with shell_server(shell_engine(tmp_path_factory.mktemp("engines"))) as lakebed:
        yield lakebed


@pytest.fixture
def jobs(shell):
    shell.reset()
    return Jobs(shell)


def flow(glue, *names, **members):
    """Make a workflow that events start, and what it starts."""
    glue.create_workflow(Name="w", MaxConcurrentRuns=members.pop("at_most", 100))
    actions = [{"JobName": name} for name in names]
    glue.create_trigger(
        Name="t", Type="EVENT", Actions=actions, WorkflowName="w", **members
    )  # fmt: skip


def runs(glue, count, seconds=60.0):
    """Wait until a workflow has so many runs, then until they have ended; return them."""
    until = time.monotonic() + seconds
    found = []
    while len(found) < count and time.monotonic() < until:
        found = glue.get_workflow_runs(Name="w")["Runs"]
        time.sleep(0.05)
    assert len(found) == count
    return [wait(glue, one["WorkflowRunId"]) for one in found]


def test_an_event_starts_a_workflow_whose_job_knows_it(shell, jobs):
    jobs.shell(WHICH)
    flow(jobs.glue, "job")
    rule(shell, {"source": ["shop"]}, TARGET)
    unique = put(shell, {"n": 1})
    [row] = runs(jobs.glue, 1)
    assert row["Status"] == "COMPLETED"
    assert row["WorkflowRunProperties"] == {"aws:eventIds": f"[{unique}]", "seen": unique}
    assert row["StartingEventBatchCondition"] == {"BatchSize": 1, "BatchWindow": 0}
    assert row["Statistics"]["SucceededActions"] == 1
    trigger = jobs.glue.get_trigger(Name="t")["Trigger"]
    assert trigger == {
        "Name": "t", "Type": "EVENT", "State": "CREATED", "WorkflowName": "w",
        "Actions": [{"JobName": "job"}],
    }  # fmt: skip
    assert _told(shell, unique) == [{"n": 1}]


def _told(shell, unique):
    """Return what CloudTrail knows of an event, which is where jobs look for them on AWS."""
    wanted = [{"AttributeKey": "EventName", "AttributeValue": "NotifyEvent"}]
    now = datetime.datetime.now(tz=datetime.UTC)
    found = shell.client("cloudtrail").lookup_events(
        LookupAttributes=wanted, StartTime=now - datetime.timedelta(minutes=5)
    )["Events"]
    payloads = [json.loads(one["CloudTrailEvent"])["requestParameters"] for one in found]
    assert [one["name"] for one in payloads] == ["w"] * len(payloads)
    return [
        json.loads(one["eventPayload"]["eventBody"])["detail"]
        for one in payloads
        if one["eventPayload"]["eventId"] == unique
    ]


def test_events_are_gathered_until_there_are_enough(shell, jobs):
    jobs.shell("print(1)")
    condition = {"BatchSize": 3, "BatchWindow": 900}
    flow(jobs.glue, "job", EventBatchingCondition=condition)
    rule(shell, {"source": ["shop"]}, TARGET)
    ids = [put(shell, {"n": number}) for number in range(4)]
    [row] = runs(jobs.glue, 1)
    given = row["WorkflowRunProperties"]["aws:eventIds"]
    assert given == f"[{', '.join(ids[:3])}]"
    assert row["StartingEventBatchCondition"] == {"BatchSize": 3, "BatchWindow": 0}
    assert jobs.glue.get_trigger(Name="t")["Trigger"]["EventBatchingCondition"] == condition


def test_a_batch_whose_time_is_up_starts_a_run(shell, jobs):
    jobs.shell("print(1)")
    flow(jobs.glue, "job", EventBatchingCondition={"BatchSize": 100, "BatchWindow": 1})
    rule(shell, {"source": ["shop"]}, TARGET)
    unique = put(shell, {"n": 1})
    [row] = runs(jobs.glue, 1)
    assert row["WorkflowRunProperties"] == {"aws:eventIds": f"[{unique}]"}
    assert row["StartingEventBatchCondition"] == {"BatchSize": 0, "BatchWindow": 1}


def test_a_run_too_many_is_put_down_as_an_error(shell, jobs):
    jobs.shell("import time; time.sleep(600)")
    flow(jobs.glue, "job", at_most=1)
    rule(shell, {"source": ["shop"]}, TARGET)
    put(shell, {"n": 1})
    second = put(shell, {"n": 2})
    until = time.monotonic() + 60
    while len(found := jobs.glue.get_workflow_runs(Name="w")["Runs"]) < 2:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert [one["Status"] for one in found] == ["ERROR", "RUNNING"]
    assert found[0]["WorkflowRunProperties"] == {"aws:eventIds": f"[{second}]"}
    assert found[0]["ErrorMessage"] == "Concurrent runs exceeded for workflow: w."
    jobs.glue.stop_workflow_run(Name="w", RunId=found[1]["WorkflowRunId"])


def test_a_trigger_that_was_stopped_starts_nothing(shell, jobs):
    """Nor does one of another type: the events go on to the log group, and nowhere else."""
    jobs.shell("print(1)")
    flow(jobs.glue, "job")
    jobs.glue.start_trigger(Name="t")
    jobs.glue.stop_trigger(Name="t")
    rule(shell, {"source": ["shop"]}, TARGET)
    _until_told(shell, put(shell, {"n": 1}))
    assert jobs.glue.get_workflow_runs(Name="w")["Runs"] == []
    jobs.glue.delete_trigger(Name="t")
    jobs.glue.create_trigger(
        Name="t", Type="ON_DEMAND", Actions=[{"JobName": "job"}], WorkflowName="w"
    )
    _until_told(shell, put(shell, {"n": 2}))
    assert jobs.glue.get_workflow_runs(Name="w")["Runs"] == []


def _until_told(shell, unique):
    until = time.monotonic() + 60
    while not _told(shell, unique):
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.slow
def test_events_on_their_way_start_their_runs_after_a_crash(tmp_path):
    """Each event starts one run, whenever the server was killed."""
    engines = shell_engine(tmp_path / "engines")
    with _started(tmp_path, engines) as lakebed:
        jobs = Jobs(lakebed)
        jobs.shell("print(1)", ExecutionProperty={"MaxConcurrentRuns": 50})
        flow(jobs.glue, "job")
        rule(lakebed, {"source": ["shop"]}, TARGET)
        ids = [put(lakebed, {"n": number}) for number in range(20)]
        lakebed.kill()
    with _started(tmp_path, engines) as lakebed:
        found = runs(lakebed.client("glue"), 20, 120.0)
    assert sorted(one["WorkflowRunProperties"]["aws:eventIds"] for one in found) == sorted(
        f"[{one}]" for one in ids
    )


@contextlib.contextmanager
def _started(folder, engines):
    """A server on a folder that outlives it."""
    with environment({"LAKEBED_ENGINES_DIR": str(engines)}):
        running = start(folder / "data")
    try:
        yield running
    finally:
        running.stop()


def test_an_object_that_is_put_starts_a_workflow_whose_job_reads_it(shell, jobs):
    """The story of AWS's guide: S3 tells EventBridge, a rule tells Glue, a job finds the object."""
    jobs.shell(
        PREAMBLE + "import json\n"
        "name = glue.get_workflow_run_properties(**run)['RunProperties']['aws:eventIds'][1:-1]\n"
        "wanted = [{'AttributeKey': 'EventName', 'AttributeValue': 'NotifyEvent'}]\n"
        "found = boto3.client('cloudtrail').lookup_events(LookupAttributes=wanted)['Events']\n"
        "told = [json.loads(one['CloudTrailEvent'])['requestParameters'] for one in found]\n"
        "told = [one['eventPayload'] for one in told]\n"
        "[payload] = [one for one in told if one['eventId'] == name]\n"
        "detail = json.loads(payload['eventBody'])['detail']\n"
        "place = {'Bucket': detail['bucket']['name'], 'Key': detail['object']['key']}\n"
        "text = boto3.client('s3').get_object(**place)['Body'].read().decode()\n"
        "glue.put_workflow_run_properties(**run, RunProperties={'read': text})\n"
    )
    flow(jobs.glue, "job")
    jobs.s3.create_bucket(Bucket="lake")
    jobs.s3.put_bucket_notification_configuration(
        Bucket="lake", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    keys = {"object": {"key": [{"prefix": "orders/"}]}, "bucket": {"name": ["lake"]}}
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": keys}
    rule(shell, pattern, TARGET)
    jobs.s3.put_object(Bucket="lake", Key="other/1.csv", Body=b"no")
    jobs.s3.put_object(Bucket="lake", Key="orders/1.csv", Body=b"tea,2")
    [row] = runs(jobs.glue, 1)
    assert row["Status"] == "COMPLETED"
    assert row["WorkflowRunProperties"]["read"] == "tea,2"


def test_events_that_wait_for_a_workflow_that_is_deleted_start_nothing(shell, jobs):
    """Nor do they start what is called the same later."""
    jobs.shell("print(1)")
    flow(jobs.glue, "job", EventBatchingCondition={"BatchSize": 100, "BatchWindow": 1})
    rule(shell, {"source": ["shop"]}, TARGET)
    _until_told(shell, put(shell, {"n": 1}))
    jobs.glue.delete_workflow(Name="w")
    jobs.glue.delete_trigger(Name="t")
    flow(jobs.glue, "job", EventBatchingCondition={"BatchSize": 100, "BatchWindow": 1})
    second = put(shell, {"n": 2})
    [row] = runs(jobs.glue, 1)
    assert row["WorkflowRunProperties"] == {"aws:eventIds": f"[{second}]"}
