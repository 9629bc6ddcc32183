"""What EventBridge hears of jobs and crawlers, by boto3."""

from __future__ import annotations

import time

import pytest

from tests.cli.owner import owner
from tests.services.events.rules import seen, shown
from tests.services.glue.crawler_runs import make_crawler, put_orders
from tests.services.glue.job_runs import Jobs, shell_engine, shell_server


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    with shell_server(shell_engine(tmp_path_factory.mktemp("engines"))) as lakebed:
        yield lakebed


@pytest.fixture
def jobs(shell):
    shell.reset()
    return Jobs(shell)


def told(shell, count, kind):
    found = shown(shell, count)
    assert {(one["source"], one["detail-type"], *one["resources"]) for one in found} == {
        ("aws.glue", kind)
    }
    return [one["detail"] for one in found]


def test_the_ends_of_jobs_are_told(shell, jobs):
    jobs.shell("print(1)")
    jobs.shell("raise ValueError('no tea')", "bad")
    jobs.shell("import time; time.sleep(600)", "long")
    seen(shell, {"source": ["aws.glue"]})
    kind = "Glue Job State Change"
    good, bad = jobs.run()["Id"], jobs.run("bad")
    long = jobs.start("long")
    jobs.wait(long, "RUNNING", name="long")
    jobs.glue.batch_stop_job_run(JobName="long", JobRunIds=[long])
    jobs.wait(long, name="long")
    found = {one["jobName"]: one for one in told(shell, 3, kind)}
    assert found == {
        "job": {
            "jobName": "job", "severity": "INFO", "state": "SUCCEEDED", "jobRunId": good,
            "message": "Job run succeeded",
        },
        "bad": {
            "jobName": "bad", "severity": "ERROR", "state": "FAILED", "jobRunId": bad["Id"],
            "message": bad["ErrorMessage"],
        },
        "long": {
            "jobName": "long", "severity": "INFO", "state": "STOPPED", "jobRunId": long,
            "message": "Job run stopped",
        },
    }  # fmt: skip
    assert "no tea" in bad["ErrorMessage"]


def test_a_crawler_that_starts_and_succeeds_is_told(shell, jobs):
    put_orders(shell)
    make_crawler(jobs.glue)
    seen(shell, {"source": ["aws.glue"], "detail": {"crawlerName": ["orders"]}})
    jobs.glue.start_crawler(Name="orders")
    found = {one["state"]: one for one in told(shell, 2, "Glue Crawler State Change")}
    for one, name in (("Started", "startTime"), ("Succeeded", "completionDate")):
        assert len(found[one].pop(name)) == len("2026-01-01T00:00:00Z")
    assert int(found["Succeeded"].pop("runningTime (sec)")) >= 0
    common = {"accountId": "000000000000", "crawlerName": "orders"}
    assert found["Started"] == {**common, "state": "Started", "message": "Crawler Started"}
    counts = {name: found["Succeeded"].pop(name) for name in _COUNTS}
    assert counts["tablesCreated"] == "1"
    assert {counts[name] for name in _COUNTS if "Created" not in name} == {"0"}
    assert found["Succeeded"] == {
        **common, "state": "Succeeded", "message": "Crawler Succeeded", "warningMessage": "N/A",
    }  # fmt: skip


_COUNTS = [
    f"{noun}{verb}" for noun in ("tables", "partitions")
    for verb in ("Created", "Updated", "Deleted")
]  # fmt: skip


def test_a_crawler_that_fails_is_told(shell, jobs):
    """Its bucket is gone when it looks there."""
    jobs.glue.create_database(DatabaseInput={"Name": "shop"})
    jobs.s3.create_bucket(Bucket="nowhere")
    jobs.glue.create_crawler(
        Name="orders", Role="arn:aws:iam::000000000000:role/glue", DatabaseName="shop",
        Targets={"S3Targets": [{"Path": "s3://nowhere/orders/"}]},
    )  # fmt: skip
    jobs.s3.delete_bucket(Bucket="nowhere")
    seen(shell, {"source": ["aws.glue"], "detail": {"state": ["Failed"]}})
    jobs.glue.start_crawler(Name="orders")
    [detail] = told(shell, 1, "Glue Crawler State Change")
    last = jobs.glue.get_crawler(Name="orders")["Crawler"]["LastCrawl"]
    assert detail.pop("errorMessage") == last["ErrorMessage"]
    assert detail == {
        "accountId": "000000000000", "crawlerName": "orders", "state": "Failed",
        "message": "Crawler Failed",
    }  # fmt: skip


def test_a_run_that_takes_too_long_is_told_once(shell, jobs):
    jobs.shell("import time; time.sleep(600)", NotificationProperty={"NotifyDelayAfter": 5})
    seen(shell, {"source": ["aws.glue"], "detail-type": ["Glue Job Run Status"]})
    run = jobs.start()
    jobs.wait(run, "RUNNING")
    delays = [
        owner(shell, "job-delays", now=time.time() + minutes * 60)["done"]["started"]
        for minutes in (4, 6, 6)
    ]
    assert delays == [0, 1, 0]
    [detail] = told(shell, 1, "Glue Job Run Status")
    assert len(detail.pop("startedOn")) == len("2026-01-01T00:00:00Z")
    assert detail == {
        "jobName": "job", "severity": "INFO", "notificationCondition": {"NotifyDelayAfter": 5},
        "state": "RUNNING", "jobRunId": run, "message": "Job is in RUNNING state",
    }  # fmt: skip
    jobs.glue.batch_stop_job_run(JobName="job", JobRunIds=[run])
    jobs.wait(run)


def test_a_run_that_ended_in_time_is_not_told(shell, jobs):
    jobs.shell("print(1)")
    seen(shell, {"source": ["aws.glue"], "detail-type": ["Glue Job Run Status"]})
    jobs.run(NotificationProperty={"NotifyDelayAfter": 5})
    done = owner(shell, "job-delays", now=time.time() + 600)["done"]
    assert done == {"started": 0, "passed over": 0}
    assert told_nothing(shell)


def told_nothing(shell):
    return shell.client("logs").filter_log_events(logGroupName="/aws/events/seen")["events"] == []
