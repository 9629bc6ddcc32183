"""A server that is killed between the end of a job and the start of the next starts it once."""

from __future__ import annotations

import random
import time

import pytest

from lakebed import testing
from tests.services.glue.crawler_runs import make_crawler, put_orders
from tests.services.glue.job_runs import LIVE, SECONDS_MAX, Jobs, shell_engine
from tests.services.glue.test_triggers import after, on_demand, when


@pytest.fixture
def starter(tmp_path):
    """Starts servers over one data folder, each after the one before was killed."""
    started = []

    def start():
        if started:
            started[-1].kill()
        started.append(testing.start(tmp_path / "data", log=tmp_path / "log"))
        return Jobs(started[-1])

    with testing.environment({"LAKEBED_ENGINES_DIR": str(shell_engine(tmp_path / "engines"))}):
        yield start
        started[-1].stop()


def note(path):
    """A script that notes that it was run."""
    return f"open({str(path)!r}, 'a').write('x')\n"


def settled(jobs, names):
    """Wait until nothing of the jobs runs; return their runs by name."""
    until = time.monotonic() + SECONDS_MAX
    while time.monotonic() < until:
        found = {name: jobs.glue.get_job_runs(JobName=name)["JobRuns"] for name in names}
        if not any(run["JobRunState"] in LIVE for runs in found.values() for run in runs):
            return found
        time.sleep(0.02)
    raise AssertionError(f"still {found}")


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_the_next_job_starts_once_although_its_server_ended_before(starter, tmp_path, end):
    jobs = starter()
    noted = tmp_path / "noted"
    jobs.shell("pass", "a")
    jobs.shell("import sys, time\nif '--hold' in sys.argv: time.sleep(600)\n" + note(noted), "b",
               JobRunQueuingEnabled=True)  # fmt: skip
    on_demand(jobs.glue, "t", "a")
    after(jobs.glue, "next", when("AND", a="SUCCEEDED"), "b")
    holding = jobs.start("b", Arguments={"--hold": "1"})  # so that the next has to wait
    jobs.wait(holding, "RUNNING", name="b")
    jobs.glue.start_trigger(Name="t")
    until = time.monotonic() + SECONDS_MAX
    while len(runs := jobs.glue.get_job_runs(JobName="b")["JobRuns"]) < 2:
        assert time.monotonic() < until
        time.sleep(0.02)
    (triggered,) = [run["Id"] for run in runs if run["Id"] != holding]
    jobs.wait(triggered, "WAITING", name="b")
    getattr(jobs.lakebed, end)()
    jobs = starter()
    found = {run["Id"]: run["JobRunState"] for run in settled(jobs, "b")["b"]}
    assert found == {holding: "FAILED", triggered: "SUCCEEDED"}
    assert noted.read_text() == "x"


def test_a_crawl_that_waited_for_its_turn_is_begun_by_the_next_server(starter):
    jobs = starter()
    put_orders(jobs.lakebed)
    make_crawler(jobs.glue)
    jobs.shell("pass", "b")
    actions = [{"CrawlerName": "orders"}]
    jobs.glue.create_trigger(Name="t", Type="ON_DEMAND", Actions=actions)
    condition = {"LogicalOperator": "EQUALS", "CrawlerName": "orders", "CrawlState": "SUCCEEDED"}
    failed = {**condition, "CrawlState": "FAILED"}
    either = {"Logical": "ANY", "Conditions": [condition, failed]}
    after(jobs.glue, "next", either, "b")
    jobs.glue.start_trigger(Name="t")
    jobs = starter()
    until = time.monotonic() + SECONDS_MAX
    while not jobs.glue.get_job_runs(JobName="b")["JobRuns"]:
        assert time.monotonic() < until
        time.sleep(0.02)
    (run,) = settled(jobs, "b")["b"]
    assert (run["JobRunState"], run["TriggerName"]) == ("SUCCEEDED", "next")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_wherever_the_server_dies_no_job_is_left_out_or_run_twice(starter, tmp_path, seed):
    jobs = starter()
    names = "abc"
    for name in names:
        jobs.shell(note(tmp_path / name), name)
    jobs.glue.create_workflow(Name="w")
    on_demand(jobs.glue, "t", "a", WorkflowName="w")
    after(jobs.glue, "t1", when("AND", a="SUCCEEDED"), "b", WorkflowName="w")
    after(jobs.glue, "t2", when("AND", b="SUCCEEDED"), "c", WorkflowName="w")
    run = jobs.glue.start_workflow_run(Name="w")["RunId"]
    time.sleep(random.Random(seed).uniform(0, 1.5))
    jobs = starter()
    until = time.monotonic() + SECONDS_MAX
    while (row := jobs.glue.get_workflow_run(Name="w", RunId=run)["Run"])["Status"] == "RUNNING":
        assert time.monotonic() < until
        time.sleep(0.02)
    assert row["Status"] == "COMPLETED"
    found = settled(jobs, names)
    expected = 1
    for name in names:
        states = [one["JobRunState"] for one in found[name]]
        assert len(states) == expected, (name, found)
        noted = tmp_path / name
        times = len(noted.read_text()) if noted.exists() else 0
        assert times == 1 if states == ["SUCCEEDED"] else times <= 1
        expected = int(states == ["SUCCEEDED"])


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_what_waits_for_a_failure_starts_once_the_next_server_finds_it(starter, tmp_path, end):
    jobs = starter()
    jobs.shell("import time; time.sleep(600)", "a")
    jobs.shell(note(tmp_path / "noted"), "b")
    on_demand(jobs.glue, "t", "a")
    after(jobs.glue, "next", when("AND", a="FAILED"), "b")
    jobs.glue.start_trigger(Name="t")
    (run,) = jobs.glue.get_job_runs(JobName="a")["JobRuns"]
    jobs.wait(run["Id"], "RUNNING", name="a")
    getattr(jobs.lakebed, end)()
    jobs = starter()
    until = time.monotonic() + SECONDS_MAX
    while not jobs.glue.get_job_runs(JobName="b")["JobRuns"]:
        assert time.monotonic() < until
        time.sleep(0.02)
    found = settled(jobs, "ab")
    assert [one["JobRunState"] for one in found["a"]] == ["FAILED"]
    assert [one["JobRunState"] for one in found["b"]] == ["SUCCEEDED"]
    assert (tmp_path / "noted").read_text() == "x"
